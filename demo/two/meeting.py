"""How sides come to trust each other: one person registers the other by its address, a second one confirms the
fingerprint, which they have from elsewhere.
"""

from collections.abc import Sequence
from typing import Any

from .sides import PEOPLE, Side

PATH = "/.well-known/tidegate.json"


def published(side: Side) -> Any:
    """What a side says of itself to anybody."""
    return side.get(PATH)


def trust(side: Side, document: Any, kids: Sequence[str]) -> None:
    """Register what is published, or where it is, and confirm its keys. Raises DemoError."""
    first, second = list(PEOPLE[side.kind])[:2]
    added = side.post(first, "/v1/registry", document, status=201)
    at = f"/v1/registry/{added['id']}/confirm"
    side.post(first, at, {"kids": kids}, status=409)  # by the same person
    side.post(second, at, {"kids": kids})


def meet_all(sides: Sequence[Side]) -> None:
    """Everybody trusts everybody else, but platforms each other."""
    known = {side.id: [key["kid"] for key in published(side)["keys"]] for side in sides}
    for side in sides:
        for other in sides:
            if side is not other and "authority" in (side.kind, other.kind):
                trust(side, {"url": other.url + PATH}, known[other.id])

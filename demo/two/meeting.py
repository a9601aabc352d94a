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


def meet(side: Side, other: Side) -> None:
    """Have one side trust the other. Raises DemoError."""
    first, second = list(PEOPLE[side.kind])[:2]
    known = published(other)
    added = side.post(first, "/v1/registry", {"url": other.url + PATH}, status=201)
    kids = [one["kid"] for one in known["keys"]]
    at = f"/v1/registry/{added['id']}/confirm"
    side.post(first, at, {"kids": kids}, status=409)
    side.post(second, at, {"kids": kids})


def meet_all(sides: Sequence[Side]) -> None:
    """Everybody everybody else, but platforms among themselves."""
    for side in sides:
        for other in sides:
            if side is not other and "authority" in (side.kind, other.kind):
                meet(side, other)

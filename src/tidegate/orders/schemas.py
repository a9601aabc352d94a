"""JSON Schemas (draft 2020-12) of what travels between instances, for who writes the other side in another language.

They come from the types that the program itself reads by. What no schema can say, such as which addresses are
exact, stands in docs/protocol.md. Unknown fields are let be: a later version may have them.
"""

from functools import cache
from typing import Any, cast

import msgspec

from tidegate.exchange.published import Published
from tidegate.orders.annexes import Annex1, Annex2, Annex3
from tidegate.orders.bodies import KINDS
from tidegate.orders.jws import Flattened
from tidegate.orders.messages.model import Envelope, Receipt

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TYPES: dict[str, type[msgspec.Struct]] = {
    "organisation": Published,
    "message": Flattened,
    "envelope": Envelope,
    "receipt": Receipt,
    "annex-1": Annex1,
    "annex-2": Annex2,
    "annex-3": Annex3,
    **{name: kind.body for name, kind in KINDS.items()},
}
NAMES = tuple(_TYPES)
# What a draft has not yet, or what may be unreadable here, and who sends it must have.
_ISSUED = {
    "Annex1": ("issued_at", "reference"),
    "OrderCopy": ("issued_at", "reference"),
    "NonDisclosure": ("decided_at", "until"),
}


@cache
def schema(name: str) -> bytes | None:
    """The schema of that name; None where there is none."""
    if name not in _TYPES:
        return None
    said = msgspec.json.schema(_TYPES[name])
    for type, fields in _ISSUED.items():
        if type in said["$defs"]:
            for field in fields:
                _demand(said["$defs"][type], field)
    return msgspec.json.encode({"$schema": DRAFT, "$id": f"/public/schemas/{name}.json", **said})


def _demand(said: dict[str, Any], field: str) -> None:
    """Have a field that our type may lack be there."""
    if field not in said["required"]:
        said["required"].append(field)
    has = said["properties"][field]
    has.pop("default", None)
    if (kinds := cast("list[dict[str, Any]] | None", has.pop("anyOf", None))) is not None:
        has |= next(one for one in kinds if one != {"type": "null"})

"""What an authority asks about what is kept under an order: to keep it for longer, or to see it. It is shown to
people; by itself it opens nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.orders.bodies import PreservationAccess, PreservationExtended, read_body
from tidegate.orders.jws import parse
from tidegate.orders.messages.model import HARMLESS, StoredMessage, read_envelope
from tidegate.orders.messages.queries import message_jws

_TYPES = ("preservation.extended", "preservation.access")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request by the id of its message: `until` and `reason` of one to keep for longer, `purpose` and `case` of
    one to see what is kept."""

    id: UUID
    type: Literal["preservation.extended", "preservation.access"]
    direction: str
    at: datetime
    until: datetime | None = None
    reason: str | None = None
    purpose: str | None = None
    case: str | None = None


def requests_in(tx: Tx, messages: Sequence[StoredMessage]) -> list[Request]:
    """The requests among the messages about an order, in their order; what is not proven is none."""
    return [
        found
        for one in messages
        if one.type in _TYPES and (one.direction == "out" or _proven(one))
        if (found := _read(tx, one)) is not None
    ]


def _proven(message: StoredMessage) -> bool:
    return message.verified and HARMLESS.issuperset(message.problems)


def _read(tx: Tx, message: StoredMessage) -> Request | None:
    said = read_envelope(parse(message_jws(tx, message.id))).body
    body, faults = read_body(message.type, said)
    if faults or not isinstance(body, PreservationExtended | PreservationAccess):
        return None
    return Request(
        id=message.id,
        type=cast("Literal['preservation.extended', 'preservation.access']", message.type),
        direction=message.direction,
        at=message.at,
        **msgspec.structs.asdict(body),
    )

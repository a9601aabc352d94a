"""A place in the queue, opaque to callers: between which rows a page begins or ends, and how many are
before it. Pure."""

import base64
import struct
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tidegate.infra.errors import FieldError, Refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PACKED = struct.Struct(">BBq16sI")
_DECIDED, _RANKED = 0, 2


class Place(NamedTuple):
    """After the row of this rank, or with `backwards` before it; `first` is the place of the row that
    comes next, or of the one that it is before. `band` is None among what is decided, which has none, and where the
    oldest comes first."""

    backwards: bool
    band: int | None
    at: datetime
    id: UUID
    first: int

    def key(self) -> tuple[Any, ...]:
        """What rows are compared with."""
        return (self.at, self.id) if self.band is None else (self.band, self.at, self.id)


def write_place(place: Place) -> str:
    """As it stands in an address."""
    microseconds = (place.at - _EPOCH) // timedelta(microseconds=1)
    kind = _DECIDED if place.band is None else _RANKED
    first = min(place.first, 2**32 - 1)
    packed = _PACKED.pack(
        kind + place.backwards, place.band or 0, microseconds, place.id.bytes, first
    )
    return base64.urlsafe_b64encode(packed).decode()


def read_place(cursor: str, *, ranked: bool | None) -> Place:
    """The place that `write_place` wrote, among what is ranked, among what is decided, or (None) in a list that
    has both. Raises Refusal (422)
    for anything else, also for one of before there were scores, whose order is no more."""
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        kind, band, microseconds, id, first = _PACKED.unpack(packed)
        if ranked is None:
            ranked = kind >= _RANKED
        at = _EPOCH + timedelta(microseconds=microseconds)
        place = Place(bool(kind & 1), band if ranked else None, at, UUID(bytes=id), first)
        if write_place(place) != cursor:
            raise ValueError
        return place
    except (ValueError, OverflowError, struct.error):
        expected, got = "the `next` or `previous` of an earlier answer", cursor[:60]
        raise Refusal(
            "invalid-parameter",
            422,
            "A parameter is not what this route takes",
            f"cursor: expected {expected}, got {got!r}.",
            errors=[FieldError("cursor", expected, got)],
        ) from None

"""A place in the queue, opaque to callers: between which rows a page begins or ends, and how many are
before it. Pure."""

import base64
import struct
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tidegate.infra.errors import FieldError, Refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PACKED = struct.Struct(">?Bq16sI")


class Place(NamedTuple):
    """After the row of this rank, or with `backwards` before it; `first` is the place of the row that
    comes next, or of the one that it is before."""

    backwards: bool
    band: int
    at: datetime
    id: UUID
    first: int

    def key(self, decided: bool) -> tuple[Any, ...]:
        """What rows are compared with; decided ones have no bands."""
        return (self.at, self.id) if decided else (self.band, self.at, self.id)


def write_place(place: Place) -> str:
    """As it stands in an address."""
    microseconds = (place.at - _EPOCH) // timedelta(microseconds=1)
    packed = _PACKED.pack(
        place.backwards, place.band, microseconds, place.id.bytes, min(place.first, 2**32 - 1)
    )
    return base64.urlsafe_b64encode(packed).decode()


def read_place(cursor: str) -> Place:
    """The place that `write_place` wrote. Raises Refusal (422) for anything else."""
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        backwards, band, microseconds, id, first = _PACKED.unpack(packed)
        at = _EPOCH + timedelta(microseconds=microseconds)
        place = Place(backwards, band, at, UUID(bytes=id), first)
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

"""The place in a list that is ordered by a time and an id, opaque to callers."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tidegate.infra.errors import FieldError, Refusal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_cursor(at: datetime, id: UUID) -> str:
    """The place after this one."""
    microseconds = (at - _EPOCH) // timedelta(microseconds=1)  # a float would round
    packed = microseconds.to_bytes(8, signed=True) + id.bytes
    return base64.urlsafe_b64encode(packed).decode()


def is_cursor(text: str) -> bool:
    """Whether this is a place that `write_cursor` wrote."""
    try:
        read_cursor(text)
    except Refusal:
        return False
    return True


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The place that `write_cursor` wrote. Raises Refusal (422) for anything else."""
    try:
        packed = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        if len(packed) != 24:
            raise ValueError
        microseconds = int.from_bytes(packed[:8], signed=True)
        return _EPOCH + timedelta(microseconds=microseconds), UUID(bytes=packed[8:])
    except (ValueError, OverflowError, OSError):
        expected, got = "the `next` of an earlier answer", cursor[:60]
        raise Refusal(
            "invalid-parameter",
            422,
            "A parameter is not what this route takes",
            f"cursor: expected {expected}, got {got!r}.",
            errors=[FieldError("cursor", expected, got)],
        ) from None

"""Times that can be counted with in any time zone, and times as they are written where seconds count. Pure."""

from datetime import UTC, datetime
from typing import Any, cast

import msgspec

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def within_calendar(moment: datetime) -> datetime:
    """That time, or the nearest one that can be counted with."""
    return min(max(moment, EARLIEST), LATEST)


def in_full(moment: datetime) -> str:
    """A time as it goes out where seconds count: in UTC, with six decimals."""
    text = within_calendar(moment).astimezone(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def told(value: object) -> Any:
    """A value as JSON says it, with its times in full."""
    return _told(msgspec.to_builtins(value, builtin_types=(datetime,)))


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return in_full(value)
    if isinstance(value, dict):
        return {name: _told(one) for name, one in cast("dict[str, Any]", value).items()}
    return [_told(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value

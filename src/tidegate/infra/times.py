"""Times as they are written where seconds count, and times from the database that Python has none for:
infinity, and years before 1 or after 9999.

Somebody wrote those there by hand. The driver would refuse them, and with that the work on all rows that
are read together with such a one; so they are read as the earliest or the latest time that can still be
counted with, in any time zone.
"""

from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def within_calendar(moment: datetime) -> datetime:
    """That time, or the nearest one that can be counted with."""
    return min(max(moment, EARLIEST), LATEST)


def register_loaders() -> None:
    """Have all connections of this process, those that are made from now on, read times so."""
    oid = psycopg.adapters.types["timestamptz"].oid
    for format in (Format.TEXT, Format.BINARY):
        loader = psycopg.adapters.get_loader(oid, format)
        assert loader is not None
        psycopg.adapters.register_loader(oid, _tolerant(loader, format))


def _tolerant(strict: type[Any], of: Format) -> type[Loader]:
    """A loader that asks `strict`, and bounds what that refuses: 0.4 µs more for each time."""

    class Tolerant(Loader):
        format = of

        def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._strict = strict(oid, context).load

        def load(self, data: Buffer) -> datetime:
            try:
                return self._strict(data)
            except psycopg.DataError:
                return EARLIEST if _is_early(bytes(data), of) else LATEST

    return Tolerant


def _is_early(data: bytes, format: Format) -> bool:
    if format == Format.BINARY:  # microseconds since 2000, with a sign
        return data[0] >= 0x80
    return data.startswith(b"-") or data.endswith(b"BC")


def in_full(moment: datetime) -> str:
    """A time as it goes out where seconds count: in UTC, with six decimals."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")
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

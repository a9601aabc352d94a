"""Times from the database that Python has none for: infinity, and years before 1 or after 9999.

Somebody wrote those there by hand. The driver would refuse them, and with that the work on all rows that
are read together with such a one; so they are read as the earliest or the latest time that can still be
counted with, in any time zone.
"""

from datetime import datetime
from typing import Any

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from tidegate.infra.times import EARLIEST, LATEST


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

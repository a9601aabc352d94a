"""Lists as one parameter, written in one go: the driver's own way asks about each of their values, which on the
path of a flood is a tenth of all that is done for it.
"""

from typing import Any
from uuid import UUID

import psycopg
from psycopg.abc import Buffer
from psycopg.types.array import ListDumper


class _Lists(ListDumper):
    """Lists of identifiers, numbers, texts or bytes alone; all others as the driver writes them."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        kinds = set(map(type, obj))
        written = _WRITTEN[kinds.pop()](obj) if len(kinds) == 1 and kinds <= _KINDS else None
        return super().dump(obj) if written is None else written.encode()


def _ids(values: list[UUID]) -> str:
    return "{" + ",".join([f"{one.int:032x}" for one in values]) + "}"


def _numbers(values: list[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def _bytes(values: list[bytes]) -> str:
    return '{"\\\\x' + '","\\\\x'.join([one.hex() for one in values]) + '"}'


def _texts(values: list[str]) -> str | None:
    """None where one has a NUL, which the driver refuses."""
    if any("\0" in one for one in values):
        return None
    escaped = [one.replace("\\", "\\\\").replace('"', '\\"') for one in values]
    return '{"' + '","'.join(escaped) + '"}'


_WRITTEN: dict[type, Any] = {UUID: _ids, int: _numbers, bytes: _bytes, str: _texts}
_KINDS = _WRITTEN.keys()


def register_dumpers() -> None:
    """Have all connections of this process, those that are made from now on, write lists so."""
    psycopg.adapters.register_dumper(list, _Lists)

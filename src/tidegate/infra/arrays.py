"""Lists of identifiers as one parameter, written in one go: the driver's own way asks after each of them, which on
the path of a flood is a tenth of all that is done for it.
"""

from typing import Any
from uuid import UUID

import psycopg
from psycopg.abc import Buffer
from psycopg.types.array import ListDumper

_IDS = {UUID}


class _Lists(ListDumper):
    def dump(self, obj: list[Any]) -> Buffer | None:
        if set(map(type, obj)) != _IDS:
            return super().dump(obj)
        return ("{" + ",".join([f"{one.int:032x}" for one in obj]) + "}").encode()


def register_dumpers() -> None:
    """Have all connections of this process, those that are made from now on, write lists so."""
    psycopg.adapters.register_dumper(list, _Lists)

"""Tables for the time of a transaction: what is gathered there, however much, takes no memory here."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg import sql

from tidegate.infra.db import Tx

_PAGE = 2000


def _text(value: object) -> None:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError("no text")
    value.encode()  # a lone surrogate is none either


def _texts(value: object) -> None:
    if not isinstance(value, list):
        raise TypeError("no list of texts")
    for one in cast(list[object], value):
        _text(one)


def _bigint(value: object) -> None:
    if not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise TypeError("no number")


def _boolean(value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError("no truth")


def _moment(value: object) -> None:
    if not isinstance(value, datetime):
        datetime.fromisoformat(cast(str, value))


def _uuid(value: object) -> None:
    if not isinstance(value, UUID):
        UUID(cast(str, value))


# What may be put into a column of each type.
_CHECKS: dict[str, Callable[[object], None]] = {
    "text": _text,
    "text[]": _texts,
    "bigint": _bigint,
    "boolean": _boolean,
    "timestamptz": _moment,
    "uuid": _uuid,
}


class Scratch:
    """A temporary table that is filled row by row, by COPY, in pages."""

    def __init__(self, tx: Tx, name: str, columns: str) -> None:
        self._driver: psycopg.Connection[Any] = tx.connection.connection.driver_connection  # pyright: ignore[reportAttributeAccessIssue]
        table = sql.Identifier("pg_temp", name)
        made = sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP")
        self._driver.execute(made.format(sql.Identifier(name), sql.SQL(columns)))  # pyright: ignore[reportArgumentType]
        self._copy = sql.SQL("COPY {} FROM STDIN").format(table)
        self._analyze = sql.SQL("ANALYZE {}").format(table)
        types = [one.split(" ", 1)[1] for one in columns.split(", ")]
        self._checks = [_CHECKS[type] for type in types]
        self._rows: list[Sequence[object]] = []

    def add(self, *row: object) -> None:
        """Add a row; it can be read after `flush`. Raises ValueError or TypeError for what is of no such
        column: it would end the transaction."""
        for check, value in zip(self._checks, row, strict=True):
            if value is not None:
                check(value)
        self._rows.append(row)
        if len(self._rows) >= _PAGE:
            self._write()

    def flush(self) -> None:
        """Write what is left. Call it once, before the first query."""
        self._write()
        self._driver.execute(self._analyze)

    def _write(self) -> None:
        with self._driver.cursor() as cursor, cursor.copy(self._copy) as copy:
            for row in self._rows:
                copy.write_row(row)
        self._rows.clear()

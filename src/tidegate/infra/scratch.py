"""Tables for the time of a transaction: what is gathered there, however much, takes no memory here."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from tidegate.infra.db import Tx

_PAGE = 2000


class Scratch:
    """A temporary table that is filled row by row, by COPY, in pages."""

    def __init__(self, tx: Tx, name: str, columns: str) -> None:
        self._driver: psycopg.Connection[Any] = tx.connection.connection.driver_connection  # pyright: ignore[reportAttributeAccessIssue]
        table = sql.Identifier("pg_temp", name)
        made = sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP")
        self._driver.execute(made.format(sql.Identifier(name), sql.SQL(columns)))  # pyright: ignore[reportArgumentType]
        self._copy = sql.SQL("COPY {} FROM STDIN").format(table)
        self._analyze = sql.SQL("ANALYZE {}").format(table)
        self._rows: list[Sequence[object]] = []

    def add(self, *row: object) -> None:
        """Add a row; it can be read after `flush`."""
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

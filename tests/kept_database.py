"""One migrated database for many tests, each of which finds it as it was made.

To make a database takes as long as most tests. What a test has written is thrown away after it; where that
cannot be done, because somebody still holds it, the database is.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

import psycopg
from psycopg import sql

Urls = tuple[str, str]
_OPTIONS = "-c lock_timeout=5s -c client_min_messages=error"


class KeptDatabase:
    """The database of one run: `make` makes a fresh one, as `conftest.cloned` does."""

    def __init__(self, make: Callable[[], AbstractContextManager[Urls]]) -> None:
        self._make = make
        self._made: AbstractContextManager[Urls] | None = None

    @contextmanager
    def lent(self) -> Generator[Urls]:
        """The database, for one test: by its owner's URL, and by that of the role that serves."""
        if self._made is None:
            self._made = self._make()
            self._urls = self._made.__enter__()
            self._look()
        yield self._urls
        try:
            self._clean()
        except psycopg.Error:
            self.drop()

    def drop(self) -> None:
        if self._made is not None:
            made, self._made = self._made, None
            made.__exit__(None, None, None)

    def _look(self) -> None:
        """What is in a fresh one."""
        with psycopg.connect(self._urls[0], autocommit=True) as owner:
            names = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            tables = sorted(name for (name,) in names)
            self._filled = {name: rows for name in tables if (rows := _rows(owner, name))}
            self._tables = [name for name in tables if name not in self._filled]
            self._used = sql.SQL(" UNION ALL ").join(
                sql.SQL("(SELECT {} FROM {} LIMIT 1)").format(sql.Literal(one), sql.Identifier(one))
                for one in self._tables
            )

    def _clean(self) -> None:
        with psycopg.connect(self._urls[0], autocommit=True, options=_OPTIONS) as owner:
            used = [name for (name,) in owner.execute(self._used)] + [*self._filled]
            if used:
                names = sql.SQL(", ").join(map(sql.Identifier, used))
                owner.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
            for name, rows in self._filled.items():
                into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
                with owner.cursor() as cursor, cursor.copy(into) as copy:
                    copy.write(rows)
            for (name,) in owner.execute(_SEQUENCES).fetchall():
                owner.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(name)))


_SEQUENCES = """
    SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


def _rows(owner: psycopg.Connection, name: str) -> bytes:
    out = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
    with owner.cursor() as cursor, cursor.copy(out) as copy:
        return b"".join(map(bytes, copy))

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
            self._owner.close()
            made, self._made = self._made, None
            made.__exit__(None, None, None)

    def _look(self) -> None:
        """What is in a fresh one."""
        self._owner = psycopg.connect(self._urls[0], autocommit=True, options=_OPTIONS)
        names = self._owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = sorted(name for (name,) in names)
        self._leaning = _leaning(self._owner)
        filled = {name: rows for name in tables if (rows := _rows(self._owner, name))}
        # Before others come those that they lean on.
        order = sorted(filled, key=lambda name: -len(self._leaning.get(name, ())))
        self._filled = {name: filled[name] for name in order}
        self._sequences = dict(self._owner.execute(_SEQUENCES).fetchall())
        self._used = sql.SQL(" UNION ALL ").join(
            sql.SQL("(SELECT {} FROM {} LIMIT 1)").format(sql.Literal(one), sql.Identifier(one))
            for one in tables
            if one not in filled
        )
        self._states = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {}, count(*), max(xmin::text::bigint) FROM {}").format(
                sql.Literal(one), sql.Identifier(one)
            )
            for one in order
        )
        self._seen = self._state()

    def _state(self) -> dict[str, tuple[int, int]]:
        """What tells that a filled table is another: each change comes with a newer transaction."""
        if not self._filled:
            return {}
        return {name: (rows, last) for name, rows, last in self._owner.execute(self._states)}

    def _clean(self) -> None:
        used = {name for (name,) in self._owner.execute(self._used)}
        now = self._state()
        used |= {name for name in self._filled if now[name] != self._seen[name]}
        emptied = used.union(*(self._leaning.get(name, ()) for name in used))
        refilled = [name for name in self._filled if name in emptied]
        with self._owner.transaction():
            if used:
                names = sql.SQL(", ").join(map(sql.Identifier, sorted(used)))
                self._owner.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
            for name in refilled:
                into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
                with self._owner.cursor() as cursor, cursor.copy(into) as copy:
                    copy.write(self._filled[name])
            for name, last in self._owner.execute(_SEQUENCES).fetchall():
                if (first := self._sequences.get(name)) != last:
                    again = "SELECT setval(quote_ident(%s)::regclass, coalesce(%s, 1), %s)"
                    self._owner.execute(again, [name, first, first is not None])
        if refilled:
            self._seen = self._state()


_SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
_LEANING = """
    SELECT confrelid::regclass::text, conrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND confrelid <> conrelid
"""


def _leaning(owner: psycopg.Connection) -> dict[str, set[str]]:
    """By table those that are emptied with it: their rows name some of its, or some of theirs."""
    found: dict[str, set[str]] = {}
    for table, by in owner.execute(_LEANING):
        found.setdefault(table, set()).add(by)
    while True:
        wider = {
            name: some.union(*(found.get(one, ()) for one in some)) for name, some in found.items()
        }
        if wider == found:
            return found
        found = wider


def _rows(owner: psycopg.Connection, name: str) -> bytes:
    out = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
    with owner.cursor() as cursor, cursor.copy(out) as copy:
        return b"".join(map(bytes, copy))

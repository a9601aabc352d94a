"""Transactions on PostgreSQL: the one way in which anything is read or changed.

The rim opens a `Tx` and passes it down; actions and queries never open, commit or roll back one.
"""

import select
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import event, exc
from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.sql import Executable

from tidegate.infra.acting import SYSTEM, Acting, Knows
from tidegate.infra.arrays import register_dumpers
from tidegate.infra.clock import Clock
from tidegate.infra.columns import Sealed, seal
from tidegate.infra.errors import Refusal
from tidegate.infra.loaders import register_loaders
from tidegate.infra.room import Room

register_loaders()
register_dumpers()

T = TypeVar("T")

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

_NEXT_NUMBER = sa.text(
    "INSERT INTO counters (name, value) VALUES (:name, :count) ON CONFLICT (name)"
    " DO UPDATE SET value = counters.value + excluded.value RETURNING value"
)

# What a lost or overloaded server looks like from here; everything else is a fault of ours.
UNAVAILABLE = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,
    psycopg.OperationalError,  # of a COPY, which goes past SQLAlchemy
)


# The database gave this transaction up for another's sake: done once more it may well come to its end.
_VICTIM = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
_PAUSE = 0.02  # seconds, for the other to take what it waited for


class NoRoom(exc.OperationalError):
    """The database has no room for what was to be written, or is away for want of it."""


class Tx:
    """One open transaction, with the time, whom it acts for, and the request.

    `platforms`, and of work in queues `queues` and `languages`, bound what it sees and changes, in every
    query of what belongs to one. Where it `audits`, content is closed until it was opened; of legal
    orders it is told what `orders` says.
    """

    def __init__(
        self, connection: Connection, now: datetime, by: Acting | str = SYSTEM, request_id: str = ""
    ) -> None:
        self.connection = connection
        self.now = now
        self.by = by = Acting(by) if isinstance(by, str) else by
        self.actor = by.actor
        self.identity = by.identity
        self.key = by.key
        self.platforms = by.platforms
        self.queues = by.queues
        self.languages = by.languages
        self.audits = by.audits
        self.orders: Knows = by.orders
        self.is_person = by.is_person
        self.sight = by.sight
        self.request_id = request_id

    def within(self, platform: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """The condition that a row is of a platform whose things this transaction may see."""
        return sa.true() if self.platforms is None else platform.in_(sorted(self.platforms))

    def sees(self, platform: str) -> bool:
        """Whether things of that platform may be seen and changed here."""
        return self.platforms is None or platform in self.platforms

    def on_behalf(self, by: Acting, request_id: str) -> "Tx":
        """This same transaction as somebody else's: where the works of several are written together."""
        return Tx(self.connection, self.now, by, request_id)

    def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        """Run a Core statement or `text()`."""
        return self.connection.execute(statement, parameters)

    def copy(
        self, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """Insert rows by COPY: some ten times faster than INSERT, without conflict handling.

        JSON values are passed as encoded text. What belongs into sealed columns is sealed.
        """
        driver: psycopg.Connection[Any] = self.connection.connection.driver_connection  # pyright: ignore[reportAssignmentType]
        command = _copy_command(table.name, tuple(columns))
        sealed = _sealed_places(table, tuple(columns))
        with driver.cursor() as cursor, cursor.copy(command) as copy:
            for row in rows:
                copy.write_row(_sealed(row, sealed) if sealed else row)

    @contextmanager
    def savepoint(self) -> Generator[None]:
        """What the block does is undone when it raises, and no more than that."""
        with self.connection.begin_nested():
            yield

    def freeze(self) -> None:
        """Let all that follows see one moment. Call it first in a transaction."""
        self.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))

    def next_number(self, name: str, count: int = 1) -> int:
        """The first of `count` new numbers of a gap-free counter that starts at 1.

        The counter's row stays locked until the commit, so that numbers become visible in order:
        take it last in a transaction.
        """
        row = self.execute(_NEXT_NUMBER, {"name": name, "count": count}).one()
        return int(row[0]) - count + 1

    def notify(self, channel: str, payload: str = "") -> None:
        """Tell the listeners when this commits. A hint only: whoever must know polls too."""
        self.execute(sa.text("SELECT pg_notify(:c, :p)"), {"c": channel, "p": payload})


def _sealed(row: Sequence[object], places: Sequence[int]) -> list[object]:
    values = list(row)
    for place in places:
        values[place] = seal(values[place])
    return values


@lru_cache(maxsize=64)
def _copy_command(table: str, columns: tuple[str, ...]) -> bytes:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names).as_bytes()


@lru_cache(maxsize=64)
def _sealed_places(table: sa.Table, columns: tuple[str, ...]) -> list[int]:
    """Which places of a COPY row belong to sealed columns."""
    kinds = [table.c[name].type for name in columns]
    return [place for place, kind in enumerate(kinds) if isinstance(kind, Sealed)]


class Database:
    """A pool of connections to one PostgreSQL (16 or later)."""

    def __init__(
        self, url: str, clock: Clock, pool_size: int = 10, room: Room | None = None
    ) -> None:
        self.url = url
        self.room = room or Room()
        self.clock = clock
        self.engine: Engine = sa.create_engine(
            sa.engine.make_url(url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # an error's words end in logs, and content has no place there
            pool_timeout=10,
            pool_pre_ping=False,
            json_deserializer=msgspec.json.decode,
            connect_args={
                "connect_timeout": 5,
                "application_name": "tidegate",
                "options": "-c TimeZone=UTC -c idle_in_transaction_session_timeout=60000",
            },
        )
        event.listen(self.engine, "checkout", _refuse_closed)

    @contextmanager
    def begin(self, by: Acting | str = SYSTEM, request_id: str = "") -> Generator[Tx]:
        """A transaction that commits when the block ends, and rolls back when it raises. A bare name is
        bound to no platform. Raises NoRoom where that is why the database fails."""
        try:
            with self.engine.connect() as connection, connection.begin():
                yield Tx(connection, self.clock.now(), by, request_id)
        except UNAVAILABLE as error:
            if not self.room.explains(error):
                raise
            raise NoRoom(None, None, getattr(error, "orig", None) or error) from error

    @contextmanager
    def connect_raw(self) -> Generator[psycopg.Connection[Any]]:
        """A connection of its own outside the pool, in autocommit, for LISTEN and session locks."""
        url = sa.engine.make_url(self.url).set(drivername="postgresql")
        with psycopg.connect(
            url.render_as_string(hide_password=False), autocommit=True, connect_timeout=5
        ) as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def _refuse_closed(connection: psycopg.Connection[Any], *_: object) -> None:
    """Pool event: a connection that rested and is readable was closed by the server (a restart, a
    failover). Every one of its age goes, so that no request pays for them; asking costs 1 µs."""
    poller = select.poll()
    if not connection.closed:
        poller.register(connection.fileno(), select.POLLIN)
    if connection.closed or poller.poll(0):
        raise exc.InvalidatePoolError


def again(
    work: Callable[[], T], attempts: int = 3, *, unless: Callable[[], bool] = lambda: False
) -> T:
    """The result of work that opens its transaction itself. Where the database chose that as the victim of a
    deadlock, nothing of it was written, and the work is done once more; not `unless` it wrote before."""
    for left in reversed(range(attempts)):
        try:
            return work()
        except UNAVAILABLE as error:
            if not isinstance(getattr(error, "orig", error), _VICTIM) or not left or unless():
                raise
            time.sleep(_PAUSE)
    raise AssertionError("unreachable")


def no_room() -> Refusal:
    """The 503 of a request for which there was no room, in the database or beside it."""
    return Refusal(
        "disk-full",
        503,
        "There is no room to keep this",
        "Nothing was acknowledged. Send the same request again once there is room.",
        headers={"Retry-After": "30"},
    )


def unavailable() -> Refusal:
    """The 503 of a request that found no database."""
    return Refusal(
        "database-unavailable",
        503,
        "The database cannot be reached",
        "Nothing was written. Send the same request again in a moment.",
        headers={"Retry-After": "1"},
    )

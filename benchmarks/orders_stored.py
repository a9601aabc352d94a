"""Many orders and clocks at rest, for `make bench-orders`, written by COPY as the inbox would have left them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from benchmarks.orders_authority import FORUM, UNIT, url
from tidegate.clocks.keeping import define
from tidegate.clocks.model import Run
from tidegate.clocks.packs import read_packs
from tidegate.clocks.tables import clocks
from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database, Tx
from tidegate.orders.tables import order_items, orders

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
WARNED = timedelta(minutes=5)  # before the end: the last warning, the only one that waits


class Waiting(msgspec.Struct, frozen=True):
    """A clock of an order's hour that warns at `warns`."""

    order: UUID
    warns: datetime


def store_orders(database_url: str, count: int) -> list[UUID]:
    """So many orders of three addresses each; one in ten is open, with an hour that runs."""
    database = Database(database_url, SystemClock())
    with database.begin("system:benchmark") as tx:
        made = [uuid4() for _ in range(count)]
        received = [tx.now - timedelta(minutes=n // 10) for n in range(count)]
        tx.copy(
            orders,
            (
                *("id", "direction", "issuer", "order_ref", "reference", "recipient", "state"),
                *("verified", "received_at", "issued_at", "channel", "due_at", "created_at"),
            ),
            (
                (
                    *(id, "in", UNIT.id, str(id), f"{n}/26", FORUM.id, _state(n)),
                    *(True, at, at, "inbox", tx.now + HOUR if _live(n) else None, at),
                )
                for n, (id, at) in enumerate(zip(made, received, strict=True))
            ),
        )
        _store_items(tx, made, received)
    with database.connect_raw() as connection:
        connection.execute("VACUUM (ANALYZE) orders, order_items")
    database.close()
    return made


def _live(n: int) -> bool:
    return n % 10 == 0


def _state(n: int) -> str:
    return "open" if _live(n) else "executed"


def _store_items(tx: Tx, made: list[UUID], received: list[datetime]) -> None:
    tx.copy(
        order_items,
        ("order_id", "n", "url", "state", "since"),
        (
            (id, n, url(n), _state(place), at)
            for place, (id, at) in enumerate(zip(made, received, strict=True))
            for n in (1, 2, 3)
        ),
    )


def store_clocks(database_url: str, count: int) -> None:
    """So many clocks that run, and warn in a day and later."""
    database = Database(database_url, SystemClock())
    with database.begin("system:benchmark") as tx:
        far = tx.now + timedelta(days=1)
        _store_clocks(tx, (Waiting(uuid4(), far + timedelta(milliseconds=n)) for n in range(count)))
    with database.connect_raw() as connection:
        connection.execute("VACUUM (ANALYZE) clocks")
    database.close()


def store_due(database_url: str, of_orders: list[UUID], begins: datetime, span: timedelta) -> None:
    """A clock of each of these orders; their warnings are spread evenly over a time."""
    database = Database(database_url, SystemClock())
    with database.begin("system:benchmark") as tx:
        step = span / len(of_orders)
        _store_clocks(tx, (Waiting(order, begins + step * n) for n, order in enumerate(of_orders)))
    database.close()


def _store_clocks(tx: Tx, waiting: Iterable[Waiting]) -> None:
    packs = read_packs()
    definition = packs.definition("tco.remove")
    digest = define(tx, packs.pack_of(definition.name), definition)
    columns = (
        *("id", "definition", "name", "subject_kind", "subject_id", "order_id", "ours", "zone"),
        *("calendar", "step", "state", "live", "started_at", "due_at", "due_latest", "runs"),
        *("contradictory", "warnings", "warned", "next_at"),
    )

    def row(one: Waiting) -> tuple[object, ...]:
        ends = one.warns + WARNED
        began, due_latest = ends - HOUR, ends.replace(minute=0, second=0, microsecond=0) + HOUR
        run = Run(
            started_at=began, start_event="order.received", due_at=ends, due_latest=due_latest
        )
        return (
            *(uuid4(), digest, definition.name, "order_item", f"{one.order}/1", one.order, True),
            *(FORUM.zone, "de", 1, "running", True, began, ends, due_latest),
            *(msgspec.json.encode([run]).decode(), False, [one.warns], [], one.warns),
        )

    tx.copy(clocks, columns, map(row, waiting))

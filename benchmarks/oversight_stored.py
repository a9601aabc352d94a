"""What an authority has after years, for `make bench-oversight`, written by COPY as its days would have left it:
orders to fifty platforms with the hour of each and what became of it, and a million looks.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.orders_authority import UNIT
from tidegate.clocks.keeping import define
from tidegate.clocks.model import Run
from tidegate.clocks.packs import read_packs
from tidegate.clocks.tables import clocks
from tidegate.exchange.actions import add_party, confirm_party, set_organisation
from tidegate.exchange.keys import OwnKey
from tidegate.exchange.model import Organisation
from tidegate.exchange.published import Jwk, publish
from tidegate.infra.db import Database, Tx
from tidegate.orders.tables import order_item_states, order_items, orders
from tidegate.oversight.checks.tables import check_known, checks

HOUR = timedelta(hours=1)
PLATFORMS = 50
_LARGEST = 2  # one order in so many goes to the first platform
_SPREAD = timedelta(days=364)
_SEED = 15

Stored = list[tuple[UUID, str, datetime]]


def platform(n: int) -> str:
    return f"platform-{n:02d}.example"


def introduce(database: Database) -> None:
    """Let the instance speak for the unit, and know fifty platforms."""
    kids: dict[str, str] = {}
    with database.begin("user:one@unit.example") as tx:
        set_organisation(tx, UNIT)
        for n in range(PLATFORMS):
            key = OwnKey(Ed25519PrivateKey.generate())
            jwk = Jwk(x=key.x, kid=key.kid, valid_from=tx.now - _SPREAD)
            found = publish(_organisation(n), [jwk], f"https://{platform(n)}/inbox")
            add_party(tx, found, own_kid="another", synthetic=False)
            kids[platform(n)] = key.kid
    with database.begin("user:two@unit.example") as tx:
        for id, kid in kids.items():
            confirm_party(tx, id, [kid])


def _organisation(n: int) -> Organisation:
    return Organisation(
        id=platform(n),
        name=f"Platform {n}",
        kind="platform",
        member_state="DE",
        languages=["de"],
        contact_email=f"legal@{platform(n)}",
        zone="Europe/Berlin",
        hosts=[platform(n)],
    )


def store_orders(database: Database, count: int) -> Stored:
    """So many orders of one address over a year, half of them to one platform; nine in ten were executed, one in
    fifty of these came to nothing later."""
    chance = random.Random(_SEED)
    with database.begin("system:benchmark") as tx:
        made = [
            (uuid4(), platform(0 if n % _LARGEST == 0 else 1 + n % (PLATFORMS - 1)), at)
            for n in range(count)
            for at in [tx.now - HOUR - _SPREAD * (n / count)]
        ]
        fates = [_fate(chance, at) for _, _, at in made]
        _copy_orders(tx, made, fates)
        _copy_clocks(tx, made, fates)
    with database.connect_raw() as connection:
        connection.execute("VACUUM (ANALYZE) orders, order_items, order_item_states, clocks")
    return made


class _Fate(msgspec.Struct, frozen=True):
    """When an order was executed, and when it was void, if ever."""

    executed: datetime | None
    void: datetime | None

    @property
    def state(self) -> str:
        if self.void is not None:
            return "void"
        return "open" if self.executed is None else "executed"


def _fate(chance: random.Random, at: datetime) -> _Fate:
    if chance.random() >= 0.9:
        return _Fate(None, None)
    executed = at + timedelta(minutes=chance.lognormvariate(3, 1))
    return _Fate(executed, executed + HOUR if chance.random() < 0.02 else None)


def _copy_orders(tx: Tx, made: Stored, fates: list[_Fate]) -> None:
    both = list(zip(made, fates, strict=True))
    tx.copy(
        orders,
        (
            *("id", "direction", "issuer", "order_ref", "reference", "recipient", "state"),
            *("verified", "received_at", "issued_at", "channel", "created_at"),
        ),
        (
            (
                *(id, "out", UNIT.id, str(id), f"{n}/26", to, fate.state),
                *(True, at + timedelta(seconds=2), at, "inbox", at),
            )
            for n, ((id, to, at), fate) in enumerate(both)
        ),
    )
    tx.copy(
        order_items,
        ("order_id", "n", "url", "state", "measure", "at", "since"),
        (
            (id, 1, f"https://{to}/p/{id}", fate.state, *_measure(fate), at)
            for (id, to, at), fate in both
        ),
    )
    tx.copy(
        order_item_states,
        ("id", "order_id", "n", "state", "event", "entered_at", "entered_by"),
        (row for (id, _, at), fate in both for row in _states(id, at, fate)),
    )


def _measure(fate: _Fate) -> tuple[str | None, datetime | None]:
    return (None, None) if fate.executed is None else ("disabled", fate.executed)


def _states(id: UUID, at: datetime, fate: _Fate) -> Iterator[tuple[Any, ...]]:
    yield uuid4(), id, 1, "open", "received", at, "system:benchmark"
    if fate.executed is not None:
        yield uuid4(), id, 1, "executed", "execute", fate.executed, "system:benchmark"
    if fate.void is not None:
        yield uuid4(), id, 1, "void", "revoked", fate.void, "system:benchmark"


def _copy_clocks(tx: Tx, made: Stored, fates: list[_Fate]) -> None:
    """The hour of each order, which nobody is warned of any more."""
    packs = read_packs()
    definition = packs.definition("tco.remove")
    digest = define(tx, packs.pack_of(definition.name), definition)

    def row(id: UUID, at: datetime, fate: _Fate) -> tuple[Any, ...]:
        began = at + timedelta(seconds=2)
        latest = began.replace(minute=0, second=0, microsecond=0) + 2 * HOUR
        run = Run(
            started_at=began, start_event="order.received", due_at=began + HOUR, due_latest=latest
        )
        state = "running" if fate.executed is None else "met"
        return (
            *(
                uuid4(),
                digest,
                definition.name,
                "order_item",
                f"{id}/1",
                id,
                False,
                "Europe/Berlin",
            ),
            *("de", 1, state, fate.executed is None, began, began + HOUR, latest),
            *(msgspec.json.encode([run]).decode(), False, [], [], None),
        )

    columns = (
        *("id", "definition", "name", "subject_kind", "subject_id", "order_id", "ours", "zone"),
        *("calendar", "step", "state", "live", "started_at", "due_at", "due_latest", "runs"),
        *("contradictory", "warnings", "warned", "next_at"),
    )
    rows = (row(id, at, fate) for (id, _, at), fate in zip(made, fates, strict=True))
    tx.copy(clocks, columns, rows)


def store_checks(database: Database, made: Stored, count: int) -> None:
    """So many looks that were done, spread over the orders."""
    each = count // len(made)
    outcomes = ("removed", "removed", "up", "unknown", "login_wall")
    with database.begin("system:benchmark") as tx:
        tx.copy(
            checks,
            (
                *("id", "owner", "n", "kind", "organisation", "url", "host", "due_at"),
                *("done_at", "outcome", "status", "vantage"),
            ),
            (
                (
                    *(uuid4(), id, 1, "order", to, f"https://{to}/p/{id}", to),
                    *(at + HOUR * place, at + HOUR * place, outcomes[place % 5], 404, "bench"),
                )
                for id, to, at in made
                for place in range(each)
            ),
        )
        tx.copy(
            check_known,
            ("owner", "n", "told_at", "seen_at"),
            ((id, 1, at + HOUR * (each - 3), at + HOUR * (each - 3)) for id, _, at in made),
        )
    with database.connect_raw() as connection:
        connection.execute("VACUUM (ANALYZE) checks, check_known")

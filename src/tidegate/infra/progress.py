"""How far work in the background has come: one number a kind of work, in a row of `counters`.

Whoever holds the row does the work, so that of several processes one does it at a time; the number
commits with what it speaks of.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx, counters


def start(tx: Tx, name: str) -> bool:
    """Make the row, which begins at 0; whether it is new."""
    made = insert(counters).values(name=name, value=0).on_conflict_do_nothing()
    return tx.execute(made).rowcount == 1


def claim(tx: Tx, name: str) -> int | None:
    """The number, its row held until the transaction ends; None while another process holds it."""
    query = sa.select(counters.c.value).where(counters.c.name == name)
    return tx.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()


def reached(tx: Tx, name: str) -> int:
    """The number, whoever holds its row."""
    query = sa.select(counters.c.value).where(counters.c.name == name)
    return int(tx.execute(query).scalar_one())


def all_reached(tx: Tx, beginning: str) -> dict[str, int]:
    """The numbers whose names begin like that, by what follows in the name; no row is held."""
    query = sa.select(counters.c.name, counters.c.value).where(
        counters.c.name.startswith(beginning, autoescape=True)
    )
    return {row.name.removeprefix(beginning): row.value for row in tx.execute(query)}


def lease(tx: Tx, name: str, seconds: int) -> bool:
    """Take work that is done between two transactions, for so long; whether nobody else has it. The
    row `name` holds the time, in seconds since 1970, at which it is free again."""
    now = int(tx.now.timestamp())
    free = sa.update(counters).where(counters.c.name == name, counters.c.value <= now)
    return tx.execute(free.values(value=now + seconds)).rowcount == 1


def finish(tx: Tx, *names: str) -> None:
    """Take the rows away: the work is done for good."""
    tx.execute(sa.delete(counters).where(counters.c.name.in_(names)))


def note(tx: Tx, name: str, value: int) -> None:
    """Set the number, whether there is one or not."""
    put = insert(counters).values(name=name, value=value)
    tx.execute(put.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def horizon(tx: Tx) -> int:
    """The transaction below which every one has ended: what those wrote is seen or never will be."""
    return int(tx.execute(_HORIZON).scalar_one())


def advance(tx: Tx, name: str, value: int) -> None:
    """Set the number. The caller has claimed it."""
    tx.execute(sa.update(counters).where(counters.c.name == name).values(value=value))


_HORIZON = sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")

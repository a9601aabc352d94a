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


def horizon(tx: Tx) -> int:
    """The transaction below which every one has ended: what those wrote is seen or never will be."""
    return int(tx.execute(_HORIZON).scalar_one())


def advance(tx: Tx, name: str, value: int) -> None:
    """Set the number. The caller has claimed it."""
    tx.execute(sa.update(counters).where(counters.c.name == name).values(value=value))


_HORIZON = sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")

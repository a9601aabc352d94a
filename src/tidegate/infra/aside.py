"""What cannot be handled is set aside: told, counted, and gone past, so that one bad row never stops the
work on all that come after it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import sqlalchemy as sa
import structlog

from tidegate.infra.db import UNAVAILABLE, Tx, counters

log = structlog.get_logger()

T = TypeVar("T")
_COUNTER = "set aside: "  # behind it, what the rows are


def set_aside(tx: Tx, what: str, row: object, error: Exception | str) -> None:
    """Tell and count that a row of `what` (a plural, few in number) could not be handled. Of an
    exception only the type is told: its text may hold what the row says."""
    why = error if isinstance(error, str) else type(error).__name__
    log.error("row.set_aside", what=what, row=str(row), why=why)
    tx.next_number(_COUNTER + what)


def count_aside(tx: Tx) -> int:
    """How often anything was set aside, since the beginning."""
    query = sa.select(sa.func.coalesce(sa.func.sum(counters.c.value), 0))
    return int(tx.execute(query.where(counters.c.name.startswith(_COUNTER))).scalar_one())


def each_or_aside(tx: Tx, what: str, rows: Sequence[T], work: Callable[[Sequence[T]], int]) -> int:
    """Do `work` on the rows, all at once; where that fails, one by one, without those that fail alone.
    Returns how much was done. A lost database is raised: it is no row's fault."""
    try:
        with tx.savepoint():
            return work(rows)
    except UNAVAILABLE:
        raise
    except Exception as error:
        if len(rows) == 1:
            set_aside(tx, what, rows[0], error)
            return 0
    return sum(each_or_aside(tx, what, [row], work) for row in rows)

"""Entries of what is told once in a while, however often it is done: that somebody read something."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.ledger.actions import new_row
from tidegate.ledger.tables import ledger_marks, ledger_pending

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def append_once(
    tx: Tx,
    kind: str,
    record: Mapping[str, object],
    *,
    subject: UUID,
    platform: str | None,
    period: timedelta,
) -> None:
    """Append an entry as `append` does, unless there is one of this kind by the actor about the subject
    in this period (a day in UTC, a minute). One statement, whether there is or not."""
    number = (tx.now - _EPOCH) // period
    what = f"{kind}\n{subject}\n{period}\n{number}\n{tx.identity}"
    marked = (
        insert(ledger_marks)
        .values(mark=sha256(what.encode()).digest(), until=_EPOCH + (number + 1) * period)
        .on_conflict_do_nothing()
        .returning(ledger_marks.c.mark)
        .cte("marked")
    )
    entry = new_row(tx, kind, record, subject, platform)
    values = [sa.literal(value, ledger_pending.c[name].type) for name, value in entry.items()]
    tx.execute(
        sa.insert(ledger_pending).from_select(list(entry), sa.select(*values).select_from(marked))
    )


def drop_marks(tx: Tx, limit: int = 5000) -> int:
    """Forget the marks of periods that are over; returns how many. For the worker."""
    over = sa.select(ledger_marks.c.mark).where(ledger_marks.c.until <= tx.now).limit(limit)
    return tx.execute(sa.delete(ledger_marks).where(ledger_marks.c.mark.in_(over))).rowcount

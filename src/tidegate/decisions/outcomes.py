"""What people concluded about items in cases, in the order in which they did: what is learnt from, and what
reporters are told right or wrong by."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.decisions.tables import decisions
from tidegate.infra.db import Tx

SETTLED = timedelta(minutes=3)  # so long after it was made a decision that can be undone has left
URGENT = ("restrict", "escalate")
HARMLESS = "pass"
_PAGE = 10_000


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that stands, on what an item said then. `urgent`: something was to be done; else nothing was.
    `before`: when its item had been decided before, None where it had not."""

    decision: UUID
    item: UUID
    revision: int | None
    urgent: bool
    at: datetime
    before: datetime | None


def outcomes_after(
    tx: Tx, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[Outcome], tuple[datetime, UUID] | None]:
    """The next decisions of people, and of keys in their name, that have left: those that restrict, escalate or
    pass, in cases about items; and from where to go on. What rules decided by themselves is none. Ends before
    the first that can still be undone."""
    rows = tx.execute(_query(tx, after).limit(limit)).all()
    settled: list[sa.Row[tuple[object, ...]]] = []
    for row in rows:
        if row.state == "held":
            break
        settled.append(row)
    found = [
        Outcome(
            decision=row.id,
            item=row.item_id,
            revision=row.revision,
            urgent=row.outcome in URGENT,
            at=row.created_at,
            before=row.before,
        )
        for row in settled
        if row.state == "left"
    ]
    return found, (settled[-1].created_at, settled[-1].id) if settled else after


def outcomes_of(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Of these decisions that restrict, escalate or pass whether something was to be done."""
    found: dict[UUID, bool] = {}
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE]
        query = sa.select(decisions.c.id, decisions.c.outcome).where(decisions.c.id.in_(page))
        told = tx.execute(query.where(decisions.c.outcome.in_([*URGENT, HARMLESS])))
        found |= {row.id: row.outcome in URGENT for row in told}
    return found


def _query(tx: Tx, after: tuple[datetime, UUID] | None) -> sa.Select[*tuple[object, ...]]:
    earlier = decisions.alias("earlier")
    before = (
        sa.select(sa.func.max(earlier.c.created_at))
        .where(earlier.c.item_id == decisions.c.item_id, *_told(earlier))
        .where(earlier.c.state == "left", earlier.c.created_at < decisions.c.created_at)
        .scalar_subquery()
        .label("before")
    )
    query = (
        sa.select(
            decisions.c.id,
            decisions.c.item_id,
            decisions.c.revision,
            decisions.c.outcome,
            decisions.c.state,
            decisions.c.created_at,
            before,
        )
        .where(decisions.c.created_at <= tx.now - SETTLED, *_told(decisions))
        .order_by(decisions.c.created_at, decisions.c.id)
    )
    if after is not None:
        place = sa.tuple_(decisions.c.created_at, decisions.c.id)
        query = query.where(place > sa.tuple_(*map(sa.literal, after)))
    return query


def _told(of: sa.FromClause) -> Sequence[sa.ColumnElement[bool]]:
    return (
        of.c.case_id.isnot(None),
        of.c.item_id.isnot(None),
        of.c.outcome.in_([*URGENT, HARMLESS]),
        ~of.c.decided_by.startswith("rule:"),
    )

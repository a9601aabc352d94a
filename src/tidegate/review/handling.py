"""How long cases are in hand, and how many come: what a queueing model is fed with."""

from datetime import datetime

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.review.sight import in_sight
from tidegate.review.tables import case_events, cases

MOST = 1000  # of the last decided
LONGEST = 4 * 3600.0  # seconds: a case that lay for longer was not worked on all the while

_CLAIMED, _DECIDED = "claimed", "decided"


def handled(tx: Tx, since: datetime, queue: str | None = None) -> list[float]:
    """The seconds that each of the last decided cases was in hand, from its last claim to the decision of
    whoever had claimed it; of one queue, or of all that the actor sees. Those without a claim are left out."""
    claim = case_events.alias("claim")
    last = (
        sa.select(claim.c.at, claim.c.actor)
        .where(claim.c.case_id == case_events.c.case_id, claim.c.kind == _CLAIMED)
        .where(claim.c.id < case_events.c.id)
        .order_by(claim.c.id.desc())
        .limit(1)
        .lateral("last")
    )
    query = (
        sa.select(case_events.c.at, last.c.at)
        .select_from(case_events)
        .join(cases, cases.c.id == case_events.c.case_id)
        .join(last, last.c.actor == case_events.c.actor)
        .where(case_events.c.kind == _DECIDED, case_events.c.at > since, in_sight(tx))
        .where(cases.c.state == _DECIDED, cases.c.decided_at > since)
    )
    if queue is not None:
        query = query.where(cases.c.queue == queue)
    query = query.order_by(case_events.c.id.desc()).limit(MOST)
    spans = ((at - claimed).total_seconds() for at, claimed in map(tuple, tx.execute(query)))
    return [one for one in spans if 0 <= one <= LONGEST]


def opened_since(tx: Tx, queue: str, since: datetime) -> int:
    """How many cases came into a queue since then."""
    query = sa.select(sa.func.count()).select_from(cases)
    query = query.where(cases.c.queue == queue, cases.c.opened_at > since, in_sight(tx))
    return int(tx.execute(query).scalar_one())


def decided_in(tx: Tx, queue: str) -> int:
    """How many cases of a queue are decided."""
    query = sa.select(sa.func.count()).select_from(cases)
    query = query.where(cases.c.queue == queue, cases.c.state == _DECIDED, in_sight(tx))
    return int(tx.execute(query).scalar_one())

"""Who has a case on the screen now: for the others who might open it, and for moments. It is in no
export, in no metric and in no entry of the ledger."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.access.queries import names_of
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.review.tables import case_readers

SEEN = timedelta(seconds=60)
"""Whoever was not heard of for so long has gone."""


def reads(tx: Tx, case_id: UUID) -> None:
    """The actor has the case on the screen. The caller has made sure that they may."""
    row = insert(case_readers).values(
        case_id=case_id, person=tx.identity, since=tx.now, seen_at=tx.now
    )
    back = case_readers.c.seen_at <= tx.now - SEEN
    since = sa.case((back, tx.now), else_=case_readers.c.since)
    keys = ["case_id", "person"]
    tx.execute(
        row.on_conflict_do_update(index_elements=keys, set_={"since": since, "seen_at": tx.now})
    )


def leaves(tx: Tx, case_id: UUID) -> None:
    """The actor has it there no more."""
    mine = (case_readers.c.case_id == case_id, case_readers.c.person == tx.identity)
    tx.execute(sa.delete(case_readers).where(*mine))


def readers_of(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Who else has these cases on the screen, by their names, who came first first. A case that nobody
    else has there is left out."""
    query = (
        sa.select(case_readers.c.case_id, case_readers.c.person)
        .where(
            one_of(case_readers.c.case_id, case_ids),
            case_readers.c.person != tx.identity,
            case_readers.c.seen_at > tx.now - SEEN,
        )
        .order_by(case_readers.c.since, case_readers.c.person)
    )
    rows = tx.execute(query).all()
    names = names_of(tx, {row.person for row in rows})
    found: dict[UUID, list[str]] = {}
    for row in rows:
        found.setdefault(row.case_id, []).append(names[row.person])
    return found


def sweep_readers(tx: Tx) -> int:
    """Forget who has gone. For the worker."""
    gone = case_readers.c.seen_at <= tx.now - SEEN
    return tx.execute(sa.delete(case_readers).where(gone)).rowcount

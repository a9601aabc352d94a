"""What is asked of decided cases about how well they were decided: which can be drawn for another look, who
had a part in one, how many were overturned, and how long they took."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.decisions.queries import decided_by_people
from tidegate.infra.db import Tx
from tidegate.review.queries import NO_LOOK
from tidegate.review.sight import in_sight
from tidegate.review.tables import case_events, cases

NOT_URGENT = 2  # bands before this one are not shown twice
MOST = 200_000
PAGE = 10_000
_DECIDED = cases.c.state == sa.literal_column("'decided'")


class Drawable(msgspec.Struct, frozen=True, kw_only=True):
    """A decided case that may be shown once more."""

    case: UUID
    decision: UUID
    label: str | None
    language: str | None


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of a person: on what, how long its case had waited, and whether it was overturned:
    opened again by a person, or its restriction lifted by one."""

    by: str
    label: str | None
    language: str | None
    seconds: float
    overturned: bool


def decided_since(tx: Tx, since: datetime) -> list[Drawable]:
    """The cases about items that were decided since then and still are, the first first."""
    query = (
        sa.select(cases.c.id, cases.c.decision_id, cases.c.label, cases.c.language)
        .where(_DECIDED, cases.c.decided_at > since, NO_LOOK)
        .where(cases.c.item_id.isnot(None), cases.c.decision_id.isnot(None))
        .where(cases.c.base_band >= NOT_URGENT, cases.c.band >= NOT_URGENT)
        .order_by(cases.c.decided_at, cases.c.id)
        .limit(MOST)
    )
    return [
        Drawable(case=row.id, decision=row.decision_id, label=row.label, language=row.language)
        for row in tx.execute(query)
    ]


def parts_of(tx: Tx, case_id: UUID) -> list[str]:
    """The people who have done anything in a case."""
    query = (
        sa.select(case_events.c.actor)
        .where(case_events.c.case_id == case_id, case_events.c.actor.startswith("user:"))
        .distinct()
    )
    return sorted(tx.execute(query).scalars())


def worked(tx: Tx, since: datetime) -> list[Worked]:
    """What people decided since then, one by one, of the cases that the actor sees."""
    decided = decided_by_people(tx, since, MOST)
    ids = sorted({one.case_id for one in decided})
    seen = {row.id: row for page in _pages(ids) for row in _cases(tx, page)}
    again: dict[UUID, datetime] = {}
    for page in _pages([one for one in ids if one in seen and seen[one].reopened_at is not None]):
        again |= _reopened(tx, page)
    return [
        Worked(
            by=one.decided_by,
            label=case.label,
            language=case.language,
            seconds=_waited(case.opened_at, case.reopened_at, one.created_at),
            overturned=one.lifted or again.get(case.id, one.created_at) > one.created_at,
        )
        for one in decided
        if (case := seen.get(one.case_id)) is not None
    ]


def seen_of(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """The cases of these that the actor sees."""
    return {row.id for page in _pages(sorted(set(ids))) for row in _cases(tx, page)}


def _pages(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [ids[n : n + PAGE] for n in range(0, len(ids), PAGE)]


def _cases(tx: Tx, ids: Sequence[UUID]) -> Sequence[sa.Row[Any]]:
    query = sa.select(
        cases.c.id, cases.c.label, cases.c.language, cases.c.opened_at, cases.c.reopened_at
    )
    return tx.execute(query.where(cases.c.id.in_(ids), in_sight(tx), NO_LOOK)).all()


def _reopened(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When people last opened these again."""
    query = (
        sa.select(case_events.c.case_id, sa.func.max(case_events.c.at).label("at"))
        .where(case_events.c.case_id.in_(ids), case_events.c.kind == "reopened")
        .where(case_events.c.actor.startswith("user:"))
        .group_by(case_events.c.case_id)
    )
    return {row.case_id: row.at for row in tx.execute(query)}


def _waited(opened: datetime, reopened: datetime | None, at: datetime) -> float:
    """From when it began to wait to when it was decided."""
    since = reopened if reopened is not None and reopened <= at else opened
    return max(at - since, timedelta()).total_seconds()

"""Reading tasks and links: those of cases that the reader sees. They speak of what was posted, and are closed
with it."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa

from tidegate.content.openings import closed_entries, closed_items
from tidegate.content.queries import item_names
from tidegate.infra.db import Tx
from tidegate.review.sight import in_sight
from tidegate.review.tables import cases
from tidegate.review.work.model import MOST_LINKS, MOST_TASKS, Link, Task
from tidegate.review.work.tables import case_links, case_tasks

_T, _L = case_tasks.c, case_links.c
TASK = sa.select(
    _T.id, _T.case_id.label("case"), _T.text, _T.person, _T.due,
    _T.by, _T.created_at, _T.done_by, _T.done_at,
)  # fmt: skip


def tasks_of(tx: Tx, case_id: UUID) -> list[Task]:
    """The tasks of a case: what is yet to be done, the first due first, then what was done."""
    if _closed(tx, [case_id]):
        return []
    query = TASK.join(cases, cases.c.id == _T.case_id).where(_T.case_id == case_id, in_sight(tx))
    query = query.order_by(
        _T.done_at.desc().nulls_first(), _T.due.nulls_last(), _T.created_at, _T.id
    )
    return [Task(**row) for row in tx.execute(query.limit(MOST_TASKS)).mappings()]


def is_worked_on(tx: Tx, case_id: UUID) -> bool:
    """Whether something is yet to be done about a case, or it is linked to another."""
    to_do = sa.exists().where(_T.case_id == case_id, _T.done_at.is_(None))
    linked = sa.exists().where(sa.or_(_L.one == case_id, _L.other == case_id))
    return bool(tx.execute(sa.select(sa.or_(to_do, linked))).scalar_one())


def tasks_for(tx: Tx, person: str, limit: int = 50) -> list[Task]:
    """What this person (an identity) is asked to do about cases that they see, the first due first. To whoever
    audits it says nothing before the case is opened."""
    query = TASK.join(cases, cases.c.id == _T.case_id)
    query = query.where(_T.person == person, _T.done_at.is_(None), in_sight(tx))
    query = query.order_by(_T.due.nulls_last(), _T.created_at, _T.id).limit(limit)
    found = [Task(**row) for row in tx.execute(query).mappings()]
    closed = _closed(tx, {one.case for one in found})
    return [one for one in found if one.case not in closed]


def links_of(tx: Tx, case_id: UUID) -> list[Link]:
    """The cases that a case belongs with, as far as the reader sees them, the first linked first."""
    if _closed(tx, [case_id]):
        return []
    here = sa.or_(_L.one == case_id, _L.other == case_id)
    far = sa.case((_L.one == case_id, _L.other), else_=_L.one)
    query = (
        sa.select(cases.c.id, cases.c.item_id, cases.c.state, _L.why, _L.by, _L.created_at)
        .join_from(case_links, cases, cases.c.id == far)
        .where(here, in_sight(tx))
        .order_by(_L.created_at, cases.c.id)
        .limit(MOST_LINKS)
    )
    rows = tx.execute(query).all()
    named = item_names(tx, [row.item_id for row in rows if row.item_id is not None])
    return [
        Link(
            case=row.id,
            item=named[row.item_id][1] if row.item_id in named else None,
            state=row.state,
            why=row.why,
            by=row.by,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _closed(tx: Tx, case_ids: Collection[UUID]) -> set[UUID]:
    """Those of the cases whose content is closed to the reader."""
    if not (tx.audits or tx.is_person) or not case_ids:
        return set()
    query = sa.select(cases.c.id, cases.c.subject_kind, cases.c.subject_id)
    rows = tx.execute(query.where(cases.c.id.in_(case_ids))).all()
    entries = [row.subject_id for row in rows if row.subject_kind == "entry"]
    others = [row.subject_id for row in rows if row.subject_kind != "entry"]
    closed = {*closed_entries(tx, entries), *closed_items(tx, others)}
    return {row.id for row in rows if row.subject_id in closed}

"""Which items wait in which case beside its own: what is asked of it. Reads only; the verbs are in
`members.py`.
"""

from collections.abc import Collection
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import item_names
from tidegate.infra.db import Tx
from tidegate.review.model import MemberView
from tidegate.review.tables import case_members, cases

SHOWN = 100  # members that a case shows with itself

# A literal, not a parameter: only so does a prepared statement use the partial indexes.
WAITS = case_members.c.decided_with.is_(None)


class Member(msgspec.Struct, frozen=True):
    """An item that waits in a case; `joined` is the case's version since it does."""

    item_id: UUID
    joined: int


class Parted(msgspec.Struct, frozen=True):
    """A member that was decided together with a case: its own case, and its decision."""

    item_id: UUID
    case_id: UUID
    decision_id: UUID | None


def members_of(tx: Tx, case_id: UUID) -> list[Member]:
    """What waits in a case beside its own item, the first first."""
    columns = case_members.c.item_id, case_members.c.joined
    query = sa.select(*columns).where(case_members.c.case_id == case_id, WAITS)
    query = query.order_by(case_members.c.joined, case_members.c.item_id)
    return [Member(*row) for row in tx.execute(query)]


def items_of(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The members of several cases, by case; those without any are left out."""
    query = sa.select(case_members.c.case_id, case_members.c.item_id)
    query = query.where(case_members.c.case_id.in_(case_ids), WAITS)
    found: dict[UUID, list[UUID]] = {}
    for row in tx.execute(query):
        found.setdefault(row.case_id, []).append(row.item_id)
    return found


def cases_with_members(tx: Tx, item_id: UUID) -> list[UUID]:
    """The decided cases about an item in which others wait still."""
    waiting = sa.exists().where(case_members.c.case_id == cases.c.id, WAITS)
    query = sa.select(cases.c.id).where(cases.c.item_id == item_id, cases.c.state == "decided")
    return list(tx.execute(query.where(waiting)).scalars())


def cases_about(tx: Tx, item_ids: Collection[UUID]) -> set[UUID]:
    """The waiting cases about these items in which others wait."""
    waiting = sa.exists().where(case_members.c.case_id == cases.c.id, WAITS)
    query = sa.select(cases.c.id).where(cases.c.item_id.in_(item_ids), cases.c.state != "decided")
    return set(tx.execute(query.where(waiting)).scalars())


def waits_with(tx: Tx, item_ids: Collection[UUID]) -> set[UUID]:
    """The cases in which these items wait beside those cases' own."""
    query = sa.select(case_members.c.case_id).where(case_members.c.item_id.in_(item_ids), WAITS)
    return set(tx.execute(query).scalars())


def total_members(tx: Tx, case_id: UUID) -> int:
    """How many items wait in a case beside its own."""
    mine = sa.and_(case_members.c.case_id == case_id, WAITS)
    return tx.execute(sa.select(sa.func.count()).where(mine)).scalar_one()


def shown_members(tx: Tx, case_id: UUID) -> tuple[list[MemberView], int]:
    """The first members of a case as callers know them, and how many there are."""
    mine = sa.and_(case_members.c.case_id == case_id, WAITS)
    if not (total := total_members(tx, case_id)):
        return [], 0
    columns = case_members.c.item_id, case_members.c.joined, case_members.c.joined_at
    query = sa.select(*columns).where(mine).order_by(case_members.c.joined, case_members.c.item_id)
    rows = tx.execute(query.limit(SHOWN)).all()
    names = item_names(tx, {row.item_id for row in rows})
    views = [
        MemberView(names[row.item_id][1], row.joined, row.joined_at)
        for row in rows
        if row.item_id in names
    ]
    return views, total


def parted_with(tx: Tx, decision_id: UUID) -> list[Parted]:
    """The members that were decided together with a case by this decision."""
    columns = case_members.c.item_id, case_members.c.own_case, case_members.c.decision_id
    query = sa.select(*columns).where(case_members.c.decided_with == decision_id)
    return [Parted(*row) for row in tx.execute(query.order_by(case_members.c.item_id))]

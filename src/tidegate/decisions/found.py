"""Decisions that are found by what they say, and items by the entries that they matched."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import of_platform
from tidegate.decisions.disclosure import told_on
from tidegate.decisions.looks import not_blind
from tidegate.decisions.model import Decision
from tidegate.decisions.queries import decision_of
from tidegate.decisions.tables import decisions, evaluations
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.signals.words.tables import item_terms


class DecisionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What decisions are narrowed to; empty is not at all. `by` are actors, `items` what they are about."""

    outcome: str | None = None
    label: str | None = None
    by: Collection[str] = ()
    since: datetime | None = None
    before: datetime | None = None
    items: Collection[UUID] | None = None


class FoundDecision(NamedTuple):
    """A decision, and what it is about."""

    at: datetime
    id: UUID
    item_id: UUID | None
    case_id: UUID | None


def found_decisions(
    tx: Tx, filter: DecisionFilter, after: tuple[datetime, UUID] | None, limit: int
) -> list[FoundDecision]:
    """The next decisions that pass, the newest first."""
    d = decisions.c
    query = sa.select(d.created_at, d.id, d.item_id, d.case_id).where(_passes(tx, filter))
    if after is not None:
        query = query.where(sa.tuple_(d.created_at, d.id) < sa.tuple_(*map(sa.literal, after)))
    rows = tx.execute(query.order_by(d.created_at.desc(), d.id.desc()).limit(limit))
    return [FoundDecision(*row) for row in rows]


def numbers_decided(tx: Tx, filter: DecisionFilter, limit: int) -> list[int]:
    """The numbers by which the items are found that the newest decisions are about, at most so many."""
    d = decisions.c
    query = sa.select(d.item_id).where(_passes(tx, filter))
    newest = query.order_by(d.created_at.desc(), d.id.desc()).limit(limit).subquery()
    of = item_terms.c.item_id == newest.c.item_id
    return list(tx.execute(sa.select(item_terms.c.number).join(newest, of)).scalars())


def _passes(tx: Tx, filter: DecisionFilter) -> sa.ColumnElement[bool]:
    d = decisions.c
    conditions = [_seen(tx)]
    if filter.label is not None or filter.by:
        conditions.append(told_on(tx))  # what is not told is found by nothing that it says
    if filter.outcome is not None:
        conditions.append(d.outcome == filter.outcome)
    if filter.label is not None:
        conditions.append(d.label == filter.label)
    if filter.by:
        conditions.append(d.decided_by.in_(filter.by))
    if filter.since is not None:
        conditions.append(d.created_at >= filter.since)
    if filter.before is not None:
        conditions.append(d.created_at < filter.before)
    if filter.items is not None:
        conditions.append(one_of(d.item_id, filter.items))
    return sa.and_(*conditions)


def decisions_by_id(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Decision]:
    """These decisions, as far as they may be seen."""
    if not ids:
        return {}
    rows = tx.execute(sa.select(decisions).where(decisions.c.id.in_(ids), _seen(tx)))
    return {row.id: decision_of(row) for row in rows}


def items_matching(tx: Tx, entry_id: UUID, limit: int) -> list[UUID]:
    """Items that an entry was found to match, at whatever look; at most so many."""
    query = (
        sa.select(evaluations.c.item_id)
        .distinct()
        .where(
            evaluations.c.matches.contains([{"entry": str(entry_id)}]), sa.text("matches != '[]'")
        )
        .where(of_platform(tx, evaluations.c.item_id))
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def _seen(tx: Tx) -> sa.ColumnElement[bool]:
    """The condition that a decision may be seen: it is about an item that may, and of which the actor has no
    blind look before them, or about none, for who is bound to no platform."""
    open_ = not_blind(tx, decisions.c.item_id)
    if tx.platforms is None:
        return open_
    return sa.and_(decisions.c.item_id.isnot(None), of_platform(tx, decisions.c.item_id), open_)

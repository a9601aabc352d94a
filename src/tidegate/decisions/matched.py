"""What items an entry of a bank was found to match, and what was decided of items that something is about to
change for."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import of_platform
from tidegate.decisions.tables import decisions, evaluations, restrictions
from tidegate.infra.db import Tx

MOST = 20_000  # looks that found an entry, which are counted
SPEAKING = ("news", "counter_speech")


class Sighted(msgspec.Struct, frozen=True):
    """An item that an entry was found to match, and when it was first."""

    item: UUID
    at: datetime


class Sightings(msgspec.Struct, frozen=True):
    """How many items an entry was first found to match on each day, and the `newest` of them; `more`: there
    are more looks than are counted."""

    days: dict[date, int]
    newest: list[Sighted]
    items: int
    more: bool


def sightings(tx: Tx, entry_id: UUID, newest: int) -> Sightings:
    """Where an entry was found, at whatever look, as far as that may be seen."""
    found = (
        sa.select(evaluations.c.item_id, evaluations.c.created_at)
        .where(evaluations.c.matches.contains([{"entry": str(entry_id)}]))
        .where(sa.text("matches != '[]'"), of_platform(tx, evaluations.c.item_id))
        .limit(MOST)
    )
    firsts: dict[UUID, datetime] = {}
    looks = 0
    for row in tx.execute(found):
        looks += 1
        firsts[row.item_id] = min(row.created_at, firsts.get(row.item_id, row.created_at))
    days: dict[date, int] = {}
    for at in sorted(firsts.values()):
        days[at.date()] = days.get(at.date(), 0) + 1
    last = sorted(firsts.items(), key=lambda one: (one[1], one[0]), reverse=True)[:newest]
    return Sightings(days, [Sighted(*one) for one in last], len(firsts), looks == MOST)


def spoken_for(tx: Tx, item_ids: Collection[UUID]) -> set[UUID]:
    """Those of which somebody has said that they are news or counter-speech."""
    query = sa.select(decisions.c.item_id).where(
        decisions.c.item_id.in_(item_ids),
        decisions.c.exemption.in_(SPEAKING),
        decisions.c.state.in_(["held", "left"]),
    )
    return set(tx.execute(query).scalars())


def down_by_rules(tx: Tx, item_ids: Collection[UUID]) -> set[UUID]:
    """Those on which a restriction stands that a rule has made."""
    query = (
        sa.select(restrictions.c.item_id)
        .join(decisions, decisions.c.id == restrictions.c.decision_id)
        .where(restrictions.c.item_id.in_(item_ids), restrictions.c.ended_at.is_(None))
        .where(decisions.c.decided_by.startswith("rule:"))
    )
    return set(tx.execute(query).scalars())

"""Whether an item's author may be told: an order can forbid it until a time. What it forbids stays so until
somebody says that it is over: early is the harm here.

And what is shown of decisions and restrictions, with that in mind, to whom a transaction acts for.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.decisions.model import Decision, shown_decision
from tidegate.decisions.restrictions import Standing
from tidegate.decisions.tables import decisions, disclosures
from tidegate.decisions.told import (
    FREE,
    Disclosure,
    StandingView,
    told_decision,
    told_entry,
    told_standing,
)
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import EntryView, NewEntry


def withhold(tx: Tx, item_id: UUID, order_id: UUID, until: datetime) -> None:
    """Say nothing to the author of what the order does to the item, until `release`; said once more, the
    new time counts. The caller holds the item's row."""
    withhold_each(tx, [item_id], order_id, until)


def withhold_each(tx: Tx, item_ids: Collection[UUID], order_id: UUID, until: datetime) -> None:
    """The same of several items."""
    if not item_ids:
        return
    said = {"order_id": order_id, "until": until, "withheld_at": tx.now}
    key = [disclosures.c.item_id, disclosures.c.order_id]
    fresh = {"until": until, "released_at": None}
    tx.execute(
        insert(disclosures).on_conflict_do_update(index_elements=key, set_=fresh),
        [said | {"item_id": id} for id in item_ids],
    )
    records = ({"item": id, "order": order_id, "until": until} for id in item_ids)
    # Of no subject: all who read the ledger see that.
    append_many(tx, [NewEntry("disclosure.withheld", one) for one in records])


def release(tx: Tx, item_id: UUID, order_id: UUID) -> bool:
    """The author may be told; returns whether they might not before. The caller holds the item's row."""
    return bool(release_each(tx, [item_id], order_id))


def release_each(tx: Tx, item_ids: Collection[UUID], order_id: UUID) -> list[UUID]:
    """The same of several items: those of which they might not."""
    c = disclosures.c
    this = (one_of(c.item_id, item_ids), c.order_id == order_id, c.released_at.is_(None))
    query = sa.update(disclosures).where(*this).values(released_at=tx.now).returning(c.item_id)
    released = list(tx.execute(query).scalars())
    records = ({"item": id, "order": order_id} for id in released)
    append_many(tx, [NewEntry("disclosure.released", one) for one in records])
    return released


def disclosure_of(tx: Tx, item_ids: Collection[UUID]) -> dict[UUID, Disclosure]:
    """Of each of these items, whether its author may be told; of several orders' times the last."""
    query = (
        sa.select(disclosures.c.item_id, sa.func.max(disclosures.c.until).label("until"))
        .where(disclosures.c.item_id.in_(item_ids), disclosures.c.released_at.is_(None))
        .group_by(disclosures.c.item_id)
    )
    found = dict.fromkeys(item_ids, FREE)
    if item_ids:
        withheld = {row.item_id: row.until for row in tx.execute(query)}
        found |= {id: Disclosure("withheld", until) for id, until in withheld.items()}
    return found


def disclosure_on(tx: Tx, item_id: UUID) -> Disclosure:
    """The same of one item."""
    return disclosure_of(tx, [item_id])[item_id]


def told_on(tx: Tx) -> sa.ColumnElement[bool]:
    """The condition that the actor is told what a decision rests on, as `told.is_told` says."""
    withheld = sa.exists().where(
        disclosures.c.item_id == decisions.c.item_id, disclosures.c.released_at.is_(None)
    )
    free = sa.or_(decisions.c.order_id.is_(None), ~withheld)
    return {"all": sa.true(), "free": free, "none": sa.false()}[tx.orders]


def shown_decisions(tx: Tx, found: Sequence[Decision]) -> list[dict[str, Any]]:
    """Decisions as the API and the pages show them, to whom they are shown."""
    known = disclosure_of(tx, {one.item_id for one in found if one.item_id is not None})
    return [
        told_decision(
            shown_decision(one), FREE if one.item_id is None else known[one.item_id], tx.orders
        )
        for one in found
    ]


def shown_standing(tx: Tx, item_id: UUID, found: Sequence[Standing]) -> list[StandingView]:
    """The same of what stands on an item."""
    known = disclosure_on(tx, item_id)
    return [told_standing(one, known, tx.orders) for one in found]


def shown_entries(tx: Tx, found: Sequence[EntryView]) -> list[EntryView]:
    """Entries of the ledger, as `told.told_entry` tells them to who reads no orders."""
    if tx.orders == "all":
        return list(found)
    withheld = sa.select(sa.func.min(disclosures.c.withheld_at))
    since = tx.execute(withheld.where(disclosures.c.released_at.is_(None))).scalar_one()
    return [told_entry(one, since) for one in found]

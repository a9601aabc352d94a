"""The verbs of holds: place, lift, end in time, and open what only a hold keeps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.holds.model import (
    OPENING_LASTS,
    HoldIn,
    HoldView,
    Opening,
    OpeningIn,
    ahead,
    check_hold,
    check_opening,
)
from tidegate.content.holds.queries import (
    STANDS,
    hold_of_another,
    hold_of_order,
    hold_unknown,
    order_hold_to_open,
    placed_here,
)
from tidegate.content.model import ERASED, ItemRow
from tidegate.content.tables import holds, items, openings
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append, append_many
from tidegate.ledger.model import NewEntry


def place_hold(tx: Tx, item: ItemRow, hold: HoldIn, *, order: UUID | None = None) -> HoldView:
    """Keep the item from erasure and expiry until the hold's end, or until it is lifted. A legal order's
    stands until its date, whoever would lift it.

    Raises Refusal (422). The caller holds the item's row.
    """
    return place_holds(tx, [item], hold, order=order)[0]


def place_holds(
    tx: Tx, posts: Sequence[ItemRow], hold: HoldIn, *, order: UUID | None = None
) -> list[HoldView]:
    """The same hold on each of these items."""
    hold = check_hold(hold, tx.now)
    if order is not None:
        assert hold.until is not None
        hold = msgspec.structs.replace(hold, source=f"order:{order}")
    placed: list[HoldView] = []
    rows: list[dict[str, Any]] = []
    entries: list[NewEntry] = []
    for item in posts:
        one = HoldView(
            id=uuid7(tx.now),
            reason=hold.reason,
            purpose=hold.purpose,
            until=hold.until,
            source=hold.source,
            placed_by=tx.actor,
            placed_at=tx.now,
            order=order,
        )
        placed.append(one)
        row = msgspec.structs.asdict(one)
        row["order_id"] = row.pop("order")
        rows.append(row | {"item_id": item.id, "placer": tx.identity})
        record: dict[str, object] = {"hold": one.id, "reason": one.reason, "purpose": one.purpose}
        record |= {"until": one.until, "source": one.source}
        record |= {} if order is None else {"order": order}
        entries.append(NewEntry("hold.placed", record, item.id, item.platform))
    if rows:
        tx.execute(sa.insert(holds), rows)
        append_many(tx, entries)
    return placed


def lift_hold(tx: Tx, item: ItemRow, hold_id: UUID, *, any_hold: bool) -> None:
    """End a hold. Unless the caller may lift `any_hold`, it has to be one that they placed.

    Raises Refusal: 404 when no such hold stands on the item, 403 for another's, 409 "hold-of-order".
    """
    this = sa.and_(holds.c.id == hold_id, holds.c.item_id == item.id, STANDS)
    allowed = sa.true() if any_hold else placed_here(tx)
    lifted = tx.execute(
        sa.update(holds)
        .where(this, allowed, holds.c.order_id.is_(None))
        .values(lifted_by=tx.actor, lifted_at=tx.now),
        {"now": tx.now},
    )
    if lifted.rowcount == 0:
        query = sa.select(holds.c.order_id, holds.c.until).where(this)
        row = tx.execute(query, {"now": tx.now}).one_or_none()
        if row is None or (row.order_id is not None and tx.orders != "all"):
            raise hold_unknown()
        raise hold_of_another() if row.order_id is None else hold_of_order(row.until)
    append(tx, "hold.lifted", {"hold": hold_id}, item.id, item.platform)


def extend_hold(tx: Tx, hold_id: UUID, until: datetime) -> None:
    """Let an order's hold stand for longer. Raises Refusal: 404 where none stands any more, 422 for a time
    that is not later."""
    query = (
        sa.select(holds.c.until, holds.c.item_id, holds.c.order_id, items.c.platform)
        .join(items, items.c.id == holds.c.item_id)
        .where(holds.c.id == hold_id, holds.c.order_id.isnot(None), STANDS)
        .with_for_update(of=holds)
    )
    row = tx.execute(query, {"now": tx.now}).one_or_none()
    if row is None:
        raise hold_unknown()
    end = ahead(until, row.until)
    tx.execute(sa.update(holds).where(holds.c.id == hold_id).values(until=end))
    record = {"hold": hold_id, "until": end, "order": row.order_id}
    append(tx, "hold.extended", record, row.item_id, row.platform)


def end_due(tx: Tx, limit: int = 200) -> int:
    """Record the end of holds whose time is over; returns how many. For the worker: such a hold has
    forbidden nothing since then."""
    due = (
        sa.select(holds.c.id)
        .where(holds.c.lifted_at.is_(None), holds.c.until <= tx.now)
        .order_by(holds.c.until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ended = tx.execute(
        sa.update(holds)
        .where(holds.c.id.in_(due), items.c.id == holds.c.item_id)
        .values(lifted_by=tx.actor, lifted_at=holds.c.until)
        .returning(holds.c.id, holds.c.item_id, items.c.platform)
    ).all()
    for row in ended:
        append(tx, "hold.ended", {"hold": row.id}, row.item_id, row.platform)
    return len(ended)


def close_kept(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """Close what from now on only a hold keeps: it is there for the hold's purpose, and for no other
    look. The caller holds the items' rows."""
    closed = tx.execute(
        sa.update(items)
        .where(items.c.id.in_(item_ids))
        .values(kept_by_hold_at=tx.now)
        .returning(items.c.id, items.c.platform)
    )
    told = [NewEntry("item.closed", {"item": row.id}, row.id, row.platform) for row in closed]
    append_many(tx, told)


def forget_words(tx: Tx, item_id: UUID) -> None:
    """Erasure: what was said about the item, in holding and in opening it, goes; that it was held and
    opened, by whom, when and for which purpose, stays."""
    about = {"reason": ERASED, "source": None}
    tx.execute(sa.update(holds).where(holds.c.item_id == item_id).values(about))
    said = {"justification": ERASED, "case_name": None}
    tx.execute(sa.update(openings).where(openings.c.item_id == item_id).values(said))


def open_hold(
    tx: Tx,
    hold_id: UUID,
    given: OpeningIn,
    *,
    item_id: UUID | None = None,
) -> Opening:
    """Let the actor read what the hold keeps, for half an hour; recorded with purpose and words.

    Raises Refusal: 422; 404 when no such hold stands, or not on that item where one is given.
    """
    query = (
        sa.select(holds.c.item_id, holds.c.order_id, items.c.external_id, items.c.platform)
        .join(items, items.c.id == holds.c.item_id)
        .where(holds.c.id == hold_id, STANDS, tx.within(items.c.platform))
    )
    if item_id is not None:
        query = query.where(items.c.id == item_id)
    held = tx.execute(query, {"now": tx.now}).one_or_none()
    if held is None:
        raise hold_unknown()
    check_opening(given, of_order=held.order_id is not None)
    opening = Opening(
        id=uuid7(tx.now),
        hold=hold_id,
        item=held.external_id,
        platform=held.platform,
        purpose=given.purpose,
        opened_by=tx.actor,
        opened_at=tx.now,
        until=tx.now + OPENING_LASTS,
    )
    _record_opening(tx, opening, given, held.item_id, held.order_id)
    return opening


def open_by_claim(tx: Tx, item_id: UUID, case_id: UUID, until: datetime) -> None:
    """Whoever takes an item's own case reads what an order's hold keeps of it, to review it, while they hold
    the case and for as long after as any opening lasts. It is recorded as one, unless they have it open until
    then."""
    if not tx.is_person or (held := order_hold_to_open(tx, item_id, until)) is None:
        return
    opening = Opening(
        id=uuid7(tx.now),
        hold=held.id,
        item=held.external_id,
        platform=held.platform,
        purpose="review",
        opened_by=tx.actor,
        opened_at=tx.now,
        until=until + OPENING_LASTS,
    )
    given = OpeningIn("review", "Claimed the case about it.", str(case_id))
    _record_opening(tx, opening, given, item_id, held.order_id)


def _record_opening(
    tx: Tx, opening: Opening, given: OpeningIn, item_id: UUID, order: UUID | None
) -> None:
    tx.execute(
        sa.insert(openings).values(
            id=opening.id,
            hold_id=opening.hold,
            item_id=item_id,
            purpose=given.purpose,
            justification=given.justification,
            case_name=given.case,
            opened_by=tx.actor,
            opener=tx.identity,
            opened_at=tx.now,
            until=opening.until,
        )
    )
    record = {"opening": opening.id, "hold": opening.hold, "purpose": given.purpose}
    record |= {"justification": given.justification, "case": given.case, "until": opening.until}
    if order is not None:
        record["order"] = order
    append(tx, "hold.opened", record, item_id, opening.platform)

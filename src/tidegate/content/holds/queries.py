"""Reading holds, and whether what one of them keeps is closed to the reader."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.content.holds.model import HoldDetail, HoldView, Opened
from tidegate.content.tables import holds, items, openings
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal

_NOW = sa.bindparam("now", type_=sa.TIMESTAMP(timezone=True))
STANDS = sa.and_(holds.c.lifted_at.is_(None), sa.or_(holds.c.until.is_(None), holds.c.until > _NOW))
"""Whether a hold forbids erasure; takes the parameter `now`."""
_OF_ORDER = holds.c.order_id.isnot(None)
_VIEW = [
    *(holds.c[name] for name in HoldView.__struct_fields__ if name != "order"),
    holds.c.order_id.label("order"),
]


def hold_unknown(_: object = None) -> Refusal:
    return Refusal(
        "hold-unknown",
        404,
        "There is no such hold",
        "GET the item to see which holds stand on it.",
    )


def hold_of_another() -> Refusal:
    return Refusal(
        "hold-of-another",
        403,
        "Somebody else placed this hold",
        "It stands as before. Whoever placed it lifts it, or somebody with the scope 'holds:write'.",
        scope="holds:write",
    )


def hold_of_order(until: datetime | None) -> Refusal:
    at = None if until is None else f"{until:%Y-%m-%d %H:%M} UTC"
    return Refusal(
        "hold-of-order",
        409,
        "A legal order's hold ends at its date, and not before",
        f"It stands as before, until {at}.",
        until=until,
    )


def item_held(seen: Sequence[HoldView]) -> Refusal:
    """The 409 of an erasure; `seen` are the holds that the caller may see. To whom that is none, it says
    no more than that one stands."""
    lines = [
        f"{one.placed_by} holds it since {one.placed_at:%Y-%m-%d} for {one.purpose}, "
        + ("until it is lifted" if one.until is None else f"until {one.until:%Y-%m-%d %H:%M} UTC")
        + f": {one.reason.removesuffix('.')}."
        for one in seen
    ]
    known: dict[str, Any] = {"holds": [str(one.id) for one in seen]} if seen else {}
    ends = [one.until for one in seen]
    if seen and None not in ends:
        known["until"] = max(one for one in ends if one is not None)
    return Refusal(
        "item-held",
        409,
        "A hold forbids erasure",
        " ".join([*lines, "Nothing was erased. It can be once no hold stands any more."]),
        **known,
    )


def placed_here(tx: Tx) -> sa.ColumnElement[bool]:
    """Whether it is the actor who placed a hold: by the same key, or as the same person."""
    return holds.c.placer == tx.identity


def standing_holds(tx: Tx, item_id: UUID, *, every: bool = True) -> list[HoldView]:
    """The holds that forbid an item's erasure, the oldest first; unless `every`, those that the actor
    placed. Of orders' holds those who are told of orders see all, and the others none."""
    seen = sa.true() if every else placed_here(tx)
    query = (
        sa.select(*_VIEW)
        .join(items, items.c.id == holds.c.item_id)
        .where(holds.c.item_id == item_id, STANDS, tx.within(items.c.platform))
        .where(_seen(tx, seen))
        .order_by(holds.c.placed_at)
    )
    return [HoldView(**row) for row in tx.execute(query, {"now": tx.now}).mappings()]


def _seen(tx: Tx, others: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """The condition that the actor may know of a hold: of an order's as of orders, of `others` as given."""
    return sa.or_(sa.and_(~_OF_ORDER, others), _OF_ORDER if tx.orders == "all" else sa.false())


def get_hold(tx: Tx, hold_id: UUID) -> HoldDetail:
    """A hold, standing or over, and who has opened what it keeps. Raises Refusal (404)."""
    query = (
        sa.select(*_VIEW, holds.c.lifted_at, items.c.external_id, items.c.platform)
        .join(items, items.c.id == holds.c.item_id)
        .where(holds.c.id == hold_id, tx.within(items.c.platform), _seen(tx, sa.true()))
    )
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise hold_unknown()
    opened = sa.select(openings).where(openings.c.hold_id == hold_id).order_by(openings.c.opened_at)
    return HoldDetail(
        **{name: row[name] for name in HoldView.__struct_fields__},
        item=row["external_id"],
        platform=row["platform"],
        ended_at=row["lifted_at"],
        opened=[
            Opened(one.opened_at, one.opened_by, one.purpose, one.case_name)
            for one in tx.execute(opened)
        ],
    )


def order_hold_to_open(tx: Tx, item_id: UUID, until: datetime) -> sa.Row[Any] | None:
    """The first of orders' holds that stand on an item, as far as the actor has none of them open until then:
    `id`, `order_id`, and the item's `external_id` and `platform`."""
    query = (
        sa.select(holds.c.id, holds.c.order_id, items.c.external_id, items.c.platform)
        .join(items, items.c.id == holds.c.item_id)
        .where(items.c.id == item_id, _OF_ORDER, STANDS, ~_order_opened(tx.identity, until))
        .order_by(holds.c.placed_at, holds.c.id)
        .limit(1)
    )
    return tx.execute(query, {"now": tx.now}).one_or_none()


def is_held(tx: Tx, item_id: UUID, *, without_orders: bool = False) -> bool:
    """Whether a hold forbids the item's erasure, of orders' one or not."""
    counted = ~_OF_ORDER if without_orders else sa.true()
    query = sa.select(sa.exists().where(holds.c.item_id == item_id, STANDS, counted))
    return bool(tx.execute(query, {"now": tx.now}).scalar_one())


def is_kept_by_hold(tx: Tx, item_id: UUID) -> bool:
    """Whether nothing but a hold keeps the item's content."""
    query = sa.select(items.c.kept_by_hold_at.isnot(None)).where(items.c.id == item_id)
    return bool(tx.execute(query).scalar_one_or_none())


def audited_items(tx: Tx) -> sa.ColumnElement[bool]:
    """The condition that an item is closed because the reader audits, and has not opened it."""
    return ~sa.exists().where(_opened(tx.identity, tx.now)) if tx.audits else sa.false()


def shut_items(tx: Tx) -> sa.ColumnElement[bool]:
    """The condition that an item is closed to the reader although its retention runs: they audit, or they
    are a person and an order's hold stands on it, and they have not opened it."""
    if not tx.is_person:
        return audited_items(tx)
    return sa.or_(audited_items(tx), _ordered(tx.identity, tx.now))


def _ordered(opener: object, now: object) -> sa.ColumnElement[bool]:
    """The condition that an order's hold stands on an item, and that the reader has opened none."""
    stands = sa.and_(
        holds.c.lifted_at.is_(None), sa.or_(holds.c.until.is_(None), holds.c.until > now)
    )
    return sa.and_(
        sa.exists().where(holds.c.item_id == items.c.id, _OF_ORDER, stands),
        ~_order_opened(opener, now),
    )


def _order_opened(opener: object, then: object) -> sa.ColumnElement[bool]:
    """The condition that the reader has opened an order's hold on the item, and still has then."""
    of = holds.alias("opened_hold")
    this = sa.and_(openings.c.hold_id == of.c.id, of.c.order_id.isnot(None))
    return sa.exists().where(_opened(opener, then), this)


def _opened(opener: object, now: object) -> sa.ColumnElement[bool]:
    """The condition that an opening is of the reader, about an item, and lasts."""
    return sa.and_(
        openings.c.item_id == items.c.id, openings.c.opener == opener, openings.c.until > now
    )


_WHO: sa.BindParameter[str] = sa.bindparam("opener")
_OPENED = _opened(_WHO, _NOW)
_OF_HOLD = sa.and_(openings.c.hold_id.isnot(None), openings.c.opened_at >= items.c.kept_by_hold_at)
_IS_CLOSED = sa.select(
    sa.or_(
        sa.and_(items.c.kept_by_hold_at.isnot(None), ~sa.exists().where(_OPENED, _OF_HOLD)),
        sa.and_(sa.bindparam("audits", type_=sa.Boolean), ~sa.exists().where(_OPENED)),
        sa.and_(sa.bindparam("person", type_=sa.Boolean), _ordered(_WHO, _NOW)),
    )
).where(items.c.id == sa.bindparam("item"))


def is_closed(tx: Tx, item_id: UUID) -> bool:
    """Whether only a hold keeps the item's content, or the reader audits, or is a person and an order's hold
    stands on it, and they have not opened it since; or the item is not theirs to see."""
    query = _IS_CLOSED.where(tx.within(items.c.platform))
    given = {"item": item_id, "opener": tx.identity, "now": tx.now, "audits": tx.audits}
    given["person"] = tx.is_person
    return tx.execute(query, given).scalar_one_or_none() is not False


def ends_of_holds(tx: Tx, ids: Collection[UUID]) -> dict[UUID, datetime | None]:
    """Until when these holds stand, or stood."""
    query = sa.select(holds.c.id, holds.c.until).where(holds.c.id.in_(ids))
    return {row.id: row.until for row in tx.execute(query)}

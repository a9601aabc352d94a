"""Reading holds, and whether what one of them keeps is closed to the reader."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.content.holds.model import HoldView
from tidegate.content.tables import holds, items, openings
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal

_NOW = sa.bindparam("now", type_=sa.TIMESTAMP(timezone=True))
STANDS = sa.and_(holds.c.lifted_at.is_(None), sa.or_(holds.c.until.is_(None), holds.c.until > _NOW))
"""Whether a hold forbids erasure; takes the parameter `now`."""


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


def item_held(seen: Sequence[HoldView]) -> Refusal:
    """The 409 of an erasure; `seen` are the holds that the caller may see. To whom that is none, it says
    no more than that one stands."""
    lines = [
        f"{one.placed_by} holds it since {one.placed_at:%Y-%m-%d} for {one.purpose}, "
        + ("until it is lifted" if one.until is None else f"until {one.until:%Y-%m-%d %H:%M} UTC")
        + f": {one.reason}."
        for one in seen
    ]
    known: dict[str, Any] = {"holds": [str(one.id) for one in seen]} if seen else {}
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
    placed."""
    columns = [holds.c[name] for name in HoldView.__struct_fields__]
    query = (
        sa.select(*columns)
        .join(items, items.c.id == holds.c.item_id)
        .where(holds.c.item_id == item_id, STANDS, tx.within(items.c.platform))
        .where(sa.true() if every else placed_here(tx))
        .order_by(holds.c.placed_at)
    )
    return [HoldView(**row) for row in tx.execute(query, {"now": tx.now}).mappings()]


def is_held(tx: Tx, item_id: UUID) -> bool:
    """Whether a hold forbids the item's erasure."""
    query = sa.select(sa.exists().where(holds.c.item_id == item_id, STANDS))
    return bool(tx.execute(query, {"now": tx.now}).scalar_one())


def is_kept_by_hold(tx: Tx, item_id: UUID) -> bool:
    """Whether nothing but a hold keeps the item's content."""
    query = sa.select(items.c.kept_by_hold_at.isnot(None)).where(items.c.id == item_id)
    return bool(tx.execute(query).scalar_one_or_none())


def audited_items(tx: Tx) -> sa.ColumnElement[bool]:
    """The condition that an item is closed because the reader audits, and has not opened it."""
    return ~sa.exists().where(_opened(tx.identity, tx.now)) if tx.audits else sa.false()


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
    )
).where(items.c.id == sa.bindparam("item"))


def is_closed(tx: Tx, item_id: UUID) -> bool:
    """Whether only a hold keeps the item's content, or the reader audits, and they have not opened it
    since; or the item is not theirs to see."""
    query = _IS_CLOSED.where(tx.within(items.c.platform))
    given = {"item": item_id, "opener": tx.identity, "now": tx.now, "audits": tx.audits}
    return tx.execute(query, given).scalar_one_or_none() is not False

"""Reading holds, and whether what one of them keeps is closed to the reader."""

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


def standing_holds(tx: Tx, item_id: UUID) -> list[HoldView]:
    """The holds that forbid an item's erasure, the oldest first."""
    columns = [holds.c[name] for name in HoldView.__struct_fields__]
    query = (
        sa.select(*columns)
        .join(items, items.c.id == holds.c.item_id)
        .where(holds.c.item_id == item_id, STANDS, tx.within(items.c.platform))
        .order_by(holds.c.placed_at)
    )
    return [HoldView(**row) for row in tx.execute(query, {"now": tx.now}).mappings()]


def is_kept_by_hold(tx: Tx, item_id: UUID) -> bool:
    """Whether nothing but a hold keeps the item's content."""
    query = sa.select(items.c.kept_by_hold_at.isnot(None)).where(items.c.id == item_id)
    return bool(tx.execute(query).scalar_one_or_none())


def is_closed(tx: Tx, item_id: UUID) -> bool:
    """Whether only a hold keeps the item's content, and the actor has not opened it since; or the item
    is not theirs to see."""
    opened = sa.exists().where(
        openings.c.item_id == items.c.id,
        openings.c.opener == tx.identity,
        openings.c.opened_at >= items.c.kept_by_hold_at,
        openings.c.until > tx.now,
    )
    query = sa.select(sa.and_(items.c.kept_by_hold_at.isnot(None), ~opened)).where(
        items.c.id == item_id, tx.within(items.c.platform)
    )
    return tx.execute(query).scalar_one_or_none() is not False

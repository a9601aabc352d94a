"""Other items beside one: what its author posted, and where else its files were."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.holds.queries import is_closed
from tidegate.content.model import Content
from tidegate.content.openings import closed_items
from tidegate.content.queries import decode_content, is_open
from tidegate.content.tables import evidence, items, revisions
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx

MOST_COPIES = 200  # that are looked for: how many more there are changes no decision


class OtherItem(msgspec.Struct, frozen=True, kw_only=True):
    """Another item. `content` is there where it was asked for and is open to whoever asks: never what
    only a hold keeps."""

    id: UUID
    platform: str
    external_id: str
    verdict: str
    restricted: bool
    received_at: datetime
    content: Content | None = None


_COLUMNS = (
    items.c.id,
    items.c.platform,
    items.c.external_id,
    items.c.verdict,
    items.c.restricted_by.isnot(None).label("restricted"),
    items.c.received_at,
)


def items_of_author(tx: Tx, item_id: UUID, limit: int) -> list[OtherItem]:
    """What else the item's author posted, the newest first, with its latest content. To whom authors are
    closed there is nothing."""
    if is_closed(tx, item_id):
        return []
    own = items.alias("own")
    author = sa.select(own.c.author).where(own.c.id == item_id).scalar_subquery()
    latest = sa.and_(revisions.c.item_id == items.c.id, revisions.c.revision == items.c.revision)
    query = (
        sa.select(*_COLUMNS, revisions.c.content, items.c.kept_by_hold_at)
        .join(revisions, latest)
        .where(items.c.author == author, items.c.author != "", items.c.id != item_id)
        .where(items.c.erased_at.is_(None), tx.within(items.c.platform))
        .order_by(items.c.received_at.desc())
        .limit(limit)
    )
    found: list[OtherItem] = []
    rows = tx.execute(query).all()
    closed = closed_items(tx, [row.id for row in rows])
    for row in rows:
        open_ = row.content if row.kept_by_hold_at is None and row.id not in closed else None
        values = {column.name: getattr(row, column.name) for column in _COLUMNS}
        found.append(OtherItem(**values, content=decode_content(open_)))
    return found


def open_items_by_id(tx: Tx, ids: Collection[UUID]) -> dict[UUID, OtherItem]:
    """These items with their latest contents, as far as they are open to whoever asks."""
    latest = sa.and_(revisions.c.item_id == items.c.id, revisions.c.revision == items.c.revision)
    query = sa.select(*_COLUMNS, revisions.c.content).join(revisions, latest)
    found: dict[UUID, OtherItem] = {}
    for row in tx.execute(query.where(one_of(items.c.id, ids), is_open(tx))):
        values = {column.name: getattr(row, column.name) for column in _COLUMNS}
        found[row.id] = OtherItem(**values, content=decode_content(row.content))
    return found


def copies_of(tx: Tx, item_id: UUID, revision: int) -> list[OtherItem]:
    """The items that have a file of this revision too, byte for byte, the newest first; at most
    `MOST_COPIES` of them."""
    own = sa.select(evidence.c.sha256).where(
        evidence.c.item_id == item_id, evidence.c.revision == revision
    )
    same = (
        sa.select(evidence.c.item_id)
        .where(evidence.c.sha256.in_(own), evidence.c.item_id != item_id)
        .limit(MOST_COPIES)
        .subquery()
    )
    query = (
        sa.select(*_COLUMNS)
        .where(items.c.id.in_(sa.select(same.c.item_id)))
        .where(items.c.erased_at.is_(None), tx.within(items.c.platform))
        .order_by(items.c.received_at.desc())
    )
    return [OtherItem(**row) for row in tx.execute(query).mappings()]

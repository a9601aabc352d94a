"""The revisions that are kept, as further looks read them: a report's, the look back's, a replay's."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from tidegate.content.model import Content, ItemRow
from tidegate.content.queries import decode_content
from tidegate.content.tables import revisions
from tidegate.infra.db import Tx


class Kept(msgspec.Struct, frozen=True):
    """A stored revision of an item, its latest unless it says otherwise: `item.revision` names it.

    `content` and `fingerprints` (`signals.model.decode_codes` reads them) are None once retention
    has ended.
    """

    item: ItemRow
    digest: bytes
    content: Content | None
    fingerprints: bytes | None


def kept_revision(tx: Tx, item: ItemRow) -> Kept:
    """The latest revision of an item."""
    row = tx.execute(
        sa.select(revisions.c.digest, revisions.c.content, revisions.c.fingerprints).where(
            revisions.c.item_id == item.id, revisions.c.revision == item.revision
        )
    ).one()
    return Kept(item, row.digest, decode_content(row.content), row.fingerprints)


def lock_kept(tx: Tx, numbers: Sequence[int]) -> list[Kept]:
    """The revisions of these numbers, their items locked; those whose content is gone, or that are no
    longer their item's latest, are left out."""
    return [_kept(row) for row in tx.execute(_LOCK, {"numbers": list(numbers)}).all()]


def next_kept(tx: Tx, after: int, limit: int) -> list[int]:
    """The next numbers, ascending, of the latest revisions whose content is kept."""
    return list(tx.execute(_NEXT, {"after": after, "limit": limit}).scalars())


def count_kept(tx: Tx) -> int:
    """How many there are."""
    return int(tx.execute(_COUNT).scalar_one())


def _kept(row: sa.Row[Any]) -> Kept:
    item = ItemRow(*(getattr(row, name) for name in ItemRow.__struct_fields__))
    return Kept(item, row.digest, decode_content(row.content), row.fingerprints)


_COLUMNS = ", ".join(f"i.{name}" for name in ItemRow.__struct_fields__)
_LATEST = (
    "FROM revisions r JOIN items i ON i.id = r.item_id AND i.revision = r.revision"
    " WHERE i.erased_at IS NULL AND r.content IS NOT NULL AND r.fingerprints IS NOT NULL"
)
_LOCK = sa.text(
    f"SELECT {_COLUMNS}, r.digest, r.content, r.fingerprints {_LATEST}"
    " AND r.number = ANY(CAST(:numbers AS bigint[]))"
    " ORDER BY i.platform, i.external_id FOR UPDATE OF i"
)
_NEXT = sa.text(f"SELECT r.number {_LATEST} AND r.number > :after ORDER BY r.number LIMIT :limit")
_COUNT = sa.text(f"SELECT count(*) {_LATEST}")

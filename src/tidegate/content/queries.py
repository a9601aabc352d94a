"""Reading items and their revisions."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.content.holds.queries import STANDS, audited_items, is_closed, shut_items
from tidegate.content.model import Content, ItemRow, TextFormat, Version, Worded
from tidegate.content.tables import evidence, holds, items, revisions
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.settings import Settings

# What a report brought: posts have an author until they are erased, and none of them such an id.
IS_TIP = sa.and_(items.c.author.is_(None), items.c.external_id.startswith("tip:"))
_COLUMNS = [items.c[name] for name in ItemRow.__struct_fields__]


def item_unknown(external_id: str) -> Refusal:
    return Refusal(
        "item-unknown",
        404,
        "There is no such item",
        f"No item {external_id[:64]!r} on this platform. Submit it with POST /v1/items first.",
    )


def item_erased(external_id: str) -> Refusal:
    return Refusal(
        "item-erased",
        410,
        "The item was erased",
        f"Item {external_id[:64]!r} was erased; only its tombstone is left, and its id stays taken.",
    )


def of_platform(tx: Tx, item_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """The condition that an item, named by our own id, is of a platform that this transaction may see.
    Where it may see all, nothing is asked."""
    if tx.platforms is None:
        return sa.true()
    mine = items.alias("mine")
    return sa.exists().where(mine.c.id == item_id, tx.within(mine.c.platform))


def is_open(tx: Tx) -> sa.ColumnElement[bool]:
    """The condition that an item stands, may be seen here, and its content is open without more: what
    only a hold keeps is found by nobody, and what is closed to the reader only once they have opened it."""
    stands = sa.and_(items.c.erased_at.is_(None), items.c.kept_by_hold_at.is_(None))
    return sa.and_(tx.within(items.c.platform), stands, ~shut_items(tx))


def platforms_posting(tx: Tx) -> list[str]:
    """The platforms that items came from, of those that may be seen."""
    found: list[str] = []
    last = ""
    while True:
        query = sa.select(items.c.platform).where(items.c.platform > last)
        query = query.where(tx.within(items.c.platform)).order_by(items.c.platform).limit(1)
        name = tx.execute(query).scalar_one_or_none()
        if name is None:
            return found
        found.append(name)
        last = name


def _item(tx: Tx, query: sa.Select[Any]) -> ItemRow | None:
    row = tx.execute(query.where(tx.within(items.c.platform))).mappings().one_or_none()
    if row is None:
        return None
    item = ItemRow(**row)
    if tx.audits and is_closed(tx, item.id):
        return msgspec.structs.replace(item, author=None)
    return item


def find_item(tx: Tx, platform: str, external_id: str, *, lock: bool = False) -> ItemRow | None:
    """The item, erased or not, or None. With `lock` its row is the transaction's until the end."""
    query = sa.select(*_COLUMNS).where(
        items.c.platform == platform, items.c.external_id == external_id
    )
    return _item(tx, query.with_for_update() if lock else query)


def get_item(tx: Tx, platform: str, external_id: str) -> ItemRow:
    """The item. Raises Refusal: 404 unknown, 410 erased."""
    return _standing(find_item(tx, platform, external_id), external_id)


def lock_item(tx: Tx, platform: str, external_id: str) -> ItemRow:
    """The item, its row locked until the end. Raises Refusal: 404 unknown, 410 erased."""
    return _standing(find_item(tx, platform, external_id, lock=True), external_id)


def lock_item_by_id(tx: Tx, item_id: UUID) -> ItemRow:
    """The same by our own id."""
    query = sa.select(*_COLUMNS).where(items.c.id == item_id).with_for_update()
    return _standing(_item(tx, query), str(item_id))


def lock_free_item(tx: Tx, item_id: UUID) -> ItemRow | None:
    """The same, of one that nobody else holds now and that was not erased; else None."""
    query = sa.select(*_COLUMNS).where(items.c.id == item_id, items.c.erased_at.is_(None))
    return _item(tx, query.with_for_update(skip_locked=True))


def item_by_id(tx: Tx, item_id: UUID) -> ItemRow | None:
    """The item by our own id, erased or not, without a lock."""
    return _item(tx, sa.select(*_COLUMNS).where(items.c.id == item_id))


def items_by_url(tx: Tx, platform: str, url_key: bytes) -> list[ItemRow]:
    """The standing items of a platform with that canonical URL, the oldest first."""
    query = (
        sa.select(*_COLUMNS)
        .where(items.c.platform == platform, items.c.url_key == url_key)
        .where(items.c.erased_at.is_(None), tx.within(items.c.platform))
        .order_by(items.c.received_at)
        .limit(10)
    )
    return [ItemRow(**row) for row in tx.execute(query).mappings()]


def items_at(tx: Tx, url_keys: Collection[bytes], limit: int) -> dict[bytes, list[ItemRow]]:
    """The items of all platforms with each of these canonical URLs, the oldest first, at most so many of each:
    those that stand, and where none does what is left of those that were erased. Tips are left out, which are
    nobody's posts."""
    wanted = _wanted(url_keys, items.c.url_key.type)
    mine = (
        sa.select(*_COLUMNS)
        .where(items.c.url_key == wanted.c.value, ~IS_TIP, tx.within(items.c.platform))
        .order_by(items.c.erased_at.isnot(None), items.c.received_at, items.c.id)
        .limit(limit)
        .lateral()
    )
    found = _by_value(tx, wanted, mine, url_keys)
    return {
        key: [one for one in rows if one.erased_at is None] or rows for key, rows in found.items()
    }


def items_by_ids(tx: Tx, ids: Collection[UUID]) -> list[ItemRow]:
    """The items by our own ids, erased or not, in the order in which everybody locks several."""
    query = sa.select(*_COLUMNS).where(one_of(items.c.id, ids), tx.within(items.c.platform))
    found = tx.execute(query.order_by(items.c.platform, items.c.external_id)).mappings()
    return [ItemRow(**row) for row in found]


def lock_items(tx: Tx, ids: Collection[UUID]) -> list[ItemRow]:
    """The items by our own ids, erased or not, their rows locked until the end, in the order in which everybody
    locks several."""
    query = sa.select(*_COLUMNS).where(one_of(items.c.id, ids), tx.within(items.c.platform))
    query = query.order_by(items.c.platform, items.c.external_id).with_for_update()
    return [ItemRow(**row) for row in tx.execute(query).mappings()] if ids else []


def hold_items(tx: Tx, ids: Collection[UUID]) -> set[UUID]:
    """Those of the items that were not erased, and cannot be until the end; their rows are shared, in the
    order in which everybody locks several."""
    query = sa.select(items.c.id).where(items.c.id.in_(ids), items.c.erased_at.is_(None))
    query = query.where(tx.within(items.c.platform)).order_by(items.c.platform, items.c.external_id)
    return set(tx.execute(query.with_for_update(read=True, key_share=True)).scalars())


def items_named(
    tx: Tx, platforms: Collection[str], external_ids: Collection[str]
) -> dict[str, list[ItemRow]]:
    """The items that go by each of these ids on these platforms, erased or not."""
    query = sa.select(*_COLUMNS).where(
        items.c.platform.in_(platforms), one_of(items.c.external_id, external_ids)
    )
    query = query.where(tx.within(items.c.platform)).order_by(items.c.platform)
    found: dict[str, list[ItemRow]] = {one: [] for one in external_ids}
    for row in tx.execute(query).mappings() if external_ids else ():
        found[row["external_id"]].append(ItemRow(**row))
    return found


def items_of_authors(tx: Tx, authors: Collection[str], limit: int) -> list[UUID]:
    """The items of these pseudonyms, the newest first, at most so many."""
    query = sa.select(items.c.id).where(items.c.author.in_(authors), is_open(tx))
    query = query.order_by(items.c.received_at.desc()).limit(limit)
    return list(tx.execute(query).scalars())


def items_with_file(tx: Tx, digests: Collection[bytes], limit: int) -> dict[bytes, list[UUID]]:
    """Items of which a revision has each of these files, by its SHA-256, at most so many of each."""
    wanted = _wanted(digests, evidence.c.sha256.type)
    mine = (
        sa.select(evidence.c.item_id)
        .distinct()
        .join(items, items.c.id == evidence.c.item_id)
        .where(evidence.c.sha256 == wanted.c.value, is_open(tx))
        .limit(limit)
        .lateral()
    )
    found: dict[bytes, list[UUID]] = {one: [] for one in digests}
    query = sa.select(wanted.c.value, mine.c.item_id).select_from(wanted.join(mine, sa.true()))
    for row in tx.execute(query) if digests else ():
        found[row.value].append(row.item_id)
    return found


def _wanted(values: Collection[bytes], type: sa.types.TypeEngine[Any]) -> sa.TableValuedAlias:
    """Values as a table, in one parameter."""
    listed = sa.cast(list(values), ARRAY(type))
    return (
        sa.func.unnest(listed)
        .table_valued(sa.column("value", type), name="wanted")
        .render_derived()
    )


def _by_value(
    tx: Tx, wanted: sa.TableValuedAlias, mine: sa.Lateral, values: Collection[bytes]
) -> dict[bytes, list[ItemRow]]:
    found: dict[bytes, list[ItemRow]] = {one: [] for one in values}
    query = sa.select(wanted.c.value, mine).select_from(wanted.join(mine, sa.true()))
    for row in tx.execute(query).mappings() if values else ():
        known = dict(row)
        found[known.pop("value")].append(ItemRow(**known))
    return found


def item_names(tx: Tx, ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    """The (platform, id) of items, without those that are erased."""
    if not ids:
        return {}
    query = sa.select(items.c.id, items.c.platform, items.c.external_id).where(
        items.c.id.in_(ids), items.c.erased_at.is_(None), tx.within(items.c.platform)
    )
    return {row.id: (row.platform, row.external_id) for row in tx.execute(query)}


def item_authors(tx: Tx, ids: Collection[UUID]) -> dict[UUID, tuple[str, str | None]]:
    """The (platform, author's pseudonym) of items, without those that are erased, or closed to whoever
    audits."""
    if not ids:
        return {}
    query = sa.select(items.c.id, items.c.platform, items.c.author).where(
        items.c.id.in_(ids), items.c.erased_at.is_(None), tx.within(items.c.platform)
    )
    query = query.where(~audited_items(tx)) if tx.audits else query
    return {row.id: (row.platform, row.author) for row in tx.execute(query)}


def lock_due(tx: Tx, settings: Settings, limit: int, *, held: bool = False) -> list[UUID]:
    """Items whose retention has ended, locked: those that nothing keeps, or with `held` those that a
    hold keeps and that are not closed yet. What another transaction holds is left for the next look."""
    days = sa.case(
        (IS_TIP, settings.keep_report_days),
        (items.c.verdict != "pass", settings.keep_judged_days),
        (items.c.publicness == "public", settings.keep_public_pass_days),
        (items.c.publicness == "restricted", settings.keep_restricted_pass_days),
        else_=settings.keep_private_pass_days,
    )
    is_held = sa.exists().where(holds.c.item_id == items.c.id, STANDS)
    wanted = sa.and_(is_held, items.c.kept_by_hold_at.is_(None)) if held else ~is_held
    query = (
        sa.select(items.c.id)
        .where(items.c.expunged_at.is_(None), wanted)
        .where(items.c.received_at < sa.literal(tx.now) - days * timedelta(days=1))
        .order_by(items.c.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(tx.execute(query, {"now": tx.now}).scalars())


def _standing(row: ItemRow | None, external_id: str) -> ItemRow:
    if row is None:
        raise item_unknown(external_id)
    if row.erased_at is not None:
        raise item_erased(external_id)
    return row


class RevisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One revision as stored. `content` is None once it was erased or expunged, or while only a hold
    keeps it and the reader has not opened it."""

    revision: int
    digest: bytes
    content: Content | None
    media: list[dict[str, Any]]
    received_at: Any
    version: Version | None = None


def revisions_of(tx: Tx, item_id: UUID, only: Collection[int] | None = None) -> list[RevisionRow]:
    """All revisions of an item, or `only` those of these numbers, the first first."""
    closed = is_closed(tx, item_id)
    query = (
        sa.select(
            revisions.c.revision,
            revisions.c.digest,
            revisions.c.content,
            revisions.c.media,
            revisions.c.received_at,
            revisions.c.version,
            revisions.c.edited_at,
        )
        .where(revisions.c.item_id == item_id, of_platform(tx, revisions.c.item_id))
        .order_by(revisions.c.revision)
    )
    if only is not None:
        query = query.where(revisions.c.revision.in_(only))
    return [
        RevisionRow(
            revision=row.revision,
            digest=row.digest,
            content=None if closed else decode_content(row.content),
            media=[] if closed else row.media or [],
            received_at=row.received_at,
            version=row.version if row.edited_at is None else row.edited_at,
        )
        for row in tx.execute(query)
    ]


def decode_content(stored: bytes | None) -> Content | None:
    return None if stored is None else msgspec.json.decode(stored, type=Content)


def worded_of(stored: bytes | None) -> Worded | None:
    """The text alone of what `decode_content` reads, for little; None where there is none."""
    found = None if stored is None else _text_only.decode(stored)
    return Worded(found.text, found.text_format) if found and found.text else None


class _TextOnly(msgspec.Struct, frozen=True):
    text: str | None = None
    text_format: TextFormat | None = None


_text_only = msgspec.json.Decoder(_TextOnly)


def standing_restrictions(tx: Tx, authors: Sequence[str]) -> dict[str, int]:
    """How many of each author's items stand restricted; authors with none are left out."""
    query = (
        sa.select(items.c.author, sa.func.count().label("items"))
        .where(items.c.author.in_(authors), items.c.restricted_by.isnot(None))
        .group_by(items.c.author)
    )
    return {row.author: row.items for row in tx.execute(query)}


def evidence_of(tx: Tx, item_id: UUID, revision: int, part: str) -> tuple[bytes, str | None] | None:
    """(SHA-256, content type) of a part's kept bytes, unless only a hold keeps them and the reader
    has not opened it."""
    if is_closed(tx, item_id):
        return None
    query = sa.select(evidence.c.sha256, evidence.c.content_type).where(
        evidence.c.item_id == item_id,
        evidence.c.revision == revision,
        evidence.c.part == part,
        of_platform(tx, evidence.c.item_id),
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else (row.sha256, row.content_type)


def evidence_of_items(tx: Tx, digests: Sequence[bytes]) -> set[bytes]:
    """Which of the digests an item names."""
    query = sa.select(evidence.c.sha256).where(evidence.c.sha256.in_(digests))
    return set(tx.execute(query).scalars())

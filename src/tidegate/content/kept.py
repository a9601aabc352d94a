"""The revisions that are kept, as further looks read them: a report's, a replay's, the look back's.

The look back knows a revision by its *number*, and when its codes changed by the transaction (`xid`).
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.model import Content, ItemRow, Worded
from tidegate.content.openings import closed_items
from tidegate.content.queries import decode_content, worded_of
from tidegate.content.tables import revisions
from tidegate.infra.aside import set_aside
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx

_PAGE = 2000  # rows of codes in memory at a time
_TEXTS_PAGE = 32  # a text may have 200,000 characters


class Kept(msgspec.Struct, frozen=True):
    """A stored revision of an item; `item.revision` is its number there.

    `content` and `fingerprints` (`signals.model.decode_codes` reads them) are None once retention
    has ended, or while only a hold keeps them.
    """

    item: ItemRow
    digest: bytes
    content: Content | None
    fingerprints: bytes | None


class KeptCodes(NamedTuple):
    """The codes of a revision, None once they are gone, and the bank version it was judged by."""

    number: int
    xid: int
    bank_version: int
    fingerprints: bytes | None


class KeptText(NamedTuple):
    """What is searched of a revision."""

    number: int
    fingerprints: bytes | None
    content: bytes | None

    @property
    def worded(self) -> Worded | None:
        return worded_of(self.content)

    @property
    def size(self) -> int:
        return len(self.content or b"")


class Whole(msgspec.Struct, frozen=True):
    """A kept revision with all that its codes are made of. `files`: the SHA-256 of the bytes that are
    kept, by part."""

    number: int
    content: Content
    fingerprints: bytes
    files: dict[str, bytes]


def kept_revision(tx: Tx, item: ItemRow) -> Kept:
    """The latest revision of an item. What only a hold keeps is not there for further looks."""
    return kept_of_each(tx, [item])[item.id]


def kept_of_each(tx: Tx, posts: Sequence[ItemRow]) -> dict[UUID, Kept]:
    """The same of several items."""
    rows = {item.id: item for item in posts}
    given = {"items": list(rows), "revisions": [one.revision for one in rows.values()]}
    found: dict[UUID, Kept] = {}
    for row in tx.execute(_LAST, given) if rows else ():
        item, shut = rows[row.item_id], row.kept_by_hold_at is not None
        content = None if shut else decode_content(row.content)
        codes = None if shut else row.fingerprints
        found[item.id] = Kept(item, row.digest, content, codes)
    return found


def kept_revisions(tx: Tx, wanted: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], Kept]:
    """Revisions by item and number there; those whose content is gone, or closed to whoever audits, are
    left out."""
    given = {"items": [item for item, _ in wanted], "revisions": [number for _, number in wanted]}
    found = [_kept(row) for row in tx.execute(_THESE, given).all()]
    closed = closed_items(tx, {item for item, _ in wanted})
    return {(one.item.id, one.item.revision): one for one in found if one.item.id not in closed}


def lock_kept(tx: Tx, numbers: Sequence[int]) -> list[Kept]:
    """The revisions of these numbers, their items locked; those whose content is gone, or that are no
    longer their item's latest, are left out."""
    return [_kept(row) for row in tx.execute(_LOCK, {"numbers": list(numbers)}).all()]


def kept_now(tx: Tx, numbers: Sequence[int]) -> list[Kept]:
    """The same without a lock, as far as they may be seen."""
    found = [_kept(row) for row in tx.execute(_NOW, {"numbers": list(numbers)}).all()]
    return [one for one in found if tx.sees(one.item.platform)]


def next_kept(tx: Tx, after: int, limit: int) -> list[int]:
    """The next numbers, ascending, of the latest revisions whose content is kept."""
    return list(tx.execute(_NEXT, {"after": after, "limit": limit}).scalars())


def next_whole(tx: Tx, after: int, limit: int) -> tuple[list[Whole], int]:
    """The same with all that their codes are made of, and the last number among them, `after` where
    there is none. One that cannot be read is set aside."""
    found: list[Whole] = []
    last = after
    for row in tx.execute(_WHOLE, {"after": after, "limit": limit}).all():
        last = row.number
        try:
            found.append(_whole(row))
        except (msgspec.DecodeError, ValueError) as error:
            set_aside(tx, "revisions to read", last, error)
    return found, last


def newest_number(tx: Tx) -> int:
    """The number of the newest revision, 0 where there is none."""
    newest = sa.select(sa.func.coalesce(sa.func.max(revisions.c.number), 0))
    return int(tx.execute(newest).scalar_one())


def count_kept(tx: Tx) -> int:
    """How many there are."""
    return int(tx.execute(_COUNT).scalar_one())


def changed_since(tx: Tx, xid: int) -> bool:
    """Whether any revision came, or went, by a transaction after that one."""
    return bool(tx.execute(sa.select(sa.exists().where(revisions.c.xid > _xid(xid)))).scalar_one())


def codes_since(tx: Tx, xid: int) -> Iterator[KeptCodes]:
    """The codes that came, or went, by that transaction or a later one, in order of transactions."""
    query = _CODES.where(revisions.c.xid >= _xid(xid)).order_by(revisions.c.xid)
    for row in tx.execute(query.execution_options(yield_per=_PAGE)):
        yield KeptCodes(row.number, int(row.xid), row.bank_version, row.fingerprints)


def codes_between(tx: Tx, first: int, last: int) -> list[KeptCodes]:
    """The codes of the revisions with these numbers."""
    rows = tx.execute(_CODES.where(revisions.c.number.between(first, last))).all()
    return [KeptCodes(row.number, int(row.xid), row.bank_version, row.fingerprints) for row in rows]


def kept_texts(tx: Tx, numbers: Sequence[int]) -> list[KeptText]:
    """The revisions of these numbers whose codes are kept."""
    return [KeptText(*row) for row in tx.execute(_OF_NUMBERS, {"numbers": list(numbers)})]


def words_of(tx: Tx, numbers: Sequence[int]) -> dict[int, Worded | None]:
    """The texts of the revisions of these numbers, which the caller has found that it may read."""
    query = sa.select(revisions.c.number, revisions.c.content)
    rows = tx.execute(query.where(one_of(revisions.c.number, numbers)))
    return {row.number: worded_of(row.content) for row in rows}


def texts_after(tx: Tx, number: int, bank_version: int, limit: int) -> Generator[KeptText]:
    """The next latest revisions by number that were first judged by an older bank version."""
    given = {"after": number, "version": bank_version, "limit": limit}
    with tx.execute(_TEXTS.execution_options(yield_per=_TEXTS_PAGE), given) as rows:
        for row in rows:
            yield KeptText(*row)


def forget_xids(tx: Tx) -> None:
    """The numbers of another server's transactions say nothing here: begin anew."""
    horizon = sa.text("pg_snapshot_xmax(pg_current_snapshot())")
    fresh = sa.update(revisions).where(revisions.c.xid >= horizon)
    tx.execute(fresh.values(xid=sa.text("'0'::xid8")))


def _kept(row: sa.Row[Any]) -> Kept:
    item = ItemRow(**{name: getattr(row, name) for name in ItemRow.__struct_fields__})
    item = msgspec.structs.replace(item, revision=row.looked_at)
    return Kept(item, row.digest, decode_content(row.content), row.fingerprints)


def _whole(row: sa.Row[Any]) -> Whole:
    content = msgspec.json.decode(row.content, type=Content)
    files: dict[str, str] = row.files or {}
    kept = {part: bytes.fromhex(sha256) for part, sha256 in files.items()}
    return Whole(row.number, content, row.fingerprints, kept)


def _xid(number: int) -> sa.ColumnElement[Any]:
    return sa.cast(sa.cast(str(number), sa.Text), revisions.c.xid.type)


_CODES = sa.select(
    revisions.c.number,
    sa.cast(revisions.c.xid, sa.Text).label("xid"),
    revisions.c.bank_version,
    revisions.c.fingerprints,
)
_ITEM = ", ".join(f"i.{name}" for name in ItemRow.__struct_fields__)
_COLUMNS = f"{_ITEM}, r.revision AS looked_at, r.digest, r.content, r.fingerprints"
_ITEMS = "FROM revisions r JOIN items i ON i.id = r.item_id AND i.revision = r.revision"
_IS_KEPT = "i.erased_at IS NULL AND i.kept_by_hold_at IS NULL AND r.content IS NOT NULL"
_LATEST = f"{_ITEMS} WHERE {_IS_KEPT}"
# What SQL as text reads of sealed columns is unsealed too.
_SEALED = {name: revisions.c[name].type for name in ("content", "fingerprints")}
_THESE = sa.text(
    f"SELECT {_COLUMNS} FROM unnest(CAST(:items AS uuid[]), CAST(:revisions AS int[]))"  # noqa: S608
    " AS w (item, revision) JOIN revisions r ON r.item_id = w.item AND r.revision = w.revision"
    " JOIN items i ON i.id = r.item_id WHERE r.content IS NOT NULL AND i.kept_by_hold_at IS NULL"
).columns(**_SEALED)
_LAST = sa.text(
    "SELECT r.item_id, r.digest, r.content, r.fingerprints, i.kept_by_hold_at"
    " FROM unnest(CAST(:items AS uuid[]), CAST(:revisions AS int[])) AS w (item, revision)"
    " JOIN revisions r ON r.item_id = w.item AND r.revision = w.revision"
    " JOIN items i ON i.id = r.item_id"
).columns(**_SEALED)
_WITH_CODES = f"{_LATEST} AND r.fingerprints IS NOT NULL"
_THESE_NOW = (
    f"SELECT {_COLUMNS} {_WITH_CODES} AND r.number = ANY(CAST(:numbers AS bigint[]))"
    " ORDER BY i.platform, i.external_id"
)
_NOW = sa.text(_THESE_NOW).columns(**_SEALED)
_LOCK = sa.text(f"{_THESE_NOW} FOR UPDATE OF i").columns(**_SEALED)
_NEXT = sa.text(
    f"SELECT r.number {_WITH_CODES} AND r.number > :after ORDER BY r.number LIMIT :limit"
)
_FILES = (
    "LEFT JOIN LATERAL (SELECT jsonb_object_agg(part, encode(sha256, 'hex')) AS files FROM evidence"
    " WHERE item_id = r.item_id AND revision = r.revision) f ON TRUE"
)
_WHOLE = sa.text(
    f"SELECT r.number, r.content, r.fingerprints, f.files {_ITEMS} {_FILES} WHERE {_IS_KEPT}"
    " AND r.fingerprints IS NOT NULL AND r.number > :after ORDER BY r.number LIMIT :limit"
).columns(**_SEALED)
_COUNT = sa.text(f"SELECT count(*) {_WITH_CODES}")
_OF_NUMBERS = sa.text(
    "SELECT number, fingerprints, content FROM revisions"
    " WHERE number = ANY(CAST(:numbers AS bigint[])) AND fingerprints IS NOT NULL"
).columns(**_SEALED)
_TEXTS = sa.text(
    f"SELECT r.number, NULL, r.content {_LATEST}"
    " AND r.number > :after AND r.bank_version < :version ORDER BY r.number LIMIT :limit"
).columns(content=_SEALED["content"])

"""What is known of the items under which something arrives: their latest revisions, and the answers
to older bodies, for those who retry late."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.model import ItemRow, Key, Version
from tidegate.content.tables import revisions
from tidegate.content.versions import Arriving, Latest, arriving
from tidegate.infra.db import Tx


class Known(msgspec.Struct, frozen=True):
    """An item that exists, with its latest revision."""

    item: ItemRow
    latest: Latest

    def arriving(self, digest: bytes, version: Version | None, now: datetime) -> Arriving:
        """What a body with this digest and version is here. Raises Refusal as `arriving` does."""
        return arriving(self.latest, digest, version, now)


class Older(msgspec.Struct, frozen=True):
    """The answer to an older body; `seen`: it was seen at that version, or at a later one."""

    answer: bytes
    seen: bool


def find_known(tx: Tx, keys: Iterable[Key], *, lock: bool = False) -> dict[Key, Known]:
    """The items that exist already; with `lock` their rows are the transaction's until the end."""
    wanted = sorted(set(keys))
    given = {"platforms": [key[0] for key in wanted], "ids": [key[1] for key in wanted]}
    found = tx.execute(_LOCK_ITEMS if lock else _FIND_ITEMS, given)
    # For every post that came before: 1 µs each, and 2 by `mappings()`.
    items = [ItemRow(**dict(zip(ItemRow.__struct_fields__, row, strict=True))) for row in found]
    if not items:
        return {}
    # A statement of its own: beside a lock that had to wait, one alone would see what was before.
    numbers = {"items": [one.id for one in items], "revisions": [one.revision for one in items]}
    latest = {row.item_id: _latest(row) for row in tx.execute(_LATEST, numbers)}
    return {(one.platform, one.external_id): Known(one, latest[one.id]) for one in items}


def lock_all(tx: Tx, keys: Sequence[Key], addresses: Sequence[tuple[str, bytes]]) -> None:
    """Hold the standing items of these names, and those with these addresses (platform and `url_key`), until
    the end: in the order in which everybody locks several."""
    given = {
        "platforms": [one[0] for one in keys],
        "ids": [one[1] for one in keys],
        "places": [one[0] for one in addresses],
        "urls": [one[1] for one in addresses],
    }
    tx.execute(_LOCK_ALL, given)


def older_answers(tx: Tx, late: Sequence[tuple[UUID, bytes, Version]]) -> list[Older | None]:
    """For each (item, digest, version) the answer to that body: the first at that version or later, else
    its last one; None where it was never seen."""
    if not late:
        return []
    versions = [split(version) for _, _, version in late]
    given = {
        "places": list(range(len(late))),
        "items": [item for item, _, _ in late],
        "digests": [digest for _, digest, _ in late],
        "numbers": [number for number, _ in versions],
        "times": [time for _, time in versions],
    }
    found: dict[int, Older] = {}
    for row in tx.execute(_OLDER, given):
        found[row.place] = Older(row.answer, row.seen)
    return [found.get(place) for place in range(len(late))]


def split(version: Version | None) -> tuple[int | None, datetime | None]:
    """A version as its two columns, `version` and `edited_at`."""
    return (None, version) if isinstance(version, datetime) else (version, None)


def _latest(row: sa.Row[Any]) -> Latest:
    version = row.version if row.edited_at is None else row.edited_at
    return Latest(row.digest, row.answer, version)


_ITEM_COLUMNS = ", ".join(f"i.{name}" for name in ItemRow.__struct_fields__)
_FIND = (
    f"SELECT {_ITEM_COLUMNS} FROM unnest(CAST(:platforms AS text[]), CAST(:ids AS text[]))"  # noqa: S608
    " AS k (platform, id) JOIN items i ON i.platform = k.platform AND i.external_id = k.id"
)
_FIND_ITEMS = sa.text(_FIND)
_LOCK_ITEMS = sa.text(f"{_FIND} ORDER BY i.platform, i.external_id FOR UPDATE OF i")
_LOCK_ALL = sa.text(
    "SELECT i.id FROM items i WHERE i.id IN (SELECT n.id FROM unnest(CAST(:platforms AS text[]),"
    " CAST(:ids AS text[])) AS k (platform, id)"
    " JOIN items n ON n.platform = k.platform AND n.external_id = k.id"
    " UNION SELECT n.id FROM unnest(CAST(:places AS text[]), CAST(:urls AS bytea[])) AS k (platform, url)"
    " JOIN items n ON n.platform = k.platform AND n.url_key = k.url WHERE n.erased_at IS NULL)"
    " ORDER BY i.platform, i.external_id FOR UPDATE OF i"
)
_ANSWER = revisions.c.answer.type  # what SQL as text reads of a sealed column is unsealed too
_LATEST = sa.text(
    "SELECT r.item_id, r.digest, r.answer, r.version, r.edited_at"
    " FROM unnest(CAST(:items AS uuid[]), CAST(:revisions AS int[])) AS k (item, revision)"
    " JOIN revisions r ON r.item_id = k.item AND r.revision = k.revision"
).columns(answer=_ANSWER)
_OLDER = sa.text(
    "SELECT DISTINCT ON (place) place, answer, seen FROM (SELECT k.place, r.answer, r.revision,"
    " coalesce(r.version >= k.version, r.edited_at >= k.edited_at, false) AS seen"
    " FROM unnest(CAST(:places AS int[]), CAST(:items AS uuid[]), CAST(:digests AS bytea[]),"
    " CAST(:numbers AS bigint[]), CAST(:times AS timestamptz[]))"
    " AS k (place, item, digest, version, edited_at)"
    " JOIN revisions r ON r.item_id = k.item AND r.digest = k.digest AND r.answer IS NOT NULL) o"
    " ORDER BY place, seen DESC, CASE WHEN seen THEN revision ELSE -revision END"
).columns(answer=_ANSWER)

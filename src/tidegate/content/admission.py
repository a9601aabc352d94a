"""How items and their revisions come in: the one writer of both.

A submission, or a report about a URL that nobody submitted, first gets its item (`admit`), locked or
new, at the number of the revision to be. Once that was looked at it is kept (`keep`), with its answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.model import Arrival, Content, ItemRow, Key
from tidegate.content.queries import items_by_url, lock_item, lock_item_by_id
from tidegate.content.tables import evidence, revisions
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append

_json = msgspec.json.Encoder()


class Known(msgspec.Struct, frozen=True):
    """An item that exists, and by digest the stored answers of its revisions."""

    item: ItemRow
    answers: dict[bytes, bytes | None]

    def takes(self, digest: bytes) -> bool:
        """Whether content of that digest is a new revision of it."""
        return self.item.erased_at is None and self.answers.get(digest) is None


class KeptFile(msgspec.Struct, frozen=True):
    """A part of a revision whose bytes stay as evidence."""

    part: str
    sha256: bytes
    size: int
    content_type: str | None


class NewRevision(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a revision. `item.revision` is its number, `media` what decoding found;
    `bank_version` the one that it was judged by, 0 before it is."""

    item: ItemRow
    digest: bytes
    content: Content
    fingerprints: bytes
    media: list[dict[str, Any]] = []
    bank_version: int = 0
    answer: bytes | None = None
    files: list[KeptFile] = []


def find_known(tx: Tx, keys: Iterable[Key], *, lock: bool = False) -> dict[Key, Known]:
    """The items that exist already; with `lock` their rows are the transaction's until the end."""
    wanted = sorted(set(keys))
    given = {"platforms": [key[0] for key in wanted], "ids": [key[1] for key in wanted]}
    found = tx.execute(_LOCK_ITEMS if lock else _FIND_ITEMS, given)
    # For every post that came before: 1 µs each, and 2 by `mappings()`.
    rows = [ItemRow(**dict(zip(ItemRow.__struct_fields__, row, strict=True))) for row in found]
    by_id = {row.id: Known(row, {}) for row in rows}
    if rows:
        stored = sa.select(revisions.c.item_id, revisions.c.digest, revisions.c.answer).where(
            revisions.c.item_id.in_(list(by_id))
        )
        for row in tx.execute(stored):
            by_id[row.item_id].answers[row.digest] = row.answer
    return {(one.item.platform, one.item.external_id): one for one in by_id.values()}


def admit(
    tx: Tx, arrivals: Sequence[Arrival], seen: Mapping[Key, Known] | None = None
) -> dict[Key, ItemRow]:
    """Make the items that are new, lock those that were `seen`, each at its next revision. Whoever
    lost a race to another process is left out: by its next turn the winner has committed."""
    standing = [one.key for one in arrivals if one.key in (seen or {})]
    known = find_known(tx, standing, lock=True) if standing else {}
    drafts: list[tuple[ItemRow, Arrival]] = []
    changed: list[tuple[ItemRow, Arrival]] = []
    for one in arrivals:
        if (found := known.get(one.key)) is None:
            drafts.append((_draft(tx, one), one))
        elif found.takes(one.digest):
            changed.append((_revised(found.item, one), one))
    if changed:
        tx.execute(
            _UPDATE_ITEM,
            [
                {
                    "item": item.id,
                    "to_revision": item.revision,
                    "to_publicness": item.publicness,
                    "to_author": item.author,
                    "to_url": one.url_key,
                }
                for item, one in changed
            ],
        )
    made = _insert(tx, drafts)
    admitted = changed + [draft for draft in drafts if draft[0].id in made]
    return {one.key: item for item, one in admitted}


def keep(tx: Tx, kept: Sequence[NewRevision]) -> None:
    """Keep revisions of items that were admitted in this transaction, and which files stay."""
    now = tx.now.isoformat()
    tx.copy(revisions, _REVISION_COLUMNS, [_revision_row(one, now) for one in kept])
    files = [
        (one.item.id, one.item.revision, file.part, file.sha256, file.size, file.content_type)
        for one in kept
        for file in one.files
    ]
    if files:
        tx.copy(evidence, _EVIDENCE_COLUMNS, files)


def admit_url(tx: Tx, one: Arrival, fingerprints: bytes) -> ItemRow:
    """The item of a URL that was reported, its row locked: the oldest of the platform that has it. A
    URL that nobody submitted becomes an item, so that no report is lost; of two that make it at once
    the second finds it.
    """
    for known in items_by_url(tx, one.platform, one.url_key or b""):
        return lock_item_by_id(tx, known.id)
    for item in admit(tx, [one]).values():
        revision = NewRevision(
            item=item, digest=one.digest, content=one.content, fingerprints=fingerprints
        )
        keep(tx, [revision])
        record = {"item": item.id, "because": "reported"}
        append(tx, "item.admitted", record, item.id, item.platform)
        return item
    return lock_item(tx, one.platform, one.external_id)


def _draft(tx: Tx, one: Arrival) -> ItemRow:
    return ItemRow(
        id=uuid7(tx.now),
        platform=one.platform,
        external_id=one.external_id,
        publicness=one.content.publicness,
        author=one.content.author or None,
        revision=1,
        verdict="pass",
        sequence=0,
        restricted_by=None,
        received_at=tx.now,
        erased_at=None,
    )


def _revised(item: ItemRow, one: Arrival) -> ItemRow:
    return msgspec.structs.replace(
        item,
        revision=item.revision + 1,
        publicness=one.content.publicness,
        author=one.content.author or None,
    )


def _insert(tx: Tx, drafts: Sequence[tuple[ItemRow, Arrival]]) -> set[UUID]:
    """The ids of those that were not there yet."""
    if not drafts:
        return set()
    given = {
        "ids": [item.id for item, _ in drafts],
        "platforms": [item.platform for item, _ in drafts],
        "externals": [item.external_id for item, _ in drafts],
        "publicness": [item.publicness for item, _ in drafts],
        "authors": [item.author for item, _ in drafts],
        "urls": [one.url_key for _, one in drafts],
        "now": tx.now,
    }
    return set(tx.execute(_INSERT_ITEMS, given).scalars())


def _revision_row(one: NewRevision, now: str) -> tuple[object, ...]:
    return (
        one.item.id,
        one.item.revision,
        one.digest,
        _json.encode(one.content),
        _json.encode(one.media).decode() if one.media else None,
        one.fingerprints,
        one.bank_version,
        one.answer,
        now,
    )


_REVISION_COLUMNS = (
    "item_id",
    "revision",
    "digest",
    "content",
    "media",
    "fingerprints",
    "bank_version",
    "answer",
    "received_at",
)
_EVIDENCE_COLUMNS = ("item_id", "revision", "part", "sha256", "size", "content_type")

_ITEM_COLUMNS = ", ".join(f"i.{name}" for name in ItemRow.__struct_fields__)
_FIND = (
    f"SELECT {_ITEM_COLUMNS} FROM unnest(CAST(:platforms AS text[]), CAST(:ids AS text[]))"  # noqa: S608
    " AS k (platform, id) JOIN items i ON i.platform = k.platform AND i.external_id = k.id"
)
_FIND_ITEMS = sa.text(_FIND)
_LOCK_ITEMS = sa.text(f"{_FIND} ORDER BY i.platform, i.external_id FOR UPDATE OF i")

_INSERT_ITEMS = sa.text(
    "INSERT INTO items (id, platform, external_id, publicness, author, url_key, revision, verdict,"
    " received_at) SELECT u.*, 1, 'pass', :now FROM unnest(CAST(:ids AS uuid[]),"
    " CAST(:platforms AS text[]), CAST(:externals AS text[]), CAST(:publicness AS text[]),"
    " CAST(:authors AS text[]), CAST(:urls AS bytea[])) AS u ON CONFLICT DO NOTHING RETURNING id"
)
_UPDATE_ITEM = sa.text(
    "UPDATE items SET revision = :to_revision, publicness = :to_publicness, author = :to_author,"
    " url_key = :to_url, expunged_at = NULL, kept_by_hold_at = NULL WHERE id = :item"
)

"""How items and their revisions come in: the one writer of both.

A submission, or a report about a URL that nobody submitted, first gets its item (`admit`), locked or
new, at the number of the revision to be. Once that was looked at it is kept (`keep`), with its answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.known import Known, find_known, split
from tidegate.content.model import Arrival, Content, ItemRow, Key, Version
from tidegate.content.queries import items_by_url, lock_item, lock_item_by_id
from tidegate.content.tables import evidence, revisions
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append

_json = msgspec.json.Encoder()


class Admitted(msgspec.Struct, frozen=True):
    """An item, locked or new, at the number of its revision to be; `version` is the newest seen with
    it."""

    item: ItemRow
    version: Version | None


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
    version: Version | None = None
    files: list[KeptFile] = []


def admit(
    tx: Tx, arrivals: Sequence[Arrival], seen: Mapping[Key, Known] | None = None
) -> dict[Key, Admitted]:
    """Make the items that are new, lock those that were `seen`, each at its next revision. Whoever
    lost a race to another process is left out: by its next turn the winner has committed. So is a
    renewal, whose version is noted here: by its next turn it is a retry."""
    standing = [one.key for one in arrivals if one.key in (seen or {})]
    known = find_known(tx, standing, lock=True) if standing else {}
    drafts: list[tuple[ItemRow, Arrival]] = []
    changed: list[tuple[ItemRow, Arrival]] = []
    renewed: list[tuple[ItemRow, Arrival]] = []
    for one in arrivals:
        if (found := known.get(one.key)) is None:
            drafts.append((_draft(tx, one), one))
        elif found.item.erased_at is not None:
            continue
        elif (what := found.arriving(one.digest, one.version, tx.now)) in ("revision", "doubtful"):
            changed.append((_revised(found.item, one), one))
        elif what == "renewal":
            renewed.append((found.item, one))
    if renewed:
        _renew(tx, renewed)
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
    return {one.key: Admitted(item, _newest(one, known)) for item, one in admitted}


def note_versions(tx: Tx, arrivals: Sequence[Arrival]) -> set[Key]:
    """Note the higher versions under which the latest bodies of items have come again; of which items
    it was so still."""
    known = find_known(tx, [one.key for one in arrivals], lock=True) if arrivals else {}
    renewed = [
        (found.item, one)
        for one in arrivals
        if (found := known[one.key]).item.erased_at is None
        and found.arriving(one.digest, one.version, tx.now) == "renewal"
    ]
    if renewed:
        _renew(tx, renewed)
    return {one.key for _, one in renewed}


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
    for admitted in admit(tx, [one]).values():
        item = admitted.item
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
        verdict=one.verdict,
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


def _newest(one: Arrival, known: Mapping[Key, Known]) -> Version | None:
    """A revision without a version of its own stands for the newest that was seen before it."""
    if one.version is not None or (found := known.get(one.key)) is None:
        return one.version
    return found.latest.version


def _renew(tx: Tx, renewed: Sequence[tuple[ItemRow, Arrival]]) -> None:
    rows: list[dict[str, object]] = []
    for item, one in renewed:
        number, time = split(one.version)
        rows.append(
            {
                "of_item": item.id,
                "of_revision": item.revision,
                "to_version": number,
                "to_edited_at": time,
            }
        )
    tx.execute(_RENEW, rows)


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
        "verdicts": [item.verdict for item, _ in drafts],
        "now": tx.now,
    }
    return set(tx.execute(_INSERT_ITEMS, given).scalars().all())


def _revision_row(one: NewRevision, now: str) -> tuple[object, ...]:
    version, edited_at = split(one.version)
    return (
        one.item.id,
        one.item.revision,
        one.digest,
        _json.encode(one.content),
        _json.encode(one.media).decode() if one.media else None,
        one.fingerprints,
        one.bank_version,
        one.answer,
        version,
        edited_at and edited_at.isoformat(),
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
    "version",
    "edited_at",
    "received_at",
)
_EVIDENCE_COLUMNS = ("item_id", "revision", "part", "sha256", "size", "content_type")

_INSERT_ITEMS = sa.text(
    "INSERT INTO items (id, platform, external_id, publicness, author, url_key, verdict, revision,"
    " received_at) SELECT u.*, 1, :now FROM unnest(CAST(:ids AS uuid[]),"
    " CAST(:platforms AS text[]), CAST(:externals AS text[]), CAST(:publicness AS text[]),"
    " CAST(:authors AS text[]), CAST(:urls AS bytea[]), CAST(:verdicts AS text[])) AS u"
    " ON CONFLICT DO NOTHING RETURNING id"
)
_UPDATE_ITEM = sa.text(
    "UPDATE items SET revision = :to_revision, publicness = :to_publicness, author = :to_author,"
    " url_key = :to_url, expunged_at = NULL, kept_by_hold_at = NULL WHERE id = :item"
)
_RENEW = (
    sa.update(revisions)
    .where(revisions.c.item_id == sa.bindparam("of_item"))
    .where(revisions.c.revision == sa.bindparam("of_revision"))
    .values(version=sa.bindparam("to_version"), edited_at=sa.bindparam("to_edited_at"))
)

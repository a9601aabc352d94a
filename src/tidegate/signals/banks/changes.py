"""What is new in the banks, in the order of versions: the look back searches for it among the items.

Phrases are looked for in a walk through all texts; which ones wait for it, or are on it, is kept
here too.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.signals.banks.model import radius_in
from tidegate.signals.banks.renewal import compared
from tidegate.signals.banks.tables import banks, entries, sought_phrases
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint
from tidegate.signals.stored import codes_of_entry


class Wanted(NamedTuple):
    """An entry to be searched for: by its codes in the index of items, by a phrase in a walk."""

    id: UUID
    version: int
    number: int
    radius: dict[str, int]
    codes: list[Fingerprint]
    has_phrase: bool


class Widened(NamedTuple):
    """A bank all of whose entries come again, because of its change of this version."""

    bank: UUID
    version: int


class Walk(NamedTuple):
    """The phrases that are being looked for: all have met what was first judged by this version."""

    number: int
    version: int


def changed_entries(tx: Tx, after: int, last: int, limit: int) -> list[Wanted]:
    """The entries in use that changed after one version and up to another, in that order."""
    return _wanted(tx, tx.execute(_CHANGED, {"after": after, "last": last, "limit": limit}).all())


def entries_of_bank(tx: Tx, bank: UUID, after: int, limit: int) -> list[Wanted]:
    """The next entries in use of a bank, by number."""
    return _wanted(tx, tx.execute(_OF_BANK, {"bank": bank, "after": after, "limit": limit}).all())


def next_widened(tx: Tx, after: int, last: int) -> Widened | None:
    """The first bank that was widened after one version and up to another."""
    row = tx.execute(_WIDENED, {"after": after, "last": last}).first()
    return None if row is None else Widened(*row)


def seek(tx: Tx, changed: Collection[tuple[UUID, int]]) -> None:
    """Have the phrases of these entries looked for, each with the bank version since which it
    matches; also if a walk is looking for them already."""
    if not changed:
        return
    rows = [{"entry_id": entry, "version": version} for entry, version in sorted(changed)]
    put = insert(sought_phrases)
    again = {"version": put.excluded.version, "walk": None}
    tx.execute(put.on_conflict_do_update(index_elements=["entry_id"], set_=again), rows)


def is_sought(tx: Tx) -> bool:
    """Whether any phrase waits for a walk, or is on one."""
    return bool(tx.execute(_ANYTHING).scalar_one())


def walk_under_way(tx: Tx) -> Walk | None:
    """The walk that has begun and not ended."""
    row = tx.execute(_WALK).first()
    return None if row is None else Walk(*row)


def set_out(tx: Tx, walk: int) -> None:
    """Begin a walk with every phrase that waits."""
    tx.execute(sa.update(sought_phrases).values(walk=walk))


def arrive(tx: Tx, walk: int) -> None:
    """End a walk."""
    tx.execute(sa.delete(sought_phrases).where(sought_phrases.c.walk == walk))


def phrases_of_walk(tx: Tx, walk: int) -> list[tuple[int, list[Fingerprint]]]:
    """The phrases of a walk whose entries are in use, each with its entry's number."""
    rows = tx.execute(_SOUGHT, {"walk": walk})
    return [
        (row.number, _phrases(codes_of_entry(tx, row.number, row.fingerprints))) for row in rows
    ]


def _phrases(codes: Sequence[Fingerprint]) -> list[Fingerprint]:
    return [one for one in codes if KINDS[one.kind].contained]


def _wanted(tx: Tx, rows: Sequence[sa.Row[Any]]) -> list[Wanted]:
    wanted: list[Wanted] = []
    for row, found in compared(tx, rows):
        codes = [one for one in found if not KINDS[one.kind].contained]
        with_phrase = len(codes) < len(found)
        wanted.append(
            Wanted(row.id, row.version, row.number, radius_in(row.radius), codes, with_phrase)
        )
    return wanted


_WIDENED = (
    sa.select(banks.c.id, banks.c.widened)
    .where(banks.c.widened > sa.bindparam("after"), banks.c.widened <= sa.bindparam("last"))
    .where(banks.c.deleted_at.is_(None))
    .order_by(banks.c.widened)
    .limit(1)
)
_STANDING = (
    sa.select(
        entries.c.id,
        entries.c.version,
        entries.c.number,
        entries.c.fingerprints,
        banks.c.radius,
    )
    .join(banks, banks.c.id == entries.c.bank_id)
    .where(entries.c.deleted_at.is_(None), banks.c.deleted_at.is_(None))
    # One that is disabled until a date changes when the date has come.
    .where(entries.c.state != "refuted", entries.c.enabled)
    .limit(sa.bindparam("limit"))
)
_CHANGED = _STANDING.where(
    entries.c.version > sa.bindparam("after"), entries.c.version <= sa.bindparam("last")
).order_by(entries.c.version, entries.c.number)
_OF_BANK = _STANDING.where(
    entries.c.bank_id == sa.bindparam("bank"), entries.c.number > sa.bindparam("after")
).order_by(entries.c.number)
_ANYTHING = sa.select(sa.exists().select_from(sought_phrases))
_WALK = sa.text(
    "SELECT walk, max(version) AS version FROM sought_phrases WHERE walk IS NOT NULL GROUP BY walk"
)
_SOUGHT = (
    sa.select(entries.c.number, entries.c.fingerprints)
    .join(sought_phrases, sought_phrases.c.entry_id == entries.c.id)
    .join(banks, banks.c.id == entries.c.bank_id)
    .where(sought_phrases.c.walk == sa.bindparam("walk", type_=sa.BigInteger))
    .where(entries.c.deleted_at.is_(None), banks.c.deleted_at.is_(None))
    .where(entries.c.state != "refuted", entries.c.enabled, banks.c.enabled)
)

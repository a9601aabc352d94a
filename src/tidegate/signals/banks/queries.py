"""Reading banks and entries."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import UNSET

from tidegate.content.openings import closed_entries
from tidegate.infra.db import Tx, counters
from tidegate.infra.errors import Refusal
from tidegate.signals.banks.model import BankView, EntryView, radius_in
from tidegate.signals.banks.tables import banks, entries, quarantines
from tidegate.signals.entry import FingerprintView
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import decode_fingerprints
from tidegate.signals.stored import as_compared

_counted = (
    sa.select(sa.func.count())
    .where(entries.c.bank_id == banks.c.id, entries.c.deleted_at.is_(None))
    .scalar_subquery()
    .label("entries")
)


def bank_version(tx: Tx) -> int:
    """The version of the last committed bank change; 0 before the first."""
    row = tx.execute(sa.select(counters.c.value).where(counters.c.name == "banks")).one_or_none()
    return 0 if row is None else int(row[0])


def is_shown(tx: Tx) -> sa.ColumnElement[bool]:
    """The condition that a bank may be read: it is everybody's, or of a platform of the reader's."""
    if tx.platforms is None:
        return sa.true()
    return sa.or_(banks.c.platform.is_(None), tx.within(banks.c.platform))


def may_change(tx: Tx, platform: str | None) -> bool:
    """Whether a bank of that platform, None for everybody's, may be changed here."""
    return tx.platforms is None or (platform is not None and tx.sees(platform))


def may_change_bank(tx: Tx, name: str) -> bool:
    """The same by the bank's name; of what is not there, nothing is changed."""
    if tx.platforms is None:
        return True
    query = sa.select(banks.c.platform).where(banks.c.name == name, banks.c.deleted_at.is_(None))
    return may_change(tx, tx.execute(query).scalar_one_or_none())


def list_banks(tx: Tx) -> list[BankView]:
    """Every bank by name, with its number of entries."""
    query = sa.select(banks, _counted).where(banks.c.deleted_at.is_(None), is_shown(tx))
    return [_bank(row) for row in tx.execute(query.order_by(banks.c.name))]


def get_bank(tx: Tx, name: str) -> BankView:
    """One bank. Raises Refusal (404)."""
    query = sa.select(banks, _counted).where(banks.c.name == name, banks.c.deleted_at.is_(None))
    query = query.where(is_shown(tx))
    row = tx.execute(query).one_or_none()
    if row is None:
        raise bank_unknown(name)
    return _bank(row)


def bank_unknown(name: str) -> Refusal:
    return Refusal(
        "bank-unknown",
        404,
        "There is no such bank",
        f"No bank {name[:64]!r}. GET /v1/banks lists them; POST /v1/banks makes one.",
    )


def entry_unknown(entry_id: object) -> Refusal:
    return Refusal(
        "entry-unknown",
        404,
        "There is no such entry",
        f"No entry {str(entry_id)[:64]} in the bank.",
    )


def _bank(row: sa.Row[Any]) -> BankView:
    return BankView(
        name=row.name,
        stance=row.stance,
        platform=row.platform,
        radius=radius_in(row.radius),
        labels=row.labels,
        provenance=row.provenance,
        note=row.note,
        enabled=row.enabled,
        disabled_until=row.disabled_until,
        version=row.version,
        created_at=row.created_at,
        entries=row.entries,
    )


_joined = (
    sa.select(
        entries,
        banks.c.name.label("bank"),
        banks.c.labels.label("bank_labels"),
        banks.c.provenance.label("bank_provenance"),
        banks.c.note.label("bank_note"),
        quarantines.c.started_at.label("quarantined_at"),
    )
    .join(banks, banks.c.id == entries.c.bank_id)
    .outerjoin(
        quarantines,
        sa.and_(quarantines.c.entry_id == entries.c.id, quarantines.c.lifted_at.is_(None)),
    )
    .where(entries.c.deleted_at.is_(None), banks.c.deleted_at.is_(None))
)


def list_entries(tx: Tx, bank: str, after: UUID | None, limit: int) -> list[EntryView]:
    """A page of a bank's entries, the newest first; `after` is the last one of the page before."""
    query = _joined.where(banks.c.name == bank, is_shown(tx))
    query = query.order_by(entries.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(entries.c.id < after)
    return _entries(tx, query)


def get_entry(tx: Tx, bank: str, entry_id: UUID) -> EntryView:
    """One entry. Raises Refusal (404)."""
    query = _joined.where(banks.c.name == bank, entries.c.id == entry_id, is_shown(tx))
    found = _entries(tx, query)
    if not found:
        raise entry_unknown(entry_id)
    return found[0]


def entries_of(tx: Tx, ids: Sequence[UUID]) -> list[EntryView]:
    """These entries, in the order of the ids."""
    found = entries_by_id(tx, ids)
    return [found[str(id)] for id in ids if str(id) in found]


def entries_by_id(tx: Tx, ids: Sequence[UUID]) -> dict[str, EntryView]:
    """Entries by id, in whatever bank that may be read; other ids are left out."""
    if not ids:
        return {}
    return {one.id: one for one in _entries(tx, _joined.where(entries.c.id.in_(ids), is_shown(tx)))}


def sources_of_entries(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, tuple[object, str | None]]:
    """Where entries come from and what was noted of them, or else of their banks, as far as these may be
    read."""
    query = sa.select(
        entries.c.id,
        entries.c.provenance,
        entries.c.note,
        banks.c.provenance.label("bank_provenance"),
        banks.c.note.label("bank_note"),
    ).join(banks, banks.c.id == entries.c.bank_id)
    there = sa.and_(entries.c.deleted_at.is_(None), banks.c.deleted_at.is_(None))
    rows = tx.execute(query.where(entries.c.id.in_(ids), there, is_shown(tx)))
    closed = closed_entries(tx, ids)
    return {row.id: (None, None) if row.id in closed else _source(row) for row in rows}


def _source(row: sa.Row[Any]) -> tuple[object, str | None]:
    """The provenance and the note of an entry; what it lacks is its bank's."""
    return (
        row.bank_provenance if row.provenance is None else row.provenance,
        row.bank_note if row.note is None else row.note,
    )


def evidence_of_entries(tx: Tx, digests: Sequence[bytes]) -> set[bytes]:
    """Which of the digests an entry names."""
    query = sa.select(entries.c.evidence).where(
        entries.c.evidence.in_(digests), entries.c.deleted_at.is_(None)
    )
    return set(tx.execute(query).scalars())


def entry_evidence(tx: Tx, entry_id: UUID) -> tuple[bytes, str | None] | None:
    """SHA-256 of the file that an entry was made from, if it was kept, and its bank's platform."""
    query = sa.select(entries.c.evidence, banks.c.platform)
    query = query.join(banks, banks.c.id == entries.c.bank_id)
    query = query.where(entries.c.id == entry_id, entries.c.evidence.isnot(None), is_shown(tx))
    found = tx.execute(query).one_or_none()
    if found is None or closed_entries(tx, [entry_id]):
        return None
    return found.evidence, found.platform


def _entries(tx: Tx, query: sa.Select[Any]) -> list[EntryView]:
    rows = tx.execute(query).all()
    closed = closed_entries(tx, [row.id for row in rows])
    return [_entry(row, closed=row.id in closed) for row in rows]


def _entry(row: sa.Row[Any], *, closed: bool) -> EntryView:
    """An entry as it is read. Closed, it says neither what is known nor what was noted of it."""
    provenance, note = (None, None) if closed else _source(row)
    return EntryView(
        id=str(row.id),
        bank=row.bank,
        state=row.state,
        confirmed=row.state == "confirmed",
        labels=row.bank_labels if row.labels is None else row.labels,
        provenance=provenance,
        note=note,
        confidence=row.confidence,
        enabled=row.enabled,
        disabled_until=row.disabled_until,
        fingerprints=[]
        if closed
        else [
            FingerprintView(f.kind, KINDS[f.kind].format(f.value), f.quality)
            for f in as_compared(decode_fingerprints(row.fingerprints), row.text)
        ],
        text=None if closed else row.text,
        has_file=row.evidence is not None and not closed,
        closed=True if closed else UNSET,
        version=row.version,
        created_by=row.created_by,
        created_at=row.created_at,
        judged_by=row.judged_by,
        judged_at=row.judged_at,
        quarantined_at=row.quarantined_at,
    )


def count_quarantined(tx: Tx) -> int:
    """How many entries are in quarantine."""
    standing = sa.select(sa.func.count()).where(quarantines.c.lifted_at.is_(None))
    return int(tx.execute(standing).scalar_one())

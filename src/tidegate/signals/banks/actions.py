"""The verbs that change banks. Each change takes the next bank version, last in its transaction,
so that versions become visible in order and every process can catch up from the one it has seen.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from msgspec import UNSET
from sqlalchemy import exc

from tidegate.access.platforms import refuse_others
from tidegate.content.model import in_utc
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.signals.banks.locks import lock_bank, lock_entry_of
from tidegate.signals.banks.model import (
    BankIn,
    BankPatch,
    BankView,
    EntryPatch,
    EntryView,
    check_radius,
    radius_in,
)
from tidegate.signals.banks.queries import get_bank, get_entry
from tidegate.signals.banks.seals import seal_of_bank, seal_of_entry
from tidegate.signals.banks.sightings import lift_quarantine
from tidegate.signals.banks.tables import banks, entries
from tidegate.signals.entry import check_provenance
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint, digest, encode_fingerprints
from tidegate.signals.words.actions import forget_entry_terms

CHANNEL = "tidegate_banks"


def _stamp(tx: Tx, table: sa.Table, row_id: UUID) -> int:
    """Give the changed row the next bank version and tell the other processes; returns it."""
    version = tx.next_number("banks")
    tx.execute(sa.update(table).where(table.c.id == row_id).values(version=version))
    tx.notify(CHANNEL, str(version))
    return version


def create_bank(tx: Tx, bank: BankIn) -> BankView:
    """Make an empty bank; who is bound to a platform makes one of that. Raises Refusal: 409 when the name
    is taken, 422 for a bad radius, 403 for another's platform."""
    check_provenance(bank.provenance)
    check_radius(bank.radius)
    platform = _platform_of(tx, bank)
    bank_id = uuid7(tx.now)
    try:
        with tx.connection.begin_nested():
            tx.execute(
                sa.insert(banks).values(
                    id=bank_id,
                    name=bank.name,
                    stance=bank.stance,
                    platform=platform,
                    radius=bank.radius,
                    labels=bank.labels,
                    provenance=bank.provenance,
                    note=bank.note,
                    enabled=True,
                    version=0,
                    created_at=tx.now,
                )
            )
    except exc.IntegrityError:
        raise Refusal(
            "bank-exists",
            409,
            "The name is taken",
            f"There is a bank {bank.name!r} already. PATCH it, or choose another name.",
        ) from None
    record: dict[str, object] = {"bank": bank.name, "stance": bank.stance, "radius": bank.radius}
    record |= {"platform": platform, "id": bank_id, "seal": seal_of_bank(tx, bank_id)}
    append(tx, "bank.created", record, platform=platform)
    _stamp(tx, banks, bank_id)
    return get_bank(tx, bank.name)


def _platform_of(tx: Tx, bank: BankIn) -> str | None:
    refuse_others(tx.platforms, bank.platform)
    if bank.platform is not None or tx.platforms is None:
        return bank.platform
    if len(tx.platforms) > 1:
        raise bad_field("/platform", f"one of {', '.join(sorted(tx.platforms))}", "none")
    return min(tx.platforms)


def change_bank(tx: Tx, name: str, patch: BankPatch) -> BankView:
    """Change what the patch names. Raises Refusal: 403, 404, 422."""
    bank_id, _, platform = lock_bank(tx, name)
    values = _values(patch)
    if isinstance(patch.radius, dict):
        check_radius(patch.radius)
    if values:
        wider = _is_wider(tx, bank_id, values)
        record: dict[str, object] = {"bank": name, "id": bank_id, "fields": sorted(values)}
        record["replaced"] = seal_of_bank(tx, bank_id)
        tx.execute(sa.update(banks).where(banks.c.id == bank_id).values(**values))
        record["seal"] = seal_of_bank(tx, bank_id)
        append(tx, "bank.changed", record, platform=platform)
        version = _stamp(tx, banks, bank_id)
        if wider:
            tx.execute(sa.update(banks).where(banks.c.id == bank_id).values(widened=version))
    return get_bank(tx, name)


def _is_wider(tx: Tx, bank_id: UUID, values: Mapping[str, Any]) -> bool:
    """Whether a change lets entries match what they did not match before."""
    if values.get("enabled"):
        return True
    if "radius" not in values:
        return False
    stored = tx.execute(sa.select(banks.c.radius).where(banks.c.id == bank_id)).scalar_one()
    before = radius_in(stored)
    return any(
        values["radius"].get(name, kind.default_radius) > before.get(name, kind.default_radius)
        for name, kind in KINDS.items()
        if kind.hamming
    )


def delete_bank(tx: Tx, name: str) -> None:
    """Take a bank out of use for good; its rows stay as the record of past matches."""
    bank_id, _, platform = lock_bank(tx, name)
    tx.execute(sa.update(banks).where(banks.c.id == bank_id).values(deleted_at=tx.now))
    append(tx, "bank.deleted", {"bank": name, "id": bank_id}, platform=platform)
    _stamp(tx, banks, bank_id)


def add_entry(
    tx: Tx,
    bank: str,
    fingerprints: Sequence[Fingerprint],
    *,
    labels: Sequence[str] | None = None,
    provenance: object = None,
    note: str | None = None,
    confidence: int | None = None,
    confirmed: bool = False,
    text: str | None = None,
    evidence: bytes | None = None,
) -> EntryView:
    """Add one content to a bank. What is absent comes from the bank. `confirmed` is the actor's
    recorded decision and stands for the first-match review. Raises Refusal: 403, 404 for the bank.
    """
    check_provenance(provenance)
    bank_id, _, platform = lock_bank(tx, bank, share=True)
    entry_id = uuid7(tx.now)
    kinds = sorted({fingerprint.kind for fingerprint in fingerprints})
    tx.execute(
        sa.insert(entries).values(
            id=entry_id,
            bank_id=bank_id,
            labels=None if labels is None else list(labels),
            provenance=provenance,
            note=note,
            confidence=confidence,
            state="confirmed" if confirmed else "unconfirmed",
            enabled=True,
            fingerprints=encode_fingerprints(fingerprints),
            kinds=kinds,
            digest=digest(fingerprints),
            evidence=evidence,
            text=text,
            version=0,
            created_by=tx.actor,
            created_at=tx.now,
            judged_by=tx.actor if confirmed else None,
            judged_at=tx.now if confirmed else None,
        )
    )
    record = {"bank": bank, "entry": str(entry_id), "kinds": kinds, "confirmed": confirmed}
    record |= {"seal": seal_of_entry(tx, entry_id)}
    append(tx, "entry.added", record, platform=platform)
    _stamp(tx, entries, entry_id)
    return get_entry(tx, bank, entry_id)


def change_entry(tx: Tx, bank: str, entry_id: UUID, patch: EntryPatch) -> EntryView:
    """Change what the patch names. Raises Refusal: 403, 404."""
    platform = lock_entry_of(tx, bank, entry_id)
    if values := _values(patch):
        record: dict[str, object] = {"bank": bank, "entry": str(entry_id), "fields": sorted(values)}
        record["replaced"] = seal_of_entry(tx, entry_id)
        tx.execute(sa.update(entries).where(entries.c.id == entry_id).values(**values))
        record["seal"] = seal_of_entry(tx, entry_id)
        append(tx, "entry.changed", record, platform=platform)
        _stamp(tx, entries, entry_id)
    return get_entry(tx, bank, entry_id)


def delete_entry(tx: Tx, bank: str, entry_id: UUID) -> None:
    """Take an entry out of use for good."""
    platform = lock_entry_of(tx, bank, entry_id)
    tx.execute(sa.update(entries).where(entries.c.id == entry_id).values(deleted_at=tx.now))
    forget_entry_terms(tx, entry_id)
    append(tx, "entry.deleted", {"bank": bank, "entry": str(entry_id)}, platform=platform)
    _stamp(tx, entries, entry_id)


def judge_entry(
    tx: Tx, bank: str, entry_id: UUID, state: Literal["confirmed", "refuted"]
) -> EntryView:
    """A person's word on an entry: only a confirmed one may restrict by itself. To confirm one in
    quarantine lifts it.
    """
    platform = lock_entry_of(tx, bank, entry_id)
    before = tx.execute(sa.select(entries.c.state).where(entries.c.id == entry_id)).scalar_one()
    tx.execute(
        sa.update(entries)
        .where(entries.c.id == entry_id)
        .values(state=state, judged_by=tx.actor, judged_at=tx.now)
    )
    record: dict[str, object] = {"bank": bank, "entry": str(entry_id), "previous": before}
    if state == "confirmed" and lift_quarantine(tx, entry_id):
        record["quarantine"] = "lifted"
    append(tx, f"entry.{state}", record, platform=platform)
    _stamp(tx, entries, entry_id)
    return get_entry(tx, bank, entry_id)


def enable_expired(tx: Tx, limit: int = 100) -> int:
    """Enable what was disabled until a date that has come; returns how many entries and banks. For
    the worker: they count from that moment on anyway, but as changes they are looked back for too.
    """
    due = sa.and_(entries.c.enabled.is_(False), entries.c.disabled_until <= tx.now)
    some = tx.execute(
        sa.select(banks.c.name, entries.c.id)
        .join(banks, banks.c.id == entries.c.bank_id)
        .where(due, entries.c.deleted_at.is_(None), banks.c.deleted_at.is_(None))
        .order_by(entries.c.disabled_until)
        .limit(limit)
        .with_for_update(of=entries, skip_locked=True)
    ).all()
    names = tx.execute(
        sa.select(banks.c.name)
        .where(banks.c.enabled.is_(False), banks.c.disabled_until <= tx.now)
        .where(banks.c.deleted_at.is_(None))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).scalars()
    whole = [change_bank(tx, name, BankPatch(enabled=True)) for name in names.all()]
    for row in some:
        change_entry(tx, row.name, row.id, EntryPatch(enabled=True))
    return len(some) + len(whole)


def _values(patch: BankPatch | EntryPatch) -> dict[str, Any]:
    """The columns that a patch sets. An end date alone means: disabled until then."""
    values = {
        name: value
        for name in patch.__struct_fields__
        if (value := getattr(patch, name)) is not UNSET
    }
    check_provenance(values.get("provenance"))
    if values.get("disabled_until") is not None:
        values["disabled_until"] = in_utc(values["disabled_until"], "/disabled_until")
        values.setdefault("enabled", False)
    if values.get("enabled") is True:
        values["disabled_until"] = None
    return values

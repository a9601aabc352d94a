"""What this process knows of the banks: an index that catches up by versions.

NOTIFY is a hint and polling the truth: `refresh` reads whatever changed since the version it has
seen. A decision that rests on a match asks `still_stands` inside its own transaction, which locks
the entries: a disable that was acknowledged before is seen, one that comes later waits.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.signals.banks import is_active
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index import ExactScan, Index, IndexedEntry, Probe, resolve_allowed
from tidegate.signals.model import Fingerprint, Match
from tidegate.signals.queries import bank_version
from tidegate.signals.tables import banks, entries

_decoder = msgspec.msgpack.Decoder(list[Fingerprint])


class BankSnapshot:
    """The index of one process, and the bank version that it shows."""

    def __init__(self, index: Index | None = None) -> None:
        self.index: Index = index or ExactScan()
        self.version = -1
        self._wakes: dict[UUID, datetime] = {}  # entries disabled until a date
        self._lock = threading.Lock()

    def refresh(self, tx: Tx) -> bool:
        """Catch up with what has committed; True when anything changed. Cheap when nothing did."""
        with self._lock:
            version = bank_version(tx)
            due = [entry for entry, wake in self._wakes.items() if wake <= tx.now]
            if version == self.version and not due:
                return False
            changed = sa.or_(
                entries.c.version > self.version,
                banks.c.version > self.version,
                entries.c.id.in_(due),
            )
            for row in tx.execute(_CHANGES.where(changed)):
                self._apply(row, tx.now)
            self.version = version
            return True

    def _apply(self, row: sa.Row[Any], now: datetime) -> None:
        active = (
            row.deleted_at is None
            and row.bank_deleted_at is None
            and row.state != "refuted"
            and is_active(row.enabled, row.disabled_until, now)
            and is_active(row.bank_enabled, row.bank_disabled_until, now)
        )
        wakes = [
            wake
            for wake in (row.disabled_until, row.bank_disabled_until)
            if wake is not None and wake > now
        ]
        self._wakes.pop(row.id, None)
        if wakes and row.deleted_at is None:
            self._wakes[row.id] = min(wakes)
        if not active:
            self.index.remove(str(row.id))
            return
        self.index.upsert(
            IndexedEntry(
                entry=str(row.id),
                bank=row.bank,
                stance=row.stance,
                labels=row.bank_labels if row.labels is None else row.labels,
                confirmed=row.state == "confirmed",
                radius={
                    kind: row.radius.get(kind, spec.default_radius)
                    for kind, spec in KINDS.items()
                    if spec.hamming
                },
                fingerprints=_decoder.decode(row.fingerprints),
            )
        )

    def match(self, parts: Sequence[Sequence[tuple[str, Fingerprint]]]) -> list[list[Match]]:
        """The matches of several items at once: for each item its (part, fingerprint) pairs."""
        probes = [Probe(part, fingerprint) for item in parts for part, fingerprint in item]
        found = self.index.search(probes) if probes else []
        answers: list[list[Match]] = []
        start = 0
        for item in parts:
            end = start + len(item)
            hits = [match for probe in found[start:end] for match in probe]
            answers.append(resolve_allowed(hits) if hits else hits)
            start = end
        return answers

    def still_stands(self, tx: Tx, matches: Sequence[Match]) -> bool:
        """Whether the entries of these matches are unchanged since this snapshot's version.

        Locks them against change until the transaction ends.
        """
        ids = sorted({UUID(match.entry) for match in matches})
        newest = tx.execute(
            sa.select(entries.c.version, banks.c.version)
            .join(banks, banks.c.id == entries.c.bank_id)
            .where(entries.c.id.in_(ids))
            .order_by(entries.c.id)
            .with_for_update(read=True)
        ).all()
        return all(max(row) <= self.version for row in newest)


_CHANGES = sa.select(
    entries.c.id,
    entries.c.labels,
    entries.c.state,
    entries.c.enabled,
    entries.c.disabled_until,
    entries.c.fingerprints,
    entries.c.deleted_at,
    banks.c.name.label("bank"),
    banks.c.stance,
    banks.c.labels.label("bank_labels"),
    banks.c.radius,
    banks.c.enabled.label("bank_enabled"),
    banks.c.disabled_until.label("bank_disabled_until"),
    banks.c.deleted_at.label("bank_deleted_at"),
).join(banks, banks.c.id == entries.c.bank_id)

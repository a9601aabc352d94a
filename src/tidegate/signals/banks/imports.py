"""Lists taken into banks and out of them, many entries at a time.

A file comes in batches, one transaction each: the entries, their bank versions, the ledger's entry
and how far the file was taken commit together, so a kill at any moment leaves whole batches, and
the same import goes on behind them with nothing twice and nothing missing.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.actions import append
from tidegate.signals.banks.actions import CHANNEL
from tidegate.signals.banks.locks import HeldBank, lock_bank
from tidegate.signals.banks.seals import seal_of_import
from tidegate.signals.banks.tables import entries, imports
from tidegate.signals.entry import ListEntry, State
from tidegate.signals.model import decode_fingerprints, digest, encode_fingerprints
from tidegate.signals.stored import as_compared

_COLUMNS = (
    "id",
    "bank_id",
    "labels",
    "provenance",
    "note",
    "confidence",
    "state",
    "enabled",
    "disabled_until",
    "fingerprints",
    "kinds",
    "digest",
    "text",
    "version",
    "created_by",
    "created_at",
    "judged_by",
    "judged_at",
)

# One look at the index a digest, whatever the planner believes of a bank that has just grown from
# nothing to millions: neither a hash join over it, nor a plan kept from its first batch, nor all of its
# rows for each digest (by IS NOT DISTINCT FROM, no index of banks is of use). The digests come as one
# string, which costs the driver less than an array.
_KNOWN = sa.text(
    "SELECT wanted.digest FROM (SELECT substr(CAST(:digests AS bytea), 16 * place + 1, 16) AS digest"
    " FROM generate_series(0, :last) AS place) AS wanted"
    " CROSS JOIN LATERAL (SELECT 1 FROM entries WHERE entries.digest = wanted.digest"
    " AND entries.bank_id IS NOT DISTINCT FROM CAST(:bank_id AS uuid)"
    " AND entries.deleted_at IS NULL LIMIT 1) AS found"
)


class Job(msgspec.Struct, frozen=True):
    """Which file is taken into which bank, and how. `file` is a digest that tells files apart.

    `labels` are added to each entry's own. `confirmed`: the actor vouches for the list. A person's
    word is not taken over from elsewhere: without it nothing is confirmed. With it an entry is what
    the list says of it, and confirmed where it says nothing. What a list calls refuted stays so.
    """

    bank: str
    file: bytes
    format: str
    labels: Sequence[str] = ()
    confirmed: bool = False

    @property
    def key(self) -> bytes:
        """Another way to take the same file starts anew."""
        return hashlib.blake2b(msgspec.msgpack.encode(self), digest_size=32).digest()


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """How far a file was taken: the bytes before `position`, which end with record `line`, and
    what became of its `lines` records."""

    position: int = 0
    line: int = 0
    lines: int = 0
    added: int = 0
    duplicates: int = 0
    bad: int = 0
    skipped: int = 0


def reached(tx: Tx, job: Job) -> Reached:
    """Where to go on with a file; its start, unless an import of it was cut off.

    Raises Refusal for the bank: 403, 404.
    """
    return _reached(tx, job, _bank(tx, job).id)


def import_batch(
    tx: Tx, job: Job, batch: Sequence[ListEntry], before: Reached, after: Reached
) -> Reached:
    """Add the entries of a batch that the bank does not have yet, and note how far the file is.

    `before` is where the batch starts and `after` where it ends, with what was bad and skipped in
    it. Raises Refusal: 403 and 404 for the bank, 409 when another import has taken these lines.
    """
    bank = _bank(tx, job)
    bank_id = bank.id
    # Imports into one bank take turns: what one adds, the next one sees.
    tx.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"import {bank_id}"},
    )
    if _reached(tx, job, bank_id) != before:
        raise Refusal(
            "import-moved",
            409,
            "Another import takes the same file",
            "Wait until it is done, or end it and run this again to go on.",
        )
    wanted: dict[bytes, ListEntry] = {}
    for entry in batch:
        wanted.setdefault(digest(entry.fingerprints), entry)
    for known in _known(tx, bank_id, list(wanted)):
        del wanted[known]
    after = msgspec.structs.replace(
        after,
        added=before.added + len(wanted),
        duplicates=before.duplicates + len(batch) - len(wanted),
    )
    _note(tx, job, bank_id, after)
    if wanted:
        _add(tx, job, bank, list(wanted.items()))
    return after


def known_contents(tx: Tx, bank: HeldBank, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these contents a bank has that the caller holds."""
    return set(_known(tx, bank.id, list(digests))) if digests else set()


def finish_import(tx: Tx, job: Job) -> None:
    """Forget how far a file was taken, now that all of it is: taken again, it starts anew."""
    bank_id = _bank(tx, job).id
    where = (imports.c.bank_id == bank_id, imports.c.key == job.key)
    tx.execute(sa.delete(imports).where(*where))


def export_entries(tx: Tx, bank: str) -> Iterator[ListEntry]:
    """A bank's entries in the order in which they came, all of one moment, a few at a time.

    Raises Refusal for the bank: 403, 404.
    """
    held = lock_bank(tx, bank, share=True, change=False)
    query = (
        sa.select(entries)
        .where(entries.c.bank_id == held.id, entries.c.deleted_at.is_(None))
        .order_by(entries.c.number)
        .execution_options(yield_per=1000)
    )
    return (
        ListEntry(
            fingerprints=as_compared(decode_fingerprints(row.fingerprints), row.text),
            labels=row.labels,
            provenance=row.provenance,
            note=row.note,
            confidence=row.confidence,
            state=row.state,
            enabled=row.enabled,
            disabled_until=row.disabled_until,
            text=row.text,
        )
        for row in tx.execute(query)
    )


def _bank(tx: Tx, job: Job) -> HeldBank:
    """The bank, which stays until the transaction ends."""
    return lock_bank(tx, job.bank, share=True)


def _reached(tx: Tx, job: Job, bank_id: UUID) -> Reached:
    columns = [imports.c[name] for name in Reached.__struct_fields__]
    query = sa.select(*columns).where(imports.c.bank_id == bank_id, imports.c.key == job.key)
    row = tx.execute(query).mappings().one_or_none()
    return Reached() if row is None else Reached(**row)


def _note(tx: Tx, job: Job, bank_id: UUID, after: Reached) -> None:
    values = msgspec.structs.asdict(after)
    tx.execute(
        insert(imports)
        .values(bank_id=bank_id, key=job.key, **values)
        .on_conflict_do_update(index_elements=["bank_id", "key"], set_=values)
    )


def _known(tx: Tx, bank_id: UUID, digests: list[bytes]) -> Iterator[bytes]:
    """Which of these contents the bank has."""
    tx.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))
    wanted = {"digests": b"".join(digests), "last": len(digests) - 1, "bank_id": bank_id}
    for row in tx.execute(_KNOWN, wanted):
        yield bytes(row[0])


def _add(tx: Tx, job: Job, bank: HeldBank, added: Sequence[tuple[bytes, ListEntry]]) -> None:
    rows = list(_rows(tx, job, bank.id, added))
    # What the ledger's entry commits to: the stored fingerprints, in the order of the versions.
    contents = hashlib.sha256(b"".join(row[_FINGERPRINTS] for row in rows)).hexdigest()
    confirmed = sum(row[_STATE] == "confirmed" for row in rows)
    # Last in the transaction but for the COPY itself, which needs it.
    version = tx.next_number("banks", len(rows))
    for number, row in enumerate(rows, version):
        row[_VERSION] = number
    tx.copy(entries, _COLUMNS, rows)
    last = version + len(rows) - 1
    record = {"bank": job.bank, "count": len(rows), "confirmed": confirmed}
    record |= {"first_version": version, "last_version": last, "sha256": contents}
    record["seals"] = seal_of_import(tx, bank.id, version, last)
    append(tx, "entries.imported", record, platform=bank.platform)
    tx.notify(CHANNEL, str(last))


_STATE = _COLUMNS.index("state")
_FINGERPRINTS = _COLUMNS.index("fingerprints")
_VERSION = _COLUMNS.index("version")


def _rows(
    tx: Tx, job: Job, bank_id: UUID, added: Sequence[tuple[bytes, ListEntry]]
) -> Iterator[list[Any]]:
    """COPY rows, their version still 0. What is the same in all goes as text made once."""
    bank, at = str(bank_id), tx.now.isoformat()
    ids = _ids(tx.now, len(added))
    for (hashed, entry), id in zip(added, ids, strict=True):
        labels = entry.labels
        if job.labels:
            labels = list(dict.fromkeys([*(labels or ()), *job.labels]))
        provenance = entry.provenance
        if provenance is not None:
            provenance = msgspec.json.encode(provenance).decode()
        state = _state(job, entry)
        judged = state != "unconfirmed"
        yield [
            id,
            bank,
            labels,
            provenance,
            entry.note,
            entry.confidence,
            state,
            entry.enabled,
            entry.disabled_until,
            encode_fingerprints(entry.fingerprints),
            sorted({one.kind for one in entry.fingerprints}),
            hashed,
            entry.text,
            0,
            tx.actor,
            at,
            tx.actor if judged else None,
            at if judged else None,
        ]


def _state(job: Job, entry: ListEntry) -> State:
    if entry.state == "refuted":
        return "refuted"
    return (entry.state or "confirmed") if job.confirmed else "unconfirmed"


def _ids(now: datetime, count: int) -> Iterator[str]:
    """Identifiers as `infra.ids.uuid7` makes them, as text and many at once."""
    milliseconds = int(now.timestamp() * 1000).to_bytes(6).hex()
    noise = os.urandom(10 * count).hex()
    for place in range(0, len(noise), 20):
        tail = noise[place : place + 20]
        yield f"{milliseconds}7{tail[1:4]}{'89ab'[int(tail[4], 16) & 3]}{tail[5:]}"

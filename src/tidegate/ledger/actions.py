"""Appending to the ledger, in the transaction of the change that an entry is about; and forgetting.

Entries lie unchained in `ledger_pending` until the sequencer seals them: writers never wait for
each other.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.infra.traces import span
from tidegate.ledger.model import ENDING, SALT_BYTES, NewEntry, canonical, commit
from tidegate.ledger.tables import ledger_pending

# `tables.sql` beside this file: the role that serves cannot change sealed rows in any other way.
_BLANK = sa.text("SELECT waiting, sealed FROM ledger_blank(:subject, :ending)")
_COLUMNS = ("id", "at", "kind", "subject", "commitment", "salt", "record", "platform")


def append(
    tx: Tx,
    kind: str,
    record: Mapping[str, object],
    subject: UUID | None = None,
    platform: str | None = None,
) -> UUID:
    """Append one entry and return its id. `record` is any JSON object that msgspec can write; readers
    that are bound to `platform` see it, and those that are bound to none.

    The actor, the API key's id and the request id of `tx` become part of the record.
    """
    row = new_row(tx, kind, record, subject, platform)
    with span("ledger.append", kind=kind, entries=1):
        tx.execute(sa.insert(ledger_pending).values(row))
    return row["id"]


def new_row(
    tx: Tx,
    kind: str,
    record: Mapping[str, object],
    subject: UUID | None,
    platform: str | None,
) -> dict[str, Any]:
    """The row of a new entry, by column."""
    salt = os.urandom(SALT_BYTES)
    body = canonical(record, tx.actor, tx.key, tx.request_id)
    return {
        "id": uuid7(tx.now),
        "at": tx.now,
        "kind": kind,
        "subject": subject,
        "commitment": commit(salt, body),
        "salt": salt,
        "record": body,
        "platform": platform,
    }


def append_many(tx: Tx, entries: Sequence[NewEntry]) -> None:
    """Append any number of entries in one COPY."""
    if entries:
        with span("ledger.append", kind=entries[0].kind, entries=len(entries)):
            tx.copy(ledger_pending, _COLUMNS, _rows(tx, entries))


def _rows(tx: Tx, entries: Sequence[NewEntry]) -> Iterator[Sequence[object]]:
    """COPY rows. Identifiers and time go as text made once: the driver's own way costs more."""
    at = tx.now.isoformat()
    milliseconds = int(tx.now.timestamp() * 1000).to_bytes(6).hex()
    noise = os.urandom((SALT_BYTES + 10) * len(entries))
    place = 0
    for entry in entries:
        salt = noise[place : place + SALT_BYTES]
        tail = noise[place + SALT_BYTES : place + SALT_BYTES + 10].hex()
        place += SALT_BYTES + 10
        # Version 7, variant 10, as infra.ids.uuid7 makes them.
        id = f"{milliseconds}7{tail[1:4]}{'89ab'[int(tail[4], 16) & 3]}{tail[5:]}"
        body = canonical(entry.record, tx.actor, tx.key, tx.request_id)
        made = commit(salt, body)
        yield id, at, entry.kind, entry.subject, made, salt, body, entry.platform


def forget(tx: Tx, subject: UUID, record: Mapping[str, object], platform: str | None = None) -> int:
    """Append the ENDING that says why what the ledger tells about `subject`, an item that is erased by
    now, goes, and erase salt and record of every other entry about it; the chain stays whole. Returns
    how many.
    """
    ending = append(tx, ENDING, record, subject, platform)
    blanked = tx.execute(_BLANK, {"subject": subject, "ending": ending}).one()
    # Entries are sealed in the order of their ids, and this one after those that it accounts for:
    # of two that wait, the later one can have the lower id.
    if last := max((id for id in blanked.waiting if id > ending), default=None):
        later = UUID(int=last.int + 1)
        moved = sa.update(ledger_pending).where(ledger_pending.c.id == ending)
        tx.execute(moved.values(id=later))
    return len(blanked.waiting) + int(blanked.sealed)

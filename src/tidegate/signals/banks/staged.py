"""Lists and files that were sent by a form, laid down until all of them are read: then they are taken into
their bank in one go, or, where lines were bad, wait for somebody's word.

`reading` → `taking` → `done`; or `asks` where something was bad, and from there `taking`, without the bad
lines, or `dropped`. What was sent is kept until then, and no longer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.signals.banks.locks import lock_bank
from tidegate.signals.banks.queries import is_shown
from tidegate.signals.banks.tables import (
    bank_import_errors,
    bank_import_files,
    bank_imports,
    banks,
)
from tidegate.signals.entry import Labels, ListEntry

MOST_ERRORS = 10_000  # that are kept; all are counted
ImportState = Literal["reading", "asks", "taking", "done", "dropped"]

# Literals, not parameters: only so is the partial index used.
_OPEN = bank_imports.c.state.in_([sa.literal_column("'reading'"), sa.literal_column("'taking'")])


class Sent(msgspec.Struct, frozen=True):
    """One file as it was sent: a list, or a content of its own."""

    filename: str
    content_type: str | None
    data: bytes
    is_list: bool


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How it is taken."""

    labels: Labels = []
    confirmed: bool = False
    accept_wider: bool = False


class BankImport(msgspec.Struct, frozen=True, kw_only=True):
    """An import, and how far it is: `read` of so many `files`, and the lines of lists among them."""

    id: UUID
    bank: str
    made_by: str
    labels: list[str]
    confirmed: bool
    accept_wider: bool
    state: ImportState
    files: int
    read: int
    lines: int
    entries: int
    bad: int
    skipped: int
    added: int
    duplicates: int
    created_at: datetime
    ended_at: datetime | None


class BadLine(msgspec.Struct, frozen=True):
    """A line, 0 for the file as a whole, and what is wrong with it."""

    filename: str
    line: int
    problem: str


class ReadFile(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of a file."""

    entries: Sequence[ListEntry]
    lines: int
    bad: int
    skipped: int
    errors: Sequence[BadLine]


class Staged(msgspec.Struct, frozen=True):
    """A file that waits, by its place, and what was read of it."""

    place: int
    sent: Sent
    entries: bytes | None

    @property
    def read(self) -> list[ListEntry]:
        return msgspec.msgpack.decode(self.entries or b"\x90", type=list[ListEntry])


_QUERY = sa.select(
    *(bank_imports.c[name] for name in BankImport.__struct_fields__ if name != "bank"),
    banks.c.name.label("bank"),
).join(banks, banks.c.id == bank_imports.c.bank_id)


def send(tx: Tx, bank: str, sent: Sequence[Sent], options: Options) -> UUID:
    """Lay down what was sent. Raises Refusal for the bank: 403, 404."""
    held = lock_bank(tx, bank, share=True)
    import_id = uuid7(tx.now)
    counts = dict.fromkeys(("read", "lines", "entries", "bad", "skipped", "added", "duplicates"), 0)
    tx.execute(
        sa.insert(bank_imports).values(
            id=import_id,
            bank_id=held.id,
            made_by=tx.actor,
            labels=list(options.labels),
            confirmed=options.confirmed,
            accept_wider=options.accept_wider,
            state="reading",
            files=len(sent),
            created_at=tx.now,
            **counts,
        )
    )
    rows = [
        {"import_id": import_id, "place": place} | msgspec.structs.asdict(one)
        for place, one in enumerate(sent)
    ]
    tx.execute(sa.insert(bank_import_files), rows)
    return import_id


def get_import(tx: Tx, bank: str, import_id: UUID, *, lock: bool = False) -> BankImport:
    """An import into a bank that may be read. Raises Refusal (404)."""
    query = _QUERY.where(bank_imports.c.id == import_id, banks.c.name == bank, is_shown(tx))
    if lock:
        query = query.with_for_update(of=bank_imports)
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise import_unknown(import_id)
    return BankImport(**row)


def imports_of(tx: Tx, bank: str, limit: int = 10) -> list[BankImport]:
    """The newest imports into a bank."""
    query = _QUERY.where(banks.c.name == bank, banks.c.deleted_at.is_(None), is_shown(tx))
    query = query.order_by(bank_imports.c.created_at.desc()).limit(limit)
    return [BankImport(**row) for row in tx.execute(query).mappings()]


def errors_of(tx: Tx, import_id: UUID, limit: int = MOST_ERRORS) -> list[BadLine]:
    """The bad lines, in order."""
    e = bank_import_errors.c
    query = sa.select(e.filename, e.line, e.problem).where(e.import_id == import_id)
    return [BadLine(*row) for row in tx.execute(query.order_by(e.file, e.line).limit(limit))]


def next_open(tx: Tx) -> BankImport | None:
    """The import that is next, nothing locked. For the worker."""
    query = _QUERY.where(_OPEN).order_by(bank_imports.c.created_at, bank_imports.c.id).limit(1)
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else BankImport(**row)


def next_unread(tx: Tx, import_id: UUID) -> Staged | None:
    """The next file of an import that is still to be read."""
    files = bank_import_files.c
    query = sa.select(bank_import_files).where(
        files.import_id == import_id, files.entries.is_(None)
    )
    row = tx.execute(query.order_by(files.place).limit(1)).one_or_none()
    return None if row is None else _staged(row)


def files_of(tx: Tx, import_id: UUID) -> list[Staged]:
    """All files of an import, in their order."""
    query = sa.select(bank_import_files).where(bank_import_files.c.import_id == import_id)
    return [_staged(row) for row in tx.execute(query.order_by(bank_import_files.c.place))]


def _staged(row: sa.Row[Any]) -> Staged:
    sent = Sent(row.filename, row.content_type, row.data, row.is_list)
    return Staged(row.place, sent, row.entries)


def note_read(tx: Tx, import_id: UUID, place: int, read: ReadFile) -> None:
    """Keep what was read of a file, unless it was before; after the last one the import goes on."""
    held = lock_import(tx, import_id)
    if held.state != "reading":
        return
    files = bank_import_files.c
    mine = sa.and_(files.import_id == import_id, files.place == place, files.entries.is_(None))
    put = sa.update(bank_import_files).where(mine)
    if tx.execute(put.values(entries=msgspec.msgpack.encode(read.entries))).rowcount == 0:
        return
    rows = [
        {"import_id": import_id, "file": place} | msgspec.structs.asdict(one)
        for one in read.errors[: max(0, MOST_ERRORS - held.bad)]
    ]
    if rows:
        tx.execute(sa.insert(bank_import_errors), rows)
    values: dict[str, Any] = {
        "read": held.read + 1,
        "lines": held.lines + read.lines,
        "entries": held.entries + len(read.entries),
        "bad": held.bad + read.bad,
        "skipped": held.skipped + read.skipped,
    }
    if values["read"] == held.files:
        values["state"] = "taking" if values["entries"] and not values["bad"] else "asks"
    _change(tx, import_id, values)


def lock_import(tx: Tx, import_id: UUID) -> BankImport:
    """An import, locked."""
    query = _QUERY.where(bank_imports.c.id == import_id).with_for_update(of=bank_imports)
    return BankImport(**tx.execute(query).mappings().one())


def go_on(tx: Tx, bank: str, import_id: UUID) -> None:
    """Take what is good, and leave out what is bad. Raises Refusal: 403, 404; 409 where nothing is
    asked, 422 where nothing is good."""
    lock_bank(tx, bank, share=True)
    held = _asking(tx, bank, import_id)
    if not held.entries:
        raise Refusal(
            "nothing-to-take", 422, "There is nothing to take", "No line of it is an entry."
        )
    _change(tx, import_id, {"state": "taking"})


def drop(tx: Tx, bank: str, import_id: UUID) -> None:
    """Take nothing of it. Raises Refusal: 403, 404; 409 where nothing is asked."""
    lock_bank(tx, bank, share=True)
    _asking(tx, bank, import_id)
    end(tx, import_id, "dropped")


def _asking(tx: Tx, bank: str, import_id: UUID) -> BankImport:
    held = get_import(tx, bank, import_id, lock=True)
    if held.state != "asks":
        raise Refusal(
            "import-moved",
            409,
            "This import asks nothing any more",
            "Nothing was changed. Its page says how far it is.",
        )
    return held


def end(
    tx: Tx,
    import_id: UUID,
    state: Literal["done", "dropped"],
    *,
    added: int = 0,
    duplicates: int = 0,
    problem: str | None = None,
) -> None:
    """It is over; what was sent goes. The caller holds it."""
    mine = bank_import_files.c.import_id == import_id
    tx.execute(sa.delete(bank_import_files).where(mine))
    if problem is not None:
        row = {"import_id": import_id, "file": -1, "line": 0, "filename": "", "problem": problem}
        tx.execute(sa.insert(bank_import_errors).values(row))
    values = {"state": state, "added": added, "duplicates": duplicates, "ended_at": tx.now}
    _change(tx, import_id, values)


def _change(tx: Tx, import_id: UUID, values: dict[str, Any]) -> None:
    tx.execute(sa.update(bank_imports).where(bank_imports.c.id == import_id).values(values))


def import_unknown(import_id: object) -> Refusal:
    return Refusal(
        "import-unknown", 404, "There is no such import", f"No import {str(import_id)[:64]}."
    )

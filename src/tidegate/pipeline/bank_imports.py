"""Lists and files from a form, read and taken into their bank: all of them in one transaction, or none.

Reading is the long part, and does nothing to the bank. A kill leaves an import as it was: a file is read or
is not, and all is taken or nothing.
"""

import io
from contextlib import ExitStack
from typing import NamedTuple

from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.enrol import codes_of_file
from tidegate.pipeline.instance import Instance
from tidegate.signals.banks import staged
from tidegate.signals.banks.actions import add_entry
from tidegate.signals.banks.imports import (
    Job,
    Reached,
    finish_import,
    import_batch,
    known_contents,
)
from tidegate.signals.banks.locks import lock_bank
from tidegate.signals.banks.staged import BadLine, BankImport, ReadFile, Sent, Staged
from tidegate.signals.entry import ListEntry
from tidegate.signals.fingerprints.door import ACCEPTS_WIDER
from tidegate.signals.lists import opened
from tidegate.signals.lists.format import HEAD_BYTES, Broken, read
from tidegate.signals.lists.plain import plain
from tidegate.signals.model import digest


def carry_on(instance: Instance) -> int:
    """Read the next file, or take an import that is read; 0 where nothing is to be done. For the worker."""
    with instance.database.begin() as tx:
        job = staged.next_open(tx)
        file = staged.next_unread(tx, job.id) if job and job.state == "reading" else None
    if job is None:
        return 0
    if job.state == "reading":
        if file is None:
            return 0
        found = _read(instance, file.sent, wider=job.accept_wider)
        with instance.database.begin() as tx:
            staged.note_read(tx, job.id, file.place, found)
        return 1
    with instance.database.begin(Acting(job.made_by)) as tx:
        held = staged.lock_import(tx, job.id)
        if held.state != "taking":
            return 0
        try:
            with tx.savepoint():
                _take(tx, instance, held)
        except Refusal as refusal:
            staged.end(tx, held.id, "dropped", problem=f"{refusal.title}. {refusal.detail}")
    return 1


def _read(instance: Instance, sent: Sent, *, wider: bool) -> ReadFile:
    return _read_list(sent, wider=wider) if sent.is_list else _read_content(instance, sent)


def _read_list(sent: Sent, *, wider: bool) -> ReadFile:
    entries: list[ListEntry] = []
    errors: list[BadLine] = []
    lines = bad = skipped = 0
    token = ACCEPTS_WIDER.set(wider)
    try:
        with ExitStack() as stack:
            source = io.BytesIO(sent.data)
            head = source.read(HEAD_BYTES)
            source.seek(0)
            text, head = plain(source, head, stack)
            _, reading = opened(head)
            for record in read(reading, text):
                lines += 1
                if record.entry is not None:
                    entries.append(record.entry)
                elif record.skipped is not None:
                    skipped += 1
                else:
                    bad += 1
                    if len(errors) < staged.MOST_ERRORS:
                        errors.append(BadLine(sent.filename, record.number, record.problem or ""))
    except Broken as broken:
        bad += 1
        errors.append(BadLine(sent.filename, broken.number, f"{broken}: the rest cannot be read"))
    except ValueError as error:
        bad += 1
        errors.append(BadLine(sent.filename, 0, f"the list {error}"))
    finally:
        ACCEPTS_WIDER.reset(token)
    return ReadFile(
        entries=entries, lines=lines, bad=bad, skipped=skipped, errors=_one_a_line(errors)
    )


def _one_a_line(errors: list[BadLine]) -> list[BadLine]:
    return list({one.line: one for one in reversed(errors)}.values())[::-1]


def _read_content(instance: Instance, sent: Sent) -> ReadFile:
    if not sent.data:
        bad = BadLine(sent.filename, 0, "the file is empty")
        return ReadFile(entries=[], lines=0, bad=1, skipped=0, errors=[bad])
    examined = instance.media.examine_blocking(sent.data, sent.content_type, sent.filename)
    codes, _ = codes_of_file(sent.data, examined)
    entry = ListEntry(fingerprints=codes, note=sent.filename[-4000:] or None)
    return ReadFile(entries=[entry], lines=0, bad=0, skipped=0, errors=[])


class _Taken(NamedTuple):
    added: int
    duplicates: int


def _take(tx: Tx, instance: Instance, job: BankImport) -> None:
    files = staged.files_of(tx, job.id)
    contents = _take_contents(tx, instance, job, [one for one in files if not one.sent.is_list])
    lists = _take_lists(tx, job, [one for one in files if one.sent.is_list])
    staged.end(
        tx,
        job.id,
        "done",
        added=contents.added + lists.added,
        duplicates=contents.duplicates + lists.duplicates,
    )


def _take_contents(tx: Tx, instance: Instance, job: BankImport, files: list[Staged]) -> _Taken:
    """Files, each as an entry that keeps it."""
    wanted = {
        digest(entry.fingerprints): (entry, one.sent.data) for one in files for entry in one.read
    }
    bank = lock_bank(tx, job.bank, share=True)
    known = known_contents(tx, bank, list(wanted))
    for hashed, (entry, data) in wanted.items():
        if hashed in known:
            continue
        add_entry(
            tx,
            job.bank,
            entry.fingerprints,
            labels=job.labels or None,
            note=entry.note,
            confirmed=job.confirmed,
            evidence=instance.evidence.put(data),
        )
    count = sum(len(one.read) for one in files)
    added = len(wanted) - len(known)
    return _Taken(added, count - added)


def _take_lists(tx: Tx, job: BankImport, files: list[Staged]) -> _Taken:
    entries = [entry for one in files for entry in one.read]
    if not entries:
        return _Taken(0, 0)
    taken = Job(job.bank, job.id.bytes, "form", job.labels, job.confirmed)
    after = import_batch(tx, taken, entries, Reached(), Reached(position=1, lines=len(entries)))
    finish_import(tx, taken)
    return _Taken(after.added, after.duplicates)

"""Reading what not everybody's eyes are for: who reads it is in the ledger.

That somebody worked on a case, or read who reported an item, is told once a day, that they looked at
kept files outside of a case that they work on, once a minute. It is found by the case, the item or the
entry. No query asks for it by the person: what somebody had to look at is nobody's report on them.
"""

from uuid import UUID

from tidegate.content.holds.model import OpeningIn
from tidegate.content.model import ItemRow
from tidegate.content.queries import evidence_of, item_names
from tidegate.decisions.model import Subject
from tidegate.infra.db import Tx
from tidegate.intake.model import ReportView
from tidegate.intake.queries import reports_of
from tidegate.ledger.actions import append
from tidegate.ledger.once import DAY, MINUTE, append_once
from tidegate.review.model import CaseDetail, ShownCase
from tidegate.review.queries import (
    get_case,
    reports_of_case,
    show_case,
    subject_of_case,
    works_on,
)
from tidegate.signals.banks.queries import entry_evidence


def read_case(tx: Tx, case_id: UUID, reports_after: str | None = None) -> CaseDetail:
    """One case with all that its decision needs, and a page of its reports. Raises Refusal (404, 422)."""
    case = get_case(tx, case_id, reports_after)
    subject = subject_of_case(tx, case_id)
    if case.claimed_by is not None and works_on(tx, subject):
        note_work(tx, case_id, case.platform)
    if any(one.reporter for one in case.reported):
        note_reporters(tx, subject.id, case.platform)
    return case


def read_shown_case(tx: Tx, case_id: UUID, subject: Subject) -> ShownCase:
    """The same as its page shows it, which does not say who reported. Raises Refusal (404)."""
    case = show_case(tx, case_id)
    if case.claimed_by is not None and works_on(tx, subject):
        note_work(tx, case_id, case.platform)
    return case


def read_case_reports(
    tx: Tx, case_id: UUID, cursor: str | None, limit: int
) -> tuple[list[ReportView], str | None]:
    """A page of a case's reports, and the cursor of the next. Raises Refusal (404, 422)."""
    found, following = reports_of_case(tx, case_id, cursor, limit)
    if any(one.reporter for one in found):
        item_id = subject_of_case(tx, case_id).id
        note_reporters(tx, item_id, _platform(tx, item_id))
    return found, following


def read_reports(tx: Tx, item: ItemRow) -> tuple[list[ReportView], str | None]:
    """The first page of the reports on an item, and the cursor of the next."""
    found, following = reports_of(tx, item.id)
    if any(one.reporter for one in found):
        note_reporters(tx, item.id, item.platform)
    return found, following


def read_evidence(tx: Tx, item_id: UUID, revision: int, part: str) -> bytes | None:
    """The SHA-256 of a part's kept bytes, for one who looks at them."""
    found = evidence_of(tx, item_id, revision, part)
    if found is None:
        return None
    if not works_on(tx, Subject("item", item_id)):
        _note_files(tx, {"item": item_id}, item_id, _platform(tx, item_id))
    return found[0]


def read_entry_file(tx: Tx, entry_id: UUID) -> bytes | None:
    """The SHA-256 of the file that a bank entry was made from, for one who looks at it."""
    found = entry_evidence(tx, entry_id)
    if found is None:
        return None
    if not works_on(tx, Subject("entry", entry_id)):
        _note_files(tx, {"entry": entry_id}, entry_id, found[1])
    return found[0]


def download_evidence(
    tx: Tx, item_id: UUID, revision: int, part: str, why: OpeningIn
) -> bytes | None:
    """The SHA-256 of a part's kept bytes, for one who takes them away, which is recorded each time."""
    found = evidence_of(tx, item_id, revision, part)
    if found is None:
        return None
    record: dict[str, object] = {"item": item_id, "revision": revision, "part": part}
    _note_download(tx, record, why, item_id, _platform(tx, item_id))
    return found[0]


def download_entry_file(tx: Tx, entry_id: UUID, why: OpeningIn) -> bytes | None:
    """The same of the file that a bank entry was made from."""
    found = entry_evidence(tx, entry_id)
    if found is None:
        return None
    _note_download(tx, {"entry": entry_id}, why, entry_id, found[1])
    return found[0]


def note_work(tx: Tx, case_id: UUID, platform: str | None) -> None:
    """The actor works on the case."""
    record = {"case": case_id}
    append_once(tx, "case.worked", record, subject=case_id, platform=platform, period=DAY)


def _platform(tx: Tx, item_id: UUID) -> str | None:
    names = item_names(tx, [item_id]).get(item_id)
    return names and names[0]


def note_reporters(tx: Tx, item_id: UUID, platform: str | None) -> None:
    """The actor reads who reported an item."""
    record = {"item": item_id}
    append_once(tx, "reporters.read", record, subject=item_id, platform=platform, period=DAY)


def _note_download(
    tx: Tx, record: dict[str, object], why: OpeningIn, subject: UUID, platform: str | None
) -> None:
    purpose = {"purpose": why.purpose, "justification": why.justification}
    append(tx, "evidence.downloaded", record | purpose, subject, platform)


def _note_files(tx: Tx, record: dict[str, UUID], subject: UUID, platform: str | None) -> None:
    append_once(tx, "evidence.read", record, subject=subject, platform=platform, period=MINUTE)

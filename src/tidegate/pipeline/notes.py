"""Writing a note about a case: it changes what whoever decides the case sees."""

from uuid import UUID

from tidegate.content.queries import lock_item_by_id
from tidegate.infra.db import Tx
from tidegate.pipeline import entries
from tidegate.pipeline.reads import note_work
from tidegate.review.actions import touch
from tidegate.review.notes import add_note
from tidegate.review.queries import lock_case, subject_of_case


def note_case(tx: Tx, case_id: UUID, text: str) -> None:
    """Write a note. Raises Refusal: 404; 410 when the item was erased, 409 when the entry is gone; 422."""
    subject = subject_of_case(tx, case_id)
    if subject.kind == "entry":
        entries.hold(tx, subject.id)
    else:
        lock_item_by_id(tx, subject.id)
    case = lock_case(tx, case_id)
    add_note(tx, case_id, text, case.platform)
    touch(tx, [subject.id])
    note_work(tx, case_id, case.platform)

"""Tasks and links of cases: whoever decides a case sees them, so its version moves with them."""

from collections.abc import Sequence
from uuid import UUID

from tidegate.content.queries import lock_item_by_id
from tidegate.infra.db import Tx
from tidegate.pipeline import entries
from tidegate.pipeline.reads import note_work
from tidegate.review.actions import touch
from tidegate.review.model import CaseRow
from tidegate.review.queries import lock_case, subject_of_case
from tidegate.review.work import actions
from tidegate.review.work.model import Link, LinkIn, Task, TaskIn, link_unknown
from tidegate.review.work.queries import links_of


def add_task(tx: Tx, case_id: UUID, given: TaskIn) -> Task:
    """Raises Refusal: 404; 410 when the item was erased, 409 when the entry is gone or there are too many; 422."""
    (case,) = _held(tx, [case_id])
    found = actions.add_task(tx, case, given)
    _moved(tx, [case])
    return found


def finish_task(tx: Tx, task_id: UUID) -> Task:
    """Raises Refusal: 404; 409 where it is done already; 410."""
    (case,) = _held(tx, [actions.case_of_task(tx, task_id)])
    found = actions.finish_task(tx, case, task_id)
    _moved(tx, [case])
    return found


def link_cases(tx: Tx, case_id: UUID, given: LinkIn) -> list[Link]:
    """Link two cases; those of the first. Raises Refusal: 404 for the first, 422 for one that is not there to be
    linked; 409; 410."""
    if given.case == case_id:
        case = other = _held(tx, [case_id])[0]
    else:
        case, other = _held(tx, [case_id, given.case])
    actions.link(tx, case, other, given)
    _moved(tx, [case, other])
    return links_of(tx, case_id)


def unlink_cases(tx: Tx, case_id: UUID, other_id: UUID) -> list[Link]:
    """Take a link away; those that are left. Raises Refusal: 404; 410."""
    if case_id == other_id:
        raise link_unknown()
    case, other = _held(tx, [case_id, other_id])
    actions.unlink(tx, case, other)
    _moved(tx, [case, other])
    return links_of(tx, case_id)


def _held(tx: Tx, case_ids: Sequence[UUID]) -> list[CaseRow]:
    """The cases, locked after their subjects, and these in one order whoever asks."""
    subjects = {id: subject_of_case(tx, id) for id in case_ids}
    for subject in sorted(set(subjects.values()), key=lambda one: (one.kind, one.id)):
        if subject.kind == "entry":
            entries.hold(tx, subject.id)
        else:
            lock_item_by_id(tx, subject.id)
    locked = {id: lock_case(tx, id) for id in sorted(subjects)}
    return [locked[id] for id in case_ids]


def _moved(tx: Tx, cases: Sequence[CaseRow]) -> None:
    touch(tx, [one.subject_id for one in cases])
    for one in cases:
        note_work(tx, one.id, one.platform)

"""What waited in a case beside its own item waits on, when that case is decided or gone: in a case of theirs."""

from uuid import UUID

from tidegate.content.queries import item_by_id
from tidegate.decisions.model import Subject
from tidegate.enforcement.actions import announce_cases
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.review import members
from tidegate.review.actions import open_case, touch
from tidegate.review.membership import cases_with_members, members_of
from tidegate.review.model import REPORT_QUEUE, SENIOR_QUEUE, CaseRow
from tidegate.review.queries import lock_case


def hand_on(tx: Tx, case: CaseRow) -> None:
    """Let those that wait in a case, which the caller has locked, wait in one about the first of them."""
    for member in members_of(tx, case.id):
        members.leave(tx, member.item_id)
        item = item_by_id(tx, member.item_id)
        if item is None or item.erased_at is not None:
            continue
        subject = Subject("item", item.id)
        opened, is_new = open_case(
            tx,
            subject=subject,
            item=item,
            revision=item.revision,
            queue=REPORT_QUEUE if case.queue == SENIOR_QUEUE else case.queue,
            origin="report",
        )
        members.hand_over(tx, case.id, opened)
        if is_new:
            announce_cases(tx, [OpenedCase(opened.id, subject, item, item.revision)])
        return


def leave_alone(tx: Tx, item_id: UUID) -> None:
    """The item, which the caller holds, needs nobody any more in the case of another."""
    if (case := members.waits_in(tx, item_id)) is not None:
        members.leave(tx, item_id)
        touch(tx, [case.subject_id])


def hand_on_erased(tx: Tx, item_id: UUID) -> None:
    """The item, which the caller holds, was erased, and its waiting case withdrawn: what waited there waits
    on."""
    for case_id in cases_with_members(tx, item_id):
        hand_on(tx, lock_case(tx, case_id))

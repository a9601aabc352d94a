"""How held decisions leave, when their time has come, and how they are undone before it.

A decision is carried out by what stands when it leaves: what came since it was made counts as if it had
come after it. Each leaves in a transaction of its own, in the name of who made it, so that a crash finds
it held or left; of several processes one lets it leave.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Literal
from uuid import UUID

import structlog

from tidegate.content.queries import lock_free_item, lock_item_by_id
from tidegate.decisions import held
from tidegate.decisions.model import Decision, Subject, still_ended
from tidegate.decisions.queries import find_decision
from tidegate.enforcement.actions import issue_many
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.slices import Home
from tidegate.intake.actions import move_reports
from tidegate.pipeline import blind, entries, second
from tidegate.pipeline.reads import note_work, read_case
from tidegate.pipeline.standing import carry_out, settle
from tidegate.pipeline.together import stop_bulk
from tidegate.review import actions as review
from tidegate.review import members
from tidegate.review.bulk import is_being_undone
from tidegate.review.drafts import drop_draft
from tidegate.review.membership import parted_with
from tidegate.review.model import LOOK, CaseDetail, CaseRow
from tidegate.review.queries import lock_case, subject_of_case
from tidegate.signals.banks.locks import lock_entry

BATCH = 100
log = structlog.get_logger(__name__)


def leave_due(home: Home) -> int:
    """Let all decisions leave that are due; returns how many did. One that fails holds up no other, and
    is tried again. For the worker."""
    with home.database.begin() as tx:
        found = held.due(tx, BATCH)
    left, failed = 0, None
    for one in found:
        try:
            with home.database.begin(one.by) as tx:
                left += leave(tx, one)
        except Exception as error:
            log.error("decision.stuck", decision=str(one.id), error=type(error).__name__)
            failed = error
    if failed is not None:
        raise failed
    return left


def leave(tx: Tx, due: held.Due) -> bool:
    """Let one leave; False where another holds its subject now, or it is not held any more."""
    if due.item_id is None:
        return _leave_other(tx, due.id)
    item = lock_free_item(tx, due.item_id)
    if item is None:
        return False
    decision = held.lock_decision(tx, due.id)
    if decision.state != "held" or is_being_undone(tx, decision.case_id, due.id):
        return False
    subject = Subject("item", item.id)
    standing, instructions = settle(tx, item)
    made = held.made_at(tx, [one.decision for one in standing])
    left = held.leave(tx, decision, subject, item.platform, still_ended(decision, standing, made))
    if left.outcome == "pass":
        held.overtake(tx, left, subject, item.platform)
    instruction = carry_out(tx, item, standing, left)
    if left.entry is not None:
        entries.leave(tx, left)
    if left.case_id is not None:
        for person in {tx.identity, left.maker or tx.identity}:  # who decided it, and who agreed
            drop_draft(tx, left.case_id, person)
    issue_many(tx, instructions if instruction is None else [*instructions, instruction])
    return True


def _leave_other(tx: Tx, decision_id: UUID) -> bool:
    """The same of an answer to a blind look, and of a decision about a bank entry, which may have been
    deleted meanwhile."""
    found = find_decision(tx, decision_id)
    if found is None or found.case_id is None:
        return False
    subject = subject_of_case(tx, found.case_id)
    if subject.kind == LOOK:
        return blind.leave(tx, decision_id, subject.id)
    lock_entry(tx, subject.id)
    case = lock_case(tx, found.case_id)
    decision = held.lock_decision(tx, decision_id)
    if decision.state != "held":
        return False
    left = held.leave(tx, decision, subject, case.platform, [])
    review.touch(tx, [subject.id])
    if left.entry is not None:
        entries.leave(tx, left)
    drop_draft(tx, case.id)
    return True


def undo(
    tx: Tx, decision_id: UUID, *, lease: timedelta, on: Literal["pages"] | None = None
) -> CaseDetail:
    """Take back a decision that is held, or one that was proposed: its maker has the case in hand again,
    for `lease`; `on` the pages, if it is undone there. Raises Refusal as `take_back` does.
    """
    if find_decision(tx, decision_id) is None:
        return read_case(tx, second.withdraw(tx, decision_id, lease=lease, on=on))
    case_id = take_back(tx, decision_id, lease=lease, on=on)
    return read_case(tx, case_id)


def take_back(
    tx: Tx,
    decision_id: UUID,
    *,
    lease: timedelta | None,
    on: Literal["pages"] | None = None,
    promised: bool = False,
) -> UUID:
    """The same; the case, which without a `lease` waits again. What was `promised` to be undone is, while it
    is held.

    Raises Refusal: 404, also of another platform; 403 for another person; 410 when the item was
    erased; 409 "already-left", "already-undone", "already-cancelled".
    """
    found = find_decision(tx, decision_id)
    if found is None or found.case_id is None:
        raise held.decision_unknown(decision_id)
    subject = _hold_subject(tx, found, found.case_id)
    case = lock_case(tx, found.case_id)
    decision = held.lock_decision(tx, decision_id)
    held.undo(tx, decision, subject, case.platform, promised=promised)
    review.take_back(tx, case, decision, lease, on=on)
    if subject.kind == LOOK:
        blind.taken_back(tx, case.id)
    second.taken_back(tx, decision_id)
    _take_back_members(tx, lock_case(tx, case.id), decision_id)
    review.touch(tx, [subject.id])
    note_work(tx, case.id, case.platform)
    return case.id


def _take_back_members(tx: Tx, case: CaseRow, decision_id: UUID) -> None:
    """What was decided together with a case waits in it again, where that waits."""
    stop_bulk(tx, decision_id)
    for one in parted_with(tx, decision_id):
        if one.decision_id is None:
            continue
        with suppress(Refusal), tx.savepoint():
            take_back(tx, one.decision_id, lease=None)
            if case.state != "decided":
                review.withdraw(tx, Subject("item", one.item_id))
                members.come_back(tx, case.id, one.item_id)
                move_reports(tx, [one.item_id], case.id)


def _hold_subject(tx: Tx, decision: Decision, case_id: UUID) -> Subject:
    subject = subject_of_case(tx, case_id)
    if subject.kind != "entry":
        lock_item_by_id(tx, subject.id)
    else:
        lock_entry(tx, subject.id)
    return subject

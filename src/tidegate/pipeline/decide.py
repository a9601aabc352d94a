"""From a decision to everything that follows: restriction, case, bank entry, action, ledger.

One path for people and rules. Locks go subject, then case: item, its case, bank entry, the entry's
case; the counters come last.
"""

from datetime import datetime, timedelta
from uuid import UUID

from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_item, lock_item_by_id
from tidegate.decisions import actions as decisions
from tidegate.decisions.disclosure import disclosure_on
from tidegate.decisions.held import overtake
from tidegate.decisions.model import (
    Decision,
    DecisionIn,
    Evaluation,
    Restriction,
    Ruling,
    Subject,
    check,
    ended_by,
    ground_of,
    restriction_of,
)
from tidegate.decisions.queries import lock_expired, quotes
from tidegate.decisions.restrictions import by_strength
from tidegate.decisions.told import may_know
from tidegate.enforcement.actions import issue_many
from tidegate.enforcement.model import Action, Instruction
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.queries import is_threat
from tidegate.pipeline import blind, entries
from tidegate.pipeline.members import hand_on, leave_alone
from tidegate.pipeline.reads import note_work, read_case
from tidegate.pipeline.second import Where, concluded, press, refuse_past
from tidegate.pipeline.standing import carry_out, settle
from tidegate.policy.model import Pack
from tidegate.review import actions as review
from tidegate.review.model import LOOK, CaseDecisionIn, CaseDetail, CaseRow, no_match
from tidegate.review.queries import lock_case, lock_waiting_case, subject_of_case

# A whole account is more than a post: that can be undone for at least so long.
ACCOUNT_UNDO = timedelta(seconds=30)


def decide_case(
    tx: Tx,
    case_id: UUID,
    decision_in: CaseDecisionIn,
    *,
    pack: Pack,
    undo: timedelta = timedelta(),
    where: Where = "api",
) -> CaseRow:
    """Decide a case, and with `entry` judge the bank entry that it is about, or whose match opened it.

    With `undo` the decision is held for so long: the case is decided, and nothing else begins before
    it leaves (`pipeline/leave.py`). What needs second eyes is proposed, and the case waits for another
    person (`pipeline/second.py`): it is not decided then. No claim is needed, but another's live claim
    forbids it. Raises Refusal: 404; 410 when the item was erased; 422 for a bad decision; 409 "case-decided" (with the
    decision that stands), "case-claimed", "case-moved" (there is a newer revision),
    "nothing-to-lift", "order-stands", "no-match", "entry-gone", "same-person".
    """
    subject = subject_of_case(tx, case_id)
    if subject.kind == LOOK:
        about = blind.answer(tx, case_id, subject.id, decision_in, pack=pack, undo=undo)
        if decision_in.outcome == "escalate":  # who calls for help is heard, whatever was decided
            _escalate(tx, subject.id, about, decision_in.reason)
        return lock_case(tx, case_id)
    if subject.kind == "entry":
        leaves_at = None if decision_in.outcome == "escalate" or not undo else tx.now + undo
        entries.decide(tx, case_id, subject.id, decision_in, pack=pack, leaves_at=leaves_at)
        return lock_case(tx, case_id)
    item = lock_item_by_id(tx, subject.id)
    case = lock_case(tx, case_id)
    review.refuse_unless_free(tx, case)
    _check_revision(case, decision_in.revision)
    assert case.revision is not None
    pressed = press(tx, item, case, decision_in, pack, where)
    if pressed.given is None:
        note_work(tx, case_id, item.platform)
        return lock_case(tx, case_id)
    given = pressed.given
    leaves_at = _leaves_at(tx, item, given, undo)
    decision, instructions = _conclude(
        tx, item, case.revision, given, pack, case, leaves_at, by=pressed.by
    )
    concluded(tx, pressed, item, decision)
    case = review.close_case(tx, case, decision, given.entry)
    hand_on(tx, case)
    if decision.entry is not None and given.entry is not None:
        if leaves_at is None:
            entries.judge(tx, decision.entry, given.entry)
        else:  # that it may be judged by this person is asked now
            entries.hold(tx, decision.entry)
    note_work(tx, case_id, item.platform)
    issue_many(tx, instructions)
    return case


def decide_item(
    tx: Tx, platform: str, external_id: str, decision_in: DecisionIn, *, pack: Pack
) -> Decision:
    """Decide an item without a case, or lift restrictions of it.

    A waiting case asks the same question and is closed by the answer, and where the item waits in the
    case of another it does so no more; an escalation leaves it waiting. Raises Refusal as `decide_case` does.
    """
    item = lock_item(tx, platform, external_id)
    case = lock_waiting_case(tx, Subject("item", item.id))
    if case is not None:
        review.refuse_unless_free(tx, case)
    refuse_past(tx, item, case, decision_in, pack)
    decision, instructions = _conclude(tx, item, item.revision, decision_in, pack, case)
    if case is not None and decision.outcome == "escalate":
        review.note(tx, case.id, "escalated", {"decision": str(decision.id)})
    elif case is not None:
        hand_on(tx, review.close_case(tx, case, decision))
    elif decision.outcome != "escalate":
        leave_alone(tx, item.id)
    if case is not None:
        note_work(tx, case.id, item.platform)
    issue_many(tx, instructions)
    return decision


def decide_by_rule(
    tx: Tx, item: ItemRow, evaluation: Evaluation, ruling: Ruling
) -> tuple[Decision, Action | None]:
    """Carry out what a live rule concluded; no action where it changes nothing, because the item is
    down already. The caller holds the item's row, and has made sure that the ruling may restrict."""
    standing, instructions = settle(tx, item)
    decision = decisions.record(
        tx,
        item=item,
        revision=evaluation.revision,
        outcome=ruling.outcome,
        reason=ruling.reason,
        decided_by=f"rule:{ruling.rule}",
        label=ruling.label,
        ground=ruling.ground,
        restriction=Restriction("item") if ruling.outcome == "restrict" else None,
        evaluation_id=evaluation.id,
    )
    instruction = carry_out(tx, item, standing, decision)
    issued = issue_many(tx, instructions if instruction is None else [*instructions, instruction])
    return decision, None if instruction is None else issued[-1]


def claim_case(tx: Tx, case_id: UUID, lease: timedelta) -> CaseDetail:
    """Claim a case, or renew the claim. Raises Refusal as `review.claim` does."""
    review.claim(tx, case_id, lease)
    return read_case(tx, case_id)


def release_case(tx: Tx, case_id: UUID, *, force: bool = False) -> CaseDetail:
    """Give a case back. Raises Refusal as `review.release` does."""
    review.release(tx, case_id, force=force)
    return read_case(tx, case_id)


def reopen_case(tx: Tx, case_id: UUID, reason: str) -> CaseDetail:
    """Put a decided case back into its queue. Raises Refusal as `review.reopen` does, and where the
    subject is gone: 410 "item-erased", 409 "entry-gone"."""
    subject = subject_of_case(tx, case_id)
    if subject.kind == "entry":
        entries.hold(tx, subject.id)
    else:
        lock_item_by_id(tx, subject.id)
    review.reopen(tx, case_id, reason)
    return read_case(tx, case_id)


def lift_expired(tx: Tx, limit: int = 200) -> int:
    """Lift the restrictions whose end has passed; returns of how many items. For the worker."""
    expired = lock_expired(tx, limit)
    issue_many(tx, [instruction for item in expired for instruction in settle(tx, item)[1]])
    return len(expired)


def _escalate(tx: Tx, item_id: UUID, case_id: UUID, reason: str) -> None:
    item = lock_item_by_id(tx, item_id)
    standing, instructions = settle(tx, item)
    decision = decisions.record(
        tx,
        item=item,
        revision=item.revision,
        outcome="escalate",
        reason=reason,
        case_id=case_id,
    )
    instruction = carry_out(tx, item, standing, decision)
    issue_many(tx, instructions if instruction is None else [*instructions, instruction])


def _leaves_at(tx: Tx, item: ItemRow, given: CaseDecisionIn, undo: timedelta) -> datetime | None:
    """Until when the decision can be undone; None: it leaves at once. What is about a life never waits."""
    if not undo or given.outcome == "escalate" or is_threat(tx, item.id):
        return None
    account = given.restriction is not None and given.restriction.scope == "account"
    return tx.now + (max(undo, ACCOUNT_UNDO) if account else undo)


def _conclude(
    tx: Tx,
    item: ItemRow,
    revision: int,
    given: DecisionIn,
    pack: Pack,
    case: CaseRow | None,
    leaves_at: datetime | None = None,
    *,
    by: str | None = None,
) -> tuple[Decision, list[Instruction]]:
    """Check and record a person's decision, the actor's or that of whom they agree with (`by`), and unless
    it is held carry it out on the item; the actions come last."""
    quoted = given.outcome == "restrict" and quotes(tx, item.id, revision)
    check(given, pack.labels, now=leaves_at or tx.now, quotes=quoted)
    judges = None
    if isinstance(given, CaseDecisionIn) and given.entry is not None:
        judges = _matched(case), given.entry
    standing, instructions = settle(tx, item)
    told = given.outcome != "lift" or may_know(disclosure_on(tx, item.id), tx.orders)
    decision = decisions.record(
        tx,
        item=item,
        revision=revision,
        outcome=given.outcome,
        reason=given.reason,
        decided_by=by,
        label=given.label,
        ground=ground_of(given, pack),
        exemption=given.exemption,
        restriction=restriction_of(given),
        case_id=None if case is None else case.id,
        lifts=by_strength(ended_by(given, standing, told=told)),
        leaves_at=leaves_at,
        judges=judges,
    )
    if leaves_at is not None:
        review.touch(tx, [item.id])
        return decision, instructions
    if decision.outcome == "pass":
        overtake(tx, decision, Subject("item", item.id), item.platform)
    instruction = carry_out(tx, item, standing, decision)
    return decision, instructions if instruction is None else [*instructions, instruction]


def _check_revision(case: CaseRow, looked_at: int | None) -> None:
    """An author who edits while a person looks must not have the edit passed unseen."""
    if looked_at is not None and looked_at != case.revision:
        raise Refusal(
            "case-moved",
            409,
            "The item has changed since it was looked at",
            f"The case is about revision {case.revision} now, the decision about {looked_at}. "
            "Look at the case again.",
            revision=case.revision,
        )


def _matched(case: CaseRow | None) -> UUID:
    """The entry whose match opened the case."""
    if case is None or case.match is None:
        raise no_match()
    return UUID(case.match["entry"])

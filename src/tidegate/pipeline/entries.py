"""A person's word on a bank entry, wherever it is said: in the case about the entry, in the case of an
item that matches it, or in its bank. It answers the entry's waiting case.

The entry is locked before its case, as an item is before its own.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from tidegate.decisions import actions as decisions
from tidegate.decisions.model import Decision, EntryVerdict, Subject, check, ground_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.pipeline.alerts import call
from tidegate.pipeline.reads import note_work
from tidegate.policy.model import Pack
from tidegate.review import actions as review
from tidegate.review.model import CaseDecisionIn
from tidegate.review.queries import lock_case, lock_waiting_case, waiting_subjects
from tidegate.signals.banks import actions as banks
from tidegate.signals.banks.locks import HeldBank, lock_entry
from tidegate.signals.banks.model import BankPatch, BankView, EntryPatch, EntryView
from tidegate.signals.banks.queries import entries_by_id, entry_unknown

STATES: dict[EntryVerdict, Literal["confirmed", "refuted"]] = {
    "confirm": "confirmed",
    "refute": "refuted",
}


def hold(tx: Tx, entry_id: UUID) -> HeldBank:
    """Lock an entry that a case is about; its bank. Raises Refusal: 409 when it is gone, 403 when it is
    everybody's and who asks is bound to a platform."""
    bank = lock_entry(tx, entry_id)
    if bank is None:
        raise Refusal(
            "entry-gone",
            409,
            "The entry was deleted from its bank",
            "There is nothing left to confirm or refute. Decide without `entry`.",
        )
    return bank


def judge(tx: Tx, entry_id: UUID, verdict: EntryVerdict) -> EntryView:
    """Confirm or refute the entry that an item matched. Raises Refusal as `hold` does."""
    bank = hold(tx, entry_id)
    _answer(tx, entry_id, verdict, "in the case of an item that matches it")
    return banks.judge_entry(tx, bank.name, entry_id, STATES[verdict])


def judge_in_bank(tx: Tx, bank: str, entry_id: UUID, verdict: EntryVerdict) -> EntryView:
    """The same in the entry's bank. Raises Refusal (404)."""
    _hold_in(tx, bank, entry_id)
    review.touch(tx, [entry_id])
    _answer(tx, entry_id, verdict, "in its bank")
    return banks.judge_entry(tx, bank, entry_id, STATES[verdict])


def _answer(tx: Tx, entry_id: UUID, verdict: EntryVerdict, where: str) -> None:
    """The entry's waiting case, claimed or not, is decided by whoever judges the entry elsewhere."""
    subject = Subject("entry", entry_id)
    case = lock_waiting_case(tx, subject)
    if case is None:
        return
    decision = decisions.record(
        tx,
        item=None,
        revision=None,
        subject=subject,
        platform=case.platform,
        outcome="pass",
        reason=f"The entry was {STATES[verdict]} {where}.",
        case_id=case.id,
    )
    review.close_case(tx, case, decision, verdict)


def decide(
    tx: Tx,
    case_id: UUID,
    entry_id: UUID,
    given: CaseDecisionIn,
    *,
    pack: Pack,
    leaves_at: datetime | None = None,
) -> None:
    """Decide a case about an entry, by confirming or refuting it, once the decision leaves; nothing
    happens to an item. Where the entry was deleted meanwhile there is nothing to judge. Raises Refusal
    as `decide_case` does.
    """
    bank = lock_entry(tx, entry_id)
    case = lock_case(tx, case_id)
    review.refuse_unless_free(tx, case)
    _check(given, gone=bank is None)
    check(given, pack.labels, now=tx.now)
    if bank is None and given.entry is not None:
        hold(tx, entry_id)
    decision = decisions.record(
        tx,
        item=None,
        revision=None,
        subject=case.subject,
        platform=case.platform,
        outcome=given.outcome,
        reason=given.reason,
        label=given.label,
        ground=ground_of(given, pack),
        exemption=given.exemption,
        case_id=case.id,
        leaves_at=leaves_at,
        judges=None if given.entry is None else (entry_id, given.entry),
    )
    review.close_case(tx, case, decision, given.entry)
    if decision.outcome == "escalate":
        call(tx, "escalation", item_id=None, case_id=case.id, platform=case.platform)
    note_work(tx, case.id, case.platform)
    if bank is not None and given.entry is not None and leaves_at is None:
        banks.judge_entry(tx, bank.name, entry_id, STATES[given.entry])


def leave(tx: Tx, decision: Decision) -> None:
    """What a decision that was held says of an entry, now that it leaves: nothing more where somebody
    judged the entry meanwhile, or it is gone. The caller holds what the decision is about."""
    assert decision.entry is not None
    assert decision.entry_verdict is not None
    if (bank := lock_entry(tx, decision.entry)) is None:
        return
    (entry,) = entries_by_id(tx, [decision.entry]).values()
    if entry.judged_at is not None and entry.judged_at > decision.created_at:
        return
    if decision.item_id is None:  # its own case, decided by this
        banks.judge_entry(tx, bank.name, decision.entry, STATES[decision.entry_verdict])
    else:
        judge(tx, decision.entry, decision.entry_verdict)


def _check(given: CaseDecisionIn, *, gone: bool) -> None:
    """What a decision about an entry may be. Raises Refusal (422)."""
    if given.outcome not in ("pass", "escalate"):
        expected = "pass or escalate: the case is about a bank entry, and no item can be acted upon"
        raise bad_field("/outcome", expected, given.outcome)
    if given.entry is None and not gone:
        raise bad_field("/entry", "confirm or refute: that is what the case asks", "nothing")
    if given.revision is not None:
        raise bad_field("/revision", "nothing: an entry has no revisions", str(given.revision))


def change(tx: Tx, bank: str, entry_id: UUID, patch: EntryPatch) -> EntryView:
    """Change an entry; a case about it shows that. Raises Refusal (404)."""
    _hold_in(tx, bank, entry_id)
    review.touch(tx, [entry_id])
    return banks.change_entry(tx, bank, entry_id, patch)


def delete(tx: Tx, bank: str, entry_id: UUID) -> None:
    """Take an entry out of use for good, and the question about it. Raises Refusal (404)."""
    _hold_in(tx, bank, entry_id)
    review.withdraw(tx, Subject("entry", entry_id))
    banks.delete_entry(tx, bank, entry_id)


def change_bank(tx: Tx, name: str, patch: BankPatch) -> BankView:
    """Change a bank; cases about its entries show what these have from it. Raises Refusal: 404, 422."""
    review.touch(tx, _asked_about(tx, name))
    return banks.change_bank(tx, name, patch)


def delete_bank(tx: Tx, name: str) -> None:
    """Take a bank out of use for good; cases about its entries show that they are gone. Raises Refusal
    (404)."""
    review.touch(tx, _asked_about(tx, name))
    banks.delete_bank(tx, name)


def _asked_about(tx: Tx, bank: str) -> list[UUID]:
    """The entries of a bank about which a case waits. Their cases are locked before the bank, as by
    who decides one of them."""
    waiting = waiting_subjects(tx, "entry")
    return [UUID(id) for id, entry in entries_by_id(tx, waiting).items() if entry.bank == bank]


def _hold_in(tx: Tx, bank: str, entry_id: UUID) -> None:
    held = lock_entry(tx, entry_id)
    if held is None or held.name != bank:
        raise entry_unknown(entry_id)

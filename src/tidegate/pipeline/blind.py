"""Blind looks: something that was decided is shown to another person as any case, without what the first
one decided. What they say changes nothing that has left; where the two do not agree a senior settles it,
and where the first one was wrong the case is opened again. A person who calls for help is heard, though.
"""

from datetime import timedelta
from uuid import UUID

from tidegate.content.kept import kept_revisions
from tidegate.content.queries import lock_free_item, lock_item_by_id
from tidegate.decisions import actions as decisions
from tidegate.decisions import held, looks
from tidegate.decisions.model import Decision, Subject, check, ground_of
from tidegate.decisions.queries import find_decision, quotes
from tidegate.decisions.restrictions import nothing_to_lift
from tidegate.decisions.second import MANY_VIEWS, Answer, Choice, Look
from tidegate.infra.db import Tx
from tidegate.infra.digests import keyed
from tidegate.pipeline.reads import note_work
from tidegate.pipeline.second import another, refuse_to_settle
from tidegate.policy.model import Pack
from tidegate.review import actions as review
from tidegate.review import again
from tidegate.review.drafts import drop_draft
from tidegate.review.model import LOOK, CaseDecisionIn, CaseRow, no_match
from tidegate.review.quality import Drawable, decided_since, parts_of
from tidegate.review.queries import lock_case

WITHIN = timedelta(days=3)
PAGE = 50


def answer(
    tx: Tx, case_id: UUID, item_id: UUID, given: CaseDecisionIn, *, pack: Pack, undo: timedelta
) -> UUID:
    """Answer a blind look, or settle one that two do not agree on; the case that was decided. Raises Refusal
    as `decide_case`."""
    item = lock_item_by_id(tx, item_id)
    case = lock_case(tx, case_id)
    review.refuse_unless_free(tx, case)
    look = looks.shown_look(tx, case_id, lock=True)
    if look.state == "disputed":
        refuse_to_settle(tx, case, look)
    if given.outcome == "lift":  # what stands is not told here
        raise nothing_to_lift()
    if given.entry is not None and case.match is None:
        raise no_match()
    quoted = given.outcome == "restrict" and quotes(tx, item.id, look.revision)
    check(given, pack.labels, now=tx.now, quotes=quoted)
    waits = bool(undo) and given.outcome != "escalate"
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
        leaves_at=tx.now + undo if waits else None,
    )
    case = review.close_case(tx, case, decision)
    if look.state == "open":
        look = looks.change(tx, look, state="answered")
    note_work(tx, case.id, case.platform)
    if not waits:
        _settle(tx, look, case, decision)
    return look.case_id


def leave(tx: Tx, decision_id: UUID, item_id: UUID) -> bool:
    """Let an answer count that can be undone no more; False where it is not held, or the item is."""
    if lock_free_item(tx, item_id) is None:
        return False
    found = find_decision(tx, decision_id)
    assert found is not None
    assert found.case_id is not None
    case = lock_case(tx, found.case_id)
    decision = held.lock_decision(tx, decision_id)
    if decision.state != "held":
        return False
    left = held.leave(tx, decision, case.subject, case.platform, [])
    drop_draft(tx, case.id)
    _settle(tx, looks.shown_look(tx, case.id, lock=True), case, left)
    return True


def taken_back(tx: Tx, case_id: UUID) -> None:
    """The answer was undone: it may be given anew."""
    look = looks.shown_look(tx, case_id, lock=True)
    if look.state == "answered":
        looks.change(tx, look, state="open")


def _settle(tx: Tx, look: Look, case: CaseRow, decision: Decision) -> None:
    """Compare what was answered with what the first one had decided."""
    if look.ended_at is not None or not look.answers:
        return
    given, same = _answer(look, decision), _word(decision) == look.choices[0]
    if look.state == "disputed":
        settled = looks.answer(tx, look, given, "adjudicated", ended_at=tx.now)
        looks.tell(tx, "look.adjudicated", settled, case.platform, answer=given, upheld=same)
        if not same:
            _reopen(tx, settled, decision)
    elif look.kind == "gold":
        state = "agreed" if same else "wrong"
        ended = looks.answer(tx, look, given, state, ended_at=tx.now)
        looks.tell(tx, "look.answered", ended, case.platform, agrees=same)
    elif same:
        ended = looks.answer(tx, look, given, "agreed", ended_at=tx.now)
        looks.tell(tx, "look.answered", ended, case.platform, agrees=True)
    else:
        third = another(tx, case, "cases:senior", {*look.people, tx.identity})
        ended_at = None if third else tx.now
        open_ = looks.answer(tx, look, given, "disputed", ended_at=ended_at)
        looks.tell(tx, "look.answered", open_, case.platform, agrees=False)
        if third:
            again.to_senior(tx, case)


def _reopen(tx: Tx, look: Look, decision: Decision) -> None:
    """A senior found the first decision wrong: it stands until somebody decides anew."""
    case = lock_case(tx, look.case_id)
    if case.state == "decided" and case.decision_id == look.decision_id:
        review.reopen(tx, look.case_id, decision.reason)


def _answer(look: Look, decision: Decision) -> Answer:
    choice = Choice(
        outcome=decision.outcome,
        label=decision.label if decision.outcome == "restrict" else None,
        exemption=decision.exemption,
        ground=decision.ground,
    )
    return Answer(
        by=decision.decided_by,
        at=decision.created_at,
        choice=choice,
        reason=decision.reason,
        given={},
        revision=look.revision,
        opened=look.state == "disputed",
    )


def _word(decision: Decision) -> str:
    label = decision.label if decision.outcome == "restrict" else None
    return Choice(outcome=decision.outcome, label=label).word


def withdraw(tx: Tx, item_id: UUID) -> None:
    """Show an item no more without what was decided on it: something has come that must be seen whole. The
    caller holds the item."""
    for look in looks.blind_looks(tx, item_id):
        looks.end(tx, look, "withdrawn")
        review.withdraw(tx, Subject(LOOK, item_id))


# --- Asking, for the worker ---


def ask_again(tx: Tx, key: bytes, *, double_rate: float, gold_rate: float) -> int:
    """Show to others what the draw says of what was decided, and what could not wait for second eyes;
    returns how much. What nobody answered in a week is not asked any more."""
    for stale in looks.stale(tx, tx.now - looks.KEPT, PAGE):
        if lock_free_item(tx, stale.item_id) is not None:
            looks.end(tx, stale, "withdrawn")
            review.withdraw(tx, Subject(LOOK, stale.item_id))
    asked = sum(_show(tx, look) for look in looks.drawn(tx, PAGE))
    both = min(1.0, double_rate + gold_rate)
    if both == 0:
        return asked
    found = decided_since(tx, tx.now - WITHIN)
    places = {one.decision: draw(key, one.case) for one in found}
    wanted = [one for one in found if places[one.decision] < both]
    known = looks.looked_at(tx, [one.decision for one in wanted])
    for one in [one for one in wanted if one.decision not in known][:PAGE]:
        look = _double(tx, one) if places[one.decision] < double_rate else _gold(tx, one)
        asked += look is not None and _show(tx, look)
    return asked


def draw(key: bytes, case_id: UUID) -> float:
    """A case's place between 0 and 1, which nobody can tell who has not the key."""
    return int.from_bytes(keyed(key, "double", case_id.bytes)[:8]) / 2**64


def _double(tx: Tx, found: Drawable) -> Look | None:
    decision = find_decision(tx, found.decision)
    if decision is None or decision.state != "left" or decision.outcome not in ("pass", "restrict"):
        return None
    if not decision.decided_by.startswith("user:") or decision.item_id is None:
        return None
    assert decision.revision is not None
    choice = Choice(outcome=decision.outcome, label=decision.label, ground=decision.ground)
    first = Answer(
        by=decision.decided_by,
        at=decision.created_at,
        choice=choice,
        reason=decision.reason,
        given={},
        revision=decision.revision,
    )
    return looks.ask(
        tx,
        "double",
        "drawn",
        case_id=found.case,
        item_id=decision.item_id,
        revision=decision.revision,
        answers=[first],
        people=[decision.decided_by],
        not_for=parts_of(tx, found.case),
        label=found.label,
        language=found.language,
        decision_id=decision.id,
    )


def _gold(tx: Tx, found: Drawable) -> Look | None:
    """A case that a senior had settled, shown once more; which, says who has been shown it least."""
    for one in looks.gold_standard(tx, MANY_VIEWS):
        kept = kept_revisions(tx, [(one.item_id, one.revision)])
        if one.case_id == found.case or not kept:
            continue
        return looks.ask(
            tx,
            "gold",
            "drawn",
            case_id=one.case_id,
            item_id=one.item_id,
            revision=one.revision,
            gold_of=one.id,
            answers=[one.answers[-1]],
            people=[one.people[-1]],
            not_for=[*one.not_for, *looks.viewers(tx, one.id), *parts_of(tx, one.case_id)],
            label=one.label,
            language=one.language,
            decision_id=found.decision,
        )
    return None


def _show(tx: Tx, look: Look) -> bool:
    """Make the case as which it is shown; False where nobody is left to see it, or the item is being shown
    already."""
    if lock_free_item(tx, look.item_id) is None:
        return False
    case = lock_case(tx, look.case_id)
    shown = None
    if another(tx, case, "cases:decide", set(look.not_for)):
        shown = again.show_again(tx, case, look.revision)
    if shown is None:
        looks.end(tx, look, "withdrawn")
        return False
    looks.change(tx, look, state="open", shown_as=shown)
    return True

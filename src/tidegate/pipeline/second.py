"""Second eyes: what waits for another person before it is decided.

What one person pressed is proposed: the case goes on waiting, for others, and nothing leaves. Another
agrees, and it is decided, or decides otherwise, and a senior settles it. So nothing but these rows exists
of a proposal: an edit or an order counts as if it came after it, an erasure leaves nothing of it, and
whoever decides the case past it (by the API, say) has decided it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from tidegate.access.model import ADMIN, User
from tidegate.access.queries import list_users
from tidegate.content.kept import kept_revisions
from tidegate.content.model import ItemRow
from tidegate.content.queries import item_by_id, lock_item_by_id
from tidegate.decisions import looks
from tidegate.decisions.held import decision_unknown
from tidegate.decisions.model import Decision, DecisionIn, check, ground_of
from tidegate.decisions.queries import decisions_of, quotes
from tidegate.decisions.second import (
    Answer,
    Choice,
    Look,
    choice_of,
    needs_second,
    says_news,
    step,
)
from tidegate.infra.acting import SYSTEM, Sight
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.intake.queries import is_threat
from tidegate.pipeline.reads import note_work
from tidegate.policy.model import Ground, Pack
from tidegate.review import actions as review
from tidegate.review import again
from tidegate.review.again import standing_of
from tidegate.review.drafts import drop_draft
from tidegate.review.model import SENIOR_QUEUE, CaseDecisionIn, CaseRow, ShownCase
from tidegate.review.queries import lock_case
from tidegate.review.sight import sees_case
from tidegate.review.slice import REVIEW

# Where a decision is made: on a case's page, in bulk, or by the API.
Where = Literal["pages", "bulk", "api"]


class Pressed(NamedTuple):
    """What is to be decided, None: nothing yet, it waits for another; by whom, None: by the actor; and the
    look of second eyes that it comes of or asks for."""

    given: CaseDecisionIn | None
    by: str | None = None
    look: Look | None = None
    after: Answer | None = None


def press(
    tx: Tx, item: ItemRow, case: CaseRow, given: CaseDecisionIn, pack: Pack, where: Where
) -> Pressed:
    """What somebody decided in a case, which they may: decided, proposed, agreed to, or otherwise than
    another had proposed. The caller holds both rows. Raises Refusal: 422; in bulk 409 "second-eyes"."""
    if given.outcome == "escalate" or (where == "api" and not pack.second_eyes.api):
        return Pressed(given)
    look = looks.second_look(tx, case.id, lock=True)
    assert case.revision is not None
    choice = choice_of(given, ground_of(given, pack), given.entry)
    if look is None and not needs_second(
        pack.second_eyes, choice, news=_is_news(tx, item, case.revision, pack)
    ):
        return Pressed(given)
    if where != "api" and look is None and not another(tx, case, "cases:decide", {tx.identity}):
        return Pressed(given)
    if where == "bulk":
        raise second_eyes()
    quoted = given.outcome == "restrict" and quotes(tx, item.id, case.revision)
    check(given, pack.labels, now=tx.now, quotes=quoted)
    answer = _answer(tx, given, choice, case.revision, look)
    if _waits_for_nobody(tx, item, case) and not _agrees(look, answer):
        looks.overtake(tx, case.id)
        return Pressed(given, after=answer)
    if look is not None:
        return _go_on(tx, case, look, given, answer)
    _propose(tx, item, case, answer)
    return Pressed(None)


def refuse_past(tx: Tx, item: ItemRow, case: CaseRow | None, given: DecisionIn, pack: Pack) -> None:
    """Raises Refusal (409) for a key's decision on an item that needs second eyes, of packs that ask keys for
    them too: it is proposed in a case."""
    if not pack.second_eyes.api or given.outcome == "escalate":
        return
    choice = choice_of(given, ground_of(given, pack))
    news = _is_news(tx, item, item.revision, pack)
    proposed = case is not None and looks.second_look(tx, case.id) is not None
    if not proposed and not needs_second(pack.second_eyes, choice, news=news):
        return
    if case is None or not _waits_for_nobody(tx, item, case):
        raise second_eyes()


def _waits_for_nobody(tx: Tx, item: ItemRow, case: CaseRow) -> bool:
    """Whether it is about a life: what is decided leaves, and is looked at after. (The hour of a legal order is
    none of a case's, which does not execute it.)"""
    return is_threat(tx, item.id) or standing_of(tx, case.id).band == 0


def _agrees(look: Look | None, answer: Answer) -> bool:
    proposed = look is not None and look.state == "proposed"
    return proposed and look is not None and answer.choice == look.answers[0].choice


def _propose(tx: Tx, item: ItemRow, case: CaseRow, answer: Answer) -> None:
    stands = standing_of(tx, case.id)
    look = looks.ask(
        tx,
        "second",
        "proposed",
        case_id=case.id,
        item_id=item.id,
        revision=answer.revision,
        answers=[answer],
        people=[tx.identity],
        label=answer.choice.label,
        language=stands.language,
    )
    assert look is not None
    looks.tell(tx, "decision.proposed", look, item.platform, answer=answer)
    again.wait_for_another(tx, case, "proposed")


def _go_on(tx: Tx, case: CaseRow, look: Look, given: CaseDecisionIn, answer: Answer) -> Pressed:
    """Another's answer to what was proposed, or a senior's to what two do not agree on."""
    first = look.answers[0]
    does = step(look.state, answer.choice == first.choice)
    if does == "agree":
        agreed = looks.answer(tx, look, answer, "agreed", ended_at=tx.now)
        looks.tell(tx, "decision.agreed", agreed, case.platform, answer=answer)
        return Pressed(_once_more(first, given), first.by, agreed)
    if does == "adjudicate":
        refuse_to_settle(tx, case, look)
    if does == "dispute" and _settles(tx, case, {*look.people, tx.identity}) is not None:
        disputed = looks.answer(tx, look, answer, "disputed")
        looks.tell(tx, "decision.disputed", disputed, case.platform, answer=answer)
        again.wait_for_another(tx, case, "disputed", queue=SENIOR_QUEUE)
        drop_draft(tx, case.id, look.people[0])  # it can be taken back no more
        return Pressed(None)
    settled = looks.answer(tx, look, answer, "adjudicated", ended_at=tx.now)
    looks.tell(tx, "decision.adjudicated", settled, case.platform, answer=answer)
    return Pressed(given, None, settled)


def _settles(tx: Tx, case: CaseRow | ShownCase, two: set[str]) -> str | None:
    """What somebody who had no part in it must be allowed to, to settle what two do not agree on: seniors
    do, and where there is none, whoever decides cases. None: the actor, who is a senior, does, or there is nobody
    else: it would wait for ever."""
    if another(tx, case, "cases:senior", two):
        return "cases:senior"
    waits = not _is_senior(tx) and another(tx, case, "cases:decide", two)
    return "cases:decide" if waits else None


def refuse_to_settle(tx: Tx, case: CaseRow, look: Look) -> None:
    """Raises Refusal (403) for who may not settle what two do not agree on, while somebody else may."""
    if waits_for_seniors(tx, case, look):
        raise Refusal(
            "for-seniors",
            403,
            "A senior settles it",
            "Two people do not agree. Nothing was changed: somebody with the role senior decides it.",
        )


def waits_for_seniors(tx: Tx, case: CaseRow | ShownCase, look: Look | None) -> bool:
    """Whether two do not agree in a case, and the actor is none of those who may settle it."""
    if look is None or look.state != "disputed" or _is_senior(tx):
        return False
    return _settles(tx, case, set(look.people)) == "cases:senior"


def _is_senior(tx: Tx) -> bool:
    return any(
        f"user:{one.email}" == tx.identity and _has(one, "cases:senior") for one in list_users(tx)
    )


def concluded(tx: Tx, pressed: Pressed, item: ItemRow, decision: Decision) -> None:
    """The decision that came of it. What could not wait is looked at after."""
    if pressed.look is not None:
        looks.change(tx, pressed.look, decision_id=decision.id)
    if pressed.after is None or decision.case_id is None:
        return
    stands = standing_of(tx, decision.case_id)
    looks.ask(
        tx,
        "after",
        "drawn",
        case_id=decision.case_id,
        item_id=item.id,
        revision=pressed.after.revision,
        answers=[pressed.after],
        people=[tx.identity],
        label=pressed.after.choice.label,
        language=stands.language,
        decision_id=decision.id,
    )


def waits_for_another(tx: Tx, case: CaseRow, given: Mapping[str, Any], pack: Pack) -> bool:
    """Whether another person is to look at this case before such a decision, as far as that is chosen, or
    has been asked to; then it is not decided with others."""
    if looks.second_look(tx, case.id) is not None:
        return True
    if given.get("outcome") != "restrict" or case.item_id is None or case.revision is None:
        return False
    item = item_by_id(tx, case.item_id)
    found: Mapping[str, Any] = given.get("restriction") or {}
    named = given.get("ground")
    label = given.get("label")
    choice = Choice(
        outcome="restrict",
        label=label,
        ground=convert(named, Ground) if named else pack.ground_for(label),
        scope=found.get("scope", "item"),
    )
    return (
        item is not None
        and needs_second(pack.second_eyes, choice, news=_is_news(tx, item, case.revision, pack))
        and another(tx, case, "cases:decide", {tx.identity})
    )


def agreeing(
    tx: Tx, case_id: UUID, undo_seconds: float, revision: int | None = None
) -> CaseDecisionIn:
    """What was proposed in a case, for who agrees to it with this revision before them. Raises Refusal: 409
    "nothing-proposed", "same-person", and "unread" for who has not opened it."""
    look = looks.second_look(tx, case_id)
    if look is None or look.state != "proposed":
        raise nothing_proposed()
    if tx.identity in look.not_for:
        raise looks.same_person()
    if tx.identity not in look.opened_by:
        raise Refusal(
            "unread",
            409,
            "Open what was proposed first",
            "Nothing was changed. Nobody agrees to what they have not read.",
        )
    given = _given(look.answers[0])
    return msgspec.structs.replace(given, revision=revision, undo_seconds=undo_seconds)


def open_choice(tx: Tx, case_id: UUID) -> None:
    """The actor, who has the content before them, opens what was concluded; it is in the history that they
    did. Raises Refusal: 404; 403 for who may not settle it; 409 "nothing-proposed"."""
    case = lock_case(tx, case_id)
    look = looks.second_look(tx, case_id, lock=True)
    if look is None and case.subject_kind == "look":
        found = looks.shown_look(tx, case_id, lock=True)
        look = found if found.state == "disputed" else None
    if look is None:
        raise nothing_proposed()
    refuse_to_settle(tx, case, look)
    if looks.open_for(tx, look):
        review.note(tx, case_id, "second-opened", {})


def withdraw(tx: Tx, look_id: UUID, *, lease: timedelta, on: Literal["pages"] | None) -> UUID:
    """Take back what one has proposed, while nobody has answered: the case is in hand again, for `lease`,
    unless somebody holds it. Its case. Raises Refusal: 404; 403 for another's; 409 "already-left"."""
    found = looks.find_look(tx, look_id)
    if found is None or found.kind != "second":
        raise decision_unknown(look_id)
    lock_item_by_id(tx, found.item_id)
    case = lock_case(tx, found.case_id)
    look = looks.find_look(tx, look_id, lock=True)
    assert look is not None
    if look.people[0] != tx.identity:
        raise Refusal(
            "not-yours", 403, "Somebody else proposed it", "Only who proposed it takes it back."
        )
    if look.state == "withdrawn":
        raise Refusal(
            "already-undone", 409, "It is taken back already", "There is nothing left to undo."
        )
    if look.state != "proposed":
        raise Refusal(
            "already-left",
            409,
            "Another person has answered it",
            "What was proposed can no longer be taken back.",
        )
    look = looks.end(tx, look, "withdrawn")
    looks.tell(tx, "decision.undone", look, case.platform)
    again.take_proposal_back(tx, case, lease, on=on)
    note_work(tx, case.id, case.platform)
    return case.id


def taken_back(tx: Tx, decision_id: UUID) -> None:
    """The decision that came of a look was undone: it waits for that answer again."""
    look = looks.look_of_decision(tx, decision_id)
    if look is None or look.state not in ("agreed", "adjudicated"):
        return
    if looks.second_look(tx, look.case_id) is None:
        state = "proposed" if len(look.answers) == 2 else "disputed"
        looks.take_answer_back(tx, looks.change(tx, look, decision_id=None), state)


def another(tx: Tx, case: CaseRow | ShownCase, scope: str, but: set[str]) -> bool:
    """Whether anybody but these may do that with a case: active people with the right, who see it."""
    stands = standing_of(tx, case.id)
    queue = SENIOR_QUEUE if scope == "cases:senior" else case.queue
    return any(
        f"user:{one.email}" not in but
        and one.disabled_at is None
        and _has(one, scope)
        and (one.platforms is None or case.platform is None or case.platform in one.platforms)
        and sees_case(_sight(one), queue, stands.language)
        for one in list_users(tx)
    )


def _has(user: User, scope: str) -> bool:
    """Whether a role of people may that; what `review` says of its scopes is all there is to it."""
    (roles,) = (one.roles for one in REVIEW.scopes if one.name == scope)
    return user.role == ADMIN or user.role in roles


def _sight(user: User) -> Sight:
    queues = None if user.queues is None else frozenset(user.queues)
    languages = None if user.languages is None else frozenset(user.languages)
    return Sight(queues=queues, languages=languages)


def _is_news(tx: Tx, item: ItemRow, revision: int, pack: Pack) -> bool:
    """Whether the platform says that it is news, or somebody had answered so, and was not taken back."""
    whole = tx.on_behalf(SYSTEM, tx.request_id)  # also of what is closed to who decides
    kept = kept_revisions(whole, [(item.id, revision)]).get((item.id, revision))
    attributes = kept.content.attributes if kept is not None and kept.content else {}
    return says_news(attributes, pack.second_eyes.news_attribute) or any(
        one.exemption == "news" and one.state in ("held", "left")
        for one in decisions_of(tx, item.id)
    )


def _answer(
    tx: Tx, given: CaseDecisionIn, choice: Choice, revision: int, look: Look | None
) -> Answer:
    return Answer(
        by=tx.actor,
        at=tx.now,
        choice=choice,
        reason=given.reason,
        given=msgspec.to_builtins(given),
        revision=revision,
        opened=look is not None and tx.identity in look.opened_by,
    )


def _given(answer: Answer) -> CaseDecisionIn:
    return convert(answer.given, CaseDecisionIn)


def _once_more(first: Answer, given: CaseDecisionIn) -> CaseDecisionIn:
    """The first one's decision, with the words that they gave for it, to be undone for as long as the
    second one's would be."""
    return msgspec.structs.replace(_given(first), revision=None, undo_seconds=given.undo_seconds)


def second_eyes() -> Refusal:
    return Refusal(
        "second-eyes",
        409,
        "It needs second eyes",
        "Another person looks at it before it leaves, so it is decided case by case.",
    )


def nothing_proposed() -> Refusal:
    return Refusal(
        "nothing-proposed",
        409,
        "Nothing is proposed in this case",
        "It was taken back, answered, or decided meanwhile. Nothing was changed.",
    )

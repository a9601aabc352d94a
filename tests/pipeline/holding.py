"""Held decisions on one item, beside a plain list that says what must stand: what was undone never, what
left from then on, and each ends what had been decided before it."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tidegate.content.queries import find_item, get_item, lock_item
from tidegate.decisions.model import Decision, DecisionIn, Restriction, Ruling, Subject
from tidegate.decisions.queries import decisions_of, evaluations_of, standing_on
from tidegate.decisions.restrictions import effective
from tidegate.enforcement.actions import issue_many
from tidegate.enforcement.queries import actions_of_item
from tidegate.infra.acting import Acting
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.decide import decide_by_rule, decide_case, decide_item, reopen_case
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.leave import leave_due, undo
from tidegate.pipeline.standing import end_of_order, impose
from tidegate.review.actions import open_case
from tidegate.review.model import CaseDecisionIn
from tidegate.review.queries import lock_waiting_case

PEOPLE = ("user:anna@x.org", "user:bert@x.org")
LEASE = timedelta(minutes=30)
RULING = Ruling("tvec/known", "restrict", "it is known", "propaganda")
Outcome = Literal["restrict", "pass", "lift"]


def asked(outcome: Outcome, scope: Any = "item") -> CaseDecisionIn:
    label, restriction = (
        ("propaganda", Restriction(scope)) if outcome == "restrict" else (None,) * 2
    )
    return CaseDecisionIn(outcome=outcome, reason="x", label=label, restriction=restriction)


class Desk:
    """An item, and what people and others do about it."""

    def __init__(self, instance: Instance, clock: FakeClock, name: str, submit: Any) -> None:
        self.instance, self.clock, self.name, self.submit = instance, clock, name, submit
        submit(name)

    def _in_tx(self, work: Any, actor: Acting | str = PEOPLE[0]) -> Any:
        self.clock.advance(0.001)  # so that one of two is the earlier
        with self.instance.database.begin(actor) as tx:
            return work(tx)

    def decide(self, person: Acting | str, given: CaseDecisionIn, seconds: float) -> Decision:
        """By the item's case, which is opened, or opened again, for it."""

        def work(tx: Tx) -> Decision:
            item = lock_item(tx, "forum", self.name)
            subject = Subject("item", item.id)
            case = lock_waiting_case(tx, subject)
            if case is None:
                case, _ = open_case(
                    tx,
                    subject=subject,
                    item=item,
                    revision=item.revision,
                    queue="reports",
                    origin="report",
                )
            wait = timedelta(seconds=seconds)
            pack = self.instance.pack(tx)
            decided = decide_case(tx, case.id, given, pack=pack, undo=wait)
            (made,) = [one for one in decisions_of(tx, item.id) if one.id == decided.decision_id]
            return made

        return self._in_tx(work, person)

    def decide_directly(self, given: DecisionIn) -> Decision:
        pack = self._in_tx(self.instance.pack)
        return self._in_tx(lambda tx: decide_item(tx, "forum", self.name, given, pack=pack))

    def undo(self, person: Acting | str, decision: UUID) -> Any:
        return self._in_tx(lambda tx: undo(tx, decision, lease=LEASE), person)

    def reopen(self, case: UUID) -> None:
        self._in_tx(lambda tx: reopen_case(tx, case, "look again"), PEOPLE[1])

    def leave(self) -> int:
        return leave_due(self.instance)

    def restrict_by_rule(self) -> Decision:
        def work(tx: Tx) -> Decision:
            item = lock_item(tx, "forum", self.name)
            return decide_by_rule(tx, item, evaluations_of(tx, item.id)[-1], RULING)[0]

        return self._in_tx(work, "key:forum")

    def impose(self, order: UUID) -> Decision:
        def work(tx: Tx) -> Decision:
            item = lock_item(tx, "forum", self.name)
            (made,), told = impose(
                tx, [item], order=order, restriction=Restriction("item"), reason="an order"
            )
            issue_many(tx, told)
            return made

        return self._in_tx(work)

    def end_of_order(self, order: UUID) -> None:
        def work(tx: Tx) -> None:
            item = lock_item(tx, "forum", self.name)
            issue_many(tx, end_of_order(tx, [item], order=order, reason="void"))

        self._in_tx(work)

    def edit(self) -> None:
        self.submit(self.name, f"hello {uuid4()}")

    def erase(self) -> None:
        self._in_tx(lambda tx: erase_item(tx, "forum", self.name))

    def _id(self, tx: Tx) -> UUID:
        item = find_item(tx, "forum", self.name)
        assert item is not None
        return item.id

    def decisions(self) -> list[Decision]:
        return self._in_tx(lambda tx: decisions_of(tx, self._id(tx)))

    def standing(self) -> set[UUID]:
        return self._in_tx(lambda tx: {one.decision for one in standing_on(tx, self._id(tx))})

    def agrees(self) -> bool:
        """Whether what the platform was told last is what stands."""

        def work(tx: Tx) -> bool:
            now = effective(standing_on(tx, self._id(tx)))
            told = [one.effective for one in actions_of_item(tx, self._id(tx))]
            return (told[-1] if told else effective([])) == now

        return self._in_tx(work)

    def restricted_by(self) -> UUID | None:
        return self._in_tx(lambda tx: get_item(tx, "forum", self.name)).restricted_by


class Made:
    """A decision, as somebody with a notebook would write it down."""

    def __init__(self, id: UUID, outcome: str, made: datetime, order: UUID | None = None) -> None:
        self.id, self.outcome, self.made, self.order = id, outcome, made, order
        self.leaves: datetime = made
        self.left = False
        self.undone = False
        self.by = ""
        self.named: set[UUID] = set()  # of a lift: by whose decision that stood what it ends
        self.ended = False  # of an order's: by its own end


class Trying:
    """The desk, whose refusals are answers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.desk, name)

        def tried(*given: Any) -> Any:
            try:
                return verb(*given)
            except Refusal as refusal:
                return refusal

        return tried if callable(verb) else verb


class Holding(RuleBasedStateMachine):
    """Decisions that are held, left, undone; orders, rules, edits and erasure in between."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = Trying(desk)
        self.all: list[Made] = []
        self.erased = False

    # --- What must be so, slowly ---

    def _overtaken(self, one: Made) -> bool:
        return any(
            (other.outcome == "pass" and one.made < other.made) or one.id in other.named
            for other in self.all
            if other.left
        )

    def _stands(self) -> set[UUID]:
        return {
            one.id
            for one in self.all
            if one.outcome == "restrict"
            and one.left
            and not one.ended
            and (one.order is not None or not self._overtaken(one))
        }

    def _note(self, decision: Decision, by: str = "", order: UUID | None = None) -> Made:
        made = Made(decision.id, decision.outcome, decision.created_at, order)
        made.by, made.left = by, decision.leaves_at is None
        made.leaves = decision.leaves_at or decision.created_at
        self.all.append(made)
        return made

    def _waits(self) -> list[Made]:
        return [one for one in self.all if not one.left and not one.undone]

    # --- What happens ---

    @rule(seconds=st.sampled_from([0.5, 5, 12, 40]))
    def time_passes(self, seconds: float) -> None:
        self.desk.clock.advance(seconds)

    @rule()
    def the_worker_looks(self) -> None:
        now = self.desk.clock.now()
        self.desk.leave()
        for one in sorted(self._waits(), key=lambda one: one.leaves):
            gone = self.erased or (one.outcome == "restrict" and self._overtaken(one))
            one.left = one.leaves <= now and not gone

    @precondition(lambda self: not self.erased)
    @rule(
        person=st.sampled_from(PEOPLE),
        outcome=st.sampled_from(["restrict", "pass", "lift"]),
        scope=st.sampled_from(["item", "account"]),
        seconds=st.sampled_from([0, 5, 10, 60]),
    )
    def somebody_decides(self, person: str, outcome: Outcome, scope: str, seconds: float) -> None:
        own = {one.id for one in self.all if one.order is None}
        named = self._stands() & own
        made = self.desk.decide(person, asked(outcome, scope), seconds)
        if isinstance(made, Refusal):
            assert made.type == "case-claimed" or not named
            return
        noted = self._note(made, person)
        noted.named = named if outcome == "lift" else set()
        if seconds:
            least = 30 if outcome == "restrict" and scope == "account" else 0
            assert made.leaves_at == made.created_at + timedelta(seconds=max(seconds, least))

    @precondition(lambda self: not self.erased)
    @rule(outcome=st.sampled_from(["restrict", "pass"]))
    def the_platform_decides(self, outcome: Outcome) -> None:
        given = msgspec.convert(msgspec.to_builtins(asked(outcome)), DecisionIn)
        made = self.desk.decide_directly(given)
        if isinstance(made, Refusal):
            assert made.type == "case-claimed"
        else:
            self._note(made)

    @precondition(lambda self: not self.erased)
    @rule()
    def a_rule_restricts(self) -> None:
        self._note(self.desk.restrict_by_rule())

    @precondition(lambda self: not self.erased)
    @rule()
    def an_order_comes(self) -> None:
        order = uuid4()
        self._note(self.desk.impose(order), order=order)

    @precondition(lambda self: not self.erased and any(one.order for one in self.all))
    @rule(data=st.data())
    def an_order_ends(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from([one for one in self.all if one.order is not None]))
        assert one.order is not None
        self.desk.end_of_order(one.order)
        one.ended = True

    @precondition(lambda self: not self.erased)
    @rule()
    def the_author_edits(self) -> None:
        self.desk.edit()

    @precondition(lambda self: not self.erased and any(one.by for one in self.all))
    @rule(data=st.data(), person=st.sampled_from(PEOPLE))
    def somebody_undoes(self, data: st.DataObject, person: str) -> None:
        one = data.draw(st.sampled_from([one for one in self.all if one.by]))
        now = self.desk.clock.now() + timedelta(seconds=0.001)
        case = self.desk.undo(person, one.id)
        if isinstance(case, Refusal):
            late = one.left or one.leaves <= now
            gone = one.outcome == "restrict" and self._overtaken(one)
            assert person != one.by or late or one.undone or gone
            others = person != one.by and one.leaves != one.made
            assert case.status == (403 if others else 409)
            return
        assert person == one.by
        assert now < one.leaves
        one.undone = True
        assert case.state in ("claimed", "decided")

    @precondition(lambda self: not self.erased and len(self.all) > 3)
    @rule(really=st.integers(0, 3))
    def it_is_erased(self, really: int) -> None:
        if really == 0:
            self.desk.erase()
            self.erased = True

    # --- What is always so ---

    @invariant()
    def the_same_stands(self) -> None:
        assert self.desk.standing() == self._stands()
        assert self.erased or self.desk.agrees()

    @invariant()
    def each_decision_says_what_became_of_it(self) -> None:
        states = {one.id: one.state for one in self.desk.decisions()}
        for one in self.all:
            gone = self.erased or (one.outcome == "restrict" and self._overtaken(one))
            expected = "left" if one.left else "cancelled" if gone else "held"
            assert states[one.id] == ("undone" if one.undone else expected)

"""Restrictions stack: what stands, what is effective, and what the platform is told, on a database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.decisions.stacking import Stacking

from tidegate.content.model import ItemRow
from tidegate.content.queries import get_item, lock_item
from tidegate.content.tables import items
from tidegate.decisions.model import DecisionIn, Restriction, Subject
from tidegate.decisions.queries import decisions_of, standing_on
from tidegate.decisions.restrictions import (
    Effective,
    Reach,
    Standing,
    by_strength,
    effective,
    standing_at,
)
from tidegate.decisions.tables import decisions, restrictions
from tidegate.enforcement.actions import issue_many
from tidegate.enforcement.queries import actions_of_item
from tidegate.enforcement.tables import actions, messages
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.decide import decide_case, decide_item, lift_expired
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.record import item_record
from tidegate.pipeline.standing import end_of_order, impose
from tidegate.review.actions import open_case
from tidegate.review.model import CaseDecisionIn
from tidegate.signals.banks.actions import judge_entry

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

EVERYWHERE = Restriction("item")
TERMS = DecisionIn(outcome="restrict", reason="against our terms", label="propaganda")
LAW = msgspec.structs.replace(
    TERMS, reason="unlawful there", restriction=Restriction("item", ["FR", "DE"])
)
LIFT = DecisionIn(outcome="lift", reason="it was wrong")
NOTHING = Effective(False, None, None, None, None)
DOWN = Effective(True, "item", None, None, None)


class Forum:
    """One item and all that can be done about it."""

    def __init__(self, instance: Instance, clock: FakeClock, name: str) -> None:
        self.instance = instance
        self.clock = clock
        self.name = name

    def _in_tx(self, work: Callable[[Tx], Any]) -> Any:
        with self.instance.database.begin("user:a@x.org") as tx:
            return work(tx)

    def decide(self, given: DecisionIn) -> Any:
        pack = self._in_tx(self.instance.pack)
        return self._in_tx(lambda tx: decide_item(tx, "forum", self.name, given, pack=pack))

    # --- What the machine drives ---

    @property
    def issued(self) -> list[tuple[str, Effective]]:
        return [
            (one.kind, one.effective)
            for one in self._in_tx(lambda tx: actions_of_item(tx, self._id(tx)))
            if one.effective is not None
        ]

    def _id(self, tx: Tx) -> UUID:
        return get_item(tx, "forum", self.name).id

    def wait(self, length: timedelta) -> None:
        self.clock.advance(length.total_seconds())

    def sweep(self) -> None:
        self._in_tx(lift_expired)

    def restrict(self, restriction: Restriction) -> None:
        self.decide(msgspec.structs.replace(TERMS, restriction=restriction))

    def lift(self, chosen: list[UUID] | None) -> None:
        self.decide(DecisionIn(outcome="lift", reason="x", lifts=chosen))

    def let_pass(self) -> None:
        self.decide(DecisionIn(outcome="pass", reason="x"))

    def escalate(self) -> None:
        self.decide(DecisionIn(outcome="escalate", reason="x"))

    def impose(self, order: UUID, restriction: Restriction) -> None:
        def work(tx: Tx) -> None:
            item = lock_item(tx, "forum", self.name)
            _, told = impose(tx, [item], order=order, restriction=restriction, reason="an order")
            issue_many(tx, told)

        self._in_tx(work)

    def end_of_order(self, order: UUID) -> None:
        def work(tx: Tx) -> None:
            item = lock_item(tx, "forum", self.name)
            told = end_of_order(tx, [item], order=order, reason="void")
            issue_many(tx, told)

        self._in_tx(work)

    def standing(self) -> list[Standing]:
        return self._in_tx(lambda tx: standing_at(standing_on(tx, self._id(tx)), tx.now))

    def restricted_by(self) -> UUID | None:
        """As it is shown. What the item's row says counts what nobody has lifted yet."""
        item = self._in_tx(lambda tx: get_item(tx, "forum", self.name))
        first = by_strength(self._in_tx(lambda tx: standing_on(tx, item.id)))[:1]
        assert [item.restricted_by] == ([one.decision for one in first] or [None])
        return self._in_tx(
            lambda tx: item_record(tx, get_item(tx, "forum", self.name))
        ).restricted_by

    def effective(self) -> Effective:
        return effective(self.standing())


@pytest.fixture
def forum(instance: Instance, clock: FakeClock, submit: Submit) -> Forum:
    submit("post")
    return Forum(instance, clock, "post")


def everything(instance: Instance) -> list[Any]:
    """All that a decision writes, to compare before and after."""
    tables = (decisions, restrictions, actions, messages, ledger_pending, items)
    with instance.database.begin() as tx:
        return [sorted(map(repr, tx.execute(sa.select(table)))) for table in tables]


def refused(forum: Forum, given: DecisionIn) -> Refusal:
    """The refusal of a decision, of which nothing was written."""
    before = everything(forum.instance)
    with pytest.raises(Refusal) as found:
        forum.decide(given)
    assert everything(forum.instance) == before
    return found.value


def kinds(forum: Forum) -> list[str]:
    return [kind for kind, _ in forum.issued]


def test_what_stands_is_what_a_list_of_intervals_says(
    instance: Instance, clock: FakeClock, submit: Submit
) -> None:
    def machine() -> Stacking:
        name = f"post-{uuid4()}"
        submit(name)
        started = Stacking(Forum(instance, clock, name))
        # The clock of the database's instance goes on from machine to machine.
        started.now = clock.now()
        return started

    run_state_machine_as_test(
        machine,  # pyright: ignore[reportArgumentType]  any callable will do
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
        ),
    )


def test_lifting_the_law_leaves_the_terms(forum: Forum) -> None:
    first = forum.decide(TERMS)
    forum.wait(timedelta(seconds=1))
    second = forum.decide(LAW)
    law = next(one for one in forum.standing() if one.decision == second.id)
    lifted = forum.decide(DecisionIn(outcome="lift", reason="lawful after all", lifts=[law.id]))
    assert (lifted.reverses, lifted.lifts) == (second.id, [law.id])
    assert [one.decision for one in forum.standing()] == [first.id]
    assert forum.effective() == DOWN
    assert forum.restricted_by() == first.id
    # The post was never to come back anywhere, and nobody is told that it should.
    assert forum.issued == [("restrict", DOWN)]


def test_lifting_the_terms_leaves_the_law(forum: Forum) -> None:
    first = forum.decide(TERMS)
    forum.decide(LAW)
    terms = next(one for one in forum.standing() if one.decision == first.id)
    forum.decide(DecisionIn(outcome="lift", reason="within our terms", lifts=[terms.id]))
    (law,) = forum.standing()
    assert law.territory == ["DE", "FR"]
    narrowed = Effective(True, "item", ["DE", "FR"], None, None)
    assert forum.issued == [("restrict", DOWN), ("restrict", narrowed)]


def test_a_second_equal_restriction_stands_for_itself_and_tells_nobody(forum: Forum) -> None:
    first, second = forum.decide(TERMS), forum.decide(TERMS)
    assert {one.decision for one in forum.standing()} == {first.id, second.id}
    assert kinds(forum) == ["restrict"]
    forum.decide(DecisionIn(outcome="lift", reason="x", lifts=[forum.standing()[1].id]))
    assert kinds(forum) == ["restrict"]
    forum.decide(LIFT)
    assert kinds(forum) == ["restrict", "lift"]


def test_a_lift_ends_all_that_decisions_hold_down(forum: Forum) -> None:
    forum.decide(LAW)
    forum.decide(TERMS)
    strong, weak = sorted(forum.standing(), key=lambda one: one.territory or [])
    lifted = forum.decide(LIFT)
    assert (lifted.reverses, lifted.lifts) == (strong.decision, [strong.id, weak.id])
    assert (forum.standing(), forum.restricted_by()) == ([], None)
    assert forum.issued[-1] == ("lift", NOTHING)


def test_an_end_that_joins_or_comes_nearer_is_told(forum: Forum, clock: FakeClock) -> None:
    """`until` is part of what is effective: a receiver that keeps to it must know it."""
    late, soon = (clock.now() + timedelta(days=days) for days in (9, 2))
    forum.restrict(Restriction("item", ["DE"], late))
    forum.restrict(Restriction("item", ["DE"], soon))  # the later end covers it
    forum.restrict(Restriction("item", ["FR"], soon))
    forum.restrict(Restriction("account", ["DE"]))
    assert forum.issued == [
        ("restrict", Effective(True, "item", ["DE"], late, None)),
        ("restrict", Effective(True, "item", ["DE", "FR"], soon, None)),
        ("restrict", Effective(True, "account", ["DE", "FR"], soon, Reach(["DE"], None))),
    ]


def test_an_order_is_ended_by_its_own_end_alone(forum: Forum) -> None:
    order = uuid4()
    forum.impose(order, EVERYWHERE)
    (standing,) = forum.standing()
    assert (standing.source, standing.order) == ("order", order)
    passed = forum.decide(DecisionIn(outcome="pass", reason="harmless"))
    assert (passed.reverses, passed.lifts) == (None, [])
    for given in (LIFT, DecisionIn(outcome="lift", reason="x", lifts=[standing.id])):
        found = refused(forum, given)
        assert (found.status, found.type) == (409, "order-stands")
        assert found.extra["order"] == str(order)
    forum.end_of_order(uuid4())
    assert (forum.standing(), kinds(forum)) == ([standing], ["restrict"])
    forum.end_of_order(order)
    assert (forum.standing(), kinds(forum)) == ([], ["restrict", "lift"])


def test_the_end_of_an_order_does_not_bring_back_what_another_decision_holds_down(
    forum: Forum,
) -> None:
    order = uuid4()
    forum.impose(order, EVERYWHERE)
    forum.decide(TERMS)
    forum.end_of_order(order)
    assert forum.effective() == DOWN
    assert kinds(forum) == ["restrict"]


def test_a_lift_beside_an_order_ends_the_rest(forum: Forum) -> None:
    forum.impose(uuid4(), Restriction("item", ["DE"]))
    forum.decide(TERMS)
    assert len(forum.decide(LIFT).lifts) == 1
    assert forum.effective() == Effective(True, "item", ["DE"], None, None)
    assert kinds(forum) == ["restrict", "restrict", "restrict"]


def test_a_pass_of_a_case_leaves_the_order(forum: Forum) -> None:
    forum.impose(uuid4(), EVERYWHERE)
    forum.decide(TERMS)
    with forum.instance.database.begin("user:a@x.org") as tx:
        item = lock_item(tx, "forum", "post")
        case, _ = open_case(
            tx,
            subject=Subject("item", item.id),
            item=item,
            revision=1,
            queue="reports",
            origin="report",
        )
        pack = forum.instance.pack(tx)
        decided = decide_case(tx, case.id, CaseDecisionIn(outcome="pass", reason="fine"), pack=pack)
    assert decided.state == "decided"
    assert [one.source for one in forum.standing()] == ["order"]
    assert kinds(forum) == ["restrict"]


def test_what_cannot_be_chosen_points_at_its_place(forum: Forum, submit: Submit) -> None:
    forum.decide(TERMS)
    (own,) = forum.standing()
    forum.decide(LIFT)
    forum.decide(TERMS)
    (stands,) = forum.standing()
    submit("other")
    other = Forum(forum.instance, forum.clock, "other")
    other.decide(TERMS)
    (foreign,) = other.standing()
    for wrong in (own.id, foreign.id, uuid4(), stands.id):
        found = refused(forum, DecisionIn(outcome="lift", reason="x", lifts=[stands.id, wrong]))
        assert (found.status, found.type) == (422, "invalid-body")
        assert [error.pointer for error in found.errors] == ["/lifts/1"]
    found = refused(forum, DecisionIn(outcome="pass", reason="x", lifts=[stands.id]))
    assert [error.pointer for error in found.errors] == ["/lifts"]


def test_each_ends_by_itself_when_its_time_comes(forum: Forum, clock: FakeClock) -> None:
    hour = clock.now() + timedelta(hours=1)
    forum.restrict(Restriction("item", ["DE"], hour))
    forum.restrict(Restriction("item", ["FR"], hour))
    forum.restrict(Restriction("item", ["AT"], hour + timedelta(hours=1)))
    ended = by_strength(one for one in forum.standing() if one.until == hour)
    before = len(forum.issued)
    clock.advance(3600)
    assert [one.territory for one in forum.standing()] == [["AT"]]  # before anybody looks
    forum.sweep()
    forum.sweep()
    with forum.instance.database.begin() as tx:
        last = decisions_of(tx, get_item(tx, "forum", "post").id)[-1]
    assert (last.outcome, last.decided_by, last.reverses) == ("lift", "system", ended[0].decision)
    assert last.lifts == [one.id for one in ended]
    assert last.reason == f"2 restrictions ended at {hour:%Y-%m-%d %H:%M} UTC."
    left = Effective(True, "item", ["AT"], hour + timedelta(hours=1), None)
    assert forum.issued[before:] == [("restrict", left)]
    clock.advance(3600)
    forum.sweep()
    assert forum.issued[-1] == ("lift", NOTHING)


def test_an_end_under_a_wider_restriction_is_recorded_and_tells_nobody(
    forum: Forum, clock: FakeClock
) -> None:
    forum.decide(TERMS)
    forum.restrict(Restriction("item", ["DE"], clock.now() + timedelta(hours=1)))
    clock.advance(3600)
    forum.sweep()
    assert (len(forum.standing()), kinds(forum)) == (1, ["restrict"])
    with forum.instance.database.begin() as tx:
        assert len(decisions_of(tx, get_item(tx, "forum", "post").id)) == 3


def test_whoever_decides_before_the_worker_looks_finds_what_has_ended_ended(
    forum: Forum, clock: FakeClock
) -> None:
    forum.restrict(Restriction("item", None, clock.now() + timedelta(hours=1)))
    clock.advance(3600)
    assert refused(forum, LIFT).type == "nothing-to-lift"
    forum.decide(TERMS)
    assert kinds(forum) == ["restrict", "lift", "restrict"]
    forum.sweep()
    assert kinds(forum) == ["restrict", "lift", "restrict"]
    assert forum.effective() == DOWN


def test_message_action_and_ledger_say_what_is_effective(forum: Forum) -> None:
    forum.decide(LAW)
    forum.decide(DecisionIn(outcome="escalate", reason="for the police"))
    state = {"restricted": True, "scope": "item", "territory": ["DE", "FR"]}
    said = state | {"until": None, "account": None}
    with forum.instance.database.begin() as tx:
        bodies = [
            msgspec.json.decode(body)["data"]["effective"]
            for body in tx.execute(sa.select(messages.c.body).order_by(messages.c.id)).scalars()
        ]
        records = [
            msgspec.json.decode(record)["effective"]
            for record in tx.execute(
                sa.select(ledger_pending.c.record)
                .where(ledger_pending.c.kind == "action.issued")
                .order_by(ledger_pending.c.id)
            ).scalars()
        ]
    assert bodies == records == [said, said]
    assert [msgspec.to_builtins(one) for _, one in forum.issued] == [said, said]


def test_an_erased_item_is_left_to_rest(forum: Forum, clock: FakeClock) -> None:
    forum.restrict(Restriction("item", None, clock.now() + timedelta(hours=1)))
    with forum.instance.database.begin() as tx:
        erase_item(tx, "forum", "post")
    clock.advance(3600)
    before = everything(forum.instance)
    forum.sweep()
    assert everything(forum.instance) == before


def test_a_new_revision_of_what_is_down_tells_nobody_anew(
    instance: Instance, clock: FakeClock, submit: Submit, known: str
) -> None:
    """The platform has the item down already; the answer says what was judged and decided."""
    _, first = submit("post", "join the armed fight on friday at the old bridge")
    with instance.database.begin("user:curator@example.org") as tx:
        judge_entry(tx, "known-texts", UUID(known), "confirmed")
    text = "join the armed fight on friday at the old bridge and bring the others with you"
    _, second = submit("post", text)
    _, third = submit("post", text.upper())
    assert first["verdict"] == "pass"
    assert (second["verdict"], third["verdict"]) == ("restrict", "restrict")
    assert second["action"] is not None
    assert third["decision"] not in (None, second["decision"])
    assert third["action"] is None
    forum = Forum(instance, clock, "post")
    assert len(forum.standing()) == 2
    assert forum.issued == [("restrict", DOWN)]

"""Decisions that are held: what waits with them, what leaves, and what is undone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import sqlalchemy as sa
from tests.pipeline.holding import LEASE, PEOPLE, Desk, asked

from tidegate.content.model import ERASED, ItemRow
from tidegate.content.queries import get_item
from tidegate.content.tables import items
from tidegate.decisions.held import held_by, held_on
from tidegate.decisions.model import Decision, DecisionIn
from tidegate.decisions.queries import is_decided
from tidegate.decisions.tables import decisions, restrictions
from tidegate.enforcement.tables import actions, deliveries, messages
from tidegate.infra.acting import Acting
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.intake.model import ReportIn
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.decide import claim_case
from tidegate.pipeline.entries import judge_in_bank
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.leave import leave_due, undo
from tidegate.pipeline.record import item_record
from tidegate.pipeline.report import submit_report
from tidegate.review.queries import get_case
from tidegate.review.tables import case_events, cases
from tidegate.signals.banks.actions import delete_entry
from tidegate.signals.banks.tables import entries

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

ANNA, BERT = PEOPLE
KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"
RESTRICT, PASS, LIFT = asked("restrict"), asked("pass"), asked("lift")


@pytest.fixture
def desk(instance: Instance, clock: FakeClock, submit: Submit) -> Desk:
    return Desk(instance, clock, "post", submit)


def everything(instance: Instance) -> list[Any]:
    tables = (decisions, restrictions, actions, messages, deliveries, cases, case_events)
    tables += (ledger_pending, items, entries)
    with instance.database.begin() as tx:
        return [sorted(map(repr, tx.execute(sa.select(table)))) for table in tables]


def told(instance: Instance) -> list[tuple[int, str]]:
    with instance.database.begin() as tx:
        query = sa.select(actions.c.number, actions.c.kind).order_by(actions.c.number)
        return [tuple(row) for row in tx.execute(query)]


def ledger(instance: Instance, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    with instance.database.begin() as tx:
        rows = tx.execute(
            sa.select(ledger_pending.c.kind, ledger_pending.c.record).order_by(ledger_pending.c.id)
        )
        return [(row.kind, msgspec.json.decode(row.record)) for row in rows if row.kind in kinds]


def refused(instance: Instance, act: Callable[[], object]) -> Refusal:
    """The refusal, of which nothing was written."""
    before = everything(instance)
    with pytest.raises(Refusal) as found:
        act()
    assert everything(instance) == before
    return found.value


def test_nothing_of_it_begins_before_it_leaves(desk: Desk) -> None:
    made = desk.decide(ANNA, RESTRICT, 10)
    assert (made.state, made.leaves_at) == ("held", made.created_at + timedelta(seconds=10))
    assert (desk.standing(), desk.restricted_by(), told(desk.instance)) == (set(), None, [])
    with desk.instance.database.begin() as tx:
        held = held_on(tx, desk._id(tx))
        assert held is not None
        assert [one.id for one in held_by(tx, ANNA)] == [held.id] == [made.id]
        assert held_by(tx, BERT) == []
    desk.clock.advance(9)
    assert desk.leave() == 0
    desk.clock.advance(1)
    assert desk.leave() == 1
    assert desk.leave() == 0
    assert (desk.standing(), desk.restricted_by()) == ({made.id}, made.id)
    assert told(desk.instance) == [(1, "restrict")]
    (left,) = desk.decisions()
    assert left.state == "left"
    with desk.instance.database.begin() as tx:
        assert held_on(tx, desk._id(tx)) is None
        assert held_by(tx, ANNA) == []


def test_a_case_is_decided_from_the_commit(desk: Desk) -> None:
    made = desk.decide(ANNA, RESTRICT, 10)
    assert made.case_id is not None
    with desk.instance.database.begin() as tx:
        case = get_case(tx, made.case_id)
        assert (case.state, case.decision) == ("decided", made.id)
        assert is_decided(tx, desk._id(tx), 1)
    found = refused(desk.instance, lambda: desk._in_tx(lambda tx: claim_case(tx, case.id, LEASE)))
    assert found.type == "case-decided"
    shown: Any = found.extra["decision"]
    assert (shown["id"], shown["state"]) == (str(made.id), "held")


def test_who_decided_undoes_in_time_and_has_the_case_in_hand_again(desk: Desk) -> None:
    made = desk.decide(ANNA, RESTRICT, 10)
    desk.clock.advance(9)
    case = desk.undo(ANNA, made.id)
    assert (case.state, case.claimed_by, case.decision) == ("claimed", ANNA, None)
    assert case.claimed_until == desk.clock.now() + LEASE
    assert [event.kind for event in case.events] == ["opened", "decided", "undone"]
    assert case.decisions[0]["state"] == "undone"
    desk.clock.advance(100)
    assert desk.leave() == 0
    assert (desk.standing(), told(desk.instance)) == (set(), [])
    with desk.instance.database.begin() as tx:
        assert not is_decided(tx, desk._id(tx), 1)
    said = ledger(desk.instance, "decision.held", "decision.recorded", "decision.undone")
    assert [kind for kind, _ in said] == ["decision.held", "decision.undone"]
    assert said[0][1]["leaves_at"] is not None
    assert said[1][1]["decision"] == str(made.id)
    assert said[1][1]["actor"] == ANNA
    assert desk.decide(ANNA, PASS, 0).state == "left"


def test_what_leaves_is_in_the_ledger_as_if_it_had_been_made_then(desk: Desk) -> None:
    desk.decide(ANNA, RESTRICT, 10)
    desk.clock.advance(10)
    desk.leave()
    desk.decide_directly(DecisionIn(outcome="restrict", reason="x", label="propaganda"))
    waited, at_once = (record for _, record in ledger(desk.instance, "decision.recorded"))
    assert set(waited) == set(at_once)
    assert (waited["actor"], waited["decided_by"]) == (ANNA, ANNA)


@pytest.mark.parametrize("seconds", [10, 11, 3600])
def test_too_late_is_refused(desk: Desk, seconds: int) -> None:
    made = desk.decide(ANNA, RESTRICT, 10)
    desk.clock.advance(seconds)
    assert refused(desk.instance, lambda: desk.undo(ANNA, made.id)).type == "already-left"
    desk.leave()
    assert refused(desk.instance, lambda: desk.undo(ANNA, made.id)).type == "already-left"


def test_what_never_waited_or_was_undone_cannot_be_undone(desk: Desk) -> None:
    at_once = desk.decide(ANNA, RESTRICT, 0)
    assert refused(desk.instance, lambda: desk.undo(ANNA, at_once.id)).type == "already-left"
    undone = desk.decide(ANNA, PASS, 10)
    desk.undo(ANNA, undone.id)
    assert refused(desk.instance, lambda: desk.undo(ANNA, undone.id)).type == "already-undone"


def test_only_its_maker_undoes_it(desk: Desk) -> None:
    made = desk.decide(ANNA, RESTRICT, 10)
    found = refused(desk.instance, lambda: desk.undo(BERT, made.id))
    assert (found.status, found.type) == (403, "not-yours")
    found = refused(desk.instance, lambda: desk.undo(ANNA, uuid4()))
    assert (found.status, found.type) == (404, "decision-unknown")

    def elsewhere() -> None:
        bound = Acting(ANNA, platforms=frozenset({"shop"}))
        with desk.instance.database.begin(bound) as tx:
            undo(tx, made.id, lease=LEASE)

    assert refused(desk.instance, elsewhere).status == 404


def test_a_key_is_known_by_its_id_and_one_that_acts_for_a_person_is_the_person(desk: Desk) -> None:
    by = Acting("key:bot", "id-of-the-key")
    made: Decision = desk.decide(by, RESTRICT, 10)
    other = Acting("key:bot", "another-of-that-name")
    assert refused(desk.instance, lambda: desk.undo(other, made.id)).status == 403
    desk.clock.advance(10)
    desk.leave()
    (_, record) = ledger(desk.instance, "decision.recorded")[0]
    assert (record["actor"], record["key"]) == ("key:bot", "id-of-the-key")
    mine = desk.decide(ANNA, PASS, 10)
    desk.undo(Acting(ANNA, "a-key"), mine.id)


def test_a_whole_account_can_be_undone_for_half_a_minute(desk: Desk) -> None:
    made = desk.decide(ANNA, asked("restrict", "account"), 10)
    assert made.leaves_at == made.created_at + timedelta(seconds=30)
    desk.undo(ANNA, made.id)
    longer = desk.decide(ANNA, asked("restrict", "account"), 60)
    assert longer.leaves_at == longer.created_at + timedelta(seconds=60)
    desk.undo(ANNA, longer.id)
    at_once = desk.decide(ANNA, asked("restrict", "account"), 0)
    assert at_once.state == "left"


def test_an_escalation_never_waits(desk: Desk) -> None:
    given = msgspec.structs.replace(PASS, outcome="escalate")
    assert desk.decide(ANNA, given, 60).state == "left"
    assert told(desk.instance) == [(1, "escalate")]


def test_what_threatens_a_life_never_waits(desk: Desk) -> None:
    said = ReportIn(
        id="r1",
        item_id="post",
        channel="user",
        reason="threat_to_life",
        created_at=desk.clock.now(),
    )
    with desk.instance.database.begin("key:forum") as tx:
        submit_report(tx, desk.instance, said, platform="forum")
    assert desk.decide(ANNA, RESTRICT, 60).state == "left"


def test_an_end_must_lie_after_it_leaves(desk: Desk) -> None:
    assert RESTRICT.restriction is not None
    soon = msgspec.structs.replace(
        RESTRICT.restriction, until=desk.clock.now() + timedelta(seconds=8)
    )
    given = msgspec.structs.replace(RESTRICT, restriction=soon)
    found = refused(desk.instance, lambda: desk.decide(ANNA, given, 10))
    assert [one.pointer for one in found.errors] == ["/restriction/until"]


def test_a_lift_that_waited_ends_what_stood_when_it_was_made(desk: Desk) -> None:
    first = desk.decide(ANNA, RESTRICT, 0)
    lift = desk.decide(BERT, LIFT, 10)
    assert lift.reverses == first.id
    second = desk.restrict_by_rule()
    desk.clock.advance(10)
    desk.leave()
    assert desk.standing() == {second.id}
    assert [kind for _, kind in told(desk.instance)] == ["restrict"]


def test_a_lift_whose_restriction_ended_meanwhile_ends_nothing(desk: Desk) -> None:
    desk.decide(ANNA, RESTRICT, 0)
    desk.decide(BERT, LIFT, 10)
    desk.decide_directly(DecisionIn(outcome="lift", reason="x"))
    desk.clock.advance(10)
    assert desk.leave() == 1
    lift = next(one for one in desk.decisions() if one.decided_by == BERT)
    assert (lift.state, lift.lifts, lift.reverses) == ("left", [], None)
    assert [kind for _, kind in told(desk.instance)] == ["restrict", "lift"]


def test_a_pass_leaves_an_order_and_what_came_after_it(desk: Desk) -> None:
    desk.decide(ANNA, RESTRICT, 0)
    desk.decide(BERT, PASS, 10)
    order = desk.impose(uuid4())
    later = desk.decide_directly(DecisionIn(outcome="restrict", reason="x", label="propaganda"))
    desk.clock.advance(10)
    desk.leave()
    assert desk.standing() == {order.id, later.id}


def test_a_pass_ends_what_was_decided_before_it_and_left_first(desk: Desk) -> None:
    """Somebody reopened the case while the first decision waited."""
    desk.decide(ANNA, RESTRICT, 5)
    desk.decide(BERT, PASS, 60)
    desk.clock.advance(5)
    desk.leave()
    assert len(desk.standing()) == 1
    desk.clock.advance(60)
    desk.leave()
    assert desk.standing() == set()
    assert [kind for _, kind in told(desk.instance)] == ["restrict", "lift"]


@pytest.mark.parametrize("seconds", [0, 5])
def test_a_pass_cancels_what_was_decided_before_it_and_waits_still(
    desk: Desk, seconds: int
) -> None:
    first = desk.decide(ANNA, RESTRICT, 60)
    passed = desk.decide(BERT, PASS, seconds)
    desk.clock.advance(5)
    desk.leave()
    (cancelled, _) = desk.decisions()
    assert (cancelled.id, cancelled.state) == (first.id, "cancelled")
    (_, record) = ledger(desk.instance, "decision.cancelled")[0]
    assert (record["decision"], record["by"]) == (str(first.id), str(passed.id))
    assert refused(desk.instance, lambda: desk.undo(ANNA, first.id)).type == "already-cancelled"
    desk.clock.advance(60)
    assert desk.leave() == 0
    assert told(desk.instance) == []


def test_an_edit_leaves_the_decision_about_what_was_looked_at(desk: Desk) -> None:
    made = desk.decide(ANNA, RESTRICT, 10)
    desk.edit()
    desk.clock.advance(10)
    desk.leave()
    (left,) = desk.decisions()
    assert (left.revision, desk.standing()) == (1, {made.id})


def test_an_erased_item_cancels_it_and_nothing_is_left_of_its_words(desk: Desk) -> None:
    given = msgspec.structs.replace(RESTRICT, reason="words about anna's post")
    made = desk.decide(ANNA, given, 10)
    desk.erase()
    (left,) = desk.decisions()
    assert (left.state, left.reason) == ("cancelled", ERASED)
    desk.clock.advance(10)
    assert desk.leave() == 0
    assert told(desk.instance) == []
    assert refused(desk.instance, lambda: desk.undo(ANNA, made.id)).status == 410


def test_the_item_shows_what_waits(desk: Desk) -> None:
    made = desk.decide(ANNA, RESTRICT, 10)

    def held() -> Any:
        with desk.instance.database.begin() as tx:
            return item_record(tx, get_item(tx, "forum", "post")).held_decision

    assert held()["id"] == made.id
    assert (held()["state"], held()["leaves_at"]) == ("held", made.leaves_at)
    desk.clock.advance(10)
    desk.leave()
    assert held() is None


def test_an_undo_after_another_took_the_case_leaves_it_with_them(desk: Desk) -> None:
    made = desk.decide(ANNA, RESTRICT, 60)
    assert made.case_id is not None
    desk.reopen(made.case_id)
    case_id = made.case_id
    desk._in_tx(lambda tx: claim_case(tx, case_id, LEASE), BERT)
    case = desk.undo(ANNA, made.id)
    assert (case.state, case.claimed_by) == ("claimed", BERT)
    made = desk.decide(BERT, RESTRICT, 60)
    desk.reopen(case_id)
    case = desk.undo(BERT, made.id)
    assert (case.state, case.claimed_by) == ("claimed", BERT)


# --- What it says of a bank entry ---


def entry_state(instance: Instance) -> tuple[str, str | None]:
    with instance.database.begin() as tx:
        return tuple(tx.execute(sa.select(entries.c.state, entries.c.judged_by)).one())


@pytest.fixture
def matched(instance: Instance, clock: FakeClock, submit: Submit, known: str) -> Desk:
    """A post that matches an unconfirmed entry, whose case waits."""
    desk = Desk(instance, clock, "one", lambda name: submit(name, KNOWN))
    return desk


def test_an_entry_is_confirmed_when_the_decision_leaves(matched: Desk, known: str) -> None:
    made = matched.decide(ANNA, msgspec.structs.replace(RESTRICT, entry="confirm"), 10)
    assert made.entry == UUID(known)
    assert entry_state(matched.instance) == ("unconfirmed", None)
    matched.clock.advance(10)
    matched.leave()
    assert entry_state(matched.instance) == ("confirmed", ANNA)
    (_, record) = ledger(matched.instance, "entry.confirmed")[0]
    assert record["actor"] == ANNA


def test_an_undone_decision_says_nothing_of_the_entry(matched: Desk, known: str) -> None:
    made = matched.decide(ANNA, msgspec.structs.replace(PASS, entry="refute"), 10)
    matched.undo(ANNA, made.id)
    matched.clock.advance(10)
    matched.leave()
    assert entry_state(matched.instance) == ("unconfirmed", None)


def test_what_somebody_said_of_the_entry_meanwhile_counts(matched: Desk, known: str) -> None:
    matched.decide(ANNA, msgspec.structs.replace(PASS, entry="refute"), 10)
    matched._in_tx(lambda tx: judge_in_bank(tx, "known-texts", UUID(known), "confirm"), BERT)
    matched.clock.advance(10)
    assert matched.leave() == 1
    assert entry_state(matched.instance) == ("confirmed", BERT)


def test_an_entry_that_is_gone_holds_up_no_decision(matched: Desk, known: str) -> None:
    matched.decide(ANNA, msgspec.structs.replace(RESTRICT, entry="confirm"), 10)
    matched._in_tx(lambda tx: delete_entry(tx, "known-texts", UUID(known)), BERT)
    matched.clock.advance(10)
    assert matched.leave() == 1
    assert len(matched.standing()) == 1


def test_an_entry_that_is_not_theirs_to_judge_is_refused_at_once(matched: Desk, known: str) -> None:
    def bound() -> None:
        by = Acting(ANNA, platforms=frozenset({"forum"}))
        matched.decide(by, msgspec.structs.replace(RESTRICT, entry="confirm"), 10)

    assert refused(matched.instance, bound).status == 403


# --- Several at once ---


def test_of_several_processes_one_lets_it_leave(desk: Desk) -> None:
    for _ in range(5):
        desk.decide(ANNA, RESTRICT, 10)
    desk.clock.advance(10)
    together = Barrier(4)

    def work(_: int) -> int:
        together.wait()
        return leave_due(desk.instance)

    with ThreadPoolExecutor(4) as pool:
        left = sum(pool.map(work, range(4)))
    left += desk.leave()
    assert left == 5
    with desk.instance.database.begin() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(restrictions)).scalar_one() == 5


def test_one_that_fails_holds_up_no_other(desk: Desk, submit: Submit) -> None:
    stuck = desk.decide(ANNA, RESTRICT, 5)
    other = Desk(desk.instance, desk.clock, "other", submit)
    made = other.decide(ANNA, RESTRICT, 10)
    with desk.instance.database.begin() as tx:  # what no path of ours writes
        tx.execute(sa.update(decisions).where(decisions.c.id == stuck.id).values(revision=None))
    desk.clock.advance(10)
    with pytest.raises(AssertionError):
        desk.leave()
    assert (desk.standing(), other.standing()) == (set(), {made.id})

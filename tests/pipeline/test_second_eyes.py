"""Second eyes: what waits for another person, who that may be, and that nothing leaves before."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from tests.pipeline.holding import LEASE, asked

from tidegate.access.actions import create_user
from tidegate.access.model import Limits
from tidegate.access.people import disable_user
from tidegate.content.model import ItemRow
from tidegate.content.queries import find_item, lock_item
from tidegate.decisions.looks import find_look, second_look
from tidegate.decisions.model import DecisionIn, GroundIn, Restriction, Subject
from tidegate.decisions.queries import decisions_of, standing_on
from tidegate.decisions.second import Look
from tidegate.decisions.tables import decisions, looks, restrictions
from tidegate.enforcement.tables import actions, messages
from tidegate.infra.acting import Acting
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.decide import claim_case, decide_case, decide_item, reopen_case
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.leave import leave_due, undo
from tidegate.pipeline.next import hold_case, take_next
from tidegate.pipeline.reads import read_case
from tidegate.pipeline.record import item_record
from tidegate.pipeline.second import Where, agreeing, open_choice
from tidegate.policy.actions import activate_pack, store_pack
from tidegate.policy.data import default_source
from tidegate.review.actions import open_case
from tidegate.review.model import CaseDecisionIn, CaseDetail

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]
ANNA, BERT, SARA, CARL = (f"user:{name}@x.org" for name in ("anna", "bert", "sara", "carl"))
ACCOUNT, PASS, PLAIN = asked("restrict", "account"), asked("pass"), asked("restrict")
LAW = msgspec.structs.replace(PLAIN, ground=GroundIn("law", "§ 130 StGB"))
UNDO = timedelta(seconds=30)


class Team:
    """Two who review and a senior, and a case before them."""

    def __init__(self, instance: Instance, clock: FakeClock, submit: Submit) -> None:
        self.instance, self.clock, self.submit = instance, clock, submit
        for name, role in (("anna", "reviewer"), ("bert", "reviewer"), ("sara", "senior")):
            self.people(name, role)
        submit("post")
        self.case = self.within(self.opened)

    def people(self, name: str, role: str, **limits: Any) -> None:
        self.within(lambda tx: create_user(tx, f"{name}@x.org", role, Limits(**limits)))

    def within(self, work: Callable[[Tx], Any], person: Acting | str = "system") -> Any:
        self.clock.advance(0.001)
        with self.instance.database.begin(person) as tx:
            return work(tx)

    def refused(self, work: Callable[[Tx], Any], person: Acting | str) -> str:
        before = self.everything()
        with pytest.raises(Refusal) as refused:
            self.within(work, person)
        assert self.everything() == before
        return refused.value.type

    def opened(self, tx: Tx, id: str = "post") -> UUID:
        item = lock_item(tx, "forum", id)
        subject = Subject("item", item.id)
        return open_case(
            tx,
            subject=subject,
            item=item,
            revision=item.revision,
            queue="reports",
            origin="report",
        )[0].id

    def decide(
        self, person: str, given: CaseDecisionIn, where: Where = "pages", undo: timedelta = UNDO
    ) -> CaseDetail:
        return self.within(self.deciding(given, where, undo), person)

    def deciding(
        self, given: CaseDecisionIn, where: Where = "pages", undo: timedelta = UNDO
    ) -> Callable[[Tx], CaseDetail]:
        def work(tx: Tx) -> CaseDetail:
            pack = self.instance.pack(tx)
            decided = decide_case(tx, self.case, given, pack=pack, undo=undo, where=where)
            return read_case(tx, decided.id)

        return work

    def agree(self, person: str) -> CaseDetail:
        def work(tx: Tx) -> CaseDetail:
            given, pack = agreeing(tx, self.case, 0), self.instance.pack(tx)
            decided = decide_case(tx, self.case, given, pack=pack, undo=UNDO, where="pages")
            return read_case(tx, decided.id)

        return self.within(work, person)

    def open(self, person: str) -> None:
        self.within(lambda tx: open_choice(tx, self.case), person)

    def undoing(self, id: UUID) -> Callable[[Tx], CaseDetail]:
        return lambda tx: undo(tx, id, lease=LEASE, on="pages")

    def look(self) -> Look:
        found = self.within(lambda tx: second_look(tx, self.case))
        assert found is not None
        return found

    def stands(self) -> list[str]:
        def work(tx: Tx) -> list[str]:
            item = find_item(tx, "forum", "post")
            assert item is not None
            return [one.scope for one in standing_on(tx, item.id)]

        return self.within(work)

    def leave(self) -> None:
        self.clock.advance(31)
        leave_due(self.instance)

    def everything(self) -> list[Any]:
        tables = (decisions, restrictions, actions, messages, looks, ledger_pending)
        return self.within(
            lambda tx: [sorted(map(repr, tx.execute(sa.select(table)))) for table in tables]
        )

    def nothing_left(self) -> bool:
        tables = (decisions, restrictions, actions, messages)
        counted = self.within(
            lambda tx: [
                tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in tables
            ]
        )
        return counted == [0, 0, 0, 0]


@pytest.fixture
def team(instance: Instance, clock: FakeClock, submit: Submit) -> Team:
    return Team(instance, clock, submit)


@pytest.mark.parametrize("given", [ACCOUNT, LAW])
def test_it_waits_and_nothing_leaves(team: Team, given: CaseDecisionIn) -> None:
    case = team.decide(ANNA, given)
    assert (case.state, case.decision) == ("open", None)
    team.leave()
    assert team.nothing_left()
    record = team.within(lambda tx: item_record(tx, lock_item(tx, "forum", "post")))
    assert (record.proposed_decision.state, record.proposed_decision.by) == ("proposed", ANNA)
    assert record.held_decision is None


@pytest.mark.parametrize("given", [PLAIN, PASS])
def test_what_needs_none_is_decided(team: Team, given: CaseDecisionIn) -> None:
    assert team.decide(ANNA, given).state == "decided"


def test_what_is_news_waits(team: Team) -> None:
    first = msgspec.structs.replace(PASS, exemption="news")
    team.decide(ANNA, first, undo=timedelta())
    team.within(lambda tx: reopen_case(tx, team.case, "look again"), BERT)
    assert team.decide(BERT, PLAIN).state == "reopened"


def test_whoever_is_alone_decides(team: Team) -> None:
    for name in ("bert", "sara"):
        team.within(lambda tx, name=name: disable_user(tx, f"{name}@x.org"))
    assert team.decide(ANNA, ACCOUNT).state == "decided"


def test_others_who_do_not_see_it_are_none(team: Team) -> None:
    for name in ("bert", "sara"):
        team.within(lambda tx, name=name: disable_user(tx, f"{name}@x.org"))
    team.people("far", "reviewer", platforms=["elsewhere"])
    team.people("quarantine", "reviewer", queues=["entries"])
    team.people("reader", "auditor")
    assert team.decide(ANNA, ACCOUNT).state == "decided"


def test_keys_decide_as_before_and_overtake_what_was_proposed(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    look = team.look()
    assert team.decide("key:console", PASS, "api", timedelta()).state == "decided"
    assert team.within(lambda tx: find_look(tx, look.id)).state == "overtaken"
    team.within(lambda tx: reopen_case(tx, team.case, "again"), BERT)
    assert team.decide("key:console", ACCOUNT, "api", timedelta()).state == "decided"


def test_never_by_the_same_person(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    for given in (ACCOUNT, PASS):
        for where in ("pages", "bulk", "api"):
            assert team.refused(team.deciding(given, where), ANNA) == "same-person"
    assert team.refused(lambda tx: claim_case(tx, team.case, LEASE), ANNA) == "same-person"
    settings = team.instance.settings
    assert team.refused(lambda tx: hold_case(tx, team.case, settings), ANNA) == "same-person"
    assert team.refused(lambda tx: agreeing(tx, team.case, 0), ANNA) == "same-person"
    assert team.within(lambda tx: take_next(tx, settings, {}), ANNA) is None
    assert team.within(lambda tx: take_next(tx, settings, {}), BERT) == team.case


def test_another_agrees_once_they_have_read_it(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    assert team.refused(lambda tx: agreeing(tx, team.case, 0), BERT) == "unread"
    team.open(BERT)
    case = team.agree(BERT)
    (made,) = case.decisions
    assert (case.state, made["state"], made["decided_by"]) == ("decided", "held", ANNA)
    assert team.stands() == []
    team.leave()
    assert team.stands() == ["account"]


def test_the_same_decided_alone_is_agreement(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    other = msgspec.structs.replace(ACCOUNT, reason="seen for myself")
    assert team.decide(BERT, other).state == "decided"
    team.leave()
    assert team.stands() == ["account"]


def test_who_agreed_can_undo_it_and_it_is_proposed_again(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    case = team.decide(BERT, ACCOUNT)
    assert case.decision is not None
    back = team.undoing(case.decision)
    assert team.refused(back, ANNA) == "not-yours"
    assert team.within(back, BERT).state == "claimed"
    assert (team.look().state, team.look().people) == ("proposed", [ANNA])
    team.leave()
    assert team.stands() == []
    assert team.decide(BERT, ACCOUNT).state == "decided"


def test_what_was_proposed_can_be_taken_back_until_it_is_answered(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    look = team.look()
    back = team.undoing(look.id)
    assert team.refused(back, BERT) == "not-yours"
    case = team.within(back, ANNA)
    assert (case.state, case.claimed_by) == ("claimed", ANNA)
    assert team.refused(back, ANNA) == "already-undone"
    assert team.decide(ANNA, PLAIN).state == "decided"
    team.leave()
    assert team.stands() == ["item"]


def test_disagreement_goes_to_a_senior_who_settles_it(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    case = team.decide(BERT, PASS)
    assert (case.state, case.queue) == ("open", "senior")
    assert team.nothing_left()
    for person in (ANNA, BERT):
        assert team.refused(team.deciding(PASS), person) == "same-person"
    assert team.refused(team.undoing(team.look().id), ANNA) == "already-left"
    assert team.decide(SARA, PLAIN).state == "decided"
    team.leave()
    assert team.stands() == ["item"]


def test_a_senior_without_another_settles_it(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    assert team.decide(SARA, PASS).state == "decided"


def test_a_senior_settles_it_and_nobody_else_while_there_is_one(team: Team) -> None:
    team.people("carl", "reviewer")
    team.decide(ANNA, ACCOUNT)
    team.decide(BERT, PASS)
    assert team.refused(team.deciding(ACCOUNT), CARL) == "for-seniors"
    assert team.refused(lambda tx: open_choice(tx, team.case), CARL) == "for-seniors"
    assert team.decide(SARA, PASS).state == "decided"


def test_what_a_senior_proposed_is_settled_by_whoever_had_no_part_in_it(team: Team) -> None:
    team.decide(SARA, ACCOUNT)
    team.decide(ANNA, PASS)
    assert team.look().state == "disputed"
    assert team.refused(team.deciding(PASS), SARA) == "same-person"
    assert team.decide(BERT, PASS).state == "decided"


def test_where_nobody_is_left_the_second_ones_word_counts(team: Team) -> None:
    team.within(lambda tx: disable_user(tx, "bert@x.org"))
    team.decide(SARA, ACCOUNT)
    assert team.decide(ANNA, PASS).state == "decided"
    assert team.nothing_left() is False
    assert team.stands() == []


def test_what_becomes_about_a_life_after_it_was_proposed_waits_no_more(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    team.within(lambda tx: tx.execute(sa.text("UPDATE cases SET band = 0")))
    assert team.decide(BERT, PLAIN).state == "decided"
    kinds = team.within(lambda tx: tx.execute(sa.select(looks.c.kind, looks.c.state)).all())
    assert sorted(map(tuple, kinds)) == [("after", "drawn"), ("second", "overtaken")]


def test_keys_that_are_asked_for_second_eyes_do_not_get_past_them_by_the_item(team: Team) -> None:
    def with_api(tx: Tx) -> None:
        source = default_source().replace("version = 3", "version = 9", 1)
        pack = store_pack(tx, f'{source}\n[second_eyes]\nscopes = ["account"]\napi = true\n')
        activate_pack(tx, pack.name, pack.version)

    team.within(with_api)
    key = Acting("key:console", "abc")

    def past(given: DecisionIn) -> Callable[[Tx], Any]:
        return lambda tx: decide_item(tx, "forum", "post", given, pack=team.instance.pack(tx))

    account = DecisionIn(
        outcome="restrict",
        reason="it is propaganda",
        label="propaganda",
        restriction=Restriction("account"),
        exemption="none",
    )
    assert team.refused(past(account), key) == "second-eyes"
    team.decide(ANNA, ACCOUNT)
    assert team.refused(past(DecisionIn(outcome="pass", reason="it is fine")), key) == "second-eyes"
    escalate = DecisionIn(outcome="escalate", reason="somebody is in danger")
    assert team.within(past(escalate), key).outcome == "escalate"


def test_what_is_about_a_life_does_not_wait_and_is_looked_at_after(team: Team) -> None:
    team.within(lambda tx: tx.execute(sa.text("UPDATE cases SET band = 0")))
    assert team.decide(ANNA, ACCOUNT).state == "decided"
    kinds = team.within(lambda tx: tx.execute(sa.select(looks.c.kind, looks.c.state)).all())
    assert [tuple(one) for one in kinds] == [("after", "drawn")]


def test_escalating_never_waits(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    escalate = CaseDecisionIn(outcome="escalate", reason="somebody is in danger")
    assert team.decide(BERT, escalate).state == "decided"


def test_an_edit_comes_after_it_and_is_looked_at(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    team.submit("post", "something else")
    old = msgspec.structs.replace(ACCOUNT, revision=1)
    assert team.refused(team.deciding(old), BERT) == "case-moved"
    assert team.decide(BERT, msgspec.structs.replace(ACCOUNT, revision=2)).state == "decided"


def test_erasure_leaves_nothing_of_it(team: Team) -> None:
    words = msgspec.structs.replace(ACCOUNT, reason="zwergkaninchen")
    team.decide(ANNA, words)
    look = team.look()
    team.within(lambda tx: erase_item(tx, "forum", "post"))
    gone = team.within(lambda tx: find_look(tx, look.id))
    assert (gone.state, gone.answers) == ("cancelled", [])
    assert team.refused(team.deciding(ACCOUNT), BERT) == "item-erased"


def test_in_bulk_it_is_left_out(team: Team) -> None:
    assert team.refused(team.deciding(LAW, "bulk"), ANNA) == "second-eyes"
    team.decide(ANNA, ACCOUNT)
    assert team.refused(team.deciding(PASS, "bulk"), BERT) == "second-eyes"


def test_the_ledger_is_told(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)
    team.decide(BERT, PASS)
    team.decide(SARA, PASS)
    kinds = team.within(lambda tx: tx.execute(sa.select(ledger_pending.c.kind)).scalars().all())
    told = [one for one in kinds if one.startswith("decision.")]
    assert sorted(told) == sorted(
        ("decision.proposed", "decision.disputed", "decision.adjudicated", "decision.held")
    )


def test_decisions_of_the_item_say_nothing_of_it(team: Team) -> None:
    team.decide(ANNA, ACCOUNT)

    def work(tx: Tx) -> int:
        item = find_item(tx, "forum", "post")
        assert item is not None
        return len(decisions_of(tx, item.id))

    assert team.within(work, BERT) == 0

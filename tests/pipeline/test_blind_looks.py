"""Blind looks: a share of what was decided is shown to another, who cannot tell, and what follows of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from tests.pipeline.holding import LEASE, asked
from tests.pipeline.test_second_eyes import ANNA, BERT, CARL, PASS, SARA, Submit, Team

from tidegate.content.queries import lock_item
from tidegate.decisions.looks import is_blind, returned_to
from tidegate.decisions.queries import decisions_of
from tidegate.decisions.second import MANY_VIEWS
from tidegate.decisions.tables import decisions, looks
from tidegate.enforcement.tables import actions
from tidegate.infra.acting import Acting
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.blind import ask_again, draw
from tidegate.pipeline.decide import decide_case
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.leave import leave_due, undo
from tidegate.pipeline.ranking import rank_waiting
from tidegate.pipeline.record import item_record
from tidegate.review.filters import Filter
from tidegate.review.listing import list_cases
from tidegate.review.model import CaseDecisionIn
from tidegate.review.queries import get_case
from tidegate.review.rows import page_of
from tidegate.review.tables import cases

RESTRICT = asked("restrict")
KEY = b"k" * 32


class Looking(Team):
    """The team, after Anna has decided and an hour has passed."""

    def ask(self, double: float = 1.0, gold: float = 0.0) -> int:
        self.clock.advance(3700)
        asked = self.within(lambda tx: ask_again(tx, KEY, double_rate=double, gold_rate=gold))
        self.within(lambda tx: rank_waiting(tx, self.instance))
        return asked

    def seen(self, person: str, state: str = "waiting") -> list[UUID]:
        found = self.within(lambda tx: page_of(tx, Filter(state=state)).rows, person)
        return [one.id for one in found]

    def shown(self) -> UUID:
        return self.within(
            lambda tx: tx.execute(
                sa.select(looks.c.shown_as).order_by(looks.c.created_at.desc()).limit(1)
            ).scalar_one()
        )

    def answer(
        self, person: str, given: CaseDecisionIn, case: UUID, wait: timedelta = timedelta()
    ) -> Any:
        def work(tx: Tx) -> Any:
            pack = self.instance.pack(tx)
            return decide_case(tx, case, given, pack=pack, undo=wait, where="pages")

        return self.within(work, person)

    def states(self) -> list[str]:
        query = sa.select(looks.c.state).order_by(looks.c.created_at, looks.c.id)
        return self.within(lambda tx: list(tx.execute(query).scalars()))


@pytest.fixture
def team(instance: Instance, clock: FakeClock, submit: Submit) -> Looking:
    team = Looking(instance, clock, submit)
    team.decide(ANNA, RESTRICT, undo=timedelta())
    return team


def test_it_is_shown_to_another_as_any_case(team: Looking) -> None:
    assert team.ask() == 1
    (shown,) = team.seen(BERT)
    assert team.seen(ANNA) == []
    case = team.within(lambda tx: get_case(tx, shown), BERT)
    assert (case.subject.kind, case.subject.id, case.item) == ("item", "post", "post")
    assert (case.state, case.queue, case.origin) == ("open", "reports", "report")
    assert [one.kind for one in case.events] == ["opened"]
    assert case.events[0].actor == "system"


def test_keys_know_nothing_of_it(team: Looking) -> None:
    team.ask()
    key = Acting("key:console", "abc")
    listed, _ = team.within(lambda tx: list_cases(tx), key)
    assert [one.id for one in listed] == [team.case]
    record = team.within(lambda tx: item_record(tx, lock_item(tx, "forum", "post")), key)
    assert record.cases == [team.case]


def test_who_has_it_before_them_is_told_nothing_of_the_first(team: Looking) -> None:
    team.ask()
    shown = team.shown()
    item = team.within(lambda tx: lock_item(tx, "forum", "post")).id
    assert len(team.within(lambda tx: decisions_of(tx, item), BERT)) == 1
    team.within(
        lambda tx: tx.execute(sa.update(looks).values(opened_by=[BERT]))
    )  # as its page does
    assert team.within(lambda tx: decisions_of(tx, item), BERT) == []
    assert team.within(lambda tx: is_blind(tx, item), BERT)
    assert not team.within(lambda tx: is_blind(tx, item), SARA)
    record = team.within(lambda tx: item_record(tx, lock_item(tx, "forum", "post")), BERT)
    assert (record.decisions, record.restrictions, record.restricted_by) == ([], [], None)
    assert team.seen(BERT, "decided") == []
    with pytest.raises(Refusal, match="No case"):
        team.within(lambda tx: get_case(tx, team.case), BERT)
    assert team.seen(SARA, "decided") == [team.case]
    team.answer(BERT, RESTRICT, shown)
    assert len(team.within(lambda tx: decisions_of(tx, item), BERT)) == 1


def test_agreement_changes_nothing(team: Looking) -> None:
    team.ask()
    before = team.within(lambda tx: tx.execute(sa.select(actions.c.number)).all())
    team.answer(BERT, RESTRICT, team.shown())
    assert team.states() == ["agreed"]
    assert team.within(lambda tx: tx.execute(sa.select(actions.c.number)).all()) == before
    assert team.stands() == ["item"]
    assert team.ask() == 0  # once is enough


def test_nobody_answers_what_they_had_a_part_in(team: Looking) -> None:
    team.ask()
    with pytest.raises(Refusal, match="No case"):
        team.answer(ANNA, RESTRICT, team.shown())


def test_an_answer_can_be_undone(team: Looking) -> None:
    team.ask()
    shown = team.shown()
    made = team.answer(BERT, PASS, shown, timedelta(seconds=10)).decision_id
    assert team.states() == ["answered"]
    team.within(lambda tx: undo(tx, made, lease=LEASE, on="pages"), BERT)
    assert team.states() == ["open"]
    team.answer(BERT, RESTRICT, shown, timedelta(seconds=10))
    team.clock.advance(11)
    assert leave_due(team.instance) == 1
    assert team.states() == ["agreed"]


def test_disagreement_is_settled_by_a_senior_who_may_open_it_again(team: Looking) -> None:
    team.ask()
    shown = team.shown()
    team.answer(BERT, PASS, shown)
    assert team.states() == ["disputed"]
    assert team.stands() == ["item"]
    assert (team.seen(BERT), team.seen(ANNA), team.seen(SARA)) == ([], [], [shown])
    team.answer(SARA, msgspec.structs.replace(PASS, reason="it only reports"), shown)
    assert team.states() == ["adjudicated"]
    assert team.stands() == ["item"]  # until somebody decides anew
    case = team.within(lambda tx: get_case(tx, team.case))
    assert (case.state, case.events[-1].detail["reason"]) == ("reopened", "it only reports")
    since = team.clock.now() - timedelta(hours=1)
    for person in (ANNA, BERT):
        (told,) = team.within(lambda tx, who=person: returned_to(tx, who, since), person)
        assert told.answers[-1].reason == "it only reports"


def test_where_the_first_was_right_nothing_is_opened(team: Looking) -> None:
    team.ask()
    shown = team.shown()
    team.answer(BERT, PASS, shown)
    team.answer(SARA, RESTRICT, shown)
    assert team.states() == ["adjudicated"]
    assert team.within(lambda tx: get_case(tx, team.case)).state == "decided"


def test_who_calls_for_help_is_heard(team: Looking) -> None:
    team.ask()
    help_ = CaseDecisionIn(outcome="escalate", reason="somebody is in danger")
    team.answer(BERT, help_, team.shown(), timedelta(seconds=10))
    ringing = sa.text("SELECT case_id FROM alerts WHERE kind = 'escalation'")
    assert team.within(lambda tx: tx.execute(ringing).scalar_one()) == team.case
    assert team.states() == ["disputed"]
    issued = sa.select(actions.c.kind).order_by(actions.c.number.desc()).limit(1)
    assert team.within(lambda tx: tx.execute(issued).scalar_one()) == "escalate"


def test_what_stands_and_what_matched_is_not_told_by_a_refusal(team: Looking) -> None:
    team.ask()
    pack = team.instance.packs
    for given, told in (
        (CaseDecisionIn(outcome="lift", reason="it was wrong"), "nothing-to-lift"),
        (msgspec.structs.replace(PASS, entry="confirm"), "no-match"),
    ):

        def work(tx: Tx, given: CaseDecisionIn = given) -> Any:
            return decide_case(tx, team.shown(), given, pack=pack.refresh(tx), where="pages")

        assert team.refused(work, BERT) == told


def test_a_disputed_look_is_for_seniors(team: Looking) -> None:
    team.people("carl", "reviewer")
    team.ask()
    team.answer(BERT, PASS, team.shown())
    assert team.states() == ["disputed"]

    def work(tx: Tx) -> Any:
        return decide_case(tx, team.shown(), PASS, pack=team.instance.pack(tx), where="pages")

    assert team.refused(work, CARL) == "for-seniors"
    team.answer(SARA, PASS, team.shown())
    assert team.states() == ["adjudicated"]


def test_the_urgent_is_not_drawn_nor_what_keys_decide(team: Looking) -> None:
    team.within(lambda tx: tx.execute(sa.update(cases).values(band=1, base_band=1)))
    assert team.ask() == 0
    team.within(lambda tx: tx.execute(sa.update(cases).values(band=4, base_band=4)))
    team.within(lambda tx: tx.execute(sa.update(decisions).values(decided_by="key:console")))
    assert team.ask() == 0


def test_the_draw_takes_its_share_and_is_the_same_again() -> None:
    places = [draw(KEY, UUID(int=n)) for n in range(4000)]
    assert places == [draw(KEY, UUID(int=n)) for n in range(4000)]
    assert 150 < sum(one < 0.05 for one in places) < 250
    assert all(0 <= one < 1 for one in places)
    assert places != [draw(b"other" * 7, UUID(int=n)) for n in range(4000)]


def test_an_edit_leaves_it_about_what_was_decided(team: Looking) -> None:
    team.ask()
    team.submit("post", "something else")
    assert team.within(lambda tx: get_case(tx, team.shown()), BERT).revision == 1


def test_erasure_leaves_nothing_of_it(team: Looking) -> None:
    team.ask()
    shown = team.shown()
    words = msgspec.structs.replace(PASS, reason="zwergkaninchen")
    team.answer(BERT, words, shown, timedelta(seconds=10))
    team.within(lambda tx: erase_item(tx, "forum", "post"))
    assert team.states() == ["cancelled"]
    said = team.within(lambda tx: [repr(one) for one in tx.execute(sa.select(decisions))])
    assert not any("zwergkaninchen" in one for one in said)


def test_what_nobody_answers_is_asked_for_a_week(team: Looking) -> None:
    team.ask()
    team.clock.advance(8 * 24 * 3600)
    team.ask(double=0)
    assert team.states() == ["withdrawn"]
    assert team.seen(BERT) == []


def test_a_settled_case_is_gold_until_it_was_seen_often(team: Looking) -> None:
    team.ask()
    shown = team.shown()
    team.answer(BERT, PASS, shown)
    team.answer(SARA, RESTRICT, shown)
    team.people("dora", "reviewer")
    _another(team, "post-2")
    assert team.ask(double=0, gold=1) == 1
    gold = team.shown()
    assert (team.seen(ANNA), team.seen(BERT)) == ([], [])
    assert team.seen("user:dora@x.org") == [gold]
    team.answer("user:dora@x.org", PASS, gold)
    assert team.states()[-1] == "wrong"
    _another(team, "post-3")
    assert team.ask(double=0, gold=1) == 0  # nobody is left who has not seen it
    (source,) = team.within(
        lambda tx: (
            tx.execute(sa.select(looks.c.gold_of).where(looks.c.kind == "gold").distinct())
            .scalars()
            .all()
        )
    )
    _seen_often(team, source)
    team.people("emil", "reviewer")
    _another(team, "post-4")
    assert team.ask(double=0, gold=1) == 0


def _another(team: Looking, id: str) -> None:
    """One more case that Anna decides."""
    team.submit(id)
    team.case = team.within(lambda tx: team.opened(tx, id))
    team.decide(ANNA, PASS, undo=timedelta())


def _seen_often(team: Looking, source: UUID) -> None:
    def work(tx: Tx) -> None:
        row = tx.execute(sa.select(looks).where(looks.c.gold_of == source)).mappings().first()
        assert row is not None
        for n in range(MANY_VIEWS):
            more = dict(row) | {"id": UUID(int=n), "decision_id": None, "shown_as": None}
            tx.execute(sa.insert(looks).values(more))

    team.within(work)

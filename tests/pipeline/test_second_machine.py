"""Second eyes in any order of people, agreement, undo and time, against a plain account of what must be so."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.pipeline.holding import asked
from tests.pipeline.test_second_eyes import Submit, Team

from tidegate.content.queries import find_item
from tidegate.decisions.looks import second_look
from tidegate.decisions.queries import standing_on
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.instance import Instance
from tidegate.review.queries import get_case

PEOPLE = [f"user:{name}@x.org" for name in ("anna", "bert", "sara", "tom")]
SENIORS = set(PEOPLE[2:])
CHOICES = {
    "account": asked("restrict", "account"),
    "item": asked("restrict"),
    "pass": asked("pass"),
}


class Account:
    """What somebody with a notebook would write down of one case."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []  # who proposed, or disagreed, and what
        self.decided: tuple[str, str, int] | None = None  # by whom, what, of how many said before
        self.left = False
        self.holder: str | None = None

    def decide(self, person: str, choice: str) -> str | None:
        """Why not, else None."""
        if self.decided:
            return "case-decided"
        if person in [one for one, _ in self.said]:
            return "same-person"
        if self.holder not in (None, person):
            return "case-claimed"
        before = len(self.said)
        if before == 2 and person not in SENIORS:  # there is always one who had no part in it
            return "for-seniors"
        self.holder = None
        proposes = before == 0 and choice == "account"
        disagrees = before == 1 and choice != self.said[0][1] and not self._settles(person)
        if proposes or disagrees:
            self.said.append((person, choice))
        else:
            self.decided = person, choice, before
        return None

    def _settles(self, person: str) -> bool:
        """There is no other senior left."""
        return person in SENIORS and {person, self.said[0][0]} >= SENIORS

    def undo_decision(self, person: str) -> str | None:
        assert self.decided
        if self.decided[0] != person:
            return "not-yours"
        if self.left:
            return "already-left"
        self.decided, self.holder = None, person
        return None

    def take_back(self, person: str) -> str | None:
        if self.said[0][0] != person:
            return "not-yours"
        if len(self.said) > 1 or self.decided:
            return "already-left"
        self.said = []
        if self.holder is None:
            self.holder = person
        return None

    @property
    def stands(self) -> list[str]:
        restricts = self.decided and self.left and self.decided[1] != "pass"
        return [self.decided[1]] if restricts and self.decided else []


class SecondEyes(RuleBasedStateMachine):
    """Four people, two of them seniors, and one case."""

    def __init__(self, team: Team) -> None:
        super().__init__()
        self.team, self.account = team, Account()
        self.name = f"post-{uuid4()}"
        team.submit(self.name)
        team.case = team.within(lambda tx: team.opened(tx, self.name))
        self.case = team.case
        self.look: UUID | None = None
        self.decision: UUID | None = None

    def _try(self, work: Callable[[Tx], Any], person: str) -> str | None:
        try:
            self.team.within(work, person)
        except Refusal as refusal:
            return refusal.type
        return None

    @rule(person=st.sampled_from(PEOPLE), choice=st.sampled_from(sorted(CHOICES)))
    def somebody_decides(self, person: str, choice: str) -> None:
        self.team.case = self.case
        found = self._try(self.team.deciding(CHOICES[choice]), person)
        assert found == self.account.decide(person, choice)
        look = self.team.within(lambda tx: second_look(tx, self.case))
        self.look = look.id if look is not None else self.look
        self.decision = self.team.within(lambda tx: get_case(tx, self.case)).decision

    @precondition(lambda self: self.account.decided)
    @rule(person=st.sampled_from(PEOPLE))
    def somebody_undoes(self, person: str) -> None:
        assert self.decision is not None
        found = self._try(self.team.undoing(self.decision), person)
        assert found == self.account.undo_decision(person)

    @precondition(lambda self: self.look is not None and self.account.said)
    @rule(person=st.sampled_from(PEOPLE))
    def somebody_takes_it_back(self, person: str) -> None:
        assert self.look is not None
        found = self._try(self.team.undoing(self.look), person)
        assert found == self.account.take_back(person)

    @rule()
    def time_passes(self) -> None:
        self.team.leave()
        self.account.left = self.account.left or self.account.decided is not None

    @invariant()
    def nothing_stands_that_did_not_leave(self) -> None:
        def work(tx: Tx) -> list[str]:
            item = find_item(tx, "forum", self.name)
            assert item is not None
            return [one.scope for one in standing_on(tx, item.id)]

        assert self.team.within(work) == self.account.stands

    @invariant()
    def the_look_says_who_said_what(self) -> None:
        look = self.team.within(lambda tx: second_look(tx, self.case))
        if self.account.decided or not self.account.said:
            assert look is None
            return
        assert look is not None
        assert look.people == [one for one, _ in self.account.said]
        assert look.state == ("proposed" if len(look.people) == 1 else "disputed")


def test_second_eyes_are_as_a_plain_account_says(
    instance: Instance, clock: FakeClock, submit: Submit
) -> None:
    team = Team(instance, clock, submit)
    team.people("tom", "senior")
    run_state_machine_as_test(
        lambda: SecondEyes(team),  # pyright: ignore[reportArgumentType]  any callable will do
        settings=settings(
            max_examples=25,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
        ),
    )

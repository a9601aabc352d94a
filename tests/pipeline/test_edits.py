"""Edits there and back, retries, and retries that come late: what is a revision, and what is answered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.pipeline.posts import KNOWN, work_off

from tidegate.content.model import ItemIn
from tidegate.content.queries import get_item, revisions_of
from tidegate.decisions.model import DecisionIn
from tidegate.decisions.queries import standing_on
from tidegate.enforcement.queries import actions_of_item
from tidegate.enforcement.tables import actions
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.infra.groupcommit import Deferred
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.decide import decide_item
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.retry import stored_answers
from tidegate.pipeline.submission import Submission, describe
from tidegate.pipeline.submit import submit_group
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, judge_entry

BAKES = "my grandmother bakes rye bread every saturday and gives a loaf to each neighbour"
SWIMS = "the children swim in the lake behind the old mill until the sun goes down"
BODIES = (KNOWN, BAKES, SWIMS)
START = FakeClock().now()
LIFT = DecisionIn(outcome="lift", reason="the author took it out")
TIMES = [START + timedelta(minutes=10 * step) for step in range(-2, 4)]  # the last have not come

Version = int | datetime | None


class Forum:
    """One item of a forum, as its systems send it."""

    def __init__(self, instance: Instance, id: str) -> None:
        self.instance, self.id = instance, id

    def post(self, text: str, version: Version = None) -> Submission:
        item = ItemIn(
            id=self.id,
            surface="post",
            publicness="public",
            author="anna",
            created_at=START,
            text=text,
            version=version,
        )
        now = self.instance.clock.now()
        return describe(
            self.instance, item, platform="forum", actor="key:f", request_id="r", now=now
        )

    def send(self, text: str, version: Version = None) -> dict[str, Any]:
        (answer,) = settled(self.instance, [self.post(text, version)])
        return answer

    def texts(self) -> list[str]:
        with self.instance.database.begin() as tx:
            found = revisions_of(tx, get_item(tx, "forum", self.id).id)
        return [one.content.text or "" for one in found if one.content]

    def decide(self, given: DecisionIn) -> None:
        with self.instance.database.begin("user:a@x.org") as tx:
            decide_item(tx, "forum", self.id, given, pack=self.instance.pack(tx))

    def standing(self) -> set[UUID]:
        """The decisions by which something stands on the item."""
        with self.instance.database.begin() as tx:
            return {one.decision for one in standing_on(tx, get_item(tx, "forum", self.id).id)}


def settled(instance: Instance, group: list[Submission]) -> list[dict[str, Any]]:
    """What the group is answered: what is deferred comes again with the next, as it does in service."""
    answers: dict[int, bytes] = {}
    while open_ := [place for place in range(len(group)) if place not in answers]:
        with instance.database.begin("key:forum") as tx:
            replies = submit_group(tx, instance, [group[place] for place in open_])
        for place, reply in zip(open_, replies, strict=True):
            if isinstance(reply, BaseException):
                raise reply
            if not isinstance(reply, Deferred):
                answers[place] = reply
    return [msgspec.json.decode(answers[place]) for place in range(len(group))]


@pytest.fixture
def forum(instance: Instance, known: str) -> Forum:
    """An item to be; KNOWN is restricted by a rule."""
    with instance.database.begin("user:curator@example.org") as tx:
        judge_entry(tx, "known-texts", UUID(known), "confirmed")
    return Forum(instance, "one")


class Edits(RuleBasedStateMachine):
    """Bodies and versions in any order, against a list of what was taken."""

    forum: Forum
    taken: list[tuple[str, Version]]

    @rule(text=st.sampled_from(BODIES))
    def plain(self, text: str) -> None:
        self.send(text, None)

    @rule(text=st.sampled_from(BODIES), version=st.integers(1, 5))
    def numbered(self, text: str, version: int) -> None:
        self.send(text, version)

    @rule(text=st.sampled_from(BODIES), version=st.sampled_from(TIMES))
    def timed(self, text: str, version: datetime) -> None:
        self.send(text, version)

    @precondition(lambda self: bool(self.taken) and bool(self.forum.standing()))
    @rule()
    def lift(self) -> None:
        self.forum.decide(LIFT)

    def send(self, text: str, version: Version) -> None:
        expected = self.expect(text, version)
        if expected is None:
            with pytest.raises(Refusal, match="/version"):
                self.forum.send(text, version)
        else:
            answer = self.forum.send(text, version)
            assert answer["revision"] == expected
            if answer["action"] is not None:
                assert UUID(answer["decision"]) in self.forum.standing()
        if self.taken:
            assert self.forum.texts() == [text for text, _ in self.taken]

    def expect(self, text: str, version: Version) -> int | None:
        """The revision that the answer is of, None where it is refused; what is new is taken."""
        latest, newest = self.taken[-1] if self.taken else (None, None)
        if version is not None and newest is not None:
            if isinstance(version, int) != isinstance(newest, int):
                return None
            if version < newest:  # pyright: ignore[reportOperatorIssue]
                late = self.late(text, version, newest)
                if late is not None:
                    return late
                newest = None
        newest = version if newest is None or version is not None else newest
        if text == latest:
            self.taken[-1] = text, newest
        else:
            self.taken.append((text, newest))
        return len(self.taken)

    def late(self, text: str, version: Any, newest: Any) -> int | None:
        own = [(place, seen) for place, (one, seen) in enumerate(self.taken, 1) if one == text]
        exact = [place for place, seen in own if seen is not None and seen >= version]
        if exact:
            return exact[0]
        if isinstance(newest, datetime) and newest > START + timedelta(minutes=15):
            return None  # a time that has not come shuts nobody out
        return own[-1][0] if own else len(self.taken)


def test_what_is_taken_is_what_a_list_of_bodies_says(instance: Instance, forum: Forum) -> None:
    names = count()

    class OnOneItem(Edits):
        def __init__(self) -> None:
            super().__init__()
            self.forum = Forum(instance, f"item-{next(names)}")
            self.taken = []

    run_state_machine_as_test(
        OnOneItem,
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )


def test_what_came_back_is_found_by_the_look_back(instance: Instance, forum: Forum) -> None:
    looker = LookBack(instance)
    for text in (SWIMS, BAKES, SWIMS):
        forum.send(text)
    with instance.database.begin("user:curator@example.org") as tx:
        add_entry(tx, "known-texts", fingerprints.of_text(SWIMS))
    assert work_off(looker) == 1
    with instance.database.begin() as tx:
        assert get_item(tx, "forum", "one").verdict == "review"


def test_what_is_put_back_after_a_lift_is_restricted_again(forum: Forum) -> None:
    first = forum.send(KNOWN)
    forum.send(BAKES)
    forum.decide(LIFT)
    again = forum.send(KNOWN)
    assert (again["verdict"], again["revision"]) == ("restrict", 3)
    assert again["action"] not in (None, first["action"])
    assert forum.standing() == {UUID(again["decision"])}


def test_an_answer_from_store_names_an_action_while_it_stands(forum: Forum) -> None:
    first = forum.send(KNOWN, 1)
    assert forum.send(KNOWN, 1) == first
    forum.decide(LIFT)
    assert forum.send(KNOWN, 1) == first | {"action": None}
    # Down again, by another action: the first one stands no more for that.
    forum.decide(DecisionIn(outcome="restrict", label="threat", reason="a threat"))
    assert forum.send(KNOWN, 1) == first | {"action": None}
    forum.send(BAKES, 2)
    assert forum.send(KNOWN, 1) == first | {"action": None}


def test_what_is_late_changes_nothing(instance: Instance, forum: Forum) -> None:
    one, two = forum.send(BAKES, 1), forum.send(SWIMS, 7)

    def written() -> list[Any]:
        with instance.database.begin() as tx:
            item = get_item(tx, "forum", "one")
            counts = [
                tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (ledger_pending, actions)
            ]
            return [item, revisions_of(tx, item.id), actions_of_item(tx, item.id), *counts]

    before = written()
    assert forum.send(BAKES, 1) == one
    assert forum.send(KNOWN, 6) == two  # a body that was never seen
    with pytest.raises(Refusal) as refused:
        forum.send(KNOWN, START)
    assert (refused.value.status, refused.value.errors[0].pointer) == (422, "/version")
    assert written() == before


def test_a_body_that_comes_again_with_a_higher_version_makes_what_is_between_late(
    instance: Instance, forum: Forum
) -> None:
    """Also where the lookup answers, which comes before media are fetched and decoded."""
    first = forum.send(BAKES, 1)
    with instance.database.begin() as tx:
        (reply,) = stored_answers(tx, [forum.post(BAKES, 3)])
    assert isinstance(reply, Deferred)
    with instance.database.begin() as tx:
        (stored,) = stored_answers(tx, [forum.post(BAKES, 3)])
    assert msgspec.json.decode(stored) == first  # pyright: ignore[reportArgumentType]
    assert forum.send(SWIMS, 2) == first
    assert forum.send(BAKES, 5) == first
    assert forum.send(SWIMS, 4) == first
    assert forum.texts() == [BAKES]


def test_one_group_takes_each_in_its_turn(instance: Instance, forum: Forum) -> None:
    forum.send(BAKES)
    group = [forum.post(text) for text in (SWIMS, BAKES, BAKES, KNOWN, BAKES)]
    other = Forum(instance, "two").post(SWIMS)
    answers = settled(instance, [group[0], other, *group[1:]])
    assert [one["revision"] for one in answers] == [2, 1, 3, 3, 4, 5]
    assert forum.texts() == [BAKES, SWIMS, BAKES, KNOWN, BAKES]


def test_two_processes_make_one_revision_of_what_comes_back(
    instance: Instance, forum: Forum
) -> None:
    forum.send(BAKES)
    forum.send(SWIMS)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: forum.send(BAKES), range(8)))
    assert {one["revision"] for one in answers} == {3}
    assert forum.texts() == [BAKES, SWIMS, BAKES]


@pytest.mark.parametrize("version", [None, 1, 9])
def test_an_erased_item_takes_and_answers_nothing(
    instance: Instance, forum: Forum, version: Version
) -> None:
    send: list[Callable[[], object]] = [
        lambda: forum.send(BAKES, version),
        lambda: stored_answers_of(instance, forum.post(BAKES, version)),
    ]
    forum.send(BAKES, 1)
    forum.send(SWIMS, 2)
    with instance.database.begin() as tx:
        erase_item(tx, "forum", "one")
    for one in send:
        with pytest.raises(Refusal) as refused:
            one()
        assert refused.value.status == 410


def stored_answers_of(instance: Instance, post: Submission) -> object:
    with instance.database.begin() as tx:
        (reply,) = stored_answers(tx, [post])
    if isinstance(reply, BaseException):
        raise reply
    return reply

"""A case's version moves with whatever a decider sees, also where the case itself takes no step."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.pipeline.posts import KNOWN, work_off

from tidegate.content.model import ItemRow
from tidegate.content.queries import get_item, lock_item
from tidegate.decisions.model import DecisionIn, Restriction
from tidegate.infra.clock import FakeClock
from tidegate.intake.model import ReportIn
from tidegate.pipeline.decide import decide_item, lift_expired
from tidegate.pipeline.erase import erase_item, expire
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.report import submit_report
from tidegate.pipeline.standing import end_of_order, impose
from tidegate.review.queries import cases_of_item, get_case
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]


class Watched:
    """The case of the item `one`."""

    def __init__(self, instance: Instance, case: UUID) -> None:
        self.instance, self.case = instance, case

    @property
    def version(self) -> int:
        with self.instance.database.begin() as tx:
            return get_case(tx, self.case).version

    def decide(self, outcome: Any, **more: Any) -> None:
        with self.instance.database.begin("user:a@x.org") as tx:
            decide_item(
                tx,
                "forum",
                "one",
                DecisionIn(outcome=outcome, reason="x", **more),
                pack=self.instance.pack(tx),
            )

    def edit(self, submit: Callable[..., Any]) -> None:
        submit("one", "an edit that matches nothing")

    def report(self, submit: Callable[..., Any]) -> None:
        with self.instance.database.begin() as tx:
            report = ReportIn(
                id="r1", channel="user", reason="hate", created_at=tx.now, item_id="one"
            )
            submit_report(tx, self.instance, report, platform="forum")

    def look_back(self, submit: Callable[..., Any]) -> None:
        with self.instance.database.begin() as tx:
            add_entry(tx, "known-texts", fingerprints.of_text(KNOWN), labels=["propaganda"])
        assert work_off(LookBack(self.instance)) > 0

    def escalate(self, submit: Callable[..., Any]) -> None:
        self.decide("escalate")

    def restrict_and_lift(self, submit: Callable[..., Any]) -> None:
        self.decide("restrict", label="propaganda")
        restricted = self.version
        self.decide("lift")  # the case is decided: it shows what followed, and takes no step
        assert self.version > restricted

    def end_by_the_clock(self, submit: Callable[..., Any]) -> None:
        clock = self.instance.clock
        assert isinstance(clock, FakeClock)
        self.decide(
            "restrict",
            label="propaganda",
            restriction=Restriction("item", until=clock.now() + timedelta(hours=1)),
        )
        restricted = self.version
        clock.advance(3600)
        with self.instance.database.begin() as tx:
            assert lift_expired(tx) == 1
        assert self.version > restricted

    def be_held_by_an_order(self, submit: Callable[..., Any]) -> None:
        order = uuid4()
        with self.instance.database.begin() as tx:
            item = lock_item(tx, "forum", "one")
            impose(tx, [item], order=order, restriction=Restriction("item"), reason="x")
        ordered = self.version
        with self.instance.database.begin() as tx:
            item = lock_item(tx, "forum", "one")
            assert end_of_order(tx, [item], order=order, reason="x")
        assert self.version > ordered

    def lose_its_content(self, submit: Callable[..., Any]) -> None:
        clock = self.instance.clock
        assert isinstance(clock, FakeClock)
        clock.advance(86400 * 3650)
        with self.instance.database.begin() as tx:
            assert expire(tx, self.instance.settings) > 0

    def erase(self, submit: Callable[..., Any]) -> None:
        with self.instance.database.begin() as tx:
            erase_item(tx, "forum", "one")


STEPS = [
    Watched.edit,
    Watched.report,
    Watched.look_back,
    Watched.escalate,
    Watched.restrict_and_lift,
    Watched.end_by_the_clock,
    Watched.be_held_by_an_order,
    Watched.lose_its_content,
    Watched.erase,
]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_the_version_moves(
    instance: Instance, submit: Submit, known: str, step: Callable[[Watched, Any], None]
) -> None:
    _, answer = submit("one", KNOWN)
    _, other = submit("two", KNOWN.upper())
    watched = Watched(instance, UUID(answer["case"]))
    before = watched.version
    step(watched, submit)
    assert watched.version > before
    if step in (Watched.edit, Watched.report, Watched.escalate, Watched.erase):
        assert Watched(instance, UUID(other["case"])).version == 1


def test_a_retry_changes_nothing(instance: Instance, submit: Submit, known: str) -> None:
    item, answer = submit("one", KNOWN)
    watched = Watched(instance, UUID(answer["case"]))
    submit("one", "an edit that matches nothing")
    before = watched.version
    with instance.database.begin() as tx:
        assert get_item(tx, "forum", "one").revision == 2
        assert cases_of_item(tx, item.id) == [watched.case]
    work_off(LookBack(instance))
    assert watched.version == before

"""What a replay is fed with: each evaluation with the content that it was about, as far as kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tidegate.content.model import ItemRow
from tidegate.content.queries import get_item
from tidegate.infra.clock import FakeClock
from tidegate.intake.model import ReportIn
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.replay import stored_facts
from tidegate.pipeline.report import submit_report

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]


def stored(instance: Instance, since: timedelta = timedelta(days=1)) -> list[tuple[object, ...]]:
    with instance.database.begin() as tx:
        found = list(stored_facts(tx, instance.pack(tx), tx.now - since))
    return [
        (id, facts.item.revision, facts.item.stage, facts.text.value, facts.reports.count, said)
        for id, facts, said in found
    ]


def test_each_evaluation_comes_with_the_revision_it_was_about(
    instance: Instance, submit: Submit, known: str, clock: FakeClock
) -> None:
    submit("one", "first words")
    submit("one", "second words")
    submit("two", "a gone one")
    clock.advance(1)
    with instance.database.begin("key:forum") as tx:
        report = ReportIn(
            id="r1", channel="user", reason="hate", created_at=clock.now(), item_id="one"
        )
        submit_report(tx, instance, report, platform="forum")
    with instance.database.begin() as tx:
        erase_item(tx, "forum", "two")
        assert get_item(tx, "forum", "one").revision == 2
    assert stored(instance) == [
        ("one", 1, "fast", "first words", 0, "pass"),
        ("one", 2, "fast", "second words", 0, "pass"),
        ("one", 2, "report", "second words", 1, "review"),
    ]
    assert len(stored(instance, timedelta(0))) == 1

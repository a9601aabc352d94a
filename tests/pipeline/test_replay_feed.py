"""What a replay is fed with: each item by its last look, with the content that it was about, as far as kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tidegate.content.model import ItemRow
from tidegate.content.queries import get_item
from tidegate.infra.clock import FakeClock
from tidegate.intake.model import ReportIn
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.replay import stored_items
from tidegate.pipeline.report import submit_report

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]


def stored(instance: Instance, since: timedelta = timedelta(days=1)) -> list[tuple[object, ...]]:
    with instance.database.begin() as tx:
        found = list(stored_items(tx, instance.pack(tx), tx.now - since))
    return [
        (
            one.item,
            one.facts.item.revision,
            one.facts.item.stage,
            one.facts.text.value,
            one.facts.reports.count,
            one.before,
        )
        for one in found
    ]


def test_each_item_comes_once_with_the_revision_it_was_last_looked_at(
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
        ("one", 2, "report", "second words", 1, "review"),
    ]
    assert len(stored(instance, timedelta(0))) == 1

"""While an order forbids it, the ledger ties no post to an order for who reads none; and its chain can be checked."""

from datetime import timedelta
from typing import Any

import pytest
from tests.orders.desk import Desk

from tidegate.decisions.disclosure import release, shown_entries
from tidegate.decisions.told import UNNAMED
from tidegate.infra.acting import Acting, Knows
from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full
from tidegate.ledger.model import HEAD_FILE, EntryView
from tidegate.ledger.queries import list_entries
from tidegate.ledger.sequencer import seal
from tidegate.pipeline.instance import Instance

URL = "https://forum.example/p/1"


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


def silence(desk: Desk) -> dict[str, Any]:
    until = desk.now + timedelta(weeks=5)
    reason = "The investigation is open."
    decided = {"decided_at": in_full(desk.now), "until": in_full(until), "reason": reason}
    return {"non_disclosure": decided}


def told(desk: Desk, knows: Knows) -> list[EntryView]:
    instance = desk.instance
    head = instance.settings.data_dir / HEAD_FILE
    while seal(instance.database, instance.secrets.ledger_key, head):
        pass
    with instance.database.begin(Acting(actor="key:auditor", orders=knows)) as tx:
        return shown_entries(tx, list_entries(tx, 0, 1000))


@pytest.mark.parametrize("knows", ["none", "free"])
def test_nothing_beside_a_silent_orders_decision_says_that_it_is_one(
    desk: Desk, knows: Knows
) -> None:
    post = desk.post("post-1", url=URL, text="Come on Friday, all of you, with what you have.")
    desk.post("post-2", text="Come on Friday, all of you, with what you have!")
    before = told(desk, "all")
    desk.wait(minutes=1)
    order = desk.ordered(URL, **silence(desk))
    desk.wait(minutes=1)
    desk.execute(order)
    whole, seen = told(desk, "all"), told(desk, knows)
    done = [one for one in whole if one.at == desk.now]
    kinds = {one.kind for one in done}
    assert {"decision.recorded", "hold.placed", "order.moved", "clock.heard"} <= kinds, kinds
    assert {one.kind for one in seen if one.at == desk.now} == {UNNAMED}
    after = seen[len(before) :]
    assert not [one for one in after if one.subject is not None or one.record is not None]
    # What was told of the post before is told as ever: that it went would tell.
    assert seen[: len(before)] == before
    assert [one for one in before if one.subject == post.id]
    assert [(one.seq, one.hash, one.commitment) for one in seen] == [
        (one.seq, one.hash, one.commitment) for one in whole
    ]


@pytest.mark.parametrize("knows", ["none", "free"])
def test_once_the_author_may_know_decisions_are_told_again_and_orders_are_not(
    desk: Desk, knows: Knows
) -> None:
    post = desk.post("post-1", url=URL)
    order = desk.ordered(URL, **silence(desk))
    desk.execute(order)
    desk.wait(days=1)
    desk.tx(lambda tx: release(tx, post.id, order))
    whole, seen = told(desk, "all"), told(desk, knows)
    for one, shown in zip(whole, seen, strict=True):
        first = one.kind.partition(".")[0]
        if first in ("order", "clock", "ring", "disclosure"):
            assert (shown.kind, shown.subject, shown.record) == (UNNAMED, None, None)
        else:
            assert (shown.kind, shown.subject) == (one.kind, one.subject)
    (decision,) = (one for one in seen if one.kind == "decision.recorded")
    assert decision.record is None, "which order it was stays theirs who read orders"

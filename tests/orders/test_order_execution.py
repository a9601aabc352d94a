"""From the receipt of an order to its end, at the desk of a platform: on a database, by real messages."""

from datetime import timedelta

import pytest
from tests.orders.desk import Desk

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.instance import Instance

URL = "https://forum.example/p/1"


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


def test_an_order_is_open_with_its_hour_running(desk: Desk) -> None:
    post = desk.post("post-1", url=URL)
    received = desk.now
    order = desk.ordered(URL)
    shown = desk.shown(order)
    assert (shown["state"], shown["verified"], shown["problems"]) == ("open", True, [])
    (item,) = shown["items"]
    assert (item["n"], item["url"], item["state"]) == (1, URL, "open")
    assert (item["item"], item["candidates"]) == ("post-1", ["post-1"])
    (clock,) = desk.clocks(order)
    assert clock.subject.id == f"{order}/1"
    assert clock.due_at == received + timedelta(hours=1)
    assert desk.order(order).due_at == clock.due_at
    assert post.restricted_by is None


def test_executing_takes_down_holds_and_answers(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.wait(minutes=20)
    desk.execute(order)
    shown = desk.shown(order)
    (item,) = shown["items"]
    assert (shown["state"], item["state"], item["measure"]) == ("executed", "executed", "disabled")
    ((kind, effective),) = desk.actions("post-1")
    assert kind == "restrict"
    assert len(effective.territory) == 27
    assert "GR" in effective.territory
    assert item["hold"]["until"] == "2026-07-01T22:00:00.000000Z"
    ((type, body),) = desk.sent(order)
    assert type == "order.executed"
    assert body["items"] == [{"url": URL, "measure": "disabled", "at": item["at"]}]
    assert body["authority_reference"] == "2026/0001"
    assert [one.state for one in desk.clocks(order)] == ["met"]
    assert [one.state for one in desk.clocks(order, "tco.feedback")] == ["running"]
    assert [one.state for one in desk.clocks(order, "tco.inform_author")] == ["met"]

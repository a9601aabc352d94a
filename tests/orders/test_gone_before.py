"""What an order names was gone before it came: its address alone finds what is left of it."""

import pytest
from tests.orders.desk import Desk

from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.infra.times import in_full
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance

URL = "https://forum.example/p/1"


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


def erase(desk: Desk, id: str = "post-1") -> str:
    desk.tx(lambda tx: erase_item(tx, "forum", id), "key:forum")
    return in_full(desk.now)


def test_what_its_author_deleted_before_is_removed_since_then(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    desk.wait(days=1)
    gone = erase(desk)
    desk.wait(days=1)
    order = desk.ordered(f"{URL}#top")
    (item,) = desk.shown(order)["items"]
    assert (item["item"], item["problems"]) == ("post-1", ["item-erased"])
    desk.execute(order)
    (item,) = desk.shown(order)["items"]
    assert (item["state"], item["measure"], item["at"]) == ("executed", "removed", gone)
    ((type, body),) = desk.sent(order)
    assert type == "order.executed"
    assert body["items"] == [{"url": f"{URL}#top", "measure": "removed", "at": gone}]
    # Nothing is left to be restricted, held, or told to anybody.
    assert [desk.count(one) for one in ("holds", "restrictions", "disclosures", "actions")] == [
        0
    ] * 4
    assert desk.notices("order.author_information") == []


def test_what_was_deleted_after_the_order_came_is_not_answered_as_gone_before(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.wait(minutes=5)
    erase(desk)
    with pytest.raises(Refusal) as refused:
        desk.execute(order)
    assert (refused.value.status, refused.value.type) == (410, "item-erased")
    assert refused.value.extra["erased_at"] == desk.now
    assert desk.states(order) == ["open"]


def test_a_post_that_stands_at_the_address_is_what_is_meant(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    erase(desk)
    desk.post("post-2", text="The same once more.", url=URL)
    (item,) = desk.shown(desk.ordered(URL))["items"]
    assert (item["item"], item["candidates"], item["problems"]) == ("post-2", ["post-2"], [])


def test_where_several_were_deleted_a_person_says_which(desk: Desk) -> None:
    for id in ("post-1", "post-2"):
        desk.post(id, text=f"This is {id}.", url=URL)
        desk.wait(hours=1)
        erase(desk, id)
    order = desk.ordered(URL)
    (item,) = desk.shown(order)["items"]
    assert (item["item"], item["candidates"]) == (None, ["post-1", "post-2"])
    desk.execute(order, item="post-2")
    (item,) = desk.shown(order)["items"]
    assert (item["measure"], item["at"]) == ("removed", in_full(desk.now))


def test_what_was_taken_down_before_is_disabled_since_then(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    before = desk.ordered(URL)
    desk.execute(before)
    taken = in_full(desk.now)
    desk.wait(hours=2)
    order = desk.ordered(URL, order="o-2", reference="2026/0002")
    desk.wait(minutes=1)
    desk.execute(order)
    ((_, body),) = desk.sent(order)
    assert body["items"] == [{"url": URL, "measure": "disabled", "at": taken}]


def test_nothing_of_the_address_is_left_in_words(desk: Desk, instance: Instance) -> None:
    desk.post("post-1", url="https://forum.example/p/secret-name")
    erase(desk)
    with instance.database.begin() as tx:
        row = tx.connection.exec_driver_sql("SELECT items::text FROM items").scalar_one()
    assert "secret-name" not in row
    assert "anna" not in row

"""Orders of many addresses: as many as there may be are taken as a whole, with no more statements than few take."""

from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from tests.orders.desk import Desk

from tidegate.clocks.actions import acknowledge_order
from tidegate.content.model import ItemIn
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.times import in_full
from tidegate.orders.annexes import MOST_ITEMS
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.submission import describe
from tidegate.pipeline.submit import submit_group

FEW, MANY = 2, 9


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


def post_all(desk: Desk, names: list[str], text: str | None = None) -> None:
    """Posts at addresses of their own, submitted together."""
    given: dict[str, Any] = {"surface": "post", "publicness": "public", "created_at": desk.now}
    items = [
        ItemIn(id=one, url=url(one), author=f"author-{one}", text=text or f"post {one}", **given)
        for one in names
    ]
    by: dict[str, Any] = {"platform": "forum", "actor": "key:forum", "request_id": "r"}
    submissions = [describe(desk.instance, one, now=desk.now, **by) for one in items]
    answers = desk.tx(lambda tx: submit_group(tx, desk.instance, submissions), "key:forum")
    assert all(isinstance(one, bytes) for one in answers)


def words(name: str) -> str:
    """A text that is like no other's."""
    digests = (sha256(f"{name} {n}".encode()).hexdigest() for n in range(8))
    return " ".join(one[at : at + 8] for one in digests for at in range(0, 64, 8))


def url(name: str) -> str:
    return f"https://forum.example/p/{name}"


@contextmanager
def counted(desk: Desk) -> Generator[list[str]]:
    """The statements that the block sends to the database."""
    said: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        said.append(statement)

    engine = desk.instance.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def story(desk: Desk, name: str, count: int, **fields: Any) -> dict[str, int]:
    """How many statements each step takes in the life of an order of so many addresses."""
    names = [f"{name}-{n}" for n in range(count)]
    post_all(desk, names)
    urls = [{"url": url(one), "item_id": one, "sha256": ["ab" * 32]} for one in names]
    steps: dict[str, int] = {}

    def step(what: str, work: Any) -> Any:
        with counted(desk) as said:
            done = work()
        steps[what] = len(said)
        return done

    ref = f"o-{name}"
    order: UUID = step("received", lambda: desk.ordered(*urls, order=ref, reference=name, **fields))
    why = "The servers are down."
    step("impeded", lambda: desk.do("impede", order, ground="impossible", explanation=why))
    step("resumed", lambda: desk.do("resume", order))
    step("executed", lambda: desk.execute(order))
    assert desk.states(order) == ["executed"] * count
    step("acknowledged", lambda: desk.tx(lambda tx: acknowledge_order(tx, order)))
    step("shown", lambda: desk.shown(order))
    step("revoked", lambda: desk.says("order.revoked", {"reason": "An error."}, order=ref))
    assert desk.states(order) == ["void"] * count
    return steps


@pytest.mark.parametrize("silent", [False, True])
def test_no_step_takes_more_statements_for_more_addresses(desk: Desk, silent: bool) -> None:
    quiet = {"decided_at": in_full(desk.now), "until": "2026-01-20T00:00:00Z", "reason": "It runs."}
    fields = {"non_disclosure": quiet} if silent else {}
    story(desk, "first", 1, **fields)  # what is read once by each process is read
    few = story(desk, "few", FEW, **fields)
    assert story(desk, "many", MANY, **fields) == few


def test_copies_take_no_more_statements_for_more_addresses(desk: Desk) -> None:
    taken: list[int] = []
    for name, count in (("first", 1), ("few", FEW), ("many", MANY)):
        ordered = [f"{name}-{n}" for n in range(count)]
        for one in ordered:
            post_all(desk, [one, f"{one}-copy"], words(one))
        order = desk.ordered(*map(url, ordered), order=f"o-{name}", reference=name)
        with counted(desk) as said:
            desk.execute(order)
        proposals = [one["proposals"] for one in desk.shown(order)["items"]]
        copies = [[one["item"] for one in some] for some in proposals]
        assert copies == [[f"{one}-copy"] for one in ordered]
        taken.append(len(said))
    assert taken[1] == taken[2]


def test_as_many_addresses_as_there_may_be_are_one_order(desk: Desk) -> None:
    names = [f"p-{n}" for n in range(MOST_ITEMS)]
    post_all(desk, names)
    order = desk.ordered(*map(url, names))
    shown = desk.shown(order)
    assert [one["item"] for one in shown["items"]] == names
    assert len(desk.clocks(order)) == MOST_ITEMS
    desk.execute(order)
    assert desk.states(order) == ["executed"] * MOST_ITEMS
    ((type, annex),) = desk.sent(order)
    assert type == "order.executed"
    assert [one["url"] for one in annex["items"]] == [url(one) for one in names]
    assert {one.state for one in desk.clocks(order)} == {"met"}
    for table in ("decisions", "restrictions", "holds", "actions"):
        assert desk.count(table) == MOST_ITEMS
    assert len(desk.notices("order.author_information")) == 0  # no webhook wants them here
    before = desk.everything()
    with pytest.raises(Refusal) as refused:
        desk.execute(order)
    assert refused.value.type == "order-not-open"
    assert desk.everything() == before


def test_an_order_that_names_one_post_twice_takes_it_down_once(desk: Desk) -> None:
    post_all(desk, ["twice"])
    again = {"url": url("elsewhere"), "item_id": "twice"}
    order = desk.ordered(url("twice"), again)
    desk.execute(order)
    assert desk.states(order) == ["executed", "executed"]
    assert [kind for kind, _ in desk.actions("twice")] == ["restrict"]
    desk.do("annul", order, court="A court", reference="1 K 7/26")
    desk.do("annul", order, by="user:counsel@forum.example", court="A court", reference="1 K 7/26")
    assert desk.states(order) == ["void", "void"]
    assert [kind for kind, _ in desk.actions("twice")] == ["restrict", "lift"]


def test_what_is_refused_of_one_address_takes_none_down(desk: Desk) -> None:
    post_all(desk, [f"p-{n}" for n in range(MANY)])
    order = desk.ordered(*(url(f"p-{n}") for n in range(MANY)))
    desk.wait(minutes=1)

    def erase(tx: Tx) -> None:
        tx.connection.exec_driver_sql(
            "UPDATE items SET erased_at = %s WHERE external_id = 'p-5'", (desk.now,)
        )

    desk.tx(erase)
    before = desk.everything()
    with pytest.raises(Refusal) as refused:
        desk.execute(order)
    assert refused.value.type == "item-erased"
    assert desk.everything() == before

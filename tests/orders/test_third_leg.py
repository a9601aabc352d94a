"""When nobody is awake. A restriction comes by a person, by a live rule on a confirmed exact match (as
tests/policy/test_invariant.py has it), or by the third leg: and many try to make it restrict where it may not."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.orders.desk import LEGAL, OTHER, Desk
from tests.orders.letters import Sender
from tests.orders.test_order_rows import explained

from tidegate.clocks.actions import acknowledge_order
from tidegate.decisions.actions import record
from tidegate.exchange.actions import revoke_key, set_provisional
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.model import HEAD_FILE
from tidegate.ledger.sequencer import seal
from tidegate.orders import actions as orders
from tidegate.orders.queries import count_provisional, list_orders
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.provisional import MOST_ITEMS, execute_unheard

URL = "https://forum.example/p/1"


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    desk = Desk(instance, clock)
    desk.post("post-1", url=URL)
    return desk


def switch(desk: Desk, on: bool = True) -> None:
    desk.tx(lambda tx: set_provisional(tx, desk.sender.id, on))


def watch(desk: Desk) -> int:
    """What the worker does of it."""
    return execute_unheard(desk.instance)


def restrictions(desk: Desk) -> int:
    return desk.count("restrictions")


def test_what_nobody_has_is_down_a_quarter_of_an_hour_before_its_end(desk: Desk) -> None:
    switch(desk)
    order = desk.ordered(URL)
    due = desk.order(order).due_at
    assert due is not None
    desk.wait(seconds=45 * 60 - 1)
    assert (watch(desk), restrictions(desk)) == (0, 0)
    desk.wait(seconds=1)
    assert (watch(desk), restrictions(desk)) == (1, 1)
    assert watch(desk) == 0
    (item,) = desk.shown(order)["items"]
    assert (item["state"], item["provisional"], item["measure"]) == ("executed", True, "disabled")
    assert [type for type, _ in desk.sent(order)] == ["order.executed"]
    assert [kind for kind, _ in desk.actions("post-1")] == ["restrict"]
    (hour,) = desk.clocks(order)
    assert (hour.state, hour.due_at) == ("met", due)
    (review,) = desk.clocks(order, "ours.provisional_review")
    assert review.due_at == desk.now + timedelta(hours=24)
    assert desk.order(order).provisional == 1
    assert desk.tx(lambda tx: list_orders(tx)[0][0].provisional) == 1
    assert desk.tx(count_provisional) == 1


def test_a_person_confirms_it_and_nothing_happens_twice(desk: Desk) -> None:
    switch(desk)
    order = desk.ordered(URL)
    desk.wait(minutes=45)
    assert watch(desk) == 1
    before = desk.everything()
    with pytest.raises(Refusal) as caught:
        desk.execute(order, 1, item="another")
    assert (caught.value.status, desk.everything()) == (422, before)
    desk.execute(order)
    assert desk.order(order).provisional == 0
    assert not desk.shown(order)["items"][0]["provisional"]
    assert [type for type, _ in desk.sent(order)] == ["order.executed"]
    assert len(desk.actions("post-1")) == restrictions(desk) == 1
    (review,) = desk.clocks(order, "ours.provisional_review")
    assert review.state == "met"
    with pytest.raises(Refusal) as caught:
        desk.execute(order)
    assert caught.value.type == "order-not-open"


def test_the_ledger_says_that_no_person_did_it(desk: Desk) -> None:
    """By the entry that takes it down, and by the one of whoever looks at it later; and what is written otherwise
    is found."""
    switch(desk)
    urls = [URL, "https://forum.example/p/2"]
    desk.post("post-2", "another text", url=urls[1])
    order = desk.ordered(*urls)
    desk.wait(minutes=45)
    watch(desk)
    for said in entries(desk, "order.moved"):
        assert (said["event"], said["given"]) == ("execute", {"provisional": True})
        assert not said["actor"].startswith("user:")
    assert faults(desk) == []
    desk.execute(order, 1)
    (said,) = entries(desk, "order.confirmed")
    assert (said["n"], said["actor"]) == (1, LEGAL)
    assert faults(desk) == []
    forged = "UPDATE order_items SET provisional = NOT provisional"
    desk.tx(lambda tx: tx.connection.exec_driver_sql(forged))
    assert faults(desk) == [
        f"item 1 of the order {order} is provisional, and no entry of the ledger tells it",
        f"item 2 of the order {order} was taken down without a person, and is not marked so",
    ]


def test_what_a_person_executes_is_not_called_provisional(desk: Desk) -> None:
    switch(desk)
    order = desk.ordered(URL)
    desk.execute(order)
    (said,) = entries(desk, "order.moved")
    assert said["given"] is None
    assert faults(desk) == []


def entries(desk: Desk, kind: str) -> list[dict[str, Any]]:
    """What the ledger was told of this kind and is not sealed yet, or is."""
    query = sa.text(
        "SELECT record FROM ledger_pending WHERE kind = :kind"
        " UNION ALL SELECT record FROM ledger WHERE kind = :kind"
    )
    rows = desk.tx(lambda tx: tx.execute(query, {"kind": kind}).scalars().all())
    return [json.loads(bytes(one)) for one in rows]


def faults(desk: Desk) -> list[str]:
    home = desk.instance
    seal(home.database, home.secrets.ledger_key, home.settings.data_dir / HEAD_FILE)
    return desk.tx(lambda tx: explained(tx, desk))


def test_what_nobody_looks_at_rings_on(desk: Desk) -> None:
    switch(desk)
    order = desk.ordered(URL)
    desk.wait(minutes=45)
    watch(desk)
    ringing = "SELECT count(*) FROM rings WHERE acknowledged_at IS NULL"
    assert desk.tx(lambda tx: tx.connection.exec_driver_sql(ringing).scalar_one()) == 1
    desk.wait(hours=25)
    assert desk.tx(count_provisional) == 1
    (review,) = desk.clocks(order, "ours.provisional_review")
    assert review.live


def test_what_is_void_is_up_again_and_waits_for_nobody(desk: Desk) -> None:
    switch(desk)
    order = desk.ordered(URL)
    desk.wait(minutes=45)
    watch(desk)
    desk.says("order.revoked", {"reason": "It was the wrong post."})
    assert [kind for kind, _ in desk.actions("post-1")] == ["restrict", "lift"]
    assert desk.order(order).provisional == 0
    (review,) = desk.clocks(order, "ours.provisional_review")
    assert review.state == "void"


def exempt(desk: Desk, _: UUID) -> None:
    def work(tx: Tx) -> None:
        post = desk.item("post-1")
        record(
            tx,
            item=post,
            revision=post.revision,
            outcome="pass",
            reason="It is news.",
            exemption="news",
        )

    desk.tx(work)


def off_again(desk: Desk, _: UUID) -> None:
    switch(desk, on=False)


def somebody_has_it(desk: Desk, order: UUID) -> None:
    desk.tx(lambda tx: acknowledge_order(tx, order))


def somebody_resumed(desk: Desk, order: UUID) -> None:
    desk.do("impede", order, ground="impossible", explanation="A fire.")
    desk.do("resume", order)


def somebody_proposed(desk: Desk, order: UUID) -> None:
    desk.do("annul", order, by=OTHER, court="A court", reference="1")


def contradicted(desk: Desk, order: UUID) -> None:
    desk.tx(lambda tx: orders.contradict(tx, order, "something else"))


def asked(desk: Desk, order: UUID) -> None:
    desk.do("ask", order, ground="manifest_error", needed="Which of two?")


@pytest.mark.parametrize(
    "broken",
    [
        exempt,
        off_again,
        somebody_has_it,
        somebody_resumed,
        somebody_proposed,
        contradicted,
        asked,
    ],
)
def test_nothing_restricts_but_a_person_a_live_rule_or_the_third_leg(
    desk: Desk, broken: Callable[[Desk, UUID], None]
) -> None:
    """Each of what it needs is taken away; the same order without that is executed above."""
    switch(desk)
    order = desk.ordered(URL)
    broken(desk, order)
    for _ in range(8):
        desk.wait(minutes=15)
        assert (watch(desk), restrictions(desk)) == (0, 0)


@pytest.mark.parametrize(
    "urls",
    [
        ["https://forum.example/p/none"],
        [URL, "https://forum.example/p/none"],
        [URL, "https://elsewhere.example/p/1"],
        [{"url": URL, "item_id": "post-2"}],
        [f"{URL}?n={n}" for n in range(MOST_ITEMS + 1)],
    ],
)
def test_an_order_whose_posts_are_not_sure_waits_for_a_person(
    desk: Desk, urls: list[object]
) -> None:
    desk.post("post-2", url="https://forum.example/p/2")
    for n in range(MOST_ITEMS + 1):
        desk.post(f"many-{n}", url=f"{URL}?n={n}")
    switch(desk)
    desk.ordered(*urls)
    desk.wait(minutes=50)
    assert (watch(desk), restrictions(desk)) == (0, 0)


def test_what_is_not_public_or_not_theirs_waits_for_a_person(desk: Desk) -> None:
    desk.post("private", url="https://forum.example/p/9", publicness="private")
    switch(desk)
    desk.ordered("https://forum.example/p/9")
    stranger = Sender("stranger.example")
    stranger.register(desk.instance.database)
    body = {"items": [{"url": URL}]}
    desk.says("order.issued", body, order="o-2", sender=stranger)
    desk.says("order.issued", body, order="o-3")  # it lacks most of Annex I
    desk.wait(minutes=50)
    assert (watch(desk), restrictions(desk)) == (0, 0)


def test_a_doubtful_order_never_acts_whoever_switched_what_on(desk: Desk) -> None:
    switch(desk)
    kid = desk.sender.key.kid
    desk.tx(lambda tx: revoke_key(tx, desk.sender.id, kid, tx.now, "It was stolen."), OTHER)
    desk.ordered(URL)
    desk.wait(minutes=50)
    assert (watch(desk), restrictions(desk)) == (0, 0)


def test_it_is_off_until_it_is_switched_on_for_a_trusted_authority(desk: Desk) -> None:
    desk.ordered(URL)
    desk.wait(minutes=50)
    assert (watch(desk), restrictions(desk)) == (0, 0)
    unknown = Sender("unknown.example")
    unknown.register(desk.instance.database, confirm=False)
    before = desk.everything()
    for id, status in (("unknown.example", 409), ("nobody.example", 404)):
        with pytest.raises(Refusal) as caught:
            desk.tx(lambda tx, id=id: set_provisional(tx, id, True))
        assert (caught.value.status, desk.everything()) == (status, before)

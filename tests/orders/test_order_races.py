"""An order is executed once, whoever asks at once; its answer counts as given when the other side has it; what came
earlier counts."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.orders.desk import Desk, annex
from tests.orders.letters import Sender

from tidegate.clocks.rings import list_rings
from tidegate.decisions.model import DecisionIn
from tidegate.infra.acting import Acting
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.infra.times import in_full
from tidegate.orders.messages.model import Receipt
from tidegate.orders.messages.queries import messages_of
from tidegate.orders.queries import list_orders, order_of
from tidegate.pipeline.decide import decide_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.authors import AnswerIn, author_answered, author_asked
from tidegate.pipeline.orders.shown import shown_order
from tidegate.pipeline.orders.sides import RECEIPTS
from tidegate.pipeline.orders.taking import ByHand, Written, write_down
from tidegate.pipeline.orders.verbs import ScrutinyIn, acknowledge, ask_scrutiny

URL = "https://forum.example/p/1"
HOUR = timedelta(hours=1)
ABROAD: dict[str, Any] = {"cross_border": {"applies": True, "copy_to": "bpb.example"}}


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


def test_executed_by_eight_at_once_it_is_executed_once(desk: Desk) -> None:
    """Never 1."""
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)

    def attempt(_: int) -> str:
        try:
            return desk.execute(order).state
        except Refusal as refusal:
            return refusal.type

    with ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(attempt, range(8)))
    assert found == ["executed", *["order-not-open"] * 7]
    assert [kind for kind, _ in desk.actions("post-1")] == ["restrict"]
    assert [type for type, _ in desk.sent(order)] == ["order.executed"]
    assert (desk.count("holds"), desk.count("restrictions")) == (1, 1)


def test_different_messages_about_one_order_at_once_are_one_order(desk: Desk) -> None:
    body = annex(desk.sender, desk.now, [URL])
    raws = [desk.sender.message(desk.now, "order.issued", order="o-1", body=body) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = {one["order"] for one in pool.map(desk.take, raws)}
    assert len(found) == 1
    assert desk.count("orders") == 1
    assert len(desk.clocks(UUID(found.pop()))) == 1


def test_feedback_is_given_when_it_arrived(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.execute(order)
    (clock,) = desk.clocks(order, "tco.feedback")
    assert (clock.state, clock.due_at) == ("running", desk.now + timedelta(minutes=15))
    desk.wait(minutes=5)
    deliver(desk, order, "order.executed")
    assert [one.state for one in desk.clocks(order, "tco.feedback")] == ["met"]


def deliver(desk: Desk, order: UUID, type: str) -> None:
    """The other side's receipt of the last message of a type."""

    def work(tx: object) -> None:
        sent = [one for one in messages_of(tx, order) if one.type == type][-1]  # pyright: ignore[reportArgumentType]
        receipt = Receipt(
            protocol="tidegate-orders/1",
            type="receipt",
            from_=sent.recipient,
            to=sent.sender,
            message=sent.message,
            sha256=sent.sha256,
            received_at=desk.now,
            verified=True,
            problems=[],
            order=None,
        )
        RECEIPTS["platform"][type](tx, desk.instance, sent, receipt)  # pyright: ignore[reportArgumentType]

    desk.tx(work)


def test_scrutiny_is_asked_for_in_time_and_late(instance: Instance, clock: FakeClock) -> None:
    desk = Desk(instance, clock, Sender(member_state="IE"))
    order = desk.ordered(URL, **ABROAD)
    given = ScrutinyIn("It is news.")
    with pytest.raises(Refusal, match="It takes a confirmed authority"):
        desk.tx(lambda tx: ask_scrutiny(tx, desk.instance, order, given))
    authority = Sender("bpb.example", functions=("scrutinise",))
    authority.register(desk.instance.database)
    desk.tx(lambda tx: ask_scrutiny(tx, desk.instance, order, given))
    ((type, body),) = desk.sent(order)
    expected = {"issuer": "bka.example", "by": "provider", "reasons": "It is news."}
    assert (type, body) == ("scrutiny.requested", expected)
    assert [one.state for one in desk.clocks(order, "tco.scrutiny_request")] == ["met"]
    deliver(desk, order, "scrutiny.requested")
    (decision,) = desk.clocks(order, "tco.scrutiny_decision")
    assert (decision.ours, decision.due_at) == (False, desk.now + timedelta(hours=72))
    desk.wait(hours=1)
    said = {"issuer": "bka.example", "finding": "none", "reasons": "It is an order."}
    desk.says("scrutiny.decided", said, sender=authority)
    assert [one.state for one in desk.clocks(order, "tco.scrutiny_decision")] == ["met"]
    assert desk.states(order) == ["open"]
    late = desk.ordered("https://forum.example/p/2", order="o-2", reference="r-2", **ABROAD)
    desk.wait(hours=49)
    desk.tx(lambda tx: ask_scrutiny(tx, desk.instance, late, given))
    entries = desk.tx(
        lambda tx: tx.connection.exec_driver_sql(
            "SELECT record FROM ledger_pending WHERE kind = 'order.scrutiny_requested' ORDER BY id"
        ).all()
    )
    assert [json.loads(bytes(row.record))["late"] for row in entries] == [False, True]


def test_of_two_times_of_receipt_the_earlier_one_counts(desk: Desk) -> None:
    received = desk.now
    order = desk.ordered(URL)
    earlier = received - timedelta(minutes=30)
    given = Written(
        came=ByHand(issuer=desk.sender.id, channel="fax", received_at=earlier),
        annex=annex(desk.sender, received, [URL]),
        file=b"%PDF",
        content_type="application/pdf",
    )
    taken = desk.tx(lambda tx: write_down(tx, desk.instance, given))
    assert (taken.joined, taken.order.id) == (True, order)
    assert desk.order(order).received_at == earlier
    assert [one.due_at for one in desk.clocks(order)] == [earlier + HOUR]
    assert desk.order(order).due_at == earlier + HOUR
    times = [one["received_at"] for one in desk.shown(order)["receipts"]]
    assert len(set(times)) == 2


def test_it_rings_until_somebody_has_it(desk: Desk) -> None:
    order = desk.ordered(URL)
    (ring,) = desk.tx(list_rings)
    assert (ring.type, ring.order_id, ring.data["state"]) == ("order.received", order, "open")
    desk.tx(lambda tx: acknowledge(tx, order))
    assert desk.tx(list_rings) == []


def test_who_executes_it_has_it(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    assert len(desk.tx(list_rings)) == 1
    desk.execute(order)
    assert desk.tx(list_rings) == []


def test_the_first_to_end_stand_first(desk: Desk) -> None:
    ids: list[UUID] = []
    for n in range(5):
        url = f"https://forum.example/p/{n}"
        desk.post(f"post-{n}", text=f"number {n}", url=url)
        ids.append(desk.ordered(url, order=f"o-{n}", reference=f"r-{n}"))
        desk.wait(minutes=1)
    desk.execute(ids[0])
    desk.execute(ids[2])
    expected = [ids[1], ids[3], ids[4], ids[2], ids[0]]
    found: list[UUID] = []
    cursor: str | None = None
    while True:
        page, cursor = desk.tx(lambda tx, at=cursor: list_orders(tx, cursor=at, limit=2))
        found += [one.id for one in page]
        if cursor is None:
            break
    assert found == expected
    open_ = desk.tx(lambda tx: list_orders(tx, states=["open"]))[0]
    assert [one.id for one in open_] == expected[:3]


def test_who_is_bound_elsewhere_sees_no_names_of_posts(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    with desk.instance.database.begin(Acting("key:b", platforms=frozenset({"b"}))) as tx:
        (item,) = shown_order(tx, order_of(tx, order))["items"]
    assert (item["item"], item["candidates"], item["platform"]) == (None, [], None)


def test_what_a_person_decided_first_stands_when_the_order_ends(desk: Desk) -> None:
    """Never 3: the end of an order brings back nothing that another decision holds down."""
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    desk.execute(order)
    terms = DecisionIn(outcome="restrict", reason="against our terms", label="propaganda")
    pack = desk.tx(desk.instance.pack)
    desk.tx(lambda tx: decide_item(tx, "forum", "post-1", terms, pack=pack))
    desk.says("order.revoked", {"reason": "A mistake."})
    kinds = [kind for kind, _ in desk.actions("post-1")]
    assert "lift" not in kinds
    assert desk.actions("post-1")[-1][1].territory is None
    assert desk.item("post-1").restricted_by is not None


def test_an_author_asks_and_is_answered(instance: Instance, clock: FakeClock) -> None:
    desk = Desk(instance, clock, Sender(member_state="IE"))
    desk.post("post-1", url=URL)
    order = desk.ordered(URL, **ABROAD)
    gave = AnswerIn("copy")
    before = desk.everything()
    for work in (
        lambda tx: author_asked(tx, desk.instance, order, None),
        lambda tx: author_answered(tx, desk.instance, order, 1, gave),
    ):
        with pytest.raises(Refusal, match="nothing to ask about"):
            desk.tx(work)
    assert desk.everything() == before
    desk.execute(order)
    desk.wait(hours=5)
    desk.tx(lambda tx: author_asked(tx, desk.instance, order, None))
    (_, asked) = sorted(desk.clocks(order, "tco.inform_author"), key=lambda one: one.started_at)
    assert (asked.state, asked.due_at) == ("running", desk.now + timedelta(hours=24))
    desk.wait(hours=1)
    desk.tx(lambda tx: author_answered(tx, desk.instance, order, 1, gave))
    found = desk.clocks(order, "tco.scrutiny_request")
    (theirs,) = [one for one in found if one.subject.kind == "order_item"]
    assert (theirs.ours, theirs.due_at) == (False, desk.now + timedelta(hours=48))
    states = [one.state for one in desk.clocks(order, "tco.inform_author")]
    assert states == ["met", "met"]


def test_nobody_is_answered_while_nobody_may_be_told(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    until = desk.now + timedelta(days=3)
    said = {"decided_at": in_full(desk.now), "until": in_full(until), "reason": "An inquiry."}
    order = desk.ordered(URL, non_disclosure=said)
    desk.execute(order)
    before = desk.everything()
    with pytest.raises(Refusal, match="nobody tells them"):
        desk.tx(lambda tx: author_answered(tx, desk.instance, order, 1, AnswerIn("reasons")))
    assert desk.everything() == before

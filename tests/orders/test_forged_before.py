"""A forger who is quicker than the authority: what nobody signed never shapes, shortens or swallows what its issuer
signed later under the same name."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.orders.desk import OTHER, Desk, annex

from tidegate.enforcement.webhooks import create_webhook
from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full
from tidegate.pipeline.house import MESSAGE_TYPES
from tidegate.pipeline.instance import Instance

URL, ELSEWHERE = "https://forum.example/p/1", "https://forum.example/unknown/1"


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


def forged(desk: Desk, urls: list[Any], **fields: Any) -> UUID:
    """What somebody writes in the authority's name, who has not its key."""
    said = desk.sender.says(
        desk.now, "order.issued", order="o-1", body=annex(desk.sender, desk.now, urls, **fields)
    )
    receipt = desk.take(desk.sender.sign(said, kid="not-theirs"))
    assert not receipt["verified"]
    return UUID(receipt["order"])


def silent(at: datetime, until: datetime) -> dict[str, Any]:
    said = {"decided_at": in_full(at), "until": in_full(until), "reason": "An operation runs."}
    return {"non_disclosure": said}


def test_a_forger_does_not_choose_the_post(desk: Desk) -> None:
    """Never 4 and 7: the post that is meant is the one that the signed order names."""
    desk.post("meant")
    desk.post("victim")
    forged(desk, [{"url": ELSEWHERE, "item_id": "victim"}])
    order = desk.ordered({"url": ELSEWHERE, "item_id": "meant"})
    desk.execute(order)
    assert desk.actions("victim") == []
    assert [kind for kind, _ in desk.actions("meant")] == ["restrict"]


def test_a_forger_does_not_make_an_order_ambiguous_nor_spell_its_addresses(desk: Desk) -> None:
    """Annex II speaks of the addresses as the order has them, else its issuer takes it for no answer."""
    desk.post("meant", url=URL)
    desk.post("victim")
    first = forged(desk, [{"url": "HTTPS://forum.example:443/p/1", "item_id": "victim"}] * 2)
    order = desk.ordered(URL)
    assert order == first
    desk.execute(order)
    assert desk.actions("victim") == []
    assert [kind for kind, _ in desk.actions("meant")] == ["restrict"]
    ((_, answer),) = desk.sent(order)
    assert {one["url"] for one in answer["items"]} == {URL}


def test_all_spellings_of_a_signed_order_are_answered(desk: Desk) -> None:
    desk.post("meant", url=URL)
    forged(desk, [URL])
    spelled = [URL, "HTTPS://forum.example:443/p/1"]
    order = desk.ordered(*spelled)
    assert len(desk.clocks(order)) == 2
    desk.execute(order)
    ((_, answer),) = desk.sent(order)
    assert sorted(one["url"] for one in answer["items"]) == sorted(spelled)


def test_a_forger_does_not_end_the_silence_early(desk: Desk) -> None:
    """Never 5."""
    desk.post("post-1", url=URL)
    forged(desk, [URL], **silent(desk.now - timedelta(days=30), desk.now + timedelta(hours=2)))
    until = desk.now + timedelta(weeks=5)
    order = desk.ordered(URL, **silent(desk.now, until))
    assert desk.order(order).non_disclosure_until == until
    (clock,) = [one for one in desk.clocks(order, "tco.non_disclosure") if one.live]
    assert clock.ends_at == until


def test_a_forger_does_not_silence_an_order_that_is_not(desk: Desk) -> None:
    with desk.instance.database.begin() as tx:
        create_webhook(tx, "https://platform.example/hook", enforce=True, known=MESSAGE_TYPES)
    desk.post("post-1", url=URL)
    forged(desk, [URL], **silent(desk.now, desk.now + timedelta(weeks=5)))
    order = desk.ordered(URL)
    desk.execute(order)
    assert len(desk.notices("order.author_information")) == 1
    assert not [one for one in desk.clocks(order, "tco.non_disclosure") if one.live]


def test_a_rejected_forgery_does_not_swallow_the_order(desk: Desk) -> None:
    """Never 2: the hour of the true one runs from its receipt, and it rings."""
    desk.post("post-1", url=URL)
    fake = forged(desk, [URL])
    desk.do("reject", fake, reason="forged")
    desk.do("reject", fake, by=OTHER, reason="forged")
    desk.wait(minutes=10)
    order = desk.ordered(URL)
    assert order != fake
    assert (desk.states(order), desk.states(fake)) == (["open"], ["rejected"])
    (clock,) = desk.clocks(order)
    assert (clock.state, clock.started_at) == ("running", desk.now)
    desk.execute(order)
    assert [kind for kind, _ in desk.actions("post-1")] == ["restrict"]


def test_what_was_rejected_and_comes_again_is_for_a_person(desk: Desk) -> None:
    """A signed order that two persons turned down is not silently one with what its issuer sends again."""
    desk.post("post-1", url=URL)
    body = annex(desk.sender, desk.now, [URL])
    ahead = desk.now + timedelta(minutes=11)
    first = desk.take(desk.sender.message(ahead, "order.issued", order="o-1", body=body))
    assert first["problems"] == ["clock-skew"]
    order = UUID(first["order"])
    desk.do("reject", order, reason="not_an_order")
    desk.do("reject", order, by=OTHER, reason="not_an_order")
    desk.wait(minutes=20)
    assert desk.ordered(URL) == order
    assert desk.order(order).contradictory


def test_the_ledger_does_not_say_on_which_post_an_order_is_kept_secret(desk: Desk) -> None:
    """Never 5: who reads the ledger and no orders sees kinds and subjects of all entries, and records of some."""
    desk.post("post-1", url=URL)
    order = desk.ordered(URL, **silent(desk.now, desk.now + timedelta(weeks=5)))
    desk.execute(order)
    item = desk.item("post-1").id
    query = sa.text("SELECT subject FROM ledger_pending WHERE kind LIKE 'disclosure.%'")
    subjects = desk.tx(lambda tx: tx.execute(query).scalars().all())
    assert subjects
    assert item not in subjects


def test_what_was_said_to_another_platform_casts_no_doubt(desk: Desk) -> None:
    """Never 7: a revocation that somebody copied from elsewhere is nothing that was said to us."""
    receipt = desk.says("order.revoked", {"reason": "It was another post."}, to="else.example")
    assert receipt["problems"] == ["not-addressed-to-us"]
    order = desk.ordered(URL)
    assert (desk.states(order), desk.order(order).contradictory) == (["open"], False)

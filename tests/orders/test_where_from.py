"""Orders of one's own state: nobody but its courts looks into them (Article 4 is about those of others)."""

from datetime import timedelta
from typing import Any

import pytest
from tests.orders.desk import Desk, annex
from tests.orders.letters import Sender

from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.authors import AnswerIn, author_answered, author_asked
from tidegate.pipeline.orders.taking import ByHand, Written, write_down
from tidegate.pipeline.orders.verbs import ScrutinyIn, ask_scrutiny

URL = "https://forum.example/p/1"
CLOCK = "tco.scrutiny_request"
WRITTEN = ("order_messages", "order_item_states", "clocks", "rings", "ledger_pending")


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


def test_an_order_of_our_own_state_is_scrutinised_by_nobody(desk: Desk) -> None:
    desk.post("post-1", url=URL)
    order = desk.ordered(URL)
    Sender("bpb.example", functions=("scrutinise",)).register(desk.instance.database)
    desk.execute(order)
    desk.tx(lambda tx: author_asked(tx, desk.instance, order, None))
    desk.tx(lambda tx: author_answered(tx, desk.instance, order, 1, AnswerIn("copy")))
    assert desk.clocks(order, CLOCK) == []
    before = {table: desk.count(table) for table in WRITTEN}
    with pytest.raises(Refusal, match="about orders from another member state") as refused:
        desk.tx(lambda tx: ask_scrutiny(tx, desk.instance, order, ScrutinyIn("It is news.")))
    assert (refused.value.status, refused.value.type) == (409, "establishment-unknown")
    assert {table: desk.count(table) for table in WRITTEN} == before


def test_where_an_order_comes_from_is_known_by_who_signed_it(desk: Desk) -> None:
    """A paper that says it is of our own state, which an authority of another one then signs."""
    abroad = Sender("garda.example", member_state="IE")
    cross: dict[str, Any] = {"cross_border": {"applies": True, "copy_to": "bpb.example"}}
    body = annex(abroad, desk.now, [URL], **cross)
    paper = body | {"issuing": body["issuing"] | {"member_state": "DE"}}
    given = Written(
        came=ByHand(issuer=abroad.id, channel="mail", received_at=desk.now),
        annex=paper,
        file=b"%PDF",
        content_type="application/pdf",
    )
    kept = desk.tx(lambda tx: write_down(tx, desk.instance, given)).order
    assert desk.clocks(kept.id, CLOCK) == []
    received = desk.now
    desk.wait(minutes=5)
    abroad.register(desk.instance.database)
    receipt = desk.says("order.issued", body, sender=abroad)
    assert receipt["order"] == str(kept.id)
    (clock,) = desk.clocks(kept.id, CLOCK)
    assert clock.due_at == received + timedelta(hours=48)

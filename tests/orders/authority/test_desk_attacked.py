"""What others could make of the scrutiny desk: block orders, learn of them, or have it look at another order than
the provider got."""

import json
from typing import Any

from tests.orders.authority.test_scrutiny_desk import ABROAD, NONE, Ireland, ask
from tests.orders.drafting_by import issued
from tests.orders.letters import Sender, unb64
from tests.orders.sides import Side

from tidegate.infra.clock import FakeClock

JOSE = {"content-type": "application/jose+json"}


def speaking(side: Side) -> Sender:
    """A side that says what it likes, signed with its own key."""
    said = Sender(side.id)
    said.private, said.key = side.instance.secrets.organisation_key, side.own.key
    return said


def bring(to: Side, raw: bytes) -> dict[str, Any]:
    answer = to.client.post("/public/orders/inbox", content=raw, headers=JOSE)
    assert answer.status_code == 202, answer.text
    return json.loads(unb64(answer.json()["payload"]))


def test_who_may_not_issue_sends_no_copies(bka: Side, ireland: Ireland, clock: FakeClock) -> None:
    """A provider, or an authority without that function, would block all orders about its URLs."""
    garda, board = ireland
    annex = bka.call(
        "GET", f"/v1/orders/{issued(bka, **ABROAD)}/documents/annex-1.json", bka.approver
    ).json()
    said = speaking(board)
    order = said.message(clock.now(), "order.issued", order="x", to="else.example", body=annex)
    body = annex | {"jws": order.decode()}
    receipt = bring(
        garda, said.message(clock.now(), "order.copy", order="x", to=garda.id, body=body)
    )
    assert receipt["problems"] == ["not-competent"]
    assert garda.get("/v1/scrutinies")["data"] == []
    assert garda.count("order_targets") == 0


def test_a_copy_says_what_the_order_says(bka: Side, ireland: Ireland, clock: FakeClock) -> None:
    garda, board = ireland
    annex = bka.call(
        "GET", f"/v1/orders/{issued(bka, **ABROAD)}/documents/annex-1.json", bka.approver
    ).json()
    said = speaking(bka)
    order = said.message(clock.now(), "order.issued", order="x", to=board.id, body=annex)
    other = annex | {"items": [{"url": "https://board.example/p/2"}], "jws": order.decode()}
    receipt = bring(
        garda, said.message(clock.now(), "order.copy", order="x", to=garda.id, body=other)
    )
    assert receipt["problems"] == ["incomplete"]
    assert garda.get("/v1/scrutinies")["data"] == []


def test_a_decision_goes_to_the_provider_and_not_to_who_guessed_the_order(
    bka: Side, forum: Side, ireland: Ireland, clock: FakeClock
) -> None:
    garda, board = ireland
    garda.meet(forum)
    forum.meet(garda)
    id = issued(bka, **ABROAD)
    body = {"issuer": bka.id, "by": "provider", "reasons": "So."}
    asked = speaking(forum).message(
        clock.now(), "scrutiny.requested", order=id, to=garda.id, body=body
    )
    bring(garda, asked)
    bka.deliver()
    ask(garda, board)
    (line,) = garda.get("/v1/scrutinies")["data"]
    assert line["to"] == board.id
    garda.post(f"/v1/scrutinies/{line['id']}/decide", garda.approver, NONE)
    garda.post(f"/v1/scrutinies/{line['id']}/communicate", garda.approver)
    garda.deliver()
    heard = forum.count("order_messages")
    assert heard == 0

"""Orders across a border: the copy, the scrutiny desk of the establishment's authority, and what its decision does
to the order. Three instances at work."""

from datetime import timedelta
from typing import Any

import pytest
from tests.orders.authority.test_order_drafts_page import person
from tests.orders.drafting_by import (
    HOURS,
    URGENT,
    approved,
    clocks,
    issued,
    moment,
    refused,
)
from tests.orders.letters import Sender
from tests.orders.sides import BKA, BOARD, Side

from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full

Ireland = tuple[Side, Side]
ABROAD: dict[str, Any] = {
    "to": BOARD.id,
    "items": [{"url": "https://board.example/p/1"}],
    "language": "en",
}
WHY = {"reasons": "The post reports on an attack; the order says nothing of that."}
FOUND = {"finding": "infringement"} | WHY
NONE = {"finding": "none"} | WHY


def copied(bka: Side, garda: Side) -> tuple[str, str]:
    """An order that was issued abroad, and the scrutiny that its copy opened."""
    id = issued(bka, **ABROAD)
    bka.deliver()
    (line,) = garda.get("/v1/scrutinies")["data"]
    return id, line["id"]


def ask(garda: Side, board: Side) -> None:
    """The provider asks for scrutiny."""
    (order,) = board.get("/v1/orders", board.legal)["data"]
    body = {"reasons": "It is a report on an attack."}
    board.post(f"/v1/orders/{order['id']}/scrutiny", board.legal, body)
    board.deliver()


def test_an_order_abroad_goes_out_with_its_copy(
    bka: Side, ireland: Ireland, clock: FakeClock
) -> None:
    garda, board = ireland
    id = issued(bka, **ABROAD)
    order = bka.get(f"/v1/orders/{id}")
    assert sorted(one["type"] for one in order["messages"]) == ["order.copy", "order.issued"]
    assert order["draft"]["copy_to"] == garda.id
    (owed,) = clocks(order, "tco.copy", "order")
    assert (owed["bearer"], owed["state"]) == ("us", "running")
    clock.advance(60)
    bka.deliver()
    order = bka.get(f"/v1/orders/{id}")
    assert clocks(order, "tco.copy", "order")[0]["state"] == "met"
    (line,) = garda.get("/v1/scrutinies?state=open")["data"]
    assert (line["issuer"], line["order"], line["to"]) == (bka.id, id, board.id)
    assert line["state"] == "received"
    (own,) = line["clocks"]
    assert own["name"] == "tco.scrutiny_own"
    assert moment(own["due_at"]) == clock.now() + timedelta(hours=72)
    (theirs,) = board.get("/v1/orders", board.legal)["data"]
    assert theirs["state"] == "open"


def test_what_is_known_by_copy_is_not_ordered_again(bka: Side, ireland: Ireland) -> None:
    garda, _ = ireland
    first, _ = copied(bka, garda)
    id = approved(garda, **ABROAD)
    problem = refused(garda, f"/v1/orders/{id}/issue", garda.officer, URGENT, "order-exists", 409)
    assert problem["orders"] == ["bka.example DE-2026-000001"]
    bka.post(f"/v1/orders/{first}/revoke", bka.officer, {"reason": "It was another post."})
    bka.deliver()
    assert garda.post(f"/v1/orders/{id}/issue", garda.officer, URGENT)["state"] == "issued"


def test_an_infringement_is_announced_decided_and_told_and_the_order_falls(
    bka: Side, ireland: Ireland, clock: FakeClock
) -> None:
    garda, board = ireland
    id, scrutiny = copied(bka, garda)
    ask(garda, board)
    path = f"/v1/scrutinies/{scrutiny}"
    shown = garda.get(path)
    assert [(one["by"], one["sender"], one["late"]) for one in shown["requests"]] == [
        ("provider", board.id, False)
    ]
    assert {one["name"] for one in shown["clocks"]} == {
        "tco.scrutiny_own",
        "tco.scrutiny_decision",
    }
    refused(garda, f"{path}/decide", garda.approver, FOUND, "intention-first", 409)
    refused(garda, f"{path}/communicate", garda.approver, None, "order-not-open", 409)
    assert garda.post(f"{path}/intention", garda.approver, WHY)["state"] == "intention_notified"
    garda.deliver()
    assert "scrutiny.intention" in [one["type"] for one in _messages(bka, id)]
    refused(garda, f"{path}/intention", garda.approver, WHY, "order-not-open", 409)
    shown = garda.post(f"{path}/decide", garda.approver, FOUND)
    assert (shown["state"], shown["finding"]) == ("decided", "infringement")
    assert bka.get(f"/v1/orders/{id}")["state"] == "delivered"  # nobody was told
    refused(garda, f"{path}/decide", garda.approver, NONE, "order-not-open", 409)
    shown = garda.post(f"{path}/communicate", garda.approver)
    assert (shown["state"], shown["order_state"]) == ("communicated", "void")
    assert {one["name"]: one["state"] for one in shown["clocks"]} == {
        "tco.scrutiny_own": "met",
        "tco.scrutiny_decision": "met",
    }
    garda.deliver()
    order = bka.get(f"/v1/orders/{id}")
    assert (order["state"], order["items"][0]["state"]) == ("void", "void")
    assert clocks(order, "tco.remove")[0]["state"] == "void"
    (theirs,) = board.get("/v1/orders", board.legal)["data"]
    assert theirs["state"] == "void"


def _messages(side: Side, id: str) -> list[dict[str, Any]]:
    return side.get(f"/v1/orders/{id}")["messages"]


def test_no_infringement_needs_no_intention_and_leaves_the_order(
    bka: Side, ireland: Ireland
) -> None:
    garda, _ = ireland
    id, scrutiny = copied(bka, garda)
    path = f"/v1/scrutinies/{scrutiny}"
    garda.post(f"{path}/decide", garda.approver, NONE)
    garda.post(f"{path}/communicate", garda.approver)
    garda.deliver()
    assert bka.get(f"/v1/orders/{id}")["state"] == "delivered"
    assert garda.get(path)["order_state"] == "live"


def test_who_asks_after_48_hours_is_marked_and_heard(
    bka: Side, ireland: Ireland, clock: FakeClock
) -> None:
    garda, board = ireland
    _, scrutiny = copied(bka, garda)
    clock.advance(50 * HOURS)
    said = Sender(board.id, kind="platform")
    said.private, said.key = board.instance.secrets.organisation_key, board.own.key
    order = garda.get(f"/v1/scrutinies/{scrutiny}")["order"]
    body = {"issuer": bka.id, "by": "provider", "reasons": "It is a report."}
    raw = said.message(clock.now(), "scrutiny.requested", order=order, to=garda.id, body=body)
    headers = {"content-type": "application/jose+json"}
    garda.client.post("/public/orders/inbox", content=raw, headers=headers)
    (asked,) = garda.get(f"/v1/scrutinies/{scrutiny}")["requests"]
    assert asked["late"] is True


@pytest.mark.parametrize(("hours", "late"), [(47, False), (50, True)])
def test_both_sides_see_whether_a_platform_asks_late(
    bka: Side, ireland: Ireland, clock: FakeClock, hours: int, late: bool
) -> None:
    """It is taken all the same: the request goes out, and a decision is owed within three days of it."""
    garda, board = ireland
    _, scrutiny = copied(bka, garda)
    (order,) = board.get("/v1/orders", board.legal)["data"]
    path = f"/v1/orders/{order['id']}"
    assert board.get(path, board.legal)["scrutiny"] is None
    clock.advance(hours * HOURS)
    asked = board.post(f"{path}/scrutiny", board.legal, {"reasons": "It is a report."})
    assert asked["scrutiny"] == {"at": in_full(clock.now()), "late": late}
    board.deliver()
    (request,) = garda.get(f"/v1/scrutinies/{scrutiny}")["requests"]
    assert (request["by"], request["late"]) == ("provider", late)
    for shown in (garda.get(f"/v1/scrutinies/{scrutiny}"), board.get(path, board.legal)):
        (owed,) = [one for one in shown["clocks"] if one["name"] == "tco.scrutiny_decision"]
        assert owed["state"] == "running"
        assert owed["due_at"] == in_full(clock.now() + timedelta(hours=72))
    legal = person(board, "legal", "mira@board.example")
    page = legal.get(f"/orders/{order['id']}").text
    assert f'data-testid="scrutiny-asked" data-late="{str(late).lower()}"' in page


def test_the_unasked_right_lapses_and_the_duty_is_missed(
    bka: Side, ireland: Ireland, clock: FakeClock
) -> None:
    from tidegate.clocks.sweeping import sweep

    garda, board = ireland
    _, scrutiny = copied(bka, garda)
    ask(garda, board)
    clock.advance(75 * HOURS)
    with garda.instance.database.begin() as tx:
        sweep(tx, 100)
    shown = garda.get(f"/v1/scrutinies/{scrutiny}")
    assert {one["name"]: one["state"] for one in shown["clocks"]} == {
        "tco.scrutiny_own": "lapsed",
        "tco.scrutiny_decision": "missed",
    }


def test_a_final_order_is_told_to_the_establishment(
    bka: Side, ireland: Ireland, clock: FakeClock
) -> None:
    garda, board = ireland
    board.post_item("post-1", "https://board.example/p/1")
    id, scrutiny = copied(bka, garda)
    (order,) = board.get("/v1/orders", board.legal)["data"]
    board.post(f"/v1/orders/{order['id']}/execute", board.legal, {})
    board.deliver()
    clock.advance(60)
    bka.post(f"/v1/orders/{id}/final", bka.approver)
    bka.deliver()
    assert garda.get(f"/v1/scrutinies/{scrutiny}")["order_state"] == "final"


def test_a_copy_encloses_the_order_as_its_issuer_signed_it(
    bka: Side, ireland: Ireland, clock: FakeClock
) -> None:
    garda, board = ireland
    said = Sender(BKA.id)
    said.private, said.key = bka.instance.secrets.organisation_key, bka.own.key
    id = issued(bka, **ABROAD)
    annex = bka.call("GET", f"/v1/orders/{id}/documents/annex-1.json", bka.approver).json()
    forged = Sender("forger.example").message(
        clock.now(), "order.issued", order=id, to=board.id, body=annex
    )
    for jws in ("not a message", forged.decode()):
        body = annex | {"jws": jws}
        raw = said.message(clock.now(), "order.copy", order=id, to=garda.id, body=body)
        headers = {"content-type": "application/jose+json"}
        answer = garda.client.post("/public/orders/inbox", content=raw, headers=headers)
        assert answer.status_code == 202
    assert garda.get("/v1/scrutinies")["data"] == []


def test_an_authority_that_does_not_scrutinise_keeps_no_desk(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    said = Sender("other.example", kind="platform")
    said.register(forum.instance.database)
    body = {"issuer": bka.id, "by": "provider", "reasons": "so"}
    raw = said.message(clock.now(), "scrutiny.requested", order="o", to=forum.id, body=body)
    headers = {"content-type": "application/jose+json"}
    forum.client.post("/public/orders/inbox", content=raw, headers=headers)
    assert forum.count("scrutinies") == 0


def test_what_is_decided_at_the_desk_takes_a_person(bka: Side, ireland: Ireland) -> None:
    garda, _ = ireland
    _, scrutiny = copied(bka, garda)
    path = f"/v1/scrutinies/{scrutiny}"
    at = "2026-01-01T00:00:00Z"
    for verb, body in (
        ("intention", WHY),
        ("decide", NONE),
        ("communicate", None),
        ("carried", {"channel": "post", "at": at}),
    ):
        refused(garda, f"{path}/{verb}", garda.admin, body, "person-needed", 403)
        refused(garda, f"{path}/{verb}", garda.officer, body, "scope-missing", 403)
    blank = {"reasons": " "}
    refused(garda, f"{path}/intention", garda.approver, blank, "invalid-body", 422)
    unknown = "/v1/scrutinies/019b796d-d600-7239-b8c6-5577e8d658ab"
    refused(garda, f"{unknown}/communicate", garda.approver, None, "scrutiny-unknown", 404)


def test_europols_copy_is_carried_by_hand(bka: Side, ireland: Ireland) -> None:
    garda, _ = ireland
    _, scrutiny = copied(bka, garda)
    path = f"/v1/scrutinies/{scrutiny}"
    brought = {"channel": "Europol, by SIENA", "at": "2026-01-01T00:00:00Z"}
    refused(garda, f"{path}/carried", garda.approver, brought, "order-not-open", 409)
    garda.post(f"{path}/decide", garda.approver, NONE)
    garda.post(f"{path}/communicate", garda.approver)
    shown = garda.post(f"{path}/carried", garda.approver, brought)
    assert [one["channel"] for one in shown["claims"]] == ["Europol, by SIENA"]

"""An order that came by mail, fax or post is written down on a page, as the API takes it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.api import Api
from tests.orders.desk import Desk, annex
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full
from tidegate.pipeline.instance import Instance

URL = "https://forum.example/p/1"
PATH = "/orders/upload"
FAX = b"%PDF-1.7 a fax"


@pytest.fixture
def desk(instance: Instance, clock: FakeClock) -> Desk:
    return Desk(instance, clock)


@pytest.fixture
def legal(instance: Instance, api: Api, desk: Desk) -> Visitor:
    return Visitor(instance, api.client, "legal")


def form(desk: Desk, **changed: Any) -> dict[str, Any]:
    return {
        "received_at": in_full(desk.now - timedelta(minutes=10)),
        "channel": "fax",
        "issuer": desk.sender.id,
        "reference": "2026/77",
        "issued_at": in_full(desk.now - timedelta(hours=1)),
        "urls": f"{URL}\r\n",
        "types": ["a"],
        "reasons": "It calls for an attack on a named market, with a day and an address for it.",
        "issuing_kind": "court",
        "issuing_name": "Court of Wiesbaden",
        "issuing_member_state": "DE",
        "issuing_file": "17 Gs 4/26",
        "issuing_email": "post@court.example",
    } | changed


def send(
    person: Visitor, said: dict[str, Any], data: bytes = FAX, name: str = "fax.pdf", **more: Any
) -> httpx.Response:
    return person.send(PATH, said, files={"file": (name, data, "application/pdf")}, **more)


def number(answer: httpx.Response, done: str) -> UUID:
    assert answer.status_code == 303, answer.text
    path, _, said = answer.headers["location"].partition("?")
    assert said == f"done={done}"
    return UUID(path.removeprefix("/orders/"))


def test_an_order_that_came_by_fax_has_its_hour_from_when_it_came(
    desk: Desk, legal: Visitor
) -> None:
    desk.post("post-1", url=URL)
    assert f'href="{PATH}"' in legal.get("/orders").text
    shown = legal.get(PATH).text
    assert f'<option value="{desk.sender.id}"' in shown
    id = number(send(legal, form(desk)), "order-written")
    order = desk.order(id)
    assert (order.state, order.channel, order.issuer) == ("doubtful", "fax", desk.sender.id)
    assert order.received_at == desk.now - timedelta(minutes=10)
    assert order.due_at == desk.now + timedelta(minutes=50)
    assert order.annex is not None
    assert order.annex["types"] == ["a"]
    assert order.annex["issuing"]["member_state"] == "DE"
    assert [one["item"] for one in desk.shown(id)["items"]] == ["post-1"]
    (receipt,) = desk.shown(id)["receipts"]
    assert (receipt["content_type"], receipt["noted_by"]) == (
        "application/pdf",
        f"user:{legal.email}",
    )
    page = legal.get(f"/orders/{id}").text
    facts = page.split('id="annex"')[1]
    assert "17 Gs 4/26" in facts.split('data-testid="file-number"')[1].split("</dd>")[0]
    assert "2026/77" in facts.split('data-testid="reference"')[1].split("</dd>")[0]
    came = page.split('data-testid="receipts"')[1].split("</ul>")[0]
    assert "fax" in came
    assert in_full(desk.now - timedelta(minutes=10))[:19] in came
    # The same once more is the same order, and the earlier receipt stands.
    again = form(desk, received_at=in_full(desk.now), channel="post")
    assert number(send(legal, again), "order-again") == id
    assert desk.count("orders") == 1
    assert desk.order(id).received_at == order.received_at


def test_what_cannot_be_read_may_be_left_out(desk: Desk, legal: Visitor) -> None:
    said = {name: form(desk)[name] for name in ("received_at", "channel", "issuer")}
    order = desk.order(number(send(legal, said), "order-written"))
    assert (order.state, order.problems) == ("doubtful", ["signature-missing", "incomplete"])
    assert order.due_at is not None


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("channel", " "),
        ("channel", "x" * 41),
        ("issuer", ""),
        ("issuer", "x" * 201),
        ("received_at", ""),
        ("received_at", "yesterday"),
        ("received_at", "2026-01-01T00:00:00"),
        ("received_at", "2036-01-01T00:00:00Z"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_written(
    desk: Desk, legal: Visitor, field: str, typed: str
) -> None:
    before = desk.everything()
    answer = send(legal, form(desk, **{field: typed}))
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert "named market" in answer.text  # what was typed is still there
    assert desk.everything() == before


def test_without_its_file_nothing_is_written(desk: Desk, legal: Visitor) -> None:
    before = desk.everything()
    for answer in (legal.send(PATH, form(desk)), send(legal, form(desk), b"", "")):
        assert answer.status_code == 422
        assert 'id="error-file"' in answer.text
    assert desk.everything() == before


def test_a_signed_message_that_was_brought_as_a_file_says_all_itself(
    desk: Desk, legal: Visitor
) -> None:
    desk.post("post-1", url=URL)
    body = annex(desk.sender, desk.now, [URL])
    raw = desk.sender.message(desk.now, "order.issued", order="o-1", body=body)
    id = number(send(legal, {}, raw, "order.jws"), "order-message")
    assert (desk.order(id).state, desk.order(id).verified) == ("open", True)
    before = desk.everything()
    answer = send(legal, {}, b"{}", "order.jws")
    assert answer.status_code == 422
    assert 'id="error-file"' in answer.text
    assert desk.everything() == before
    referral = {"urls": [URL], "terms_cited": "4.2", "reasons": "It is.", "language": "de"}
    other = desk.sender.message(desk.now, "referral.sent", order="r-1", body=referral)
    done = send(legal, {}, other, "referral.jws")
    assert done.headers["location"] == "/orders?done=order-message"


def test_it_takes_the_right_and_the_form_of_ours(
    desk: Desk, legal: Visitor, instance: Instance, api: Api
) -> None:
    reviewer = Visitor(instance, api.client, "reviewer")
    before = desk.everything()
    assert reviewer.get(PATH).status_code == 403
    assert send(reviewer, form(desk)).status_code == 403
    assert send(legal, form(desk), csrf=False).status_code == 403
    assert desk.everything() == before

"""What comes by no signed message: the open form, files that a person writes down; and who may do what."""

import importlib.util
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.api import Api
from tests.orders.desk import annex
from tests.orders.test_orders_api import URL, Platform

from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full

FORM = {
    "authority": "Prefecture of police",
    "reference": "P-7",
    "email": "duty@police.example",
    "phone": "+33 1",
    "urls": [URL],
    "types": ["a"],
    "reasons": "<b>It calls for an attack.</b>",
}
WRITTEN = ("orders", "order_items", "order_receipts", "order_messages", "clocks", "rings")


@pytest.fixture
def platform(api: Api, clock: FakeClock) -> Platform:
    return Platform(api, clock)


def submit(api: Api, address: str = "192.0.2.7", **more: Any) -> httpx.Response:
    headers = {"x-forwarded-for": address} | more.pop("headers", {})
    return api.client.post("/public/orders/submit", headers=headers, **more)


def counts(api: Api) -> list[int]:
    return [api.count(table) for table in WRITTEN]


def upload(platform: Platform, key: str | None = None, **parts: Any) -> httpx.Response:
    said = {
        "channel": "mail",
        "received_at": in_full(platform.clock.now()),
        "annex": json.dumps(annex(platform.sender, platform.clock.now(), [URL])),
        "issuer": "bka.example",
    } | parts
    given = {name: value for name, value in said.items() if value is not None}
    file = {"file": ("order.pdf", b"%PDF-1.7", "application/pdf")}
    return platform.api.call(
        "POST", "/v1/orders/upload", key=key or platform.legal, data=given, files=file
    )


def test_the_form_is_always_doubtful_and_has_its_hour(platform: Platform) -> None:
    api = platform.api
    api.submit("post-1", text="hello", url=URL)
    answer = submit(api, json=FORM)
    assert answer.status_code == 202
    at = in_full(platform.clock.now())
    assert answer.json().keys() == {"order", "received_at"}
    assert answer.json()["received_at"] == at
    order = platform.order(answer.json()["order"])
    assert (order["state"], order["verified"], order["channel"]) == ("doubtful", False, "form")
    assert order["due_at"] == in_full(platform.clock.now() + timedelta(hours=1))
    assert order["items"][0]["item"] == "post-1"
    # Once more is the same order, as a form too; other addresses under the same name are another.
    forms: list[dict[str, Any]] = [{"json": FORM}, {"data": FORM | {"urls": f"{URL}\n"}}]
    for more in forms:
        again = submit(api, **more)
        assert again.status_code == 202
        assert platform.order(again.json()["order"])["id"] == order["id"]
    assert api.count("orders") == 1
    other = submit(api, json=FORM | {"urls": ["https://forum.example/p/2"]})
    assert platform.order(other.json()["order"])["id"] != order["id"]
    assert platform.do(f"{order['id']}/execute", {}).status_code == 409


def test_the_form_tells_nobody_whether_an_order_is_here(platform: Platform) -> None:
    """A signed one, whose reference and address somebody guesses: the answer is as of one that is new."""
    api = platform.api
    api.submit("post-1", text="hello", url=URL)
    known = platform.ordered(URL)
    platform.clock.advance(600)
    guess = FORM | {"authority": "bka.example", "reference": "2026/0001"}
    answers = [submit(api, json=guess), submit(api, json=guess | {"reference": "another"})]
    said = [answer.json() for answer in answers]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert said[0]["received_at"] == said[1]["received_at"]
    numbers = [UUID(one["order"]) for one in said]
    assert str(numbers[0]) != known
    # Nothing in a number is older than the answer.
    assert len({(one.int >> 80, one.version, one.variant) for one in numbers}) == 1
    found = platform.order(said[0]["order"])
    assert (found["id"], found["state"]) == (known, "open")
    assert said[0]["order"] in [one["id"] for one in found["receipts"]]
    # Who may read it also acts by that number, and nobody else finds anything by it.
    done = platform.do(f"{said[0]['order']}/execute", {})
    assert (done.status_code, done.json()["id"]) == (200, known)
    reader = platform.person("items", "items:read")
    assert api.get(f"/v1/orders/{said[0]['order']}", key=reader).status_code == 403


def test_what_is_unsigned_hears_not_whether_its_order_is_here(platform: Platform) -> None:
    known = platform.ordered(URL)
    platform.clock.advance(600)
    receipts: dict[str, list[dict[str, Any]]] = {}
    for type, body in (
        ("order.revoked", {"reason": "It was wrong."}),
        ("order.final", {}),
        ("order.clarified", {"answer": "The second."}),
    ):
        for order in ("o-1", "o-unknown"):
            raw = platform.sender.message(platform.clock.now(), type, order=order, body=body)
            unsigned = json.dumps(json.loads(raw) | {"signature": "AAAA"}).encode()
            said = platform.receipt(platform.bring(unsigned))
            assert said["verified"] is False
            del said["message"], said["sha256"]
            receipts.setdefault(type, []).append(said)
    for type, (one, other) in receipts.items():
        assert one == other, type
        assert one["order"] is None
    assert platform.order(known)["state"] == "open"


@pytest.mark.parametrize(
    "changes",
    [
        {"urls": []},
        {"authority": " "},
        {"reference": "\u200b"},
        {"urls": ["x"] * 1001},
        {"more": 1},
    ],
)
def test_what_the_form_does_not_take_writes_nothing(
    platform: Platform, changes: dict[str, Any]
) -> None:
    before = counts(platform.api)
    assert submit(platform.api, json=FORM | changes).status_code == 422
    assert counts(platform.api) == before


def test_a_flood_of_forms_is_held_up_and_what_is_signed_is_not(platform: Platform) -> None:
    api = platform.api
    for n in range(30):
        assert submit(api, json=FORM | {"reference": f"R-{n}"}).status_code == 202
    before = counts(api)
    refused = submit(api, json=FORM | {"reference": "R-30"})
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many")
    assert int(refused.headers["retry-after"]) > 0
    assert counts(api) == before
    assert platform.ordered(URL)


@pytest.mark.parametrize(
    "parts",
    [
        {"channel": None},
        {"issuer": " "},
        {"received_at": "yesterday"},
        {"received_at": "2026-01-01T00:00:00"},
        {"received_at": "2036-01-01T00:00:00Z"},
        {"received_at": "0001-01-01T00:00:00+14:00"},
        {"channel": "x" * 41},
        {"issuer": "x" * 201},
        {"annex": "[]"},
        {"more": "1"},
    ],
)
def test_what_an_upload_lacks_writes_nothing(platform: Platform, parts: dict[str, Any]) -> None:
    before = counts(platform.api)
    assert upload(platform, **parts).status_code == 422
    assert counts(platform.api) == before


def test_what_binds_takes_a_person(platform: Platform) -> None:
    api = platform.api
    api.submit("post-1", text="hello", url=URL)
    id = platform.ordered(URL)
    before = [*counts(api), api.count("order_item_states")]
    said = {"how": "x", "reason": "forged", "reasons": "x", "ground": "impossible"}
    verbs = ["execute", "impede", "resume", "ask", "authenticate", "reject", "annul"]
    paths = [f"{id}/{verb}" for verb in (*verbs, "acknowledge", "scrutiny")]
    paths += [f"{id}/items/1/{verb}" for verb in verbs]
    for path in paths:
        refused = platform.do(path, said, key=api.admin)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/person-needed")
    assert upload(platform, key=api.admin).status_code == 403
    reader = platform.person("reader", "orders:read")
    assert platform.do(f"{id}/execute", {}, key=reader).status_code == 403
    assert [*counts(api), api.count("order_item_states")] == before
    assert platform.order(id)["state"] == "open"


def test_two_persons_turn_it_down(platform: Platform) -> None:
    id = submit(platform.api, json=FORM).json()["order"]
    said = {"reason": "not_an_order"}
    first = platform.do(f"{id}/reject", said)
    assert (first.status_code, first.json()) == (202, {"state": "proposed"})
    again = platform.do(f"{id}/reject", said)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/same-person")
    second = platform.do(f"{id}/reject", said, key=platform.counsel)
    assert (second.status_code, second.json()["state"]) == (200, "rejected")
    assert second.json()["due_at"] is None


def test_documents_and_messages_to_the_byte(platform: Platform) -> None:
    api = platform.api
    raw = platform.message(URL)
    id = platform.receipt(platform.bring(raw))["order"]
    (message,) = platform.order(id)["messages"]
    path = f"/v1/orders/{id}/messages/{message['id']}/message.jws"
    answer = api.get(path, key=platform.legal)
    assert (answer.status_code, answer.content) == (200, raw)
    first = api.get(f"/v1/orders/{id}/documents/annex-1.json", key=platform.legal)
    assert first.json()["items"] == [{"url": URL}]
    for name in ("annex-2.json", "annex-2.pdf", "annex-4.json", "annex-1.doc", "annex-1"):
        missing = api.get(f"/v1/orders/{id}/documents/{name}", key=platform.legal)
        assert missing.status_code == 404, name
    assert api.get("/v1/orders/nonsense", key=platform.legal).status_code == 404


@pytest.mark.skipif(importlib.util.find_spec("typst") is None, reason="typst is not installed")
def test_an_annex_as_a_page(platform: Platform) -> None:
    platform.api.submit("post-1", text="hello", url=URL)
    id = platform.ordered(URL)
    platform.do(f"{id}/execute", {})
    for name in ("annex-1", "annex-2"):
        path = f"/v1/orders/{id}/documents/{name}.pdf"
        answer = platform.api.get(path, key=platform.legal)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF")

"""`/v1/orders` from outside, as the issue's acceptance table has it."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.api import Api
from tests.orders.desk import annex
from tests.orders.letters import Sender, found_ours, read_signed

from tidegate.access.actions import create_key, create_user
from tidegate.infra.clock import FakeClock
from tidegate.infra.times import in_full
from tidegate.pipeline.house import SCOPES

URL = "https://forum.example/p/1"
JOSE = {"content-type": "application/jose+json"}


class Platform:
    """A platform's API with two legal persons, and an authority that it knows."""

    def __init__(self, api: Api, clock: FakeClock) -> None:
        self.api, self.clock = api, clock
        self.sender = Sender()
        found_ours(api.instance)
        self.sender.register(api.instance.database)
        self.legal, self.counsel = self.person("legal"), self.person("counsel")

    def person(self, name: str, *scopes: str) -> str:
        with self.api.instance.database.begin() as tx:
            email = f"{name}@forum.example"
            create_user(tx, email, "legal")
            given = scopes or ("orders:execute", "items:read", "cases:decide")
            return create_key(tx, SCOPES, f"of {name}", given, None, email)[1]

    def message(self, *urls: Any, order: str = "o-1", **fields: Any) -> bytes:
        body = annex(self.sender, self.clock.now(), list(urls), **fields)
        return self.sender.message(self.clock.now(), "order.issued", order=order, body=body)

    def bring(self, raw: bytes) -> httpx.Response:
        return self.api.client.post("/public/orders/inbox", content=raw, headers=JOSE)

    def ordered(self, *urls: Any, **fields: Any) -> str:
        answer = self.bring(self.message(*urls, **fields))
        assert answer.status_code == 202, answer.text
        return self.receipt(answer)["order"]

    def receipt(self, answer: httpx.Response) -> dict[str, Any]:
        (key,) = self.api.client.get("/.well-known/tidegate.json").json()["keys"]
        return read_signed(answer.content, key["x"])

    def order(self, id: str) -> dict[str, Any]:
        answer = self.api.get(f"/v1/orders/{id}", key=self.legal)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def do(self, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        return self.api.post(f"/v1/orders/{path}", body, key=key or self.legal)


@pytest.fixture
def platform(api: Api, clock: FakeClock) -> Platform:
    return Platform(api, clock)


def test_a_signed_order_for_one_stored_url(platform: Platform) -> None:
    """Acceptance 1."""
    api = platform.api
    assert api.submit("post-1", text="hello", url=URL).status_code == 200
    receipt = platform.receipt(platform.bring(platform.message(URL)))
    assert (receipt["verified"], receipt["problems"]) == (True, [])
    (row,) = api.get("/v1/orders", key=platform.legal).json()["data"]
    received = datetime.fromisoformat(receipt["received_at"])
    due = in_full(received + timedelta(hours=1))
    assert row == {
        "id": receipt["order"],
        "order": "o-1",
        "reference": "2026/0001",
        "issuer": "bka.example",
        "to": "forum.example",
        "direction": "in",
        "kind": "order",
        "state": "open",
        "verified": True,
        "problems": [],
        "received_at": receipt["received_at"],
        "due_at": due,
        "contradictory": False,
        "provisional": 0,
    }
    (clock,) = [
        one for one in platform.order(receipt["order"])["clocks"] if one["name"] == "tco.remove"
    ]
    assert (clock["state"], clock["due_at"]) == ("running", due)
    assert clock["subject"] == {"kind": "order_item", "id": f"{receipt['order']}/1"}


def test_the_same_bytes_fifty_times_and_by_upload(platform: Platform) -> None:
    """Acceptance 2, never 1: executed twice."""
    api = platform.api
    api.submit("post-1", text="hello", url=URL)
    raw = platform.message(URL)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: platform.bring(raw), range(50)))
    assert {one.status_code for one in answers} == {202}
    assert len({one.content for one in answers}) == 1
    file = {"file": ("order.jws", raw, "application/jose+json")}
    uploaded = api.call("POST", "/v1/orders/upload", key=platform.legal, files=file)
    assert (uploaded.status_code, uploaded.content) == (202, answers[0].content)
    assert api.count("orders") == 1
    id = platform.receipt(answers[0])["order"]
    assert platform.do(f"{id}/execute", {}).status_code == 200
    again = platform.do(f"{id}/execute", {})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/order-not-open")
    again = platform.do(f"{id}/items/1/execute", {})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/order-not-open")
    sent = [one for one in platform.order(id)["messages"] if one["direction"] == "out"]
    assert [one["type"] for one in sent] == ["order.executed"]
    assert api.count("actions") == 1
    assert platform.order(id)["documents"] == ["annex-1", "annex-2"]


def test_by_file_and_by_form_it_is_the_same_order(platform: Platform) -> None:
    """Never 1: by API, by file and by form."""
    api = platform.api
    api.submit("post-1", text="hello", url=URL)
    id = platform.ordered(URL)
    received = platform.order(id)["received_at"]
    platform.clock.advance(60)
    said = annex(platform.sender, platform.clock.now(), [URL])
    parts = {
        "channel": "fax",
        "received_at": in_full(platform.clock.now()),
        "annex": json.dumps(said),
        "issuer": "bka.example",
    }
    file = {"file": ("order.pdf", b"%PDF-1.7", "application/pdf")}
    answer = api.call("POST", "/v1/orders/upload", key=platform.legal, data=parts, files=file)
    assert (answer.status_code, answer.json()["id"]) == (200, id)
    platform.clock.advance(60)
    form = {
        "authority": "bka.example",
        "reference": "2026/0001",
        "email": "a@b.example",
        "phone": "1",
        "urls": [URL],
        "types": ["a"],
        "reasons": "It calls for an attack.",
    }
    answer = api.client.post("/public/orders/submit", json=form)
    assert answer.status_code == 202
    assert platform.order(answer.json()["order"])["id"] == id
    assert api.count("orders") == 1
    shown = platform.order(id)
    assert (shown["received_at"], shown["state"]) == (received, "open")
    assert [one["channel"] for one in shown["receipts"]] == ["inbox", "fax", "form"]


def test_a_pdf_is_a_doubtful_order_with_the_same_clock(platform: Platform) -> None:
    received = platform.clock.now() - timedelta(minutes=10)
    said = annex(platform.sender, platform.clock.now(), [URL])
    parts = {
        "channel": "mail",
        "received_at": received.isoformat(),
        "annex": json.dumps(said),
        "issuer": "bka.example",
    }
    file = {"file": ("order.pdf", b"%PDF-1.7 bomb", "application/pdf")}
    answer = platform.api.call(
        "POST", "/v1/orders/upload", key=platform.legal, data=parts, files=file
    )
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert (order["state"], order["verified"]) == ("doubtful", False)
    assert order["problems"] == ["signature-missing"]
    assert order["due_at"] == in_full(received + timedelta(hours=1))
    refused = platform.do(f"{order['id']}/execute", {})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/order-not-open")
    answer = platform.do(f"{order['id']}/authenticate", {"how": "called back the number we know"})
    assert (answer.status_code, answer.json()["state"]) == (200, "open")
    assert answer.json()["due_at"] == order["due_at"]
    # Its issuer proves it later: it is the same.
    assert platform.ordered(URL) == order["id"]
    assert platform.order(order["id"])["verified"] is True


def test_restricted_by_terms_then_ordered_then_void(platform: Platform) -> None:
    """Acceptance 4."""
    api = platform.api
    api.submit("post-1", text="hello", url=URL)
    terms = {"outcome": "restrict", "reason": "against our terms", "label": "propaganda"}
    assert api.post("/v1/items/post-1/decisions", terms).status_code == 201
    down = platform.clock.now()
    platform.clock.advance(60)
    id = platform.ordered(URL)
    platform.clock.advance(60)
    order = platform.do(f"{id}/execute", {}).json()
    assert order["items"][0]["at"] == in_full(down)
    body = api.get(f"/v1/orders/{id}/documents/annex-2.json", key=platform.legal).json()
    assert body["items"] == [{"url": URL, "measure": "disabled", "at": in_full(down)}]
    assert [one["kind"] for one in api.get("/v1/actions").json()["data"]] == ["restrict"]
    revoke(platform, id)
    assert [one["kind"] for one in api.get("/v1/actions").json()["data"]] == ["restrict"]
    assert api.get("/v1/items/post-1").json()["effective"]["restricted"] is True
    lift = {"outcome": "lift", "reason": "it was wrong"}
    assert api.post("/v1/items/post-1/decisions", lift).status_code == 201
    kinds = [one["kind"] for one in api.get("/v1/actions").json()["data"]]
    assert kinds == ["restrict", "lift"]


def revoke(platform: Platform, id: str, ref: str = "o-1") -> None:
    raw = platform.sender.message(
        platform.clock.now(), "order.revoked", order=ref, body={"reason": "A mistake."}
    )
    assert platform.receipt(platform.bring(raw))["order"] == id
    assert platform.order(id)["state"] == "void"


def test_executed_on_a_free_item_then_passed_then_void(platform: Platform) -> None:
    """Acceptance 5, never 3: what a void order held down comes back, and nothing else."""
    api = platform.api
    api.submit("post-1", text="hello", url=URL)
    report = {
        "id": "r-1",
        "item_id": "post-1",
        "channel": "user",
        "reason": "hate",
        "reporter": "a",
    }
    answer = api.post("/v1/reports", report | {"created_at": "2025-12-31T23:00:00Z"})
    assert answer.status_code == 201, answer.text
    id = platform.ordered(URL)
    platform.do(f"{id}/execute", {})
    (case,) = api.get("/v1/cases").json()["data"]
    passed = {"outcome": "pass", "reason": "It is fine.", "revision": 1}
    assert api.post(f"/v1/cases/{case['id']}/decide", passed).status_code in (200, 201)
    item = api.get("/v1/items/post-1").json()
    assert len(item["effective"]["territory"]) == 27
    lift = {"outcome": "lift", "reason": "x"}
    refused = api.post("/v1/items/post-1/decisions", lift)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/order-stands")
    platform.clock.advance(60)
    revoke(platform, id)
    kinds = [one["kind"] for one in api.get("/v1/actions").json()["data"]]
    assert kinds == ["restrict", "lift"]
    assert api.get("/v1/items/post-1").json()["effective"]["restricted"] is False
    assert [one["type"] for one in platform.order(id)["messages"] if one["direction"] == "out"] == [
        "order.executed",
        "reinstated",
    ]


def test_a_copy_is_untouched_and_proposed(platform: Platform) -> None:
    """Acceptance 6, never 4: more removed than the order names."""
    api = platform.api
    words = "come to the old bridge on friday and bring the others with you, all of them"
    api.submit("post-1", text=words, url=URL)
    api.submit("post-2", text=words, url="https://forum.example/p/2")
    id = platform.ordered(URL)
    order = platform.do(f"{id}/execute", {}).json()
    assert api.get("/v1/items/post-2").json()["effective"]["restricted"] is False
    (proposal,) = order["items"][0]["proposals"]
    assert proposal["item"] == "post-2"
    (case,) = api.get("/v1/cases").json()["data"]
    assert (case["id"], case["origin"]) == (proposal["case"], "order")
    assert api.count("restrictions") == 1


def test_impeded_and_resumed(platform: Platform) -> None:
    """Acceptance 7."""
    platform.api.submit("post-1", text="hello", url=URL)
    id = platform.ordered(URL)
    first = platform.order(id)["due_at"]
    platform.clock.advance(20 * 60)
    said = {"ground": "impossible", "explanation": "Our storage is down."}
    order = platform.do(f"{id}/impede", said).json()
    assert (order["state"], order["due_at"]) == ("impeded", None)
    body = platform.api.get(f"/v1/orders/{id}/documents/annex-3.json", key=platform.legal).json()
    assert (body["grounds"], body["explanation"]) == (["impossible"], "Our storage is down.")
    platform.clock.advance(280 * 60)
    order = platform.do(f"{id}/resume").json()
    fresh = in_full(platform.clock.now() + timedelta(hours=1))
    assert (order["state"], order["due_at"]) == ("open", fresh)
    (clock,) = [one for one in order["clocks"] if one["name"] == "tco.remove"]
    assert [one["due_at"] for one in clock["runs"]] == [first, fresh]
    sent = [one["type"] for one in order["messages"] if one["direction"] == "out"]
    assert sent == ["order.not_executed", "impediment.ended"]


def test_executed_content_cannot_be_erased(platform: Platform) -> None:
    """Acceptance 9, never 6."""
    api = platform.api
    api.submit("post-1", text="hello", url=URL)
    id = platform.ordered(URL)
    order = platform.do(f"{id}/execute", {}).json()
    until = order["items"][0]["hold"]["until"]
    refused = api.call("DELETE", "/v1/items/post-1")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/item-held")
    assert until[:10] in refused.json()["detail"]

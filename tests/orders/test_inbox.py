"""The inbox from outside: what is taken, with which receipt, and what is wrong with it."""

import json
from typing import Any

import httpx
import pytest
from tests.api import Api
from tests.orders.letters import (
    OURS,
    Sender,
    found_ours,
    payload_sha256,
    read_signed,
    unb64,
)

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.instance import Instance

PATH = "/public/orders/inbox"
JOSE = {"content-type": "application/jose+json"}


@pytest.fixture
def sender(instance: Instance) -> Sender:
    """A registered authority, and an instance that speaks for a platform."""
    found_ours(instance)
    sender = Sender()
    sender.register(instance.database)
    return sender


def post(api: Api, raw: bytes, **more: Any) -> httpx.Response:
    """A message by nobody in particular."""
    return api.client.post(PATH, content=raw, headers=JOSE | more.pop("headers", {}), **more)


def receipt(api: Api, answer: httpx.Response) -> dict[str, Any]:
    """A receipt, which what the instance publishes is enough to verify."""
    assert answer.status_code == 202, answer.text
    assert answer.headers["content-type"] == "application/jose+json"
    published = api.client.get("/.well-known/tidegate.json").json()
    (key,) = published["keys"]
    assert json.loads(unb64(json.loads(answer.content)["protected"])) == {
        "alg": "EdDSA",
        "kid": key["kid"],
    }
    return read_signed(answer.content, key["x"])


def test_a_good_message_has_a_receipt_that_the_published_key_signed(
    api: Api, sender: Sender, clock: FakeClock
) -> None:
    said = sender.says(clock.now(), "prior_information", id="one")
    raw = sender.sign(said)
    assert receipt(api, post(api, raw)) == {
        "protocol": "tidegate-orders/1",
        "type": "receipt",
        "from": OURS.id,
        "to": sender.id,
        "message": "one",
        "sha256": payload_sha256(raw),
        "received_at": "2026-01-01T00:00:00.000000Z",
        "verified": True,
        "problems": [],
        "order": None,
    }
    assert api.count("order_messages") == 1

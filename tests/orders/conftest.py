"""An instance that speaks for a platform, a registered authority, and its inbox from outside."""

import json
from typing import Any

import httpx
import pytest
from tests.api import Api
from tests.orders.letters import Sender, found_ours, read_signed, unb64

from tidegate.infra.db import Tx
from tidegate.orders.messages.model import Incoming
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.handling import Handled
from tidegate.pipeline.orders.sides import HANDLERS

PATH = "/public/orders/inbox"
JOSE = {"content-type": "application/jose+json"}
NOTE = "test.note"
NOTHING = {"order_messages": 0, "order_refusals": 0, "rings": 0, "ledger_pending": 0}


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> list[Incoming]:
    """What was handed on, of a type that only these tests have."""
    seen: list[Incoming] = []

    def note(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
        seen.append(incoming)
        return Handled()

    monkeypatch.setitem(HANDLERS["platform"], NOTE, note)
    return seen


@pytest.fixture
def sender(instance: Instance, handled: list[Incoming]) -> Sender:
    """A registered authority, and an instance that speaks for a platform."""
    found_ours(instance)
    sender = Sender()
    sender.register(instance.database)
    return sender


def post(api: Api, raw: bytes, **headers: str) -> httpx.Response:
    """A message by nobody in particular."""
    return api.client.post(PATH, content=raw, headers=JOSE | headers)


def receipt(api: Api, answer: httpx.Response) -> dict[str, Any]:
    """A receipt, which what the instance publishes is enough to verify."""
    assert answer.status_code == 202, answer.text
    assert answer.headers["content-type"] == "application/jose+json"
    published = api.client.get("/.well-known/tidegate.json").json()
    (key,) = published["keys"]
    header = json.loads(unb64(json.loads(answer.content)["protected"]))
    assert header == {"alg": "EdDSA", "kid": key["kid"]}
    return read_signed(answer.content, key["x"])


def written(api: Api) -> dict[str, int]:
    """What there is of all that a message can leave behind."""
    return {table: api.count(table) for table in NOTHING}


def refused(api: Api, answer: httpx.Response, status: int, type: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["type"] == f"/problems/{type}"
    return problem

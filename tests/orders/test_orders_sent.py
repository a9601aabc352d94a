"""A message is sent once more by a person, by API."""

from uuid import UUID, uuid4

import httpx
import pytest
from tests.api import Api
from tests.orders.letters import found_ours

from tidegate.orders.messages.actions import send
from tidegate.orders.messages.model import StoredMessage
from tidegate.pipeline.own import own_of

ORDER = UUID(int=14)


@pytest.fixture
def sent(api: Api) -> StoredMessage:
    found_ours(api.instance)
    with api.instance.database.begin() as tx:
        own = own_of(tx, api.instance)
        return send(tx, own, type="x", order="o", order_id=ORDER, to="bka.example", body={})


def ask(api: Api, order: object, message: object, key: str) -> httpx.Response:
    return api.post(f"/v1/orders/{order}/messages/{message}/replay", key=key)


def test_a_person_sends_it_once_more(api: Api, sent: StoredMessage) -> None:
    for role in ("legal", "officer"):
        answer = ask(api, ORDER, sent.id, api.person(role))
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert (said["id"], said["direction"], said["state"]) == (str(sent.id), "out", "pending")
        assert said["at"] == "2026-01-01T00:00:00.000000Z"
    assert api.count("ledger_pending") >= 2


def test_nobody_else_does(api: Api, sent: StoredMessage) -> None:
    keys = [api.person("approver"), api.key("orders:read"), api.key("orders:execute")]
    before = api.count("ledger_pending")
    answers = [ask(api, ORDER, sent.id, key) for key in keys]
    assert [one.status_code for one in answers] == [403] * 3
    assert answers[2].json()["type"] == "/problems/person-needed"
    assert api.count("ledger_pending") == before


@pytest.mark.parametrize(
    ("order", "message"), [(uuid4(), None), (ORDER, uuid4()), ("x", None), (ORDER, "x")]
)
def test_only_of_its_order(api: Api, sent: StoredMessage, order: object, message: object) -> None:
    person = api.person("legal")
    before = api.count("ledger_pending")
    answer = ask(api, order, message or sent.id, person)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/message-unknown")
    assert api.count("ledger_pending") == before

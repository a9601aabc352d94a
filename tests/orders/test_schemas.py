"""The schemas at /public/schemas/ say what the program itself takes, and anybody may read them."""

import json
from typing import Any

import jsonschema_rs
import pytest
from tests.api import Api
from tests.orders.papers import BODIES, NOW, executed, not_executed, order

from tidegate.orders.bodies import KINDS
from tidegate.orders.schemas import DRAFT, NAMES, schema

ENVELOPE = {
    "protocol": "tidegate-orders/1",
    "type": "order.issued",
    "id": "m-1",
    "order": "o-1",
    "from": "authority.example",
    "to": "forum.example",
    "sent_at": NOW,
    "synthetic": True,
    "body": order(),
}
EXAMPLES: dict[str, Any] = {
    **BODIES,
    "annex-1": order(),
    "annex-2": executed(),
    "annex-3": not_executed(),
    "envelope": ENVELOPE,
    "message": {"payload": "e30", "protected": "e30", "signature": "AA"},
    "receipt": {
        "protocol": "tidegate-orders/1",
        "type": "receipt",
        "from": "forum.example",
        "to": "authority.example",
        "message": "m-1",
        "sha256": "ab" * 32,
        "received_at": NOW,
        "verified": True,
        "problems": ["late"],
        "order": None,
    },
    "organisation": {
        "organisation": {
            "id": "forum.example",
            "name": "Forum Example",
            "kind": "platform",
            "member_state": "DE",
            "functions": [],
            "zone": "Europe/Berlin",
            "hosts": ["forum.example"],
        },
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                "valid_from": NOW,
                "revoked_at": None,
            }
        ],
        "inbox": "https://forum.example/public/orders/inbox",
        "contact": {"email": "law@forum.example"},
        "languages": ["de"],
        "protocol": ["tidegate-orders/1"],
        "synthetic": True,
    },
}


def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        json.loads(schema(name) or b""), validate_formats=True
    )


def test_there_is_one_for_all_that_travels() -> None:
    assert set(NAMES) == set(EXAMPLES)
    assert set(KINDS) < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema_and_takes_its_example(name: str) -> None:
    said = json.loads(schema(name) or b"")

    assert said["$schema"] == DRAFT
    jsonschema_rs.meta.validate(said)
    assert [str(error) for error in validator(name).iter_errors(EXAMPLES[name])] == []


@pytest.mark.parametrize(
    ("name", "field"),
    [(name, field) for name in NAMES for field in EXAMPLES[name] if name not in ("organisation",)],
)
def test_each_refuses_what_lacks_a_field(name: str, field: str) -> None:
    rest = {key: one for key, one in EXAMPLES[name].items() if key != field}
    assert validator(name).is_valid(rest) is (field == "cross_border")


@pytest.mark.parametrize(
    "changes",
    [
        {"issued_at": None},
        {"issued_at": "yesterday"},
        {"items": []},
        {"items": [{"url": "https://forum.example/1"}] * 1001},
        {"types": ["f"]},
        {"reasons": "Too short."},
        {"non_disclosure": {"decided_at": NOW, "until": None, "reason": "x"}},
    ],
)
def test_that_of_an_order_refuses_what_the_program_refuses(changes: dict[str, Any]) -> None:
    for name in ("annex-1", "order.issued"):
        assert not validator(name).is_valid(order(**changes))


def test_anybody_may_read_them(api: Api) -> None:
    listed = api.client.get("/public/schemas/")

    assert listed.status_code == 200
    assert [one["name"] for one in listed.json()["data"]] == list(NAMES)
    for one in listed.json()["data"]:
        answer = api.client.get(one["path"])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/schema+json"
        assert answer.json()["$id"] == one["path"]


def test_one_that_is_not_there_is_a_problem(api: Api) -> None:
    for name in ("nothing", "..%2fannex-1", "annex-1.json"):
        answer = api.client.get(f"/public/schemas/{name}.json")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "/problems/not-found"

"""A key's name may be another's once it is revoked: who it was is told by its id, and nothing passes on."""

from typing import Any

import msgspec
from tests.api import Api
from tests.web.test_holds_api import WHY, after_retention, hold, text

from tidegate.access.actions import revoke_key
from tidegate.infra.clock import FakeClock


def id_of(key: str) -> str:
    return key.split("_")[1]


def made_anew(api: Api, key: str, scope: str = "admin") -> str:
    """Another key of the same name, as an operator makes one whose name is free again."""
    with api.instance.database.begin() as tx:
        revoke_key(tx, id_of(key))
    return api.key(scope, name="desk")


def records(api: Api) -> list[dict[str, Any]]:
    """What the ledger says, in the order in which it was written."""
    query = "SELECT kind, record FROM ledger_pending ORDER BY at, id"
    with api.instance.database.begin() as tx:
        found = tx.connection.exec_driver_sql(query).all()
    return [msgspec.json.decode(record) | {"kind": kind} for kind, record in found]


def test_what_is_done_by_key_names_the_keys_id(api: Api, clock: FakeClock) -> None:
    key = api.key("admin", name="desk")
    before = len(records(api))
    clock.advance(1)
    api.submit(text="a text")
    decision = {"outcome": "restrict", "reason": "seen", "label": "propaganda"}
    assert api.post("/v1/items/post-1/decisions", decision, key=key).status_code == 201
    after = records(api)[before:]
    by_key = {one["kind"] for one in after if one.get("key") == id_of(key)}
    assert {"decision.recorded", "action.issued"} <= by_key
    for one in after:
        assert ("key" in one) == (one["actor"] != "system"), one["kind"]


def test_a_claim_is_the_keys_and_not_the_names(api: Api) -> None:
    old = api.key("admin", name="desk")
    api.submit(text="a text")
    report = {"id": "r1", "channel": "user", "reason": "hate", "item_id": "post-1"}
    report |= {"created_at": "2025-12-31T23:30:00Z"}
    case = api.post("/v1/reports", report).json()["case"]
    assert api.post(f"/v1/cases/{case}/claim", key=old).json()["claimed_by"] == "key:desk"
    new = made_anew(api, old, "cases:decide")
    passed = {"outcome": "pass", "reason": "fine"}
    for step, body in (("claim", None), ("release", None), ("decide", passed)):
        answer = api.post(f"/v1/cases/{case}/{step}", body, key=new)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/case-claimed"), step
    assert api.count("decisions") == 0


def test_an_opening_is_the_keys_and_not_the_names(api: Api, clock: FakeClock) -> None:
    old = api.key("admin", name="desk")
    api.submit(text="a text")
    held = hold(api).json()["id"]
    after_retention(api, clock)
    assert api.post(f"/v1/holds/{held}/open", WHY, key=old).status_code == 201
    assert text(api, key=old) == "a text"
    assert text(api, key=made_anew(api, old)) is None


def test_an_answer_that_is_kept_is_the_keys_and_not_the_names(api: Api) -> None:
    old = api.key("admin", name="desk")
    api.submit(text="a text")
    once: dict[str, Any] = {"headers": {"Idempotency-Key": "one"}}
    body = {"reason": "court order 7"}
    first = api.post("/v1/items/post-1/holds", body, key=old, **once).json()
    assert api.post("/v1/items/post-1/holds", body, key=old, **once).json() == first
    new = made_anew(api, old)
    assert api.post("/v1/items/post-1/holds", body, key=new, **once).json() != first

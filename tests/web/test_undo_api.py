"""A decision that waits, through the API."""

from typing import Any

import pytest
from tests.api import Api

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.leave import leave_due

RESTRICT = {"outcome": "restrict", "reason": "x", "label": "propaganda"}


@pytest.fixture
def case(api: Api) -> str:
    api.submit(text="a text")
    said = {"id": "r1", "item_id": "post-1", "channel": "user", "reason": "terrorism"}
    return api.post("/v1/reports", said | {"created_at": "2025-12-31T23:00:00Z"}).json()["case"]


def turn(api: Api, seconds: float) -> None:
    assert isinstance(api.instance.clock, FakeClock)
    api.instance.clock.advance(seconds)
    leave_due(api.instance)


def held(api: Api) -> Any:
    return api.get("/v1/items/post-1").json()["held_decision"]


def test_a_decision_waits_for_as_long_as_it_is_told_to(api: Api, case: str) -> None:
    answer = api.post(f"/v1/cases/{case}/decide", RESTRICT | {"undo_seconds": 2.5})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "decided"
    (decision,) = answer.json()["decisions"]
    assert (decision["state"], held(api)) == ("held", decision)
    assert decision["leaves_at"] == "2026-01-01T00:00:02.500000Z"
    assert api.get("/v1/actions").json()["data"] == []
    turn(api, 2.5)
    record = api.get("/v1/items/post-1").json()
    assert (record["held_decision"], record["restricted_by"]) == (None, decision["id"])
    assert [one["kind"] for one in api.get("/v1/actions").json()["data"]] == ["restrict"]
    late = api.post(f"/v1/decisions/{decision['id']}/undo")
    assert (late.status_code, late.json()["type"]) == (409, "/problems/already-left")


def test_it_is_undone_by_who_made_it(api: Api, case: str) -> None:
    answer = api.post(f"/v1/cases/{case}/decide", RESTRICT | {"undo_seconds": 10})
    decision = answer.json()["decision"]
    other = api.key("cases:decide")
    assert api.post(f"/v1/decisions/{decision}/undo", key=other).status_code == 403
    once = {"Idempotency-Key": "k"}
    undone = api.post(f"/v1/decisions/{decision}/undo", headers=once)
    assert undone.status_code == 200, undone.text
    assert (undone.json()["state"], undone.json()["claimed_by"]) == ("claimed", f"key:{api.name}")
    assert api.post(f"/v1/decisions/{decision}/undo", headers=once).json() == undone.json()
    assert api.post(f"/v1/decisions/{decision}/undo").json()["type"] == "/problems/already-undone"
    turn(api, 100)
    assert api.get("/v1/actions").json()["data"] == []


def test_without_a_word_it_leaves_at_once(api: Api, case: str) -> None:
    answer = api.post(f"/v1/cases/{case}/decide", RESTRICT)
    (decision,) = answer.json()["decisions"]
    assert (decision["state"], decision["leaves_at"]) == ("left", None)
    (action,) = api.get("/v1/actions").json()["data"]
    assert action["decision_id"] == decision["id"]


@pytest.mark.parametrize("seconds", [-1, 121, "10", None])
def test_what_is_no_time_to_wait_is_refused(api: Api, case: str, seconds: object) -> None:
    before = api.count("decisions"), api.count("ledger_pending")
    answer = api.post(f"/v1/cases/{case}/decide", RESTRICT | {"undo_seconds": seconds})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/undo_seconds"
    assert (api.count("decisions"), api.count("ledger_pending")) == before


@pytest.mark.parametrize("id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_decision_that_is_none_is_not_there(api: Api, id: str) -> None:
    answer = api.post(f"/v1/decisions/{id}/undo")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/decision-unknown")

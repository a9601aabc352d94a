"""An authority's order from its draft to its end, both sides at work; and each refusal, which writes nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.orders.sides import Side, drafted

from tidegate.infra.clock import FakeClock

ASKED = {"deconfliction": {"answer": "nobody else works on it"}}
PRIOR = {"procedures": "We send signed orders.", "deadlines": "One hour from receipt."}


def inform(bka: Side, forum: Side, clock: FakeClock) -> None:
    """Prior information, twelve hours ago."""
    path = f"/v1/registry/{forum.id}/prior-information"
    bka.post(path, bka.officer, PRIOR, status=201)
    assert bka.deliver() == 1
    clock.advance(12 * 3600)


def approved(bka: Side, officer: str | None = None, **changed: Any) -> str:
    officer = officer or bka.officer
    id = bka.post("/v1/orders", officer, drafted(**changed), status=201)["id"]
    assert bka.post(f"/v1/orders/{id}/submit", officer)["state"] == "submitted"
    assert bka.post(f"/v1/orders/{id}/approve", bka.approver)["state"] == "approved"
    return id


def issued(bka: Side, **changed: Any) -> str:
    id = approved(bka, **changed)
    body = ASKED | {"emergency": {"reasons": "A named market, on Saturday."}}
    assert bka.post(f"/v1/orders/{id}/issue", bka.officer, body)["state"] == "issued"
    return id


def refused(side: Side, path: str, key: str, body: Any, type: str, status: int) -> dict[str, Any]:
    """A refusal, which leaves nothing written."""
    before = side.entries(), side.count("order_messages"), side.count("order_states")
    answer = side.call("POST", path, key, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{type}"
    assert (side.entries(), side.count("order_messages"), side.count("order_states")) == before
    return answer.json()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_order_is_drafted_approved_by_another_and_delivered(
    bka: Side, forum: Side, clock: FakeClock
) -> None:
    inform(bka, forum, clock)
    id = approved(bka)
    order = bka.post(f"/v1/orders/{id}/issue", bka.officer, ASKED)
    assert order["state"] == "issued"
    assert order["reference"] == "DE-2026-000001"
    assert order["delivery"] == {"state": "pending", "attempts": 0, "received_at": None}
    clock.advance(5)
    assert bka.deliver() == 1
    ours = bka.get(f"/v1/orders/{id}")
    (theirs,) = forum.get("/v1/orders", forum.legal)["data"]
    assert ours["state"] == "delivered"
    assert ours["delivery"]["received_at"] == ours["received_at"] == theirs["received_at"]
    assert (theirs["order"], theirs["reference"]) == (id, "DE-2026-000001")
    (hour,) = [one for one in ours["clocks"] if one["name"] == "tco.remove"]
    assert hour["bearer"] == "them"
    assert moment(hour["due_at"]) - moment(ours["received_at"]) == timedelta(hours=1)
    assert [one["state"] for one in ours["history"]] == [
        "draft",
        "submitted",
        "approved",
        "issued",
        "delivered",
    ]

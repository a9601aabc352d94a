"""How people of an authority bring an order on its way, step by step, and what a refusal leaves behind."""

from datetime import datetime
from typing import Any

from tests.orders.sides import Side, drafted

from tidegate.infra.clock import FakeClock

ASKED = {"deconfliction": {"answer": "nobody else works on it"}}
URGENT = ASKED | {"emergency": {"reasons": "A named market, on Saturday."}}
PRIOR = {"procedures": "We send signed orders.", "deadlines": "One hour from receipt."}
HOURS = 3600


def inform(bka: Side, forum: Side, clock: FakeClock) -> None:
    """Prior information, twelve hours ago."""
    path = f"/v1/registry/{forum.id}/prior-information"
    bka.post(path, bka.officer, PRIOR, status=201)
    assert bka.deliver() == 1
    clock.advance(12 * HOURS)


def begun(side: Side, officer: str | None = None, **changed: Any) -> str:
    officer = officer or side.officer
    return side.post("/v1/orders", officer, drafted(**changed), status=201)["id"]


def approved(side: Side, officer: str | None = None, **changed: Any) -> str:
    officer = officer or side.officer
    id = begun(side, officer, **changed)
    assert side.post(f"/v1/orders/{id}/submit", officer)["state"] == "submitted"
    assert side.post(f"/v1/orders/{id}/approve", side.approver)["state"] == "approved"
    return id


def issued(side: Side, **changed: Any) -> str:
    """In an emergency, which waits for nothing."""
    id = approved(side, **changed)
    assert side.post(f"/v1/orders/{id}/issue", side.officer, URGENT)["state"] == "issued"
    return id


def delivered(side: Side, **changed: Any) -> str:
    id = issued(side, **changed)
    side.deliver()
    assert side.get(f"/v1/orders/{id}")["state"] == "delivered"
    return id


def refused(side: Side, path: str, key: str, body: Any, type: str, status: int) -> dict[str, Any]:
    """A refusal, which leaves nothing written."""
    tables = ("order_messages", "order_states", "order_claims", "orders", "clocks", "scrutinies")
    before = side.entries(), [side.count(table) for table in tables]
    answer = side.call("POST", path, key, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{type}"
    assert (side.entries(), [side.count(table) for table in tables]) == before
    return answer.json()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def clocks(order: dict[str, Any], name: str, kind: str = "order_item") -> list[dict[str, Any]]:
    return [one for one in order["clocks"] if (one["name"], one["subject"]["kind"]) == (name, kind)]

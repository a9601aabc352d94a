"""That an order is the ground says the program itself: nobody sends it, whichever way."""

from typing import Any

import pytest
from tests.api import Api
from tests.web.ordered import EVERYWHERE, REFERENCE, Order
from tests.web.visitor import Visitor

from tidegate.infra.errors import Refusal
from tidegate.policy.actions import store_pack
from tidegate.policy.data import default_source
from tidegate.policy.fields import RESERVED

GROUND = {"kind": "order", "reference": "BKA-7781"}
DOWN = {"outcome": "restrict", "label": "propaganda", "exemption": "none", "reason": "as ordered"}
TABLES = ("decisions", "restrictions", "actions", "ledger_pending", "packs", "looks", "bulks")


def written(api: Api) -> list[int]:
    return [api.count(one) for one in TABLES]


def refused(answer: Any) -> None:
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "/problems/ground-reserved"


def case_of(api: Api, id: str = "post-1") -> str:
    api.submit(id, text=f"a text of {id}")
    report = {"id": f"r-{id}", "channel": "notice", "reason": "other", "item_id": id}
    report |= {"reporter": "reporter-1", "created_at": "2025-12-31T23:30:00Z"}
    return api.post("/v1/reports", report).json()["case"]


def test_no_decision_names_it(api: Api) -> None:
    case = case_of(api)
    before = written(api)
    for path in (f"/v1/cases/{case}/decide", "/v1/items/post-1/decisions"):
        refused(api.post(path, DOWN | {"ground": GROUND}))
    held = DOWN | {"ground": GROUND, "undo_seconds": 30}
    refused(api.post(f"/v1/cases/{case}/decide", held))
    assert written(api) == before
    shown = api.get(f"/v1/cases/{case}").json()
    assert (shown["state"], shown["decisions"]) == ("open", [])


def test_no_form_names_it(api: Api) -> None:
    case = case_of(api)
    reviewer = Visitor(api.instance, api.client, "senior", email="rita@example.org")
    form = DOWN | {"ground_kind": "order", "ground_reference": REFERENCE, "revision": "1"}
    answer = reviewer.send(f"/cases/{case}/decide", form)
    assert answer.status_code == 422
    assert [api.count(one) for one in ("decisions", "restrictions", "actions")] == [0, 0, 0]
    # What is decided for many at once has each label's own ground.
    answer = reviewer.send("/cases/bulk/preview", form | {"case": case})
    path = answer.headers["location"]
    assert REFERENCE not in reviewer.get(f"{path}.json").text


@pytest.mark.parametrize("where", ["pack", "label"])
def test_no_pack_names_it(api: Api, where: str) -> None:
    source = default_source()
    at = source.index("ground = {", source.index("[labels") if where == "label" else 0)
    end = source.index("}", at) + 1
    named = source[:at] + "ground = { kind = 'order', reference = 'BKA-7781' }" + source[end:]
    before = written(api)
    with pytest.raises(Refusal) as refusal, api.instance.database.begin() as tx:
        store_pack(tx, named)
    assert (refusal.value.status, refusal.value.type) == (422, "ground-reserved")
    (problem,) = api.post("/v1/policy/check", {"source": named}).json()["problems"]
    assert problem["message"] == RESERVED
    assert problem["line"] is not None
    assert written(api) == before


def test_what_executes_an_order_writes_it_and_asks_for_no_exemption(api: Api) -> None:
    """Also where known content is quoted, and a person would have to answer first."""
    api.bank()
    known = "a passage of known content that somebody quotes at length in an article of theirs"
    api.entry(known)
    api.submit(text=f"What follows is quoted. {known} So much for that; it goes on and on here.")
    Order(api).execute(silent=False)
    record = api.get("/v1/items/post-1").json()
    ordered = record["decisions"][-1]
    assert ordered["ground"] == {"kind": "order", "reference": REFERENCE}
    assert (ordered["exemption"], ordered["label"]) == (None, None)
    assert record["effective"]["territory"] == EVERYWHERE


def test_a_pass_of_the_case_ends_nothing_of_an_order(api: Api) -> None:
    """Row 5 of the acceptance."""
    case = case_of(api)
    order = Order(api)
    order.execute(silent=False)
    given = {"outcome": "pass", "reason": "nothing against our terms"}
    answer = api.post(f"/v1/cases/{case}/decide", given)
    assert (answer.status_code, answer.json()["state"]) == (200, "decided")
    record = api.get("/v1/items/post-1").json()
    assert record["effective"]["territory"] == EVERYWHERE
    assert len(EVERYWHERE) == 27
    assert [one["kind"] for one in record["actions"]] == ["restrict"]
    order.over()
    record = api.get("/v1/items/post-1").json()
    assert not record["effective"]["restricted"]
    assert [one["kind"] for one in record["actions"]] == ["restrict", "lift"]


def test_an_order_adds_nothing_to_what_is_down_everywhere(api: Api) -> None:
    """Row 4 of the acceptance."""
    api.submit(text="a text")
    assert api.post("/v1/items/post-1/decisions", DOWN).status_code == 201
    order = Order(api)
    order.execute(silent=False)
    order.over()
    record = api.get("/v1/items/post-1").json()
    assert [one["kind"] for one in record["actions"]] == ["restrict"]
    assert (record["effective"]["restricted"], record["effective"]["territory"]) == (True, None)
    lift = {"outcome": "lift", "reason": "it was wrong"}
    assert api.post("/v1/items/post-1/decisions", lift).status_code == 201
    record = api.get("/v1/items/post-1").json()
    assert [one["kind"] for one in record["actions"]] == ["restrict", "lift"]

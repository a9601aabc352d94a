"""Second eyes on the pages, without a script: what is shown to whom, and where it leads."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.api import Api
from tests.web.test_deciding import reported, turn
from tests.web.visitor import Visitor

ACCOUNT = {
    "outcome": "restrict",
    "label": "propaganda",
    "reason": "All that this account posts is propaganda.",
    "scope": "account",
    "then": "stay",
}
PASS = {"outcome": "pass", "reason": "It is a report about an attack.", "then": "stay"}
SECRET = "All that this account posts"


class Three:
    """Anna and Bert review, Sara is a senior."""

    def __init__(self, api: Api) -> None:
        self.anna = Visitor(api.instance, api.client, "reviewer", email="anna@example.org")
        self.bert = Visitor(api.instance, api.client, "reviewer", email="bert@example.org")
        self.sara = Visitor(api.instance, api.client, "senior", email="sara@example.org")


@pytest.fixture
def team(api: Api) -> Three:
    return Three(api)


@pytest.fixture
def case(api: Api, team: Three) -> str:
    return reported(api)


def told(person: Visitor, path: str) -> dict[str, Any]:
    answer = person.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def asks(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def propose(team: Three, case: str) -> str:
    """Anna's proposal; its id."""
    answer = team.anna.send(f"/cases/{case}/decide", ACCOUNT)
    assert answer.status_code == 303, answer.text
    said = asks(answer.headers["location"])
    assert said["done"] == "proposed"
    return said["undo"]


def test_the_second_sees_the_content_and_not_the_choice(api: Api, team: Three, case: str) -> None:
    propose(team, case)
    page = team.bert.get(f"/cases/{case}").text
    assert "a text of post-1" in page
    assert 'data-testid="second-open"' in page
    said = told(team.bert, f"/cases/{case}.json")
    assert said["second"]["choices"] == []
    assert "open" in said["may"]
    assert "agree" not in said["may"]
    for path in (f"/cases/{case}", f"/cases/{case}.json", "/", "/cases", "/cases.json",
                 f"/items/{said['item_id']}", f"/items/{said['item_id']}.json"):  # fmt: skip
        assert SECRET not in team.bert.get(path).text, path
    answer = team.bert.send(f"/cases/{case}/second/open")
    assert answer.headers["location"] == f"/cases/{case}#second"
    opened = team.bert.get(f"/cases/{case}").text
    assert SECRET in opened
    assert 'data-testid="second-agree"' in opened
    assert "What was concluded was opened" in opened


def test_agreed_it_is_decided_and_leaves(api: Api, team: Three, case: str) -> None:
    propose(team, case)
    team.bert.send(f"/cases/{case}/second/open")
    answer = team.bert.send(f"/cases/{case}/second/agree", {"then": "stay", "revision": "1"})
    assert asks(answer.headers["location"])["done"] == "decided"
    assert api.get("/v1/actions").json()["data"] == []
    # Who agreed made it leave: they undo it, and are told of no conflict.
    assert "undo" in told(team.bert, f"/cases/{case}.json")["may"]
    assert "undo" not in told(team.anna, f"/cases/{case}.json")["may"]
    assert 'data-testid="conflict"' not in team.bert.get(f"/cases/{case}?looked=1").text
    turn(api, 31)
    (action,) = api.get("/v1/actions").json()["data"]
    assert action["kind"] == "restrict"
    page = told(team.anna, f"/cases/{case}.json")
    assert [one["by"] for one in page["second"]["choices"]] == ["user:anna", "user:bert"]
    assert page["second"]["state"] == "agreed"


def test_who_agrees_unread_is_refused(api: Api, team: Three, case: str) -> None:
    propose(team, case)
    for bad in ({}, {"revision": "abc"}):
        assert team.bert.send(f"/cases/{case}/second/agree", bad).status_code == 422
    answer = team.bert.send(f"/cases/{case}/second/agree", {"then": "stay", "revision": "1"})
    assert answer.status_code == 409
    assert told(team.bert, f"/cases/{case}.json")["state"] == "open"


def test_the_first_is_offered_nothing_but_to_take_it_back(api: Api, team: Three, case: str) -> None:
    look = propose(team, case)
    page = team.anna.get(f"/cases/{case}").text
    assert 'data-testid="decide"' not in page
    assert 'data-testid="second-withdraw"' in page
    assert told(team.anna, f"/cases/{case}.json")["may"] == ["note", "undo"]
    assert told(team.anna, "/cases.json")["total"] == 0
    assert told(team.bert, "/cases.json")["total"] == 1
    refused = team.anna.send(f"/cases/{case}/decide", PASS)
    assert refused.status_code == 409
    assert "Another person decides now" in refused.text
    assert [one["case"]["id"] for one in told(team.anna, "/index.json")["mine"]["proposed"]] == [
        case
    ]
    answer = team.anna.send(f"/decisions/{look}/undo")
    assert asks(answer.headers["location"])["done"] == "undone"
    page = team.anna.get(f"/cases/{case}").text
    assert SECRET in page  # what was typed is there again
    assert team.anna.send(f"/cases/{case}/decide", PASS).status_code == 303


def test_the_bar_offers_undo_for_as_long_as_of_any_decision(
    api: Api, team: Three, case: str
) -> None:
    look = propose(team, case)
    page = team.anna.get("/items").text
    assert f"/decisions/{look}/undo" in page
    assert "waits for another person" in page
    turn(api, 11)
    assert "undo-bar" not in team.anna.get("/items").text


def test_disagreement_is_settled_by_a_senior_and_both_read_why(
    api: Api, team: Three, case: str
) -> None:
    propose(team, case)
    answer = team.bert.send(f"/cases/{case}/decide", PASS)
    assert asks(answer.headers["location"])["done"] == "disputed"
    said = told(team.sara, f"/cases/{case}.json")
    assert (said["queue"], said["second"]["choices"]) == ("senior", [])
    assert SECRET not in team.sara.get(f"/cases/{case}").text
    for person in (team.anna, team.bert):
        assert person.send(f"/cases/{case}/decide", PASS).status_code == 409
    team.sara.send(f"/cases/{case}/second/open")
    opened = team.sara.get(f"/cases/{case}").text
    assert SECRET in opened
    assert "It is a report about an attack" in opened
    why = {"reason": "Bert is right: it only reports.", "outcome": "pass", "then": "stay"}
    assert team.sara.send(f"/cases/{case}/decide", why).status_code == 303
    turn(api, 31)
    assert api.get("/v1/actions").json()["data"] == []
    for person in (team.anna, team.bert):
        (one,) = told(person, "/index.json")["mine"]["returned"]
        assert (one["by"], one["text"]) == ("sara", "Bert is right: it only reports.")
        assert "returned by second eyes" in person.get("/").text
        assert "Bert is right" in person.get(f"/cases/{case}").text
        assert told(person, "/index.json")["mine"]["returned"] == []


def test_a_bulk_leaves_it_out_and_says_why(api: Api, team: Three, case: str) -> None:
    propose(team, case)
    answer = team.bert.send("/cases/bulk/preview", {"case": case, "outcome": "pass"})
    page = told(team.bert, f"{urlsplit(answer.headers['location']).path}.json")
    assert [one["why"] for one in page["left_out"]] == ["second-eyes"]


def test_the_api_decides_as_before(api: Api, team: Three, case: str) -> None:
    propose(team, case)
    body = {"outcome": "pass", "reason": "decided by a program"}
    answer = api.post(f"/v1/cases/{case}/decide", body)
    assert (answer.status_code, answer.json()["state"]) == (200, "decided")
    item = api.get("/v1/items/post-1").json()
    assert item["proposed_decision"] is None

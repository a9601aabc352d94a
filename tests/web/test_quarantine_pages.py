"""Quarantine as people and callers see it: over HTTP, and on the pages."""

from typing import Any

import pytest
from tests.api import Api
from tests.web.visitor import Visitor


@pytest.fixture
def entry(api: Api) -> dict[str, Any]:
    """An entry that matched too much: a whole site that everybody links to."""
    api.bank()
    body = {"kind": "domain", "value": "everybody.example", "confirmed": True}
    made = api.post("/v1/banks/known/entries", body).json()
    assert made["quarantined_at"] is None
    for number in range(51):
        answer = api.submit(f"post-{number}", url=f"https://everybody.example/{number}").json()
    assert answer["verdict"] == "pass"
    assert answer["evaluation"]["matches"][0]["quarantined"] is True
    return made


def path(entry: dict[str, Any]) -> str:
    return f"/v1/banks/known/entries/{entry['id']}"


def test_the_api_shows_and_lifts_it(api: Api, entry: dict[str, Any]) -> None:
    assert api.get(path(entry)).json()["quarantined_at"] == "2026-01-01T00:00:00Z"
    waiting = api.get("/v1/cases?state=waiting&limit=100").json()["data"]
    (case,) = [one for one in waiting if one["match"].get("quarantined")]
    assert case["match"]["entry"] == entry["id"]
    lifted = api.post(f"{path(entry)}/confirm").json()
    assert (lifted["quarantined_at"], lifted["state"]) == (None, "confirmed")
    again = api.submit("again", url="https://everybody.example/again").json()
    assert "quarantined" not in again["evaluation"]["matches"][0]


def test_the_pages_show_and_lift_it(api: Api, entry: dict[str, Any]) -> None:
    person = Visitor(api.instance, api.client, "admin")
    page = person.get("/banks/known").text
    assert "In quarantine since" in page
    waiting = api.get("/v1/cases?state=waiting&limit=100").json()["data"]
    (case,) = [one for one in waiting if one["match"].get("quarantined")]
    shown = person.get(f"/cases/{case['id']}").text
    assert "51 different things in an hour" in shown
    named = [number for number in range(51) if f"<code>post-{number}</code>" in shown]
    assert len(named) == 10

    assert person.send(f"/banks/known/entries/{entry['id']}/confirm").status_code == 303
    page = person.get("/banks/known").text
    assert "quarantine" not in page
    assert api.get(path(entry)).json()["quarantined_at"] is None

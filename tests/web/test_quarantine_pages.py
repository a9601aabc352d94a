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
    *_, answer = [
        api.submit(
            f"post-{number}",
            url=f"https://everybody.example/{number}",
            author=f"author-{number}",
        ).json()
        for number in range(51)
    ]
    assert answer["verdict"] == "review"
    assert answer["evaluation"]["matches"][0]["quarantined"] is True
    return made


def path(entry: dict[str, Any]) -> str:
    return f"/v1/banks/known/entries/{entry['id']}"


def the_case(api: Api) -> dict[str, Any]:
    """The only one of its queue; those of posts that showed the entry are in another."""
    (case,) = api.get("/v1/cases?state=waiting&queue=entries").json()["data"]
    return case


def test_the_api_shows_and_lifts_it(api: Api, entry: dict[str, Any]) -> None:
    assert api.get(path(entry)).json()["quarantined_at"] == "2026-01-01T00:00:00Z"
    case = the_case(api)
    assert case["subject"] == {"kind": "entry", "id": entry["id"]}
    assert (case["item"], case["platform"], case["revision"]) == (None, None, None)
    assert (case["queue"], case["origin"], case["match"]["bank"]) == (
        "entries",
        "quarantine",
        "known",
    )
    lifted = api.post(f"{path(entry)}/confirm").json()
    assert (lifted["quarantined_at"], lifted["state"]) == (None, "confirmed")
    again = api.submit("again", url="https://everybody.example/again").json()
    assert "quarantined" not in again["evaluation"]["matches"][0]
    answered = api.get(f"/v1/cases/{case['id']}").json()
    assert (answered["state"], answered["decisions"][0]["decided_by"]) == (
        "decided",
        f"key:{api.name}",
    )


def test_the_api_decides_it(api: Api, entry: dict[str, Any]) -> None:
    case = the_case(api)
    detail = api.get(f"/v1/cases/{case['id']}").json()
    assert (detail["about"], detail["reported"], detail["evaluations"]) == (None, [], [])
    assert detail["entry"]["id"] == entry["id"]
    body: dict[str, Any] = {"outcome": "restrict", "reason": "poisoned", "entry": "refute"}
    refused = api.post(f"/v1/cases/{case['id']}/decide", body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/outcome")
    assert api.count("decisions") == 0
    done = api.post(f"/v1/cases/{case['id']}/decide", body | {"outcome": "pass"}).json()
    assert (done["state"], done["entry"]["state"]) == ("decided", "refuted")
    assert done["version"] > case["version"]
    assert api.get(path(entry)).json()["state"] == "refuted"


def test_the_pages_show_and_lift_it(api: Api, entry: dict[str, Any]) -> None:
    person = Visitor(api.instance, api.client, "admin")
    page = person.get("/banks/known").text
    assert "In quarantine since" in page
    assert "An entry of known" in person.get("/cases?queue=entries").text
    asked = person.get("/cases.json?queue=quarantine").json()
    assert [one["id"] for one in asked["cases"]] == [the_case(api)["id"]]
    assert person.get("/cases.json?queue=first-matches").json()["total"] == 0
    assert "?state=quarantined" in person.get("/banks").text
    listed = person.get("/banks/known.json?state=quarantined").json()
    assert [one["id"] for one in listed["entries"]] == [entry["id"]]
    at = f"/cases/{the_case(api)['id']}"
    shown = person.get(at).text
    assert "51 different things of as many authors in an hour" in shown
    assert "on <bdi data-content>default</bdi> (1), " in shown
    assert "and 40 more." in shown
    assert "everybody.example" in shown
    linked = [n for n in range(51) if f'href="/items?platform=default&id=post-{n}"' in shown]
    assert len(linked) == 10
    assert person.get(f"{at}.json").json()["case"]["entry"]["id"] == entry["id"]

    now = {"undo_seconds": "0"}
    assert person.send(f"/banks/known/entries/{entry['id']}/confirm", now).status_code == 303
    page = person.get("/banks/known").text
    assert "In quarantine since" not in page
    assert api.get(path(entry)).json()["quarantined_at"] is None
    assert "The entry was confirmed in its bank." in person.get(at).text


def test_a_person_decides_it_on_its_page(api: Api, entry: dict[str, Any]) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    at = f"/cases/{the_case(api)['id']}"
    assert person.send("/cases/next", {"queue": "entries"}).headers["location"] == (
        f"{at}?queue=entries&done=claimed"
    )
    assert f'href="{at}"' in person.get("/").text
    assert 'name="entry" value="confirm" required' in person.get(at).text
    refused = person.send(f"{at}/decide", {"outcome": "pass", "reason": "a whole site"})
    assert refused.status_code == 422
    assert "confirm or refute" in refused.text
    assert ">a whole site</textarea>" in refused.text
    form = {"outcome": "pass", "reason": "a whole site", "entry": "refute", "undo_seconds": "0"}
    assert person.send(f"{at}/decide", form).status_code == 303
    assert "the entry is refuted" in person.get(at).text
    assert api.get(path(entry)).json()["state"] == "refuted"
    assert person.send(f"{at}/reopen", {"reopen_reason": "a mistake"}).status_code == 303
    assert the_case(api)["state"] == "reopened"


def test_the_page_says_when_the_entry_is_gone(api: Api, entry: dict[str, Any]) -> None:
    person = Visitor(api.instance, api.client, "admin")
    at = f"/cases/{the_case(api)['id']}"
    assert api.call("DELETE", "/v1/banks/known").status_code == 204
    assert "The entry is no longer in its bank." in person.get(at).text
    assert (
        person.send(f"{at}/decide", {"outcome": "pass", "reason": "The entry is gone"}).status_code
        == 303
    )

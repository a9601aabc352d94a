"""Addresses over HTTP: what a link leads to is matched, and nothing beside it; what an entry would match
beyond what was written is said before it is taken."""

from typing import Any

import pytest
from tests.api import Api
from tests.web.visitor import Visitor

KNOWN = "https://mega.nz/#!Known1!key"
WIDER = "https://bad.example/page#known"


def enrol(api: Api, **entry: Any) -> None:
    answer = api.post("/v1/banks/known/entries", {"confirmed": True} | entry)
    assert answer.status_code == 201, answer.text


def verdict(api: Api, id: str, url: str) -> str:
    return api.submit(id, url=url).json()["verdict"]


def test_a_page_named_by_a_fragment_is_matched_and_its_site_is_not(api: Api) -> None:
    api.bank()
    enrol(api, url=KNOWN)
    enrol(api, url="https://www.youtube.com/watch?v=AbC_1")
    enrol(api, url="https://page.example/known")
    enrol(api, kind="host", value="evil.example")
    enrol(api, kind="url_prefix", value="https://host.example/group")
    found = {
        KNOWN: "restrict",
        "https://mega.co.nz/#!Known1!key": "restrict",
        "https://youtu.be/AbC_1?si=x": "restrict",
        "https:/\\m.youtube.com/watch?v=AbC_1&t=3": "restrict",
        "https://page.example/known": "restrict",
        "https://page.example/known#part": "restrict",
        "https://page.example/known#/anything": "review",
        "https://page.example/other#/anything": "pass",
        "https://mega.nz/": "pass",
        "https://mega.nz/#!Other!key": "pass",
        "https://youtu.be/abc_1": "pass",
        "https://www.youtube.com/": "pass",
        "http://www.evil.example/a?b=c": "review",
        "ftp://evil.example/a": "review",
        "https://www.host.example/group/a?b=c": "review",
        "https://host.example/groups": "pass",
    }
    assert {url: verdict(api, f"p{at}", url) for at, url in enumerate(found)} == found


def test_reports_on_two_rooms_of_a_site_are_two_cases(api: Api) -> None:
    def case(id: str, url: str) -> str:
        report = {"id": id, "url": url, "channel": "user", "reason": "terrorism"}
        answer = api.post("/v1/reports", report | {"created_at": "2025-12-31T21:00:00Z"})
        return answer.json()["case"]

    one = case("1", "https://matrix.to/#/!one:x.example")
    assert case("2", "https://matrix.to/#/!two:x.example") != one
    assert case("3", "https://matrix.to/#/%21one:x.example?via=y.example") == one


@pytest.mark.parametrize(
    ("entry", "pointer"),
    [
        ({"url": WIDER}, "/url"),
        ({"kind": "url", "value": WIDER}, "/value"),
        ({"kind": "url_prefix", "value": WIDER}, "/value"),
    ],
)
def test_an_entry_that_would_match_more_than_was_written_is_refused_until_that_is_confirmed(
    api: Api, entry: dict[str, Any], pointer: str
) -> None:
    api.bank()
    refused = api.post("/v1/banks/known/entries", entry)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/entry-wider")
    told = "it would match more than was written: https://bad.example/page, without #known"
    assert told in refused.json()["detail"]
    assert "accept_wider" in refused.json()["detail"]
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert api.count("entries") == 0

    taken = api.post("/v1/banks/known/entries", entry | {"accept_wider": True})
    assert taken.status_code == 201
    assert taken.json()["fingerprints"][0]["value"] == "https://bad.example/page"
    assert taken.json()["problems"] == [told.replace("would match", "matches")]


def test_the_page_of_a_bank_says_what_an_address_would_match_and_takes_it_when_told_to(
    api: Api,
) -> None:
    api.bank()
    person = Visitor(api.instance, api.client, "curator")
    form = {"url": WIDER, "text": "", "labels": "", "note": ""}
    refused = person.send("/banks/known/entries", form)
    assert refused.status_code == 422
    assert "https://bad.example/page, without #known" in refused.text
    assert 'name="accept_wider"' in refused.text
    assert WIDER in refused.text
    assert api.count("entries") == 0
    taken = person.send("/banks/known/entries", form | {"accept_wider": "yes"})
    assert taken.status_code == 303
    assert api.count("entries") == 1

"""A report's source and what it says are graded each for itself; what was given before stays."""

from typing import Any

import pytest
from tests.api import Api
from tests.test_house import everything
from tests.web.test_audit import told
from tests.web.test_openings import GIVEN
from tests.web.visitor import Visitor

from tidegate.access.actions import create_key
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.erase import expire
from tidegate.pipeline.house import SCOPES

REPORT: dict[str, Any] = {
    **{"id": "r1", "item_id": "post-1", "channel": "tip", "reason": "terrorism"},
    "created_at": "2025-12-31T23:30:00Z",
}
NOTE = "was right about the Kaninchenbrücke in May"
GRADE = {"scheme": "5x5x5", "source": "B", "information": "3", "note": NOTE}
AT = "/v1/reports/r1/grade"


@pytest.fixture
def case(api: Api) -> str:
    """The case of a post that was reported."""
    api.submit(text="what was posted")
    return api.post("/v1/reports", REPORT).json()["case"]


def kept(api: Api) -> dict[str, str]:
    with api.instance.database.begin() as tx:
        return everything(tx)


def test_grades_are_added_and_the_newest_is_the_present_one(
    api: Api, case: str, clock: FakeClock
) -> None:
    first = api.post(AT, GRADE)
    assert first.status_code == 201, first.text
    assert first.json() == {
        "kind": "assessment",
        "number": 1,
        "scheme": "5x5x5",
        "source": {"code": "B", "words": "Mostly reliable"},
        "information": {
            "code": "3",
            "words": "Not known personally to the source, but corroborated",
        },
        "handling": None,
        "note": NOTE,
        "by": f"key:{api.name}",
        "at": "2026-01-01T00:00:00Z",
    }
    clock.advance(60)
    second = api.post(AT, {"scheme": "admiralty", "source": "F", "information": "6"}).json()
    assert (second["number"], second["note"]) == (2, None)
    assert api.get(f"{AT}s").json() == {"data": [second, first.json()], "next": None}
    page = api.get(f"{AT}s?limit=1").json()
    assert page["data"] == [second]
    rest = api.get(f"{AT}s?limit=1&cursor={page['next']}").json()
    assert rest == {"data": [first.json()], "next": None}
    (shown,) = api.get(f"/v1/cases/{case}").json()["reported"]
    assert shown["grade"] == {
        "scheme": "admiralty",
        "source": "F",
        "information": "6",
        "handling": None,
    }
    assert [record["number"] for _, record in told(api, "report.graded")] == [1, 2]
    assert all("note" not in record for _, record in told(api, "report.graded"))


def test_a_grade_moves_what_the_case_shows(api: Api, case: str) -> None:
    before = api.get(f"/v1/cases/{case}").json()["version"]
    api.post(AT, GRADE)
    assert api.get(f"/v1/cases/{case}").json()["version"] == before + 1


def test_a_case_inherits_the_narrowest_caveat_of_its_reports(api: Api, case: str) -> None:
    def handling() -> Any:
        return api.get(f"/v1/cases/{case}").json()["handling"]

    api.post("/v1/reports", REPORT | {"id": "r2", "reporter": "another"})
    assert handling() is None
    api.post(AT, GRADE | {"handling": "1"})
    assert handling()["code"] == "1"
    api.post("/v1/reports/r2/grade", GRADE | {"handling": "TLP:RED"})
    words = "For those who received it, and nobody else"
    assert handling() == {"scheme": "tlp", "code": "TLP:RED", "words": words}
    api.post("/v1/reports/r2/grade", GRADE)
    assert handling()["code"] == "TLP:RED", "a grade that names no caveat lifts none"
    reported = api.get(f"/v1/cases/{case}").json()["reported"]
    (second,) = (one for one in reported if one["id"] == "r2")
    assert second["grade"]["handling"] == {"scheme": "tlp", "code": "TLP:RED"}
    api.post("/v1/reports/r2/grade", GRADE | {"handling": "2"})
    assert handling()["code"] == "1"
    claimed = api.post(f"/v1/cases/{case}/claim").json()
    assert claimed["handling"]["code"] == "1"


def test_the_same_grade_sent_twice_by_one_key_is_one(api: Api, case: str) -> None:
    once = {"headers": {"Idempotency-Key": "once"}}
    first = api.post(AT, GRADE, **once)
    assert api.post(AT, GRADE, **once).content == first.content
    assert api.count("grades") == 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"scheme": "tlp"}, "/scheme"),
        ({"scheme": 5}, "/scheme"),
        ({"source": "F"}, "/source"),
        ({"information": "6"}, "/information"),
        ({"handling": "P"}, "/handling"),
        ({"note": ""}, "/note"),
        ({"note": "  "}, "/note"),
        ({"note": "x" * 2001}, "/note"),
        ({"by": "somebody"}, "/by"),
    ],
)
def test_what_is_no_grade_is_refused_and_nothing_written(
    api: Api, case: str, fields: dict[str, Any], pointer: str
) -> None:
    before = kept(api)
    answer = api.post(AT, GRADE | fields)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert kept(api) == before


def test_who_may_not_see_the_report_or_its_case_is_told_that_there_is_none(
    api: Api, case: str
) -> None:
    bound = api.key("cases:decide", platform="b")
    person = Visitor(api.instance, api.client, "reviewer", queues=["another"])
    with api.instance.database.begin() as tx:
        narrow = create_key(tx, SCOPES, "narrow", ["cases:decide"], user_email=person.email)[1]
    reader = api.key("cases:read")
    before = kept(api)
    tried = [("no", api.admin, ""), ("r1", api.admin, "?platform=b"), ("r1", bound, "")]
    tried.append(("r1", narrow, ""))
    for id, key, query in tried:
        answers = [
            api.post(f"/v1/reports/{id}/grade{query}", GRADE, key=key),
            api.get(f"/v1/reports/{id}/grades{query}", key=key),
        ]
        assert [one.status_code for one in answers] == [404, 404], (id, query)
        assert {one.json()["type"] for one in answers} == {"/problems/report-unknown"}
    assert api.post(AT, GRADE, key=reader).status_code == 403
    assert api.get(f"{AT}s?cursor=x").status_code == 422
    assert kept(api) == before


def test_notes_go_with_the_words_and_codes_stay(api: Api, case: str, clock: FakeClock) -> None:
    api.post(AT, GRADE, headers={"Idempotency-Key": "once"})
    clock.advance(366 * 86400)
    with api.instance.database.begin() as tx:
        expire(tx, api.instance.settings)
    (left,) = api.get(f"{AT}s").json()["data"]
    assert (left["source"]["code"], left["note"]) == ("B", None)
    assert [name for name, text in kept(api).items() if "Kaninchen" in text] == []


def test_an_erased_item_s_reports_are_graded_no_more(api: Api, case: str) -> None:
    api.post(AT, GRADE, headers={"Idempotency-Key": "once"})
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    assert [name for name, text in kept(api).items() if "Kaninchen" in text] == []
    before = kept(api)
    answer = api.post(AT, GRADE)
    assert (answer.status_code, answer.json()["type"]) == (410, "/problems/item-erased")
    assert kept(api) == before


def test_notes_are_closed_to_who_audits_until_they_open_the_case(api: Api, case: str) -> None:
    api.post(AT, GRADE)
    person = Visitor(api.instance, api.client, "auditor")
    with api.instance.database.begin() as tx:
        key = create_key(tx, SCOPES, "audits", ["cases:read"], user_email=person.email)[1]
    (closed,) = api.get(f"{AT}s", key=key).json()["data"]
    assert (closed["source"]["code"], closed["note"]) == ("B", None)
    assert person.send(f"/cases/{case}/open", GIVEN).status_code == 303
    (opened,) = api.get(f"{AT}s", key=key).json()["data"]
    assert opened["note"] == NOTE


def test_the_schemes_are_listed_with_their_words(api: Api) -> None:
    found = api.get("/v1/grading/schemes").json()["data"]
    assert [one["name"] for one in found] == ["3x5x2", "5x5x5", "admiralty", "tlp"]
    assert found[2]["source"][0] == {"code": "A", "words": "Completely reliable", "value": 0.95}
    assert found[3]["source"] == []

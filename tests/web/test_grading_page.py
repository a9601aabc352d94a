"""The page of a case shows how far its reports are believed, and takes a grade without a script."""

from typing import Any

import pytest
from tests.api import Api
from tests.web.test_grading_api import GRADE, NOTE, REPORT, kept
from tests.web.test_openings import GIVEN
from tests.web.visitor import Visitor

FORM = {
    "grade_report": "r1",
    "grade_source": "5x5x5 B",
    "grade_information": "5x5x5 3",
    "grade_handling": "tlp TLP:AMBER+STRICT",
    "grade_note": NOTE,
}


@pytest.fixture
def case(api: Api) -> str:
    api.submit(text="what was posted")
    return api.post("/v1/reports", REPORT).json()["case"]


def test_a_grade_is_given_on_the_page_and_shown_with_whose_it_is(api: Api, case: str) -> None:
    anna = Visitor(api.instance, api.client, "reviewer", email="anna@example.org")
    page = anna.get(f"/cases/{case}").text
    assert 'data-testid="grades"' in page
    assert "Untested source" in page
    sent = anna.send(f"/cases/{case}/grade", FORM)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/cases/{case}#grades")
    page = anna.get(f"/cases/{case}").text
    for said in (NOTE, "Mostly reliable", "TLP:AMBER+STRICT", "anna"):
        assert said in page
    twin = anna.get(f"/cases/{case}.json").json()["grading"]
    assert twin["handling"]["code"] == "TLP:AMBER+STRICT"
    (report,) = twin["reports"]
    assert (report["grade"]["source"]["code"], report["grade"]["note"]) == ("B", NOTE)


def test_a_case_without_reports_has_no_such_panel(api: Api) -> None:
    api.bank()
    api.entry("words that are known", confirmed=False)
    api.submit("post-2", text="words that are known")
    (case,) = api.get("/v1/cases").json()["data"]
    page = Visitor(api.instance, api.client, "reviewer").get(f"/cases/{case['id']}").text
    assert 'data-testid="grades"' not in page


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"grade_source": ""}, "grade_source"),
        ({"grade_source": "5x5x5 Z"}, "grade_source"),
        ({"grade_source": "tlp A", "grade_information": "tlp 3"}, "grade_source"),
        ({"grade_information": ""}, "grade_information"),
        ({"grade_information": "admiralty 3"}, "grade_information"),
        ({"grade_handling": "3x5x2 P"}, "grade_handling"),
        ({"grade_note": " \u200b "}, "grade_note"),
        ({"grade_note": "x" * 2001}, "grade_note"),
    ],
)
def test_what_is_no_grade_comes_back_as_it_was_typed(
    api: Api, case: str, fields: dict[str, str], field: str
) -> None:
    anna = Visitor(api.instance, api.client, "reviewer")
    anna.get(f"/cases/{case}")
    before = kept(api)["grades"], kept(api)["ledger_pending"]
    answer = anna.send(f"/cases/{case}/grade", FORM | fields)
    assert answer.status_code == 422, answer.text
    assert f'id="error-{field}"' in answer.text
    assert '<details class="more" open>' in answer.text
    if "grade_note" not in fields:
        assert NOTE in answer.text
    assert (kept(api)["grades"], kept(api)["ledger_pending"]) == before


@pytest.mark.parametrize("report", ["no", "on-another", "of-b"])
def test_a_report_on_something_else_is_not_graded_here(api: Api, case: str, report: str) -> None:
    api.post("/v1/reports", {**_elsewhere(), "id": "on-another"})
    api.post("/v1/reports?platform=b", {**_elsewhere(), "id": "of-b"})
    anna = Visitor(api.instance, api.client, "reviewer")
    anna.get(f"/cases/{case}")
    answer = anna.send(f"/cases/{case}/grade", FORM | {"grade_report": report})
    assert answer.status_code == 404
    assert api.count("grades") == 0


def _elsewhere() -> dict[str, Any]:
    return {name: REPORT[name] for name in REPORT if name != "item_id"} | {
        "url": "https://example.org/else"
    }


def test_who_audits_sees_codes_and_notes_once_they_opened_it(api: Api, case: str) -> None:
    api.post("/v1/reports/r1/grade", GRADE)
    person = Visitor(api.instance, api.client, "auditor")
    page = person.get(f"/cases/{case}").text
    assert "Mostly reliable" in page
    assert NOTE not in page
    assert "grade_source" not in page
    assert person.send(f"/cases/{case}/grade", FORM).status_code == 403
    assert person.send(f"/cases/{case}/open", GIVEN).status_code == 303
    assert NOTE in person.get(f"/cases/{case}").text

"""Measures on the pages, without a script: a form for each verb, and what persons weigh beside one another."""

import csv
import io
import re
from typing import Any
from uuid import uuid4

import pytest
from tests.orders.authority.test_order_drafts_page import person
from tests.oversight.measures.conftest import FACTORS, PLATFORM, WHY, Overseer
from tests.web.visitor import Visitor

FORM: dict[str, Any] = {
    "to": PLATFORM,
    "step": "eu-tco/formal_notice",
    "reasons": WHY,
    "evidence": "scorecard forum.example-2025-12 The slow half.\n\n",
    "requires": ["eu-tco/comply", "eu-dsa/comply"],
}
SHEET: dict[str, Any] = {
    **{f"factor_{key}": f"What persons found of {key}." for key in FACTORS},
    "infringements": ["3(3)", "3(6)"],
    "ceiling": "hour",
    "because": "Eleven times in a month.",
    "turnover": "2500000.00",
    "currency": "EUR",
    "year": "2024",
}


class Desk:
    """An analyst and two who sign, at the pages."""

    def __init__(self, overseer: Overseer) -> None:
        self.overseer = overseer
        side = overseer.side
        self.analyst = person(side, "analyst", "a@bka.example")
        self.one = person(side, "approver", "b@bka.example")
        self.two = person(side, "approver", "c@bka.example")

    def draft(self, **changed: Any) -> str:
        done = self.analyst.send("/measures", FORM | changed)
        assert done.status_code == 303, done.text
        return done.headers["location"].split("?")[0]

    def shown(self, path: str, by: Visitor | None = None) -> str:
        answer = (by or self.analyst).get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, by: Visitor, path: str, form: dict[str, Any] | None = None) -> None:
        done = by.send(path, form or {})
        assert done.status_code == 303, done.text

    def has(self, path: str, name: str, by: Visitor | None = None) -> bool:
        return f'data-testid="{name}"' in self.shown(path, by)


@pytest.fixture
def desk(overseer: Overseer) -> Desk:
    return Desk(overseer)


def part(page: str, name: str) -> str:
    """What stands in the element of that name, up to the next one with a name."""
    return page.split(f'data-testid="{name}"', 1)[1].split("data-testid=", 1)[0]


def test_a_notice_goes_its_way_on_the_pages(desk: Desk) -> None:
    assert desk.has("/measures", "empty")
    assert desk.has("/measures/new", "draft")
    path = desk.draft()
    assert [desk.has(path, "sign", by) for by in (desk.analyst, desk.one)] == [False, True]
    assert not desk.has(path, "notify")
    desk.send(desk.one, f"{path}/sign")
    assert [desk.has(path, "sign", by) for by in (desk.one, desk.two)] == [False, True]
    desk.send(desk.two, f"{path}/sign")
    desk.send(desk.analyst, f"{path}/notify")
    assert desk.has(path, "reply-open")
    assert not desk.has(path, "conclude")
    desk.send(desk.analyst, f"{path}/reply", {"reply_text": "A fire in our hall."})
    page = desk.shown(path)
    assert WHY.split(" were ")[0] in part(page, "reasons")
    assert "A fire in our hall." in part(page, "replies")
    assert part(page, "reasons").count('<p class="said"') == 1
    assert part(page, "replies").count('<p class="said"') == 1
    assert "<script" not in part(page, "ladder")
    said = {"conclude_outcome": "stands", "conclude_reasons": "It explains two of eleven."}
    desk.send(desk.one, f"{path}/conclude", said)
    page = desk.shown(path)
    assert "What the notice says stands" in part(page, "outcome")
    assert 'data-testid="withdraw"' not in page
    assert 'data-step="formal_notice" aria-current="step"' in page
    listed = desk.shown("/measures")
    assert 'data-state="concluded"' in listed
    assert desk.has("/measures?state=open", "empty")


def test_what_a_form_requires_is_of_the_law_of_its_step(desk: Desk) -> None:
    page = desk.shown(desk.draft())
    assert part(page, "requires").count("<li>") == 1
    assert "The slow half." in part(page, "evidence")


def test_the_form_says_what_is_not_to_be_required_and_has_no_box_for_it(desk: Desk) -> None:
    page = desk.shown("/measures/new")
    assert "To use automated tools" in part(page, "not-required")
    assert 'value="eu-tco/automated_tools"' not in page
    answer = desk.analyst.send("/measures", FORM | {"requires": ["eu-tco/automated_tools"]})
    assert answer.status_code == 422
    assert "Article 5(8)" in answer.text
    assert desk.overseer.side.count("measures") == 0


def test_a_refused_form_is_shown_again_with_what_was_typed(desk: Desk) -> None:
    wrong = FORM | {"evidence": "order 019b76da-a800-7f9b-b5ce-b44a4522fb03 It was late."}
    answer = desk.analyst.send("/measures", wrong)
    assert answer.status_code == 422
    assert 'id="error-evidence"' in answer.text
    assert "It was late." in answer.text
    assert WHY in answer.text
    empty = desk.analyst.send("/measures", FORM | {"to": "", "reasons": ""})
    assert empty.status_code == 422
    assert desk.overseer.side.count("measures") == 0


def test_a_verb_that_is_too_early_is_said_on_the_page(desk: Desk) -> None:
    path = desk.draft()
    assert desk.analyst.send(f"{path}/notify", {}).status_code == 409
    assert desk.analyst.send(f"{path}/sign", {}).status_code == 403
    said = {"conclude_outcome": "stands", "conclude_reasons": "So."}
    assert desk.one.send(f"{path}/conclude", said).status_code == 409
    desk.send(desk.one, f"{path}/sign")
    assert desk.one.send(f"{path}/sign", {}).status_code == 409
    assert 'data-state="proposed"' in desk.shown(path)


def test_a_reply_without_words_is_refused_at_its_field(desk: Desk) -> None:
    path = desk.draft()
    desk.send(desk.one, f"{path}/sign")
    desk.send(desk.two, f"{path}/sign")
    desk.send(desk.analyst, f"{path}/notify")
    answer = desk.analyst.send(f"{path}/reply", {"reply_text": ""})
    assert answer.status_code == 422
    assert 'id="error-reply_text"' in answer.text


def test_the_sheet_has_the_factors_the_ceiling_and_its_article_and_no_amount(
    overseer: Overseer,
) -> None:
    path = f"/measures/{overseer.penalty()}"
    desk = Desk(overseer)
    page = desk.shown(path)
    assert page.count('<textarea id="factor_') == 7
    assert "No amount is proposed here" in page
    wrong = desk.analyst.send(f"{path}/sheet", SHEET | {"year": "soon"})
    assert wrong.status_code == 422
    assert 'id="error-year"' in wrong.text
    desk.send(desk.analyst, f"{path}/sheet", SHEET)
    page = desk.shown(path)
    assert "100000.00 EUR" in re.sub("[\u2068\u2069]|<[^>]+>", "", part(page, "ceiling-value"))
    assert "Article 18(3)" in part(page, "ceiling")
    names = set(re.findall(r'<(?:input|textarea|select)[^>]* name="([^"]+)"', page))
    assert not [one for one in names if "amount" in one or "fine" in one or "penalty" in one]
    desk.send(desk.one, f"{path}/sign")
    page = desk.shown(path)
    assert 'data-testid="keep-sheet"' not in page
    assert "What persons found of fault." in part(page, "factors")
    assert part(page, "infringements").count("<li>") == 2


def test_final_orders_stand_beside_a_decision_on_exposure(overseer: Overseer) -> None:
    from tests.oversight.measures.finals import final_order

    overseer.concluded()
    order = final_order(overseer, "DE-2025-000001")
    page = Desk(overseer).shown(f"/measures/{overseer.draft('exposure_decision')}")
    assert "DE-2025-000001" in part(page, "final-orders")
    assert order not in page  # an analyst reads no orders
    assert "They decide nothing by themselves" in page


def test_pages_have_twins_tables_and_letters(desk: Desk) -> None:
    path = desk.draft()
    twin = desk.analyst.get(f"{path}.json").json()
    assert (twin["measure"]["state"], twin["verbs"]) == ("draft", ["sign", "withdraw"])
    assert len(desk.analyst.get("/measures.json").json()["measures"]) == 1
    table = desk.analyst.get("/measures.csv")
    assert table.text.splitlines()[0].startswith("id,organisation,pack,step")
    assert len(table.text.splitlines()) == 2
    assert "@bka.example" not in table.text  # people go by their names
    assert desk.analyst.get(f"{path}/letter.pdf").content.startswith(b"%PDF")


def test_one_of_them_as_a_table_has_all_that_is_known_and_no_amount(overseer: Overseer) -> None:
    path, with_reply = f"/measures/{overseer.penalty()}", overseer.notified()
    desk = Desk(overseer)
    desk.send(desk.analyst, f"{path}/sheet", SHEET)
    desk.send(desk.one, f"{path}/sign")
    answer = desk.analyst.get(f"{path}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    by_part = {part: [row for row in rows if row["part"] == part] for part in {*map(_part, rows)}}
    assert {row["name"]: row["text"] for row in by_part["measure"]}["step"] == "penalty"
    assert [row["text"] for row in by_part["reasons"]] == [WHY]
    assert [row["by"] for row in by_part["signature"]] == ["user:b@bka.example"]
    assert len(by_part["factor"]) == 7
    assert len(by_part["infringement"]) == 2
    assert by_part["ceiling"][-1]["text"] == "100000.00 EUR"
    assert by_part["ceiling"][-1]["article"] == "18(3)"
    assert not [row for row in rows if row["part"] in ("amount", "fine")]
    desk.send(desk.analyst, f"/measures/{with_reply}/reply", {"reply_text": "=A fire."})
    same = overseer.side.call("GET", f"/v1/measures/{with_reply}.csv", overseer.analyst)
    replies = [row for row in csv.DictReader(io.StringIO(same.text)) if row["part"] == "reply"]
    assert [row["text"] for row in replies] == ["'=A fire."]  # no formula
    unknown = overseer.side.call("GET", f"/v1/measures/{uuid4()}.csv", overseer.analyst)
    assert unknown.status_code == 404


def _part(row: dict[str, str]) -> str:
    return row["part"]


def test_home_has_what_waits_for_each(desk: Desk, overseer: Overseer) -> None:
    def waiting(by: Visitor) -> list[str]:
        return [f"/measures/{one['id']}" for one in by.get("/index.json").json()["measures"]]

    def at_home(by: Visitor) -> str:
        return desk.shown("/", by).split('data-part="measures-waiting"')[1].split("</section>")[0]

    path = desk.draft()
    assert [waiting(by) for by in (desk.analyst, desk.one, desk.two)] == [[], [path], [path]]
    desk.send(desk.one, f"{path}/sign")
    assert [waiting(by) for by in (desk.one, desk.two)] == [[], [path]]
    assert "to be signed" in at_home(desk.two)
    desk.send(desk.two, f"{path}/sign")
    assert "to be notified" in at_home(desk.analyst)
    desk.send(desk.analyst, f"{path}/notify")
    assert waiting(desk.analyst) == []
    overseer.wait(40)
    later = person(overseer.side, "approver", "d@bka.example")
    assert waiting(later) == [path]
    assert "to be concluded" in at_home(later)
    said = {"conclude_outcome": "stands", "conclude_reasons": "Nothing was said against it."}
    desk.send(later, f"{path}/conclude", said)
    assert waiting(later) == []
    auditor = person(overseer.side, "auditor", "e@bka.example")
    assert auditor.get("/index.json").json()["measures"] is None


def test_who_oversees_nothing_does_not_open_them(desk: Desk, overseer: Overseer) -> None:
    legal = person(overseer.side, "legal", "d@bka.example")
    path = desk.draft()
    tables = ("/measures.csv", f"{path}.csv")
    for one in ("/measures", "/measures/new", *tables, path, f"{path}/letter.pdf"):
        assert legal.get(one).status_code == 403
    assert desk.one.get("/measures/new").status_code == 403
    auditor = person(overseer.side, "auditor", "e@bka.example")
    assert 'data-testid="withdraw"' not in auditor.get(path).text

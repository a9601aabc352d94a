"""Drafts of packs: written, checked and kept, without any script."""

import html
import re
from urllib.parse import urlsplit

import pytest
from tests.api import Api
from tests.web.desk_of_policy import DRAFT, Author, asking, codes, marks, shipped, wider, written

from tidegate.infra.clock import FakeClock


@pytest.fixture
def ana(api: Api) -> Author:
    return Author(api, "ana@example.org")


def typed(page: str) -> str:
    """What the field has, as a browser reads it: without the line break behind the tag."""
    found = re.search(r"<textarea id=\"source\"[^>]*>\n(.*?)</textarea>", page, re.S)
    assert found
    return html.unescape(found[1])


def test_an_error_is_told_with_its_rule_line_column_and_likely_fix(ana: Author) -> None:
    wrong = shipped().replace("reports.count > 0", "reports.counts > 0")
    page = ana.save(wrong)
    (told,) = page["diagnostics"]
    line = next(n for n, text in enumerate(wrong.split("\n"), 1) if "counts" in text)
    column = wrong.split("\n")[line - 1].index("counts") + 1
    assert (told["rule"], told["line"], told["column"]) == ("reported", line, column)
    assert told["hint"] == "did you mean `count`?"
    assert [one["number"] for one in told["lines"]] == list(range(line - 2, line + 3))
    shown = ana.html()
    assert marks(shown, "diagnostic") == [
        {"testid": "diagnostic", "rule": "reported", "line": str(line), "column": str(column)}
    ]
    assert "did you mean `count`?" in shown
    assert typed(shown) == wrong
    assert codes(page) == ["errors", "no-replay"]
    assert ana.save(shipped())["diagnostics"] == []


def test_a_text_is_kept_to_the_letter(ana: Author) -> None:
    shipped_next = shipped().replace("version = 3", "version = 4", 1)
    odd = '\n\n  # <b> & "quotes"\u00a0ü\n' + shipped_next + "\n\n"
    assert ana.save(odd.replace("\n", "\r\n"))["source"] == odd
    assert typed(ana.html()) == odd


def test_a_draft_begins_with_what_is_in_force_and_is_kept_once_it_is_saved(
    api: Api, ana: Author
) -> None:
    page = ana.page()
    assert (page["revision"], page["source"], codes(page)) == (0, shipped(), ["same"])
    assert api.count("pack_drafts") == 0
    page = ana.save(asking("zebra"))
    assert (page["revision"], page["changed_by"]) == (1, "ana")
    assert [one["name"] for one in ana.page("/policy/drafts")["drafts"]] == ["mine"]
    assert ana.save(asking("zebra"))["revision"] == 1  # the same again changes nothing


def test_numbers_that_are_taken_get_the_next_free_one(ana: Author) -> None:
    answer = ana.send("", wider())
    assert answer.headers["location"] == f"{DRAFT}?done=draft-numbered"
    page = ana.page()
    assert page["pack"] == "tvec@4"
    assert page["difference"]["rules"] == [
        {
            "rule": "known-content",
            "change": "changed",
            "fields": ["when"],
            "mode_before": "live",
            "mode": "live",
            "outcome_before": "restrict",
            "outcome": "restrict",
        }
    ]
    assert page["restricts_more"] == ["known-content"]
    lines = page["difference"]["lines"]
    added = [one["text"] for one in lines if one["kind"] == "added"]
    assert [text.split("#")[0].strip() for text in added][:2] == ["version = 4", "version = 2"]


def test_checking_keeps_nothing(api: Api, ana: Author) -> None:
    before = written(api)
    answer = ana.send("/check", shipped().replace("reports.count", "reports.nope"))
    assert answer.status_code == 200
    assert [one["rule"] for one in marks(answer.text, "diagnostic")] == ["reported"]
    assert "reports.nope" in typed(answer.text)
    assert written(api) == before


def test_of_two_who_write_one_is_told_and_keeps_what_was_typed(api: Api, ana: Author) -> None:
    ben = Author(api, "ben@example.org")
    ana.save(asking("zebra"))
    old = str(ben.page()["revision"])
    ana.save(asking("okapi"))
    before = written(api)
    answer = ben.send("", asking("tapir"), revision=old)
    assert answer.status_code == 409
    assert "ana" in answer.text
    assert "tapir" in typed(answer.text)
    assert "okapi" in ana.page()["source"]
    assert written(api) == before


def test_a_form_without_a_text_or_of_an_odd_revision_is_refused(api: Api, ana: Author) -> None:
    before = written(api)
    for form in ({"revision": "0"}, {"source": shipped(), "revision": "x"}, {"source": shipped()}):
        assert ana.person.send(DRAFT, form).status_code == 422, form
    assert ana.send("", "x" * 600_000).status_code == 422
    assert ana.send("/replay", days="8").status_code == 422
    assert ana.send("/replay", days="x").status_code == 422
    assert ana.person.get("/policy/drafts/a b").status_code == 404
    assert written(api) == before


def test_drafts_begin_with_any_version_and_are_deleted(
    api: Api, ana: Author, clock: FakeClock
) -> None:
    made = ana.person.send("/policy/drafts", {"name": "other", "from": "tvec@3"})
    assert made.headers["location"] == "/policy/drafts/other"
    assert ana.page("/policy/drafts/other")["source"] == shipped()
    before = written(api)
    for form in ({"name": "other"}, {"name": "no spaces"}, {"name": "x", "from": "tvec@9"}):
        answer = ana.person.send("/policy/drafts", form)
        assert answer.status_code in (404, 422), answer.text
    assert written(api) == before
    clock.advance(11 * 60)
    stale = {"csrf": ana.person.csrf(), "source": "typed meanwhile"}
    assert ana.person.send("/policy/drafts/other/delete", stale, csrf=False).status_code == 403
    assert written(api) == before
    ana.person.sign_in()
    assert ana.person.send("/policy/drafts/other/delete").status_code == 303
    assert ana.person.send("/policy/drafts/other/delete").status_code == 404
    assert ana.page("/policy/drafts")["drafts"] == []


def test_who_may_not_write_sees_what_is_in_force_and_no_draft(api: Api) -> None:
    reviewer = Author(api, "rev@example.org", role="reviewer")
    page = reviewer.page("/policy")
    assert page["policy"]["pack"] == "tvec"
    assert page["may_write"] is False
    assert "/policy/drafts" not in reviewer.html("/policy")
    for path in ("/policy/drafts", DRAFT, f"{DRAFT}.json"):
        assert reviewer.person.get(path).status_code == 403
    for path in ("", "/check", "/replay", "/live", "/delete"):
        assert (
            reviewer.person.send(f"{DRAFT}{path}", {"source": "", "revision": "0"}).status_code
            == 403
        )


def test_what_rules_see_is_a_page(ana: Author) -> None:
    page = ana.page("/policy/variables")
    assert {one["name"] for one in page["variables"]} == {
        "item",
        "text",
        "matches",
        "reports",
        "author",
    }
    (matches,) = [one for one in page["variables"] if one["name"] == "matches"]
    assert matches["listed"] is True
    assert "confirmed" in {one["name"] for one in matches["fields"]}
    assert "exists" in page["functions"]
    assert "What rules see" in ana.html("/policy/variables")


def test_pages_lead_to_each_other_and_say_who_is_signed_in(ana: Author) -> None:
    ana.save(asking("zebra"))
    for path in ("/policy", "/policy/drafts", DRAFT, "/policy/tvec@3"):
        assert "<bdi data-content>ana</bdi></a>" in ana.html(path), path
        for link in set(re.findall(r'href="(/policy[^"#]*)"', ana.html(path))):
            assert ana.person.get(link).status_code == 200, (path, urlsplit(link).path)


def test_a_script_is_told_what_is_wrong_without_a_page(ana: Author) -> None:
    source = shipped().replace("reports.count > 0", "reports.cuont > 0")
    answer = ana.person.send(
        f"{DRAFT}/check", {"source": source}, headers={"accept": "application/json"}
    )
    assert answer.headers["content-type"] == "application/json"
    assert [one["rule"] for one in answer.json()["diagnostics"]] == ["reported"]
    assert ana.page()["revision"] == 0

"""The page of a case in a real browser: the panel is on the screen, a case is decided by few keys, what is
typed survives, and what is marked is found."""

import base64
import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect
from tests.browser.desk import Desk, desk_of, violations
from tests.browser.desk import picture as posted_picture

pytestmark = pytest.mark.long

KNOWN = "Bring your weapons to the square tomorrow, brothers, and leave nobody standing"
WINDOWS = [(1440, 900), (1280, 720), (720, 450), (390, 844)]
QUOTED = "and then burn it all down"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Desk]:
    """An instance that knows a text and a picture."""
    with desk_of(tmp_path_factory.mktemp("case"), browser, claims_per_person=50) as desk:
        bank = {"name": "known", "stance": "known", "labels": ["threat"]}
        desk.api.post("/v1/banks", json=bank).raise_for_status()
        entries = "/v1/banks/known/entries"
        desk.api.post(entries, json={"text": KNOWN}).raise_for_status()
        desk.api.post(entries, files={"file": ("a.png", picture())}).raise_for_status()
        yield desk


@pytest.fixture(scope="module")
def rita(desk: Desk) -> Iterator[BrowserContext]:
    with desk.person("rita@example.org") as context:
        yield context


def picture() -> bytes:
    out = io.BytesIO()
    Image.effect_mandelbrot((256, 256), (-2, -1.2, 1, 1), 60).convert("RGB").save(out, "PNG")
    return out.getvalue()


def sent(page: Page, path: str) -> list[Request]:
    """The requests to a path of the case, as they come."""
    found: list[Request] = []
    page.on("request", lambda one: found.append(one) if one.url.endswith(path) else None)
    return found


def decided(page: Page, *keys: str) -> dict[str, list[str]]:
    """The form that these keys send."""
    with page.expect_request(lambda one: one.url.endswith("/decide")) as caught:
        for key in keys:
            page.keyboard.press(key)
    return parse_qs(caught.value.post_data or "")


def matched(desk: Desk, id: str, **fields: Any) -> str:
    answer = desk.post(id, **({"text": KNOWN} | fields))
    assert answer["case"], answer
    return answer["case"]


def taken_by_another(desk: Desk, case: str) -> None:
    """It is given back, and somebody else takes it."""
    desk.api.post(f"/v1/cases/{case}/release")
    another(desk, case)


def another(desk: Desk, case: str) -> None:
    """Somebody else takes the case."""
    desk.api.post(f"/v1/cases/{case}/claim").raise_for_status()


@pytest.mark.parametrize("size", WINDOWS)
def test_the_outcomes_are_on_the_first_screen(
    desk: Desk, rita: BrowserContext, size: tuple[int, int]
) -> None:
    id = f"long-{size[0]}"
    desk.post(id, text="A long text, line by line.\n" * 200)
    case = ""
    for number in range(60):
        extra = {"comment": f"words {number}"} if number % 2 else {}
        case = desk.report(id, "threat", reporter=f"r-{number}", **extra)["case"]
    page = desk.tab(rita, f"/cases/{case}")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for outcome in ("restrict", "pass", "escalate"):
        box = page.locator(f"label:has([data-testid=outcome-{outcome}])").bounding_box()
        assert box is not None
        assert box["y"] >= 0, outcome
        assert box["y"] + box["height"] <= size[1], outcome
        assert box["x"] + box["width"] <= size[0], outcome
        assert box["height"] >= 24
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    page.close()


def test_a_restriction_with_the_bank_s_label_is_two_keys(desk: Desk, rita: BrowserContext) -> None:
    page = desk.tab(rita, f"/cases/{matched(desk, 'two-keys')}")
    form = decided(page, "r", "Enter")
    assert (form["outcome"], form["label"], form["then"]) == (["restrict"], ["threat"], ["next"])
    assert form["revision"] == ["1"]
    assert "exemption" not in form
    assert "threat" in form["reason"][0], "by a template: nobody typed anything"
    page.wait_for_url("**done=decided**")
    page.close()


def test_a_pass_is_two_keys(desk: Desk, rita: BrowserContext) -> None:
    page = desk.tab(rita, f"/cases/{desk.reported('pass-keys', 'hello to you all')}")
    form = decided(page, "p", "Enter")
    assert (form["outcome"], form["then"]) == (["pass"], ["next"])
    assert "label" not in form
    assert len(form["reason"][0]) > 10
    page.wait_for_url("**done=decided**")
    page.close()


def test_incitement_is_four_keys(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("four-keys", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    form = decided(page, "r", "1", "0", "Enter")
    assert (form["outcome"], form["label"], form["exemption"]) == (
        ["restrict"],
        ["incitement"],
        ["none"],
    )
    assert "incitement" in form["reason"][0]
    assert "{" not in form["reason"][0]
    page.wait_for_url("**done=decided**")
    page.close()


def test_with_the_mouse_it_is_two_clicks_and_four(desk: Desk, rita: BrowserContext) -> None:
    page = desk.tab(rita, f"/cases/{matched(desk, 'two-clicks')}")
    page.locator("label:has([data-testid=outcome-restrict])").click()
    with page.expect_request(lambda one: one.url.endswith("/decide")):
        page.get_by_test_id("submit").click()
    page.wait_for_url("**done=decided**")
    page.close()
    page = desk.tab(rita, f"/cases/{desk.reported('four-clicks', 'hello to you all')}")
    for choice in ("outcome-restrict", "label-incitement", "exemption-none"):
        page.locator(f"label:has([data-testid={choice}])").click()
    with page.expect_request(lambda one: one.url.endswith("/decide")):
        page.get_by_test_id("submit").click()
    page.wait_for_url("**done=decided**")
    page.close()


def test_letters_in_a_field_decide_nothing_and_digits_follow_what_is_chosen(
    desk: Desk, rita: BrowserContext
) -> None:
    case = desk.reported("letters", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    page.keyboard.press("3")
    assert page.locator("[name=label]:checked").count() == 0, "no outcome asks for a label yet"
    page.keyboard.press("w")
    page.keyboard.type("replaced: 1 2 3")
    assert page.locator("#reason").input_value() == "replaced: 1 2 3"
    assert page.locator("[name=outcome]:checked").count() == 0
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.press("3")
    assert page.get_by_test_id("label-recruitment").is_checked()
    assert not page.get_by_test_id("exemption-none").is_visible()
    page.keyboard.press("1")
    page.keyboard.press("2")
    assert page.get_by_test_id("label-incitement").is_checked()
    assert page.get_by_test_id("exemption-research").is_checked()
    page.keyboard.press("p")
    assert not page.get_by_test_id("label-incitement").is_visible()
    assert page.get_by_test_id("submit").evaluate("one => one === document.activeElement")
    page.close()


def test_without_a_label_the_form_comes_back_and_says_so_first(
    desk: Desk, rita: BrowserContext
) -> None:
    case = desk.reported("no-label", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    page.locator("#reason").fill("It calls for an attack")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("errors")).to_be_focused()
    desk.complaints[:] = [one for one in desk.complaints if "status of 422" not in one]
    assert page.locator("#reason").input_value() == "It calls for an attack"
    assert desk.case(case)["state"] != "decided"
    page.close()


def test_the_first_input_takes_the_case_and_a_draft_survives(
    desk: Desk, rita: BrowserContext
) -> None:
    case = desk.reported("draft", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    assert desk.case(case)["state"] == "open", "reading holds nothing"
    with page.expect_response(lambda one: one.url.endswith("/claim")):
        page.locator("#reason").fill("half a sent")
    assert desk.case(case)["claimed_by"] == "user:rita@example.org"
    page.locator("[data-draft=saved]").wait_for()
    page.reload()
    page.locator("html[data-ready]").wait_for()
    assert page.locator("#reason").input_value() == "half a sent"
    page.close()


def test_what_is_typed_in_the_last_moment_is_kept_too(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("at-once", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    with page.expect_response(lambda one: one.url.endswith("/claim")):
        page.locator("#reason").fill("typed and gone")
    page.goto(desk.served.url + "/cases")
    page.goto(f"{desk.served.url}/cases/{case}")
    assert page.locator("#reason").input_value() == "typed and gone"
    page.close()


def test_marks_are_found_one_after_the_other(desk: Desk, rita: BrowserContext) -> None:
    filler = "\n".join(f"Line {n} says nothing in particular." for n in range(50))
    text = f"{filler}\nfirst {QUOTED} here\n{filler}\nsecond {QUOTED} there\n{filler}"
    desk.post("marks", text=text)
    case = desk.report("marks", comment=f'he says "{QUOTED}" twice')["case"]
    page = desk.tab(rita, f"/cases/{case}")
    marks = page.locator("[data-testid=content] mark")
    assert marks.count() == 2
    for place in (0, 1, 0):
        page.keyboard.press("m")
        assert "here" in (marks.nth(place).get_attribute("class") or "")
        assert marks.nth(place).evaluate("one => one === document.activeElement")
    assert page.locator("details.fold").count() == 3
    page.close()


def test_sides_are_swapped_and_what_went_before_is_one_key_away(
    desk: Desk, rita: BrowserContext
) -> None:
    for number in range(6):
        desk.post(f"author-{number}", text=f"older post {number}", author="prolific")
    case = matched(desk, "swapped", author="prolific")
    page = desk.tab(rita, f"/cases/{case}")
    left = page.locator("[data-testid=match] .pair > :first-child").first
    before = left.bounding_box()
    page.get_by_label("Swap sides").check()
    after = left.bounding_box()
    assert before
    assert after
    assert after["x"] > before["x"]
    assert not page.get_by_text("older post 0").is_visible()
    page.keyboard.press("o")
    assert page.get_by_text("older post 0").is_visible()
    page.close()


def test_where_a_likeness_speaks_alone_the_pair_is_looked_at_first(
    desk: Desk, rita: BrowserContext
) -> None:
    media = [{"filename": "a.png", "data": base64.b64encode(picture()).decode()}]
    case = matched(desk, "likeness", text="look", media=media)
    page = desk.tab(rita, f"/cases/{case}")
    page.keyboard.press("r")
    assert not page.get_by_test_id("outcome-restrict").is_checked()
    assert page.get_by_test_id("outcome-restrict").get_attribute("aria-disabled") == "true"
    page.locator("label:has([data-testid=outcome-restrict])").click(force=True)
    assert not page.get_by_test_id("outcome-restrict").is_checked()
    page.keyboard.press("p")
    assert page.get_by_test_id("outcome-pass").is_checked()
    page.keyboard.press("Escape")
    with page.expect_response(lambda one: one.url.endswith("/decide")) as answer:
        for key in ("v", "r", "Enter"):
            page.keyboard.press(key)
    assert answer.value.status == 200, "three keys, however quick"
    page.wait_for_url(lambda url: case not in url)
    assert desk.case(case)["decisions"][0]["outcome"] == "restrict"
    page.close()


def test_a_draft_is_saved_on_after_a_form_that_failed(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("failing", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    page.route("**/decide", lambda route: route.fulfill(status=403, json={"title": "Not now"}))
    with page.expect_response(lambda one: one.url.endswith("/decide")):
        page.keyboard.press("p")
        page.keyboard.press("Enter")
    page.get_by_test_id("flash").get_by_text("Not now").wait_for()
    page.keyboard.press("w")
    with page.expect_response(lambda one: one.url.endswith("/draft")) as saved:
        page.keyboard.type(" And more.")
    assert saved.value.status == 204
    page.unroute("**/decide")
    desk.complaints[:] = [one for one in desk.complaints if "403" not in one]
    page.reload()
    assert page.locator("#reason").input_value().endswith("And more.")
    page.close()


def test_the_sheet_opens_with_an_outcome_and_closes(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("sheet", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.locator("#reason").is_visible()
    page.locator("label:has([data-testid=outcome-pass])").click()
    assert page.locator("#reason").is_visible()
    page.get_by_test_id("decide").get_by_role("button", name="Close").click()
    assert not page.locator("#reason").is_visible()
    assert page.evaluate("document.activeElement !== document.body")
    page.close()


def test_what_is_printed_has_the_decision_and_who_printed(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("printed", "hello to you all")
    body = {"outcome": "restrict", "label": "threat", "reason": "Because it threatens people"}
    desk.api.post(f"/v1/cases/{case}/decide", json=body).raise_for_status()
    page = desk.tab(rita, f"/cases/{case}")
    assert not page.get_by_text("Printed by").is_visible()
    page.emulate_media(media="print")
    for text in ("hello to you all", "Because it threatens people", "Printed by", "History",
                 "Terms of service: threats of terrorist acts"):  # fmt: skip
        assert page.get_by_text(text).first.is_visible(), text
    assert not page.get_by_role("button", name="Next case").is_visible()
    at = page.get_by_test_id("history").locator("time").first
    beside = at.evaluate("one => getComputedStyle(one, '::after').content")
    assert re.search(r"\d{4}, \d\d:\d\d", beside), beside  # how long ago says nothing on paper
    assert "flex" in page.locator(".because > .meta").first.evaluate(
        "one => getComputedStyle(one).display"
    )
    page.close()


def test_what_somebody_else_does_is_shown_at_once_and_the_text_is_kept(
    desk: Desk, rita: BrowserContext
) -> None:
    case = desk.reported("conflict", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    page.locator("html[data-live=on]").wait_for()
    page.locator("#reason").evaluate("one => (one.value = 'what I was about to say')")
    another(desk, case)
    conflict = page.get_by_test_id("conflict")
    conflict.wait_for()
    assert page.get_by_label("What you wrote").input_value() == "what I was about to say"
    assert page.get_by_test_id("decide").count() == 0
    assert conflict.get_by_role("button", name="Go on").evaluate(
        "one => one === document.activeElement"
    )
    page.close()


def test_a_new_revision_is_shown_at_once(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("moved", "The march is on Monday")
    page = desk.tab(rita, f"/cases/{case}")
    page.locator("html[data-live=on]").wait_for()
    page.keyboard.press("w")
    page.keyboard.type("A march, and lawful")
    page.locator("[data-draft=saved]").wait_for()
    desk.post("moved", text="The attack is on Monday")
    desk.report("moved", reporter="somebody else")
    page.get_by_test_id("moved").wait_for()
    assert page.locator("ins", has_text="attack").is_visible()
    assert page.locator("#reason").input_value() == "A march, and lawful"
    assert page.locator("[name=revision]").input_value() == "2"
    assert page.locator("h1").inner_text() == "The attack is on Monday"
    assert "attack" in page.title()
    # Whoever was typing goes on with the sentence.
    page.keyboard.type("; no, people do call for it")
    assert page.locator("#reason").input_value() == "A march, and lawful; no, people do call for it"
    assert page.url.endswith(case)
    assert desk.case(case)["decisions"] == []
    page.close()


@pytest.mark.parametrize("field", ["reason", "note"])
def test_who_types_as_another_takes_the_case_presses_nothing(
    desk: Desk, rita: BrowserContext, field: str
) -> None:
    others = [desk.reported(f"other-{field}-{number}", "hello") for number in range(2)]
    case = desk.reported(f"typed-{field}", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    page.locator("html[data-live=on]").wait_for()
    page.keyboard.press("a" if field == "note" else "w")
    page.locator(f"#{field}" if field == "reason" else "textarea:focus").wait_for()
    page.keyboard.type("nobody")
    with ThreadPoolExecutor(1) as pool:
        taking = pool.submit(taken_by_another, desk, case)
        while not (taking.done() and page.get_by_test_id("conflict").is_visible()):
            page.keyboard.type(" x")  # a pause would be somebody who looks up
            assert not taking.done() or taking.exception() is None
        page.keyboard.type(" needs it now")
        taking.result()
    page.keyboard.press("Enter")
    assert page.url.endswith(case)
    if field == "note":
        assert page.locator("textarea:focus").input_value().startswith("nobody")
        assert page.locator("textarea:focus").input_value().strip().endswith(" needs it now")
    else:
        assert page.get_by_label("What you wrote").input_value().startswith("nobody")
        page.wait_for_timeout(1100)  # they look up, and see it
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: case not in url)
    assert {desk.case(one)["state"] for one in others} <= {"open", "claimed"}
    page.close()


def test_what_was_erased_is_gone_from_the_open_page(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("erased-open", "words that shall be gone", media=[posted_picture(9)])
    page = desk.tab(rita, f"/cases/{case}")
    page.locator("html[data-live=on]").wait_for()
    page.keyboard.press("Shift+V")
    page.locator("[data-shown=blurred], [data-shown=shown]").first.wait_for()
    desk.served.cli("items", "erase", "erased-open")
    page.get_by_test_id("erased").wait_for()
    assert "shall be gone" not in page.content()
    assert "shall be gone" not in page.title()
    assert page.locator(".tiles img").count() == 0
    assert page.evaluate("document.activeElement !== document.body")
    assert list(violations(page)) == []
    page.close()


def test_skip_says_why_and_gives_the_focus_back(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("skipped", "hello to you all")
    page = desk.tab(rita, f"/cases/{case}")
    page.keyboard.press("s")
    assert page.get_by_test_id("skip-language").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_test_id("skip-language").is_visible()
    assert page.get_by_test_id("skip").evaluate("one => one === document.activeElement")
    page.close()


def test_nothing_is_wrong_with_it_for_people_who_cannot_see_it(
    desk: Desk, rita: BrowserContext
) -> None:
    case = matched(desk, "accessible", context={"thread": [{"author": "a", "text": "before"}]})
    page = desk.tab(rita, f"/cases/{case}")
    assert list(violations(page)) == []
    page.keyboard.press("r")
    assert list(violations(page)) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert list(violations(page)) == []
    page.close()

"""Deciding at the desk, as people do it: how few presses it takes, how it is taken back, who wins."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.api import item
from tests.browser.desk import Desk, desk_of, picture
from tests.browser.receiver import Receiver
from tests.waiting import until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("deciding"), browser, undo_seconds=4) as desk:
        yield desk


@pytest.fixture
def rita(desk: Desk) -> Iterator[BrowserContext]:
    with desk.person("rita@example.org") as context:
        yield context
    # Whatever waits still is nobody's business of the next test.
    for case in desk.api.get("/v1/cases?state=waiting&limit=500").json()["data"]:
        desk.api.post(f"/v1/cases/{case['id']}/release")
        desk.api.post(
            f"/v1/cases/{case['id']}/decide", json={"outcome": "pass", "reason": "tidied up"}
        )


def case_of(page: Page) -> str:
    """The id of the case on the screen."""
    found = page.get_by_test_id("case").get_attribute("data-id")
    assert found
    return found


def next_case(page: Page, before: str) -> None:
    """Until another case than `before`, or no case, is on the screen."""
    page.wait_for_url(lambda url: before not in url)
    page.locator("html[data-ready]").wait_for()


class Keys:
    """Presses keys and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def __call__(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.count += 1


def test_a_pass_takes_two_keys_to_the_next_case(desk: Desk, rita: BrowserContext) -> None:
    for number in range(3):
        desk.reported(f"budget-pass-{number}", f"The {number}. vigil for the victims is at eight.")
    page = desk.tab(rita, "/cases")
    page.keyboard.press("n")
    page.wait_for_url("**/cases/*-*")
    page.locator("html[data-ready]").wait_for()
    first = case_of(page)
    press = Keys(page)
    press("p", "Enter")
    next_case(page, first)
    assert case_of(page) != first
    assert press.count == 2
    assert desk.case(first)["decisions"][-1]["outcome"] == "pass"
    assert len(desk.case(first)["decisions"][-1]["reason"]) >= 10


def test_a_restriction_with_the_banks_label_takes_two(desk: Desk, rita: BrowserContext) -> None:
    known = "Bring your weapons to the square tomorrow, brothers, and leave nobody standing at all"
    desk.api.post("/v1/banks", json={"name": "threats", "stance": "known", "labels": ["threat"]})
    desk.api.post("/v1/banks/threats/entries", json={"text": known}).raise_for_status()
    case = desk.post("budget-bank", text=known)["case"]
    page = desk.tab(rita, f"/cases/{case}")
    Keys(page)("r", "Enter")
    next_case(page, case)
    decision = desk.case(case)["decisions"][-1]
    assert (decision["outcome"], decision["label"]) == ("restrict", "threat")


def test_a_restriction_for_incitement_takes_four(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("budget-incitement", "Go out and do as he did, every one of you, today.")
    page = desk.tab(rita, f"/cases/{case}")
    digit = label_digit(page, "incitement")
    Keys(page)("r", digit, "0", "Enter")
    next_case(page, case)
    decision = desk.case(case)["decisions"][-1]
    assert (decision["label"], decision["exemption"]) == ("incitement", "none")


def test_with_the_mouse_it_takes_two_and_four_clicks(desk: Desk, rita: BrowserContext) -> None:
    passed = desk.reported("mouse-pass", "Candles tonight at eight, in front of the town hall.")
    page = desk.tab(rita, f"/cases/{passed}")
    page.get_by_test_id("outcome-pass").click()
    page.get_by_test_id("submit").click()
    next_case(page, passed)
    restricted = desk.reported("mouse-restrict", "Do as he did, all of you, and do it today.")
    page = desk.tab(rita, f"/cases/{restricted}")
    page.get_by_test_id("outcome-restrict").click()
    page.get_by_test_id("label-incitement").click()
    page.get_by_test_id("exemption-none").click()
    page.get_by_test_id("submit").click()
    next_case(page, restricted)
    assert desk.case(restricted)["decisions"][-1]["outcome"] == "restrict"


def label_digit(page: Page, label: str) -> str:
    """The digit that is shown on a label."""
    shown = page.locator("label", has=page.get_by_test_id(f"label-{label}")).inner_text()
    found = re.match(r"\s*([1-9])", shown)
    assert found, shown
    return found[1]


def test_undone_in_time_nothing_is_sent(desk: Desk, rita: BrowserContext, tmp_path: Path) -> None:
    with Receiver(desk) as receiver:
        case = desk.reported("undo-in-time", "Do as he did, every one of you, and do it now.")
        page = desk.tab(rita, f"/cases/{case}")
        Keys(page)("r", label_digit(page, "threat"), "Enter")
        next_case(page, case)
        expect(page.get_by_test_id("undo-bar")).to_be_visible()
        record = desk.api.get("/v1/items/undo-in-time").json()
        assert record["held_decision"]["outcome"] == "restrict"
        assert record["restrictions"] == []
        page.keyboard.press("u")
        page.wait_for_url(f"**/cases/{case}*")
        page.locator("html[data-ready]").wait_for()
        assert page.get_by_test_id("outcome-restrict").is_checked()
        assert page.get_by_test_id("label-threat").is_checked()
        # Decided otherwise, and once that has left, nothing else ever came.
        Keys(page)("p", "Enter")
        next_case(page, case)
        until(lambda: desk.case(case)["decisions"][-1]["state"] == "left", "the pass leaves")
        assert [
            one for one in receiver.of("undo-in-time") if one["type"] == "action.restrict"
        ] == []


def test_too_late_undo_opens_the_lift(desk: Desk, rita: BrowserContext) -> None:
    with Receiver(desk) as receiver:
        case = desk.reported("undo-late", "Do as he did, every one of you, and do it soon.")
        page = desk.tab(rita, f"/cases/{case}")
        Keys(page)("r", label_digit(page, "threat"), "Enter")
        next_case(page, case)
        until(lambda: receiver.of("undo-late"), "the action arrives")
        page.keyboard.press("u")
        page.locator("text=Lift").first.wait_for()
        assert desk.api.get("/v1/items/undo-late").json()["restrictions"] != []


def test_two_people_one_case_one_decision(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("race", "Somebody should do something about this, today.")
    with desk.person("noor@example.org") as noor:
        mine, theirs = desk.tab(rita, f"/cases/{case}"), desk.tab(noor, f"/cases/{case}")
        mine.get_by_test_id("outcome-pass").click()
        mine.get_by_test_id("reason").fill("My own long reason, which must not be lost.")
        theirs.bring_to_front()
        body = {"outcome": "pass", "reason": "The other one was quicker than I thought."}
        desk.api.post(f"/v1/cases/{case}/release")
        decided = desk.api.post(f"/v1/cases/{case}/decide", json=body)
        if decided.status_code == 409:  # rita holds it: her first input claimed it
            theirs_again = desk.api.get(f"/v1/cases/{case}").json()
            assert theirs_again["claimed_by"] == "user:rita@example.org"
            mine.get_by_test_id("submit").click()
            next_case(mine, case)
        else:
            mine.get_by_test_id("submit").click()
            expect(mine.get_by_test_id("conflict")).to_be_visible()
            assert "must not be lost" in mine.locator("textarea:visible").first.input_value()
            desk.complaints.clear()  # Chromium tells of each 409
        assert len(desk.case(case)["decisions"]) == 1


def test_no_path_restricts_without_label_or_exemption(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("no-path", "Do as he did: all of you, every day, from now on.")
    page = desk.tab(rita, f"/cases/{case}")
    token = page.locator("form input[name=csrf]").first.get_attribute("value")
    reason = "A reason that is long enough for anybody."
    missing: list[dict[str, Any]] = [
        {"outcome": "restrict", "reason": reason},
        {"outcome": "restrict", "reason": reason, "label": "incitement"},
        {"outcome": "restrict", "reason": reason, "label": "incitement", "exemption": ""},
        {"outcome": "restrict", "reason": "x", "label": "threat"},
    ]
    for form in missing:
        answer = rita.request.post(
            f"{desk.served.url}/cases/{case}/decide", form={"csrf": token or "", **form}
        )
        assert answer.status == 422, form
    for body in missing[:2]:
        assert desk.api.post(f"/v1/cases/{case}/decide", json=body).status_code == 422
    assert desk.case(case)["state"] != "decided"
    # And by the mouse: the page comes back with what is missing, said first and at its place.
    page.get_by_test_id("outcome-restrict").click()
    page.get_by_test_id("label-incitement").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("errors")).to_be_focused()
    assert page.get_by_test_id("label-incitement").is_checked()
    assert page.title().startswith("Error:")
    desk.complaints.clear()  # Chromium tells of each 422


def test_two_hundred_are_passed_at_once_and_undone(desk: Desk, rita: BrowserContext) -> None:
    for number in range(200):
        desk.reported(f"bulk-{number}", f"Message number {number} of a long evening.", "bulk")
    page = desk.tab(rita, "/cases?queue=reports")
    page.keyboard.press("*")
    page.get_by_test_id("bulk-bar").get_by_text("Pass", exact=False).first.click()
    expect(page.get_by_test_id("bulk-preview")).to_contain_text("200")
    page.get_by_test_id("bulk-apply").click()
    page.wait_for_url("**/bulk/*")
    until(lambda: state_of(rita, desk, page) == "done", "the batch is carried out")
    assert waiting(desk, "bulk-") == 0
    page.reload()
    page.get_by_role("button", name="Undo all of it").click()
    until(lambda: state_of(rita, desk, page) == "undone", "the batch is undone")
    assert waiting(desk, "bulk-") == 200


def test_thirty_copies_are_restricted_at_once_but_for_three(
    desk: Desk, rita: BrowserContext
) -> None:
    cases: list[str] = []
    for number in range(30):
        desk.post(f"copy-{number}", text=f"Look, {number}", media=[picture(3)])
        cases.append(desk.report(f"copy-{number}")["case"])
    for case in cases[:2]:
        desk.api.post(f"/v1/cases/{case}/claim").raise_for_status()
    page = desk.tab(rita, "/cases?queue=reports")
    page.keyboard.press("*")
    page.get_by_test_id("bulk-bar").get_by_text("Restrict", exact=False).first.click()
    expect(page.get_by_test_id("bulk-left-out")).to_contain_text("2 cases are left out")
    # One more changes between the preview and the decision.
    body = item("copy-2", text="Look, 2: it is another picture now", media=[picture(9)])
    desk.api.post("/v1/items", json=body).raise_for_status()
    page.get_by_test_id("label-incitement").check()
    page.get_by_test_id("exemption-none").check()
    page.get_by_test_id("bulk-apply").click()
    page.wait_for_url("**/bulk/*")
    until(lambda: state_of(rita, desk, page) == "done", "the batch is carried out")
    page.reload()
    left_out = page.get_by_test_id("bulk-left-out")
    expect(left_out).to_contain_text("3 cases are left out")
    whys = left_out.locator("li[data-why]").evaluate_all("all => all.map(one => one.dataset.why)")
    assert set(whys) == {"held", "changed"}
    decided = [desk.case(case)["decisions"] for case in cases]
    assert [len(one) for one in decided] == [0, 0, 0] + [1] * 27
    assert {one[0]["exemption"] for one in decided[3:]} == {"none"}


def state_of(person: BrowserContext, desk: Desk, page: Page) -> str:
    """How far the batch on the page is."""
    bulk = page.url.split("/bulk/")[1].split("?")[0]
    return person.request.get(f"{desk.served.url}/bulk/{bulk}.json").json()["state"]


def waiting(desk: Desk, prefix: str) -> int:
    """How many items with this prefix wait."""
    found = desk.api.get("/v1/cases?state=waiting&limit=500").json()["data"]
    return sum(one["item"].startswith(prefix) for one in found)

"""A decision that is proposed, not agreed on, and settled, in three browsers; nothing leaves before."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.desk import Desk, desk_of, violations
from tests.browser.receiver import Receiver
from tests.waiting import until

pytestmark = pytest.mark.long
WHY = "It praises an attack, which the law forbids."


def on(desk: Desk, page: Page, path: str) -> None:
    page.goto(desk.served.url + path)
    page.locator("html[data-ready]").wait_for()


def propose(page: Page) -> None:
    page.keyboard.press("r")
    page.get_by_test_id("label-propaganda").check()
    page.get_by_test_id("reason").fill(WHY)
    page.locator("details.scope > summary").click()
    page.locator("#ground_reference").fill("§ 140 StGB")
    page.locator('input[name="ground_kind"][value="law"]').check()
    page.get_by_role("button", name="Decide and stay").click()
    expect(page.get_by_test_id("second")).to_have_attribute("data-state", "proposed")


def test_proposed_disagreed_and_settled(browser: Browser, tmp_path: Path) -> None:
    with (
        desk_of(tmp_path, browser, undo_seconds=2, double_rate=0) as desk,
        Receiver(desk) as receiver,
        desk.person("anna@x.org") as anna,
        desk.person("bert@x.org") as bert,
        desk.person("sara@x.org", "senior") as sara,
    ):
        case = desk.reported("post-1", "a text that somebody reports")
        first = desk.tab(anna, f"/cases/{case}")
        propose(first)
        expect(first.get_by_test_id("undo-bar")).to_contain_text("waits for another person")
        assert list(violations(first)) == []

        second = desk.tab(bert, "/cases")
        expect(second.get_by_test_id("because")).to_contain_text("It waits for second eyes")
        second.keyboard.press("n")
        second.wait_for_url(f"**/cases/{case}**")
        second.locator("html[data-ready]").wait_for()
        expect(second.get_by_test_id("content")).to_contain_text("a text that somebody reports")
        assert WHY not in second.content()
        assert list(violations(second)) == []
        second.get_by_test_id("second-open").click()
        expect(second.get_by_test_id("second-choice")).to_contain_text(WHY)
        second.locator("html[data-ready]").wait_for()
        expect(second.get_by_test_id("second-agree")).to_be_visible()
        second.get_by_test_id("outcome-pass").check()
        second.get_by_test_id("reason").fill("It only reports what was said in court.")
        second.get_by_role("button", name="Decide and stay").click()
        expect(second.get_by_test_id("second")).to_have_attribute("data-state", "disputed")
        assert receiver.of("post-1") == []

        third = desk.tab(sara, "/cases?queue=senior")
        expect(third.get_by_test_id("row")).to_have_count(1)
        on(desk, third, f"/cases/{case}")
        assert WHY not in third.content()
        third.get_by_test_id("second-open").click()
        expect(third.get_by_test_id("second-choice")).to_have_count(2)
        third.locator("html[data-ready]").wait_for()
        assert list(violations(third)) == []
        assert receiver.of("post-1") == []
        third.keyboard.press("r")
        third.get_by_test_id("label-propaganda").check()
        third.get_by_test_id("reason").fill("Anna is right, by our terms at least.")
        third.get_by_role("button", name="Decide and stay").click()
        until(lambda: len(receiver.of("post-1")) == 1, "the decision to leave")

        for page in (first, second):
            on(desk, page, "/")
            returned = page.get_by_test_id("returned")
            expect(returned).to_contain_text("Anna is right, by our terms at least.")
            expect(returned).to_contain_text("sara")
        on(desk, third, "/quality")
        expect(third.get_by_test_id("quality-people")).to_be_visible()
        assert list(violations(third)) == []
        assert [one["type"] for one in receiver.of("post-1")] == ["action.restrict"]


def test_taken_back_it_is_as_it_was(browser: Browser, tmp_path: Path) -> None:
    with (
        desk_of(tmp_path, browser, double_rate=0) as desk,
        desk.person("anna@x.org") as anna,
        desk.person("bert@x.org"),
    ):
        case = desk.reported("post-1", "a text that somebody reports")
        page = desk.tab(anna, f"/cases/{case}")
        propose(page)
        page.locator("html[data-ready]").wait_for()
        page.keyboard.press("u")
        page.wait_for_url(f"**/cases/{case}?done=undone")
        expect(page.get_by_test_id("reason")).to_have_value(WHY)
        expect(page.get_by_test_id("label-propaganda")).to_be_checked()
        assert desk.api.get("/v1/actions").json()["data"] == []

"""The bar of what can be undone, and selections that are decided together, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.browser.desk import desk_of

pytestmark = pytest.mark.long


def test_undo_by_key_in_time_and_too_late(browser: Browser, tmp_path: Path) -> None:
    with desk_of(tmp_path, browser, undo_seconds=15) as desk, desk.person("a@x.org") as person:
        case = desk.reported("post-1", "a text that somebody reports")
        page = desk.tab(person, f"/cases/{case}")
        page.get_by_test_id("outcome-restrict").check()
        page.get_by_test_id("label-propaganda").check()
        page.get_by_test_id("reason").fill("It is made by a banned group.")
        page.get_by_test_id("submit").click()
        bar = page.get_by_test_id("undo-bar")
        expect(bar).to_contain_text("leaves in")
        page.goto(f"{desk.served.url}/items")
        page.locator("html[data-ready]").wait_for()
        expect(bar).to_contain_text("Restricted")
        page.keyboard.press("u")
        page.wait_for_url(f"**/cases/{case}?done=undone")
        expect(page.get_by_test_id("reason")).to_have_value("It is made by a banned group.")
        expect(page.get_by_test_id("label-propaganda")).to_be_checked()
        assert desk.api.get("/v1/actions").json()["data"] == []
        page.locator('input[name="undo_seconds"]').evaluate("(one) => (one.value = '1')")
        page.get_by_test_id("submit").click()
        expect(bar).to_contain_text("has left", timeout=20_000)
        page.keyboard.press("u")
        page.wait_for_url("**/items/*?done=already-left")
        expect(page.get_by_role("button", name="Lift")).to_be_visible()


def test_a_selection_is_carried_out_and_undone(browser: Browser, tmp_path: Path) -> None:
    with desk_of(tmp_path, browser, undo_seconds=60) as desk, desk.person("a@x.org") as person:
        made = [desk.reported(f"post-{number}", f"a text {number}") for number in range(5)]
        page = desk.tab(person, "/cases")
        expect(page.get_by_test_id("row")).to_have_count(5)
        page.keyboard.press("*")
        page.get_by_role("button", name="Pass …").click()
        preview = page.get_by_test_id("bulk-preview")
        expect(preview).to_contain_text("5 cases will pass")
        page.get_by_test_id("bulk-apply").click()
        expect(preview).to_have_attribute("data-state", "done", timeout=60_000)
        expect(page.get_by_test_id("undo-bar")).to_contain_text("5 cases decided together")
        page.locator("html[data-ready]").wait_for()
        page.keyboard.press("u")
        expect(preview).to_have_attribute("data-state", "undone", timeout=60_000)
        assert {desk.case(one)["state"] for one in made} == {"open"}

"""What a change of a bank would do is shown, it is made and undone, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.browser.desk import desk_of, violations

pytestmark = pytest.mark.long

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"


def test_an_entrys_effect_is_shown_confirmed_and_undone(browser: Browser, tmp_path: Path) -> None:
    with (
        desk_of(tmp_path, browser, undo_seconds=30) as desk,
        desk.person("curator@x.org", "curator") as curator,
    ):
        bank = {"name": "known", "stance": "known", "labels": ["propaganda"]}
        desk.api.post("/v1/banks", json=bank).raise_for_status()
        made = desk.api.post("/v1/banks/known/entries", json={"text": KNOWN}).json()
        for number in range(3):
            desk.post(f"post-{number}", text=KNOWN, author=f"author-{number}")
        page = desk.tab(curator, "/banks/known")
        entry = page.get_by_test_id("entry")
        expect(entry).to_have_attribute("data-id", made["id"])
        entry.get_by_test_id("open-entry").click()
        page.wait_for_url(f"**/banks/known/entries/{made['id']}")
        effect = page.get_by_test_id("effect")
        expect(effect).to_contain_text("This would restrict 3 stored items")
        expect(effect).to_have_attribute("data-restrict", "3")
        assert list(violations(page)) == []
        effect.get_by_role("button", name="Confirm").click()
        bar = page.get_by_test_id("undo-bar")
        expect(bar).to_contain_text("Entry confirmed")
        expect(bar).to_contain_text("leaves in")
        expect(page.get_by_test_id("held-change")).to_be_visible()
        page.locator("html[data-ready]").wait_for()
        page.keyboard.press("u")
        page.wait_for_url("**?done=change-undone")
        expect(page.get_by_test_id("entry")).to_have_attribute("data-state", "unconfirmed")
        at = f"/v1/banks/known/entries/{made['id']}"
        assert desk.api.get(at).json()["state"] == "unconfirmed"
        assert desk.api.get("/v1/actions").json()["data"] == []


def test_a_bank_is_disabled_by_its_name_and_a_list_comes_in(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        desk_of(tmp_path, browser, undo_seconds=0) as desk,
        desk.person("curator@x.org", "curator", viewport={"width": 320, "height": 700}) as curator,
    ):
        desk.api.post("/v1/banks", json={"name": "known", "stance": "known"}).raise_for_status()
        page = desk.tab(curator, "/banks/known")
        page.get_by_label("or lines of a list").fill("sha256\n" + "ab" * 32 + "\nnot a digest\n")
        page.get_by_role("button", name="Import").click()
        shown = page.get_by_test_id("import")
        expect(shown).to_have_attribute("data-state", "asks", timeout=30_000)
        expect(page.get_by_test_id("import-errors")).to_contain_text("3")
        page.get_by_test_id("import-take").click()
        expect(shown).to_have_attribute("data-state", "done", timeout=30_000)
        expect(shown).to_contain_text("1 entry was added")
        assert list(violations(page)) == []
        page.get_by_role("link", name="The bank").click()
        page.get_by_test_id("bank-switch").click()
        expect(page.get_by_test_id("effect")).to_be_visible()
        page.get_by_label("The name of the bank, typed").fill("knwon")
        page.get_by_role("button", name="Disable the bank").click()
        expect(page.get_by_test_id("errors")).to_be_visible()
        assert all("422" in one for one in desk.complaints), desk.complaints
        desk.complaints.clear()
        page.get_by_label("The name of the bank, typed").fill("known")
        page.get_by_role("button", name="Disable the bank").click()
        page.wait_for_url("**/banks/known?done=disabled")
        wide = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert wide, "no horizontal scroll at 320 px"
        assert list(violations(page)) == []

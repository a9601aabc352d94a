"""From a draft with an error to a version in force and back, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.desk import Desk, desk_of, violations

from tidegate.policy.facts import ItemFacts

pytestmark = pytest.mark.long

DRAFT = "/policy/drafts/groups"
KNOWN = "join us on friday at the old bridge and bring all the others along with you"
NARROW = (
    "\"item.publicness == 'public'\",\n  \"matches.exists(m, m.stance == 'known' && m.confirmed"
)
WIDE = "\"item.publicness != 'private'\",\n  \"matches.exists(m, m.stance == 'known' && m.confirmed"
WHY = "Closed groups spread it just the same."


def verdict(desk: Desk, id: str) -> str:
    return desk.post(id, text=KNOWN, publicness="restricted")["verdict"]


def write(page: Page, source: str) -> None:
    page.get_by_test_id("pack-source").fill(source)


def test_a_rule_is_edited_replayed_agreed_upon_and_rolled_back(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        desk_of(tmp_path, browser) as desk,
        desk.person("ana@x.org", role="admin") as first,
        desk.person("ben@x.org", role="admin") as second,
    ):
        desk.api.post("/v1/banks", json={"name": "known", "stance": "known"}).raise_for_status()
        entry = {"text": KNOWN, "confirmed": True}
        desk.api.post("/v1/banks/known/entries", json=entry).raise_for_status()
        assert verdict(desk, "post-1") == "review"

        page = desk.tab(first, DRAFT)
        source = page.get_by_test_id("pack-source").input_value()
        assert NARROW in source
        # An error names its rule, line and column, as one types and when it is saved.
        write(page, source.replace(NARROW, WIDE.replace("publicness", "publicnes")))
        told = page.get_by_test_id("diagnostic")
        expect(told).to_have_attribute("data-rule", "known-content")
        expect(told).to_contain_text("did you mean `publicness`?")
        page.get_by_test_id("save-draft").click()
        page.wait_for_url("**/policy/drafts/groups?done=draft-saved")
        line = next(
            n for n, text in enumerate(source.split("\n"), 1) if NARROW.split("\n")[0] in text
        )
        expect(told).to_have_attribute("data-line", str(line))
        expect(told).to_have_attribute("data-column", "9")
        # Its line leads to its place in the text.
        told.get_by_role("link").click()
        expect(page.get_by_test_id("pack-source")).to_be_focused()
        at = page.get_by_test_id("pack-source").evaluate("area => area.selectionStart")
        assert page.get_by_test_id("pack-source").input_value()[at:].startswith("publicnes ")
        assert list(violations(page)) == []

        write(page, source.replace(NARROW, WIDE))
        page.get_by_test_id("replay").click()
        cell = page.locator('[data-testid="replay-cell"][data-from="review"][data-to="restrict"]')
        expect(page.get_by_test_id("replay-said")).to_have_attribute(
            "data-state", "done", timeout=60_000
        )
        expect(cell).to_have_attribute("data-count", "1")
        expect(page.get_by_test_id("example")).to_contain_text(KNOWN)
        expect(page.get_by_test_id("in-the-way")).to_have_count(0)
        assert list(violations(page)) == []
        page.get_by_test_id("go-live").click()
        expect(page.get_by_test_id("errors")).to_contain_text("10")
        page.get_by_test_id("reason").fill(WHY)
        page.get_by_test_id("go-live").click()
        expect(page.get_by_test_id("proposed")).to_contain_text(WHY)
        page.get_by_test_id("go-live").click()  # one's own
        expect(page.get_by_test_id("errors")).to_contain_text("Another person must agree")
        assert verdict(desk, "post-2") == "review"

        other = desk.tab(second, "/policy")
        other.get_by_role("link", name="Look at it and decide").click()
        expect(other.get_by_test_id("proposed")).to_contain_text("proposed by ana")
        other.get_by_test_id("go-live").click()
        expect(other.get_by_test_id("in-force")).to_have_attribute("data-pack", "tvec@4")
        assert list(violations(other)) == []
        assert verdict(desk, "post-3") == "restrict"

        other.get_by_test_id("back").click()
        assert list(violations(other)) == []
        other.get_by_test_id("reason").fill("It hit a group that mourns.")
        other.get_by_test_id("roll-back").click()
        expect(other.get_by_test_id("in-force")).to_have_attribute("data-pack", "tvec@5")
        assert verdict(desk, "post-4") == "review"
        # That two forms were refused is said in the console, too; and nothing else.
        said = [one.partition("status of ")[2][:3] for one in desk.complaints]
        assert said == ["422", "409"], desk.complaints
        desk.complaints.clear()


def test_what_can_stand_at_the_cursor_is_offered_and_taken_by_keys(
    browser: Browser, tmp_path: Path
) -> None:
    with desk_of(tmp_path, browser) as desk, desk.person("ana@x.org", role="admin") as person:
        page = desk.tab(person, DRAFT)
        area = page.get_by_test_id("pack-source")
        offered = page.get_by_role("listbox", name="What can stand here")
        area.fill("")
        area.press_sequentially('when = ["matches.exists(m, m.conf')
        expect(offered.get_by_role("option")).to_have_text([r"confirmedbool"])
        assert list(violations(page)) == []
        # Nothing is chosen until an arrow is pressed: Enter begins a line, as ever.
        page.keyboard.press("ArrowDown")
        expect(area).to_have_attribute("aria-activedescendant", "completion-0")
        page.keyboard.press("Enter")
        expect(area).to_have_value('when = ["matches.exists(m, m.confirmed')
        expect(offered).to_be_hidden()
        area.press_sequentially(" && it")
        expect(offered).to_be_visible()
        page.keyboard.press("Escape")
        expect(offered).to_be_hidden()
        expect(area).to_be_focused()
        page.keyboard.press("Control+Space")
        expect(offered.get_by_role("option").first).to_contain_text("item")
        offered.get_by_role("option").first.click()
        area.press_sequentially(".")
        expect(offered.get_by_role("option")).to_have_count(len(ItemFacts.__struct_fields__))
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")  # and out of the field
        expect(area).not_to_be_focused()
        assert page.evaluate("document.activeElement !== document.body")
        page.set_viewport_size({"width": 320, "height": 640})
        for path in (DRAFT, "/policy", "/policy/tvec@3", "/policy/variables", "/policy/drafts"):
            page.goto(desk.served.url + path)
            page.locator("html[data-ready]").wait_for()
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 320, path
            assert list(violations(page)) == [], path

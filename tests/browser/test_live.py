"""What happens elsewhere shows on open pages, and disturbs nobody: in a real browser, with two people."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.desk import Desk, desk_of

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("live"), browser) as desk:
        yield desk


def listening(page: Page) -> Page:
    page.locator('html[data-live="on"]').wait_for()
    return page


def test_a_threat_rings_in_everybody_s_open_tabs_and_one_acknowledges_it(desk: Desk) -> None:
    desk.post("of-a-threat", text="Tomorrow at noon, at the school.")
    with desk.person("ana@example.org") as one, desk.person("ben@example.org") as other:
        first, second = desk.tab(one, "/cases"), desk.tab(one, "/account")
        theirs = desk.tab(other, "/items")
        for page in (first, theirs):
            listening(page)
        title = theirs.title()
        expect(theirs.get_by_test_id("alert")).to_have_count(0)
        with theirs.expect_response("**/alerts") as asked:
            case = desk.report("of-a-threat", "threat_to_life", reporter="r-1")["case"]
        assert asked.value.status == 200
        for page in (first, second, theirs):
            bar = page.get_by_test_id("alert")
            bar.wait_for(timeout=10_000)
            expect(bar).to_have_attribute("role", "alert")
            expect(bar).to_contain_text("A threat to life was reported")
            expect(bar.get_by_role("link", name="Open the case")).to_have_attribute(
                "href", f"/cases/{case}"
            )
            assert page.title().startswith("1 alert · ")
        theirs.get_by_test_id("acknowledge").click()
        for page in (theirs, first, second):
            expect(page.get_by_test_id("alert")).to_have_count(0, timeout=10_000)
        assert theirs.title() == title
        assert "/items" in theirs.url
        expect(theirs.get_by_role("status")).to_contain_text("rings no more")
        assert theirs.evaluate("document.activeElement !== document.body")


def test_focus_and_selection_survive_what_home_is_told(desk: Desk) -> None:
    desk.reported("first-of-home", "the words of the first")
    with desk.person("ana@example.org") as context:
        page = listening(desk.tab(context))
        figure = page.locator('[data-figure="reports:waiting"]')
        before = figure.inner_text()
        page.get_by_role("link", name="All cases").focus()
        page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))")
        desk.reported("second-of-home", "the words of the second")
        expect(figure).not_to_have_text(before, timeout=15_000)
        assert page.evaluate("document.activeElement.textContent") == "All cases"
        assert page.evaluate("getSelection().toString()") == "Home"


def test_what_cannot_wait_is_offered_on_home_and_moves_nothing(desk: Desk) -> None:
    desk.post("of-home", text="It is meant.")
    with desk.person("ana@example.org") as context:
        page = listening(desk.tab(context))
        rows = page.get_by_test_id("rows").get_by_test_id("row")
        count = rows.count()
        case = desk.report("of-home", "threat_to_life", reporter="r-2")["case"]
        page.get_by_test_id("new-items").wait_for(timeout=15_000)
        assert rows.count() == count
        page.get_by_test_id("new-items").click()
        page.locator(f'[data-testid="row"][data-id="{case}"]').wait_for()


def test_a_session_that_is_ended_elsewhere_shows_at_once(desk: Desk) -> None:
    with desk.person("cleo@example.org") as context:
        page = listening(desk.tab(context))
        desk.served.cli("users", "disable", "--email", "cleo@example.org")
        page.get_by_test_id("sign-in-again").wait_for(timeout=10_000)
    desk.complaints.clear()  # that the session is gone is said in the console, too


def test_home_fits_a_narrow_screen(desk: Desk) -> None:
    desk.reported("narrow-" + "x" * 200, "a-very-long-word-" * 30)
    small = {"width": 320, "height": 640}
    with desk.person("ana@example.org", viewport=small) as context:
        page = desk.tab(context)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320

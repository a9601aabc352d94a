"""People, keys and settings in a real browser: somebody is invited and shut out, an auditor opens what is
closed; on the narrowest screens too, and axe has nothing to say."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from tests.browser.desk import Desk, desk_of, violations

pytestmark = pytest.mark.long

WORDS = "Tomorrow at noon, at the school."


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("administering"), browser) as desk:
        yield desk


@pytest.fixture(scope="module")
def admin(desk: Desk) -> Iterator[BrowserContext]:
    with desk.person("root@example.org", role="admin", reduced_motion="reduce") as context:
        yield context


def test_somebody_is_invited_comes_and_is_shut_out(desk: Desk, admin: BrowserContext) -> None:
    page = desk.tab(admin, "/people")
    page.get_by_role("textbox", name="E-mail address").fill("rita@example.org")
    page.get_by_label("Name for others").fill("Rita R.")
    page.get_by_label("Role").select_option("senior")
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_test_id("shown-once").locator("code").inner_text()
    theirs = desk.browser.new_context()
    other = theirs.new_page()
    other.goto(link)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url(desk.served.url + "/")
    page.goto(desk.served.url + "/people")
    page.get_by_role("link", name="Rita R.").click()
    page.locator("html[data-ready]").wait_for()
    page.get_by_role("button", name="Shut out").click()
    expect(page.get_by_test_id("flash")).to_contain_text("shut out")
    other.goto(desk.served.url + "/cases")
    assert re.search(r"/sign-in\b", other.url)
    theirs.close()
    page.close()


def test_an_auditor_opens_what_is_closed(desk: Desk) -> None:
    case = desk.reported("threat", WORDS)
    with desk.person("otto@example.org", role="auditor", reduced_motion="reduce") as otto:
        page = desk.tab(otto, f"/cases/{case}")
        assert WORDS not in page.content()
        assert list(violations(page)) == []
        page.get_by_text("Open it for half an hour").click()
        page.get_by_label("Why, in at least 15 characters").fill("the yearly audit of decisions")
        page.get_by_role("button", name="Open", exact=True).click()
        expect(page.get_by_test_id("content")).to_contain_text(WORDS)


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_the_pages_of_administrators_fit_and_are_accessible(
    desk: Desk, admin: BrowserContext, width: int
) -> None:
    desk.served.key("items:read,cases:read,banks:read,reports:write")
    page = desk.tab(admin, "/people")
    page.set_viewport_size({"width": width, "height": 800})
    person = page.get_by_test_id("person").first.get_attribute("data-id")
    found: dict[str, list[str]] = {}
    for path in ("/people", f"/people/{person}", "/keys", "/settings", "/account"):
        page.goto(desk.served.url + path)
        page.locator("html[data-ready]").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if said := list(violations(page)):
            found[path] = said
    page.close()
    assert found == {}

"""What axe has to say of the pages of the desk, in every theme: nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext
from tests.browser.desk import Desk, desk_of, violations

pytestmark = pytest.mark.long

THEMES = ("light", "dark", "contrast")
PAGES = ("/", "/cases", "/cases?state=decided", "/alerts", "/account", "/banks", "/items", "/search", "/find",
         "/policy", "/actions", "/ledger")  # fmt: skip


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with a threat that rings, one that was heard, posts in two directions, and a decided case."""
    with desk_of(tmp_path_factory.mktemp("axe"), browser) as desk:
        yield desk


@pytest.fixture(scope="module")
def paths(desk: Desk) -> list[str]:
    desk.post("heard", text="It is meant, and it is soon.")
    desk.report("heard", "threat_to_life", reporter="r-0")
    desk.post("threat", text="Tomorrow at noon, at the school.")
    threat = desk.report("threat", "threat_to_life", reporter="r-1")["case"]
    arabic = desk.reported("arabic", "سنلتقي غدا عند الظهر في الساحة")
    passed = desk.reported("passed", "An ordinary thing to say")
    answer = {"outcome": "pass", "reason": "An ordinary thing to say."}
    desk.api.post(f"/v1/cases/{passed}/decide", json=answer).raise_for_status()
    with desk.person("ana@example.org") as context:
        page = desk.tab(context, "/alerts")
        page.get_by_test_id("acknowledge").first.click()
        page.get_by_test_id("alert").nth(1).wait_for(state="detached")
    return [*PAGES, *(f"/cases/{one}" for one in (threat, arabic, passed))]


@pytest.fixture(scope="module")
def admin(desk: Desk) -> Iterator[BrowserContext]:
    # Without motion: axe would meet colours on their way from one theme to the next.
    with desk.person("root@example.org", role="admin", reduced_motion="reduce") as context:
        yield context


@pytest.mark.parametrize("theme", THEMES)
def test_no_page_has_anything_to_say_to_axe(
    desk: Desk, paths: list[str], admin: BrowserContext, theme: str
) -> None:
    found: dict[str, list[str]] = {}
    page = desk.tab(admin)
    for path in paths:
        page.goto(desk.served.url + path)
        page.locator("html[data-ready]").wait_for()
        page.evaluate("theme => (document.documentElement.dataset.theme = theme)", theme)
        if said := list(violations(page)):
            found[path] = said
    page.close()
    assert found == {}

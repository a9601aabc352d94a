"""The pages of legal orders, referrals, scrutiny, clocks and the registry in a real browser, and the two that need no
account: axe has nothing to say, and nothing is too wide, in both directions of writing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
from tests.browser.desk import Desk, desk_of, violations
from tests.browser.ordering import ordering, wide
from tests.orders.desk import Desk as OrdersDesk
from tests.web.desk_of_orders import be, orders_of_all_kinds

pytestmark = pytest.mark.long

TELEPHONE: ViewportSize = {"width": 320, "height": 640}
MORE = ("/orders/new", "/scrutinies", "/referrals", "/referrals/new", "/registry")


class Pages:
    """A desk with orders in every state, what was referred to it and by it, and what it looks into."""

    def __init__(self, desk: Desk, orders: OrdersDesk) -> None:
        self.desk, self.orders = desk, orders
        made = orders_of_all_kinds(orders.instance)
        self.paths = [*(path for some in made.values() for path in some), *MORE]

    def each(self, page: Page, *, look: Callable[[Page], object]) -> dict[str, object]:
        """What there is to say of each page, with all unfolded that can be."""
        found: dict[str, object] = {}
        for path in self.paths:
            answer = page.goto(self.desk.served.url + path)
            assert answer
            assert answer.status == 200, path
            page.locator("html[data-ready]").wait_for()
            page.evaluate(
                "for (const one of document.querySelectorAll('main details')) one.open = true"
            )
            if said := look(page):
                found[path] = said
        return found


@pytest.fixture(scope="module")
def pages(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with ExitStack() as stack:
        desk = stack.enter_context(desk_of(tmp_path_factory.mktemp("orders"), browser))
        yield Pages(desk, stack.enter_context(ordering(desk)))


@pytest.fixture(scope="module")
def admin(pages: Pages) -> Iterator[BrowserContext]:
    with pages.desk.person("root@example.org", role="admin", reduced_motion="reduce") as context:
        yield context


def complaints(page: Page) -> list[str]:
    return list(violations(page))


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_no_page_has_anything_to_say_to_axe(
    pages: Pages, admin: BrowserContext, theme: str
) -> None:
    page = pages.desk.tab(admin)

    def look(page: Page) -> list[str]:
        page.evaluate("theme => (document.documentElement.dataset.theme = theme)", theme)
        return complaints(page)

    found = pages.each(page, look=look)
    page.close()
    assert found == {}


def test_nor_in_arabic(pages: Pages, admin: BrowserContext) -> None:
    page = pages.desk.tab(admin)
    page.set_extra_http_headers({"Accept-Language": "ar"})
    found = pages.each(page, look=complaints)
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.close()
    assert found == {}


@pytest.mark.parametrize("language", ["en", "ar", "de", "fr"])
def test_no_page_is_wider_than_a_small_phone(pages: Pages, language: str) -> None:
    with pages.desk.person("slim@example.org", "admin", viewport=TELEPHONE) as context:
        page = pages.desk.tab(context)
        page.set_extra_http_headers({"Accept-Language": language})
        found = pages.each(page, look=wide)
        assert page.locator("html").get_attribute("lang") == language
    assert found == {}


@pytest.mark.parametrize("language", ["en", "ar", "de", "fr"])
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("platform", "/public/orders/submit"),
        ("platform", "/public/contact"),
        ("authority", "/public/contact"),
    ],
)
def test_what_is_public_fits_and_is_accessible(
    pages: Pages, kind: str, path: str, language: str
) -> None:
    be(pages.orders, kind)
    context = pages.desk.browser.new_context(viewport=TELEPHONE, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{pages.desk.served.url}{path}?lang={language}")
    assert page.locator("html").get_attribute("lang") == language
    assert complaints(page) == []
    assert wide(page) == []
    assert context.cookies() == []
    context.close()

"""An order comes while somebody looks at something else, and is dealt with: by the mouse alone, by keys alone and
without a script."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from tests.browser.desk import Desk, desk_of
from tests.browser.ordering import comes, ordering
from tests.orders.desk import Desk as OrdersDesk
from tests.orders.sides import drafted
from tests.web.desk_of_orders import authority

pytestmark = pytest.mark.long

MIRA, NOOR = "mira@forum.example", "noor@forum.example"
MOST_TABS = 200  # until something has the focus
POLL = 20_000  # ms, after which a page asks for what the feed does not tell it


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("order"), browser) as desk:
        yield desk


@pytest.fixture(scope="module")
def orders(desk: Desk) -> Iterator[OrdersDesk]:
    with ordering(desk) as orders:
        yield orders


@pytest.fixture(scope="module")
def mira(desk: Desk) -> Iterator[BrowserContext]:
    with desk.person(MIRA, "legal") as context:
        yield context


class Coming:
    """An order, when a test lets it come; it is executed by the end."""

    id = ""

    def __init__(self, desk: Desk, orders: OrdersDesk, name: str) -> None:
        self._desk, self._orders, self._name = desk, orders, name
        self._url = f"https://forum.example/p/{name}"
        desk.post(name, text="hello", url=self._url)

    def come(self) -> str:
        self.id = comes(self._desk, self._orders, self._url, self._name)
        return self.id

    @property
    def state(self) -> str:
        return self._desk.api.get(f"/v1/orders/{self.id}").json()["state"]


@pytest.fixture
def order(desk: Desk, orders: OrdersDesk, request: pytest.FixtureRequest) -> Iterator[Coming]:
    coming = Coming(desk, orders, request.node.name)
    yield coming
    if coming.id and coming.state == "open":
        orders.execute(UUID(coming.id))


def rings(page: Page) -> Locator:
    return page.get_by_test_id("order-rings")


def tab_to(page: Page, wanted: Locator) -> None:
    """By the tab key alone."""
    for _ in range(MOST_TABS):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the tab key does not lead there")


def leads_to_annex_2(page: Page, link: Locator) -> None:
    """The link of a page is to a PDF that says what was done."""
    at = link.get_attribute("href")
    assert at
    answer = page.context.request.get(page.url.partition("/orders/")[0] + at)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")


def test_an_order_rings_live_on_whatever_page_and_for_whoever(
    desk: Desk, mira: BrowserContext, order: Coming
) -> None:
    with desk.person(NOOR, "legal") as noor:
        page, other = desk.tab(mira, "/me/settings"), desk.tab(noor, "/clocks")
        for one in (page, other):
            one.locator('html[data-live="on"]').wait_for()
            expect(rings(one)).to_have_count(0)
        page.locator("#language").focus()
        id = order.come()
        for one in (page, other):
            expect(rings(one)).to_have_count(1, timeout=15_000)
            expect(rings(one)).to_have_attribute("role", "alert")
            link = rings(one).get_by_role("link", name="Open the order")
            expect(link).to_have_attribute("href", f"/orders/{id}")
        expect(rings(page).get_by_test_id("countdown")).to_contain_text("left")
        assert page.evaluate("document.activeElement.id") == "language", "nobody is disturbed"
        page.get_by_test_id("order-acknowledge").click()
        page.wait_for_url("**/me/settings?done=order-heard")
        for one in (page, other):
            expect(rings(one)).to_have_count(0, timeout=15_000)
        page.close()
    assert order.state == "open", "who has an order has not executed it"


def test_it_rings_by_poll_where_the_feed_is_cut(
    desk: Desk, mira: BrowserContext, order: Coming
) -> None:
    mira.route("**/events*", lambda route: route.abort())
    page = mira.new_page()
    page.clock.install()
    page.goto(f"{desk.served.url}/account")
    page.locator("html[data-ready]").wait_for()
    order.come()
    expect(rings(page)).to_have_count(0)
    page.clock.fast_forward(POLL)
    expect(rings(page)).to_have_count(1, timeout=15_000)
    assert page.locator("html").get_attribute("data-live") != "on"
    page.close()
    mira.unroute("**/events*")


def test_three_keys_execute_it(desk: Desk, mira: BrowserContext, order: Coming) -> None:
    id = order.come()
    page = desk.tab(mira, "/account")
    page.keyboard.press("t")
    page.wait_for_url("**/orders")
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{id}")
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("d")
    page.wait_for_url(f"**/orders/{id}?done=order-execute")
    page.close()
    assert order.state == "executed"


def test_from_the_bar_to_annex_2_by_the_mouse_alone(
    desk: Desk, mira: BrowserContext, order: Coming
) -> None:
    page = desk.tab(mira, "/account")
    page.locator('html[data-live="on"]').wait_for()
    order.come()
    rings(page).get_by_role("link", name="Open the order").click(timeout=15_000)
    page.wait_for_url(f"**/orders/{order.id}")
    page.get_by_test_id("execute").click()
    page.wait_for_url(f"**/orders/{order.id}?done=order-execute")
    expect(rings(page)).to_have_count(0)
    link = page.get_by_test_id("annex-2-pdf")
    leads_to_annex_2(page, link)
    with page.expect_request("**/documents/annex-2.pdf"):
        link.click()
    page.close()
    assert order.state == "executed"


def test_from_the_bar_to_annex_2_by_keys_alone(
    desk: Desk, mira: BrowserContext, order: Coming
) -> None:
    page = desk.tab(mira, "/account")
    page.locator('html[data-live="on"]').wait_for()
    order.come()
    link = rings(page).get_by_role("link", name="Open the order")
    link.wait_for(timeout=15_000)
    tab_to(page, link)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{order.id}")
    page.locator("html[data-ready]").wait_for()
    tab_to(page, page.get_by_test_id("execute"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{order.id}?done=order-execute")
    page.locator("html[data-ready]").wait_for()
    tab_to(page, page.get_by_test_id("annex-2-pdf"))
    leads_to_annex_2(page, page.get_by_test_id("annex-2-pdf"))
    with page.expect_request("**/documents/annex-2.pdf"):
        page.keyboard.press("Enter")
    page.close()
    assert order.state == "executed"


@contextmanager
def without_script(desk: Desk, email: str, role: str) -> Generator[Page]:
    with desk.person(email, role, java_script_enabled=False) as context:
        yield context.new_page()


def test_from_the_bar_to_annex_2_without_a_script(desk: Desk, order: Coming) -> None:
    id = order.come()
    with without_script(desk, MIRA, "legal") as page:
        page.goto(f"{desk.served.url}/account")
        expect(rings(page).get_by_test_id("countdown")).to_contain_text("left")
        rings(page).get_by_role("link", name="Open the order").click()
        page.get_by_test_id("execute").click()
        page.wait_for_url(f"**/orders/{id}?done=order-execute")
        expect(rings(page)).to_have_count(0)
        link = page.get_by_test_id("annex-2-pdf")
        leads_to_annex_2(page, link)
        with page.expect_request("**/documents/annex-2.pdf"):
            link.click()
    assert order.state == "executed"


def test_an_authority_without_an_instance_sends_an_order_without_a_script(
    desk: Desk, orders: OrdersDesk
) -> None:
    url = "https://forum.example/p/by-form"
    desk.post("by-form", text="hello", url=url)
    context = desk.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{desk.served.url}/public/contact")
    page.goto(f"{desk.served.url}/public/orders/submit")
    page.get_by_label("Authority").fill("Police of a small state")
    page.get_by_label("Reference of the order").fill("by form")
    page.get_by_label("E-mail address").fill("orders@police.example")
    page.get_by_label("Addresses").fill(url)
    page.locator("input[name=types][value=a]").check()
    page.get_by_label("Reasons").fill(
        "The post calls for an attack on a named market, and says how."
    )
    page.get_by_test_id("send").click()
    (taken,) = [
        one for one in desk.api.get("/v1/orders").json()["data"] if one["reference"] == "by form"
    ]
    assert taken["state"] == "doubtful"
    assert taken["id"] in page.inner_text("main")
    context.close()
    orders.do("authenticate", UUID(taken["id"]), how="Called back at their register's number.")
    orders.execute(UUID(taken["id"]))


def test_an_order_is_drafted_approved_and_issued_without_a_script(
    desk: Desk, orders: OrdersDesk
) -> None:
    authority(orders)
    given = drafted()
    with without_script(desk, "one@bka.example", "officer") as page:
        page.goto(f"{desk.served.url}/orders/new")
        page.locator("#to").select_option("board.example")
        page.locator("#urls").fill("https://board.example/9")
        page.locator("input[name=types][value=a]").check()
        for name in ("reasons", "true_purpose"):
            page.locator(f"#{name}").fill(given[name])
        page.locator("#language").fill("de")
        page.locator("#public").check()
        page.locator("#seen_at").fill(given["public"]["capture"]["at"])
        page.locator("#seen_sha256").fill(given["public"]["capture"]["sha256"])
        page.locator(f"input[name=issuing_kind][value={given['issuing'].pop('kind')}]").check()
        for name, value in given["issuing"].items():
            page.locator(f"#issuing_{name}").fill(value)
        page.get_by_test_id("draft").click()
        page.wait_for_url("**/orders/*?done=order-drafted")
        at = page.url.partition("?")[0]
        page.get_by_test_id("submit").click()
        page.wait_for_url("**done=order-submit")
        with without_script(desk, "two@bka.example", "approver") as theirs:
            theirs.goto(at)
            theirs.get_by_test_id("approve").click()
            theirs.wait_for_url("**done=order-approve")
        page.goto(at)
        page.locator("#issue_waiver").fill("Nobody else works on that board.")
        page.locator("#issue_emergency").fill("The attack is announced for tonight.")
        page.get_by_test_id("issue").click()
        page.wait_for_url("**done=order-issue")
    assert desk.api.get(f"/v1/orders/{at.rpartition('/')[2]}").json()["state"] == "issued"

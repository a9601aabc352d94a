"""The queue in a real browser: rows and selection by keys, paging and back, copies in place, what is new."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.desk import Desk, desk_of, violations

pytestmark = pytest.mark.long
COPY = "they will all meet at the old square tomorrow at nine"
CASES = 470


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("queue"), browser) as desk:
        for number in range(3):
            desk.reported(f"copy-{number}", COPY, language="en")
        desk.reported("threat", "I will do it tomorrow", "threat_to_life", language="en")
        desk.reported("arabic", "سوف يجتمعون غدا في الساحة القديمة", language="ar")
        desk.served.cli("bench", "seed", "--cases", str(CASES))
        yield desk


@pytest.fixture(scope="module")
def rita(desk: Desk) -> Iterator[BrowserContext]:
    with desk.person("rita@example.org") as context:
        yield context


def row(page: Page, number: int) -> Any:
    return page.get_by_test_id("row").nth(number)


def focused(page: Page) -> str | None:
    found = page.evaluate("document.activeElement.closest('[data-testid=row]')?.dataset.id ?? null")
    assert page.evaluate("document.activeElement !== document.body"), "focus is never lost"
    return found


def test_rows_are_walked_selected_and_opened_by_keys(desk: Desk, rita: BrowserContext) -> None:
    page = desk.tab(rita, "/cases")
    expect(row(page, 0)).to_have_attribute("data-band", "0")
    expect(page.get_by_role("table", name="Cases that wait")).to_be_visible()
    bar = page.get_by_test_id("bulk-bar")
    expect(bar).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == row(page, 1).get_attribute("data-id")
    page.keyboard.press("x")
    expect(bar).to_contain_text("1 selected")
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Shift+x")
    expect(bar).to_contain_text("4 selected")
    assert (
        page.get_by_test_id("select").evaluate_all("all => all.filter(one => one.checked).length")
        == 4
    )
    page.keyboard.press("*")
    expect(page.locator("#bulk-all")).to_be_checked()
    page.keyboard.press("*")
    expect(bar).to_contain_text("4 selected")
    opened = focused(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{opened}*")
    page.close()


def test_going_back_finds_the_list_as_it_was_left(desk: Desk, rita: BrowserContext) -> None:
    page, before = desk.tab(rita, "/cases"), ""
    for _ in range(6):
        before = page.get_by_test_id("total").inner_text()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_test_id("total")).not_to_have_text(before)
        page.locator("html[data-ready]").wait_for()
    total = page.get_by_test_id("total").inner_text()
    link = row(page, 40).get_by_test_id("excerpt")
    link.focus()
    page.keyboard.press("x")
    page.evaluate("scrollTo(0, 1200)")
    at, scrolled, address = focused(page), page.evaluate("scrollY"), page.url
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{at}*")
    page.go_back()
    page.locator("html[data-ready]").wait_for()
    assert page.url == address
    assert page.get_by_test_id("total").inner_text() == total
    page.wait_for_function(
        "at => document.activeElement.closest('[data-id]')?.dataset.id === at", arg=at
    )
    assert abs(page.evaluate("scrollY") - scrolled) < 60
    expect(page.get_by_test_id("bulk-bar")).to_contain_text("1 selected")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("total")).to_have_text(before)
    page.close()


def test_a_page_of_the_queue_is_light_and_its_rows_are_even(
    desk: Desk, rita: BrowserContext
) -> None:
    page = desk.tab(rita, "/cases")
    expect(page.get_by_test_id("row")).to_have_count(50)
    assert page.evaluate("document.querySelectorAll('*').length") <= 1500
    for density, height, shown in (("comfortable", 56, 14), ("compact", 36, 22)):
        page.evaluate(f"document.documentElement.dataset.density = '{density}'")
        boxes = page.get_by_test_id("row").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(one => [one.top, one.height])"
        )
        assert all(abs(found - height) <= 2 for _, found in boxes), (density, boxes[:3])
        window = page.evaluate("innerHeight")
        assert sum(top >= 0 and top + size <= window for top, size in boxes) >= shown, density
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "at 320 px too"
    page.close()


def test_copies_open_in_place_and_close(desk: Desk, rita: BrowserContext) -> None:
    page = desk.tab(rita, "/cases?queue=reports&lang=en&band=4&q=copy-")
    expect(page.get_by_test_id("row")).to_have_count(1)
    row(page, 0).get_by_test_id("excerpt").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("row")).to_have_count(3)
    assert focused(page) == row(page, 0).get_attribute("data-id")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_test_id("bulk-bar")).to_contain_text("1 selected")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("row")).to_have_count(1)
    assert focused(page) == row(page, 0).get_attribute("data-id")
    page.close()


def test_what_is_new_is_a_button_and_what_is_taken_is_dimmed(
    desk: Desk, rita: BrowserContext
) -> None:
    page = desk.tab(rita, "/cases?lang=sq")
    expect(page.get_by_test_id("empty")).to_contain_text("language: sq")
    button = page.get_by_test_id("new-items")
    expect(button).to_be_hidden()
    page.locator("html[data-live=on]").wait_for()
    case = desk.reported("albanian", "ata do të takohen nesër në shesh", language="sq")
    expect(button).to_have_text("1 new · show")
    page.keyboard.press(".")
    expect(page.get_by_test_id("row")).to_have_count(1)
    row(page, 0).get_by_test_id("excerpt").focus()
    page.locator("html[data-live=on]").wait_for()
    with desk.person("ada@example.org") as other:
        theirs = desk.tab(other, f"/cases/{case}")
        token = theirs.locator("input[name=csrf]").first.input_value()
        taken = other.request.post(
            f"{desk.served.url}/cases/{case}/claim", form={"csrf": token}, max_redirects=0,
            headers={"origin": desk.served.url},
        )  # fmt: skip
        assert taken.status == 303
        expect(row(page, 0)).to_have_class("dimmed")
        expect(row(page, 0)).to_contain_text("taken by ada")
        assert focused(page) == case
    page.close()


def test_a_filter_is_set_without_script_and_taken_off(desk: Desk, rita: BrowserContext) -> None:
    state = rita.storage_state()
    plain = desk.browser.new_context(java_script_enabled=False, storage_state=state)
    page = plain.new_page()
    page.goto(f"{desk.served.url}/cases")
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Language").fill("ar")
    page.get_by_label("Queue", exact=True).fill("reports")
    page.get_by_role("button", name="Show").click()
    assert "lang=ar" in page.url
    chips = page.get_by_test_id("filter-chip")
    expect(chips).to_have_count(2)
    chips.filter(has_text="queue").click()
    expect(page.get_by_test_id("filter-chip")).to_have_text("language: ar ×")
    assert page.get_by_test_id("row").count() > 1
    plain.close()


@pytest.mark.parametrize("path", ["/cases", "/cases?lang=xx", "/cases?state=decided"])
def test_axe_has_nothing_to_say(desk: Desk, rita: BrowserContext, path: str) -> None:
    page = desk.tab(rita, path)
    if page.locator("summary").count():
        page.locator("summary", has_text="Filter").click()
    assert list(violations(page)) == []
    page.close()

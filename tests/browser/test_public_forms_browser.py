"""Public forms in a real browser: with a script and without, on a telephone, in both directions of writing."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, ViewportSize
from tests.browser.desk import Desk, desk_of, violations
from tests.waiting import until

from tidegate.web.puzzle import WAIT

pytestmark = pytest.mark.long

TELEPHONE: ViewportSize = {"width": 320, "height": 640}
REFUSED = "a status of 422"  # what Chromium notes of a form that comes back
TEXT = "What he wrote to me is not harmless."


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An instance with public forms, whose puzzle is an easy one."""
    with desk_of(
        tmp_path_factory.mktemp("forms"), browser, public_forms="true", proof_bits=10
    ) as desk:
        yield desk


@contextmanager
def telephone(desk: Desk, *, script: bool = True) -> Generator[Page]:
    """A page of a stranger on a small telephone. What its console says is a complaint."""
    context = desk.browser.new_context(
        viewport=TELEPHONE, java_script_enabled=script, reduced_motion="reduce"
    )
    page = context.new_page()
    page.on(
        "console", lambda said: None if REFUSED in said.text else desk.complaints.append(said.text)
    )
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    yield page
    assert context.cookies() == []
    context.close()


def fits(page: Page) -> bool:
    """Whether nothing is wider than the telephone."""
    width = "document.documentElement.scrollWidth <= window.innerWidth"
    return bool(page.evaluate(width))


@pytest.mark.parametrize("lang", ["en", "ar", "de", "fr"])
def test_no_form_has_anything_to_say_to_axe_or_is_too_wide(desk: Desk, lang: str) -> None:
    found: dict[str, list[str]] = {}
    with telephone(desk) as page:
        for path in ("/notice", "/tip", "/follow-up"):
            page.goto(f"{desk.served.url}{path}?lang={lang}")
            if said := list(violations(page)):
                found[path] = said
            assert fits(page), path
    assert found == {}


def test_a_tip_is_sent_with_a_script_and_followed_up(desk: Desk) -> None:
    with telephone(desk) as page:
        page.goto(f"{desk.served.url}/tip?lang=en")
        page.get_by_label("What you want to tell").fill(TEXT)
        page.get_by_test_id("send").click()
        page.get_by_test_id("sent").wait_for()
        assert list(violations(page)) == []
        assert fits(page)
        reference = page.get_by_test_id("reference").locator("span").first.inner_text()
        page.get_by_role("link", name="See what became of it").click()
        page.get_by_label("Reference").fill(reference.lower())
        page.get_by_test_id("follow").click()
        page.get_by_label("Add something").fill("He wrote again.")
        page.get_by_test_id("send").click()
        page.get_by_test_id("said-so").wait_for()
        assert page.get_by_text("He wrote again.").is_visible()
        assert list(violations(page)) == []
        assert fits(page)


def test_what_a_notice_lacks_is_said_and_the_focus_goes_there(desk: Desk) -> None:
    with telephone(desk) as page:
        page.goto(f"{desk.served.url}/notice?lang=en")
        page.get_by_label("Why it is illegal").fill(TEXT)
        page.get_by_test_id("send").click()
        errors = page.get_by_test_id("errors")
        errors.wait_for()
        assert errors.evaluate("one => one === document.activeElement")
        assert page.get_by_label("Why it is illegal").input_value() == TEXT
        assert list(violations(page)) == []
        assert fits(page)
        page.get_by_label("What it is about").select_option("terrorism")
        page.get_by_label("Addresses").fill("https://example.org/post/1")
        page.get_by_label("Your name, or that of your organisation").fill("Ada Example")
        page.get_by_label("E-mail address").fill("ada@example.org")
        page.get_by_label("I believe in good faith").check()
        page.get_by_test_id("send").click()
        page.get_by_test_id("sent").wait_for()
        assert list(violations(page)) == []


def test_without_a_script_a_form_is_taken_after_a_while(desk: Desk) -> None:
    with telephone(desk, script=False) as page:
        page.goto(f"{desk.served.url}/tip?lang=en")
        page.get_by_label("What you want to tell").fill(TEXT)
        page.get_by_test_id("send").click()
        page.get_by_test_id("errors").get_by_text("sent very fast").wait_for()
        assert page.get_by_label("What you want to tell").input_value() == TEXT
        given = page.locator("[name=challenge]").input_value().split(".")[1]
        taken = datetime.fromtimestamp(int(given) / 1000, UTC) + WAIT
        until(lambda: datetime.now(UTC) > taken, "the time after which a form is taken")
        page.get_by_test_id("send").click()
        page.get_by_test_id("sent").wait_for()

"""The pages in a real browser: decided by keys alone, and without JavaScript at all."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
from tests.api import item
from tests.browser.desk import NOTES
from tests.serving import Served, serving

pytestmark = pytest.mark.long
KNOWN = "Bring your weapons to the square tomorrow, brothers, and leave nobody standing"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Served]:
    """A real server with six cases: five by a text, one by a picture."""
    out = io.BytesIO()
    Image.effect_mandelbrot((256, 256), (-2, -1.2, 1, 1), 60).convert("RGB").save(out, "PNG")
    with serving(tmp_path_factory.mktemp("console") / "instance") as served:
        headers = {"Authorization": f"Bearer {served.key('admin')}"}
        with httpx.Client(base_url=served.url, headers=headers, timeout=30) as client:
            bank = {"name": "known", "stance": "known", "labels": ["threat"]}
            client.post("/v1/banks", json=bank).raise_for_status()
            entries = "/v1/banks/known/entries"
            client.post(entries, files={"file": ("a.png", out.getvalue())}).raise_for_status()
            client.post(entries, json={"text": KNOWN}).raise_for_status()
            for number in range(5):
                client.post("/v1/items", json=item(f"post-{number}", text=KNOWN)).raise_for_status()
            media = [{"filename": "a.png", "data": base64.b64encode(out.getvalue()).decode()}]
            post = item("post-picture", text="look", media=media)
            client.post("/v1/items", json=post).raise_for_status()
        yield served


@pytest.fixture(scope="module")
def signed_in(browser: Browser, served: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of a session that began with the link that the command printed."""
    context = browser.new_context()
    page = context.new_page()
    link = served.cli("users", "create", "--email", "rita@example.org", "--role", "reviewer")
    path = link[link.index("/sign-in/") :].split()[0]
    page.goto(served.url + path)
    assert "rita@example.org" in page.locator("main").inner_text()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(served.url + "/")
    assert page.title() == "Home · Tidegate"
    kept = tmp_path_factory.mktemp("cookies") / "state.json"
    context.storage_state(path=kept)
    context.close()
    return kept


class Tab:
    """A page whose console must stay silent: a CSP violation would speak there."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda said: self._hear(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, text: str) -> None:
        if not text.startswith(NOTES):
            self.complaints.append(text)


def shown(page: Page) -> str:
    """The id of the case on the screen."""
    found = page.get_by_test_id("case").get_attribute("data-id")
    assert found
    return found


def test_a_case_is_decided_by_keys_alone(browser: Browser, served: Served, signed_in: Path) -> None:
    context = browser.new_context(storage_state=signed_in)
    tab = Tab(context)
    page = tab.page
    page.goto(f"{served.url}/cases")
    page.locator("html[data-ready]").wait_for()
    for key in ("j", "j", "k", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/cases/*-*")
    page.locator("html[data-ready]").wait_for()
    first = shown(page)
    for key in ("r", "c", "w"):
        page.keyboard.press(key)
    page.keyboard.type("It calls for an attack: restrict")  # letters are letters in a field
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: first not in url)
    page.locator("html[data-ready]").wait_for()
    assert shown(page) != first
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    page.goto(f"{served.url}/cases/{first}")
    assert "It calls for an attack: restrict" in page.inner_text("main")
    assert tab.complaints == []
    context.close()


def test_everything_works_without_javascript(
    browser: Browser, served: Served, signed_in: Path
) -> None:
    context = browser.new_context(storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    page.goto(served.url)
    page.get_by_test_id("next").first.click()
    first = shown(page)
    page.get_by_test_id("outcome-escalate").click()
    page.get_by_test_id("reason").fill("For the authority, at once")
    page.get_by_test_id("submit").click()
    assert shown(page) != first
    page.goto(f"{served.url}/cases/{first}")
    assert "For the authority, at once" in page.inner_text("main")
    context.close()


@pytest.mark.parametrize("width", [320, 400, 800, 1280])
def test_nothing_overflows_at_any_width(
    browser: Browser, served: Served, signed_in: Path, width: int
) -> None:
    size: ViewportSize = {"width": width, "height": 800}
    context = browser.new_context(storage_state=signed_in, viewport=size)
    page = context.new_page()
    for path in ("/", "/cases", "/items?id=post-0", "/banks", "/banks/known", "/search", "/policy",
                 "/actions", "/account"):  # fmt: skip
        page.goto(served.url + path)
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(over) <= 0, path
    context.close()

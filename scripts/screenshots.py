"""The docs' pictures, made from the demos in a real browser: `make screenshots`.

Plays the demo to its end, signs in as its reviewer and its administrator, and takes a picture of each page
below into `docs/`; then the two-sided day, as far as an order whose hour runs. Needs Chromium (Debian: apt install
chromium).
"""

import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from demo.two import cast, day
from demo.two.hourglass import Hourglass
from demo.two.run import start
from demo.two.telling import Telling
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from rich.console import Console

DOCS = Path(__file__).parents[1] / "docs"
FLAGS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
SIZE = {"width": 1280, "height": 800}
STARTS_WITHIN = 180.0  # seconds
Shot = Callable[[Page, str], None]


def cases(page: Page, url: str) -> None:
    page.goto(f"{url}/cases")


def calm(page: Page, url: str) -> None:
    """The desk once somebody has acknowledged what rang."""
    page.goto(f"{url}/")
    page.locator("html[data-ready]").wait_for()
    while page.get_by_test_id("acknowledge").count():
        page.get_by_test_id("acknowledge").first.click()
        page.wait_for_load_state()
        page.locator("html[data-ready]").wait_for()


def case(page: Page, url: str) -> None:
    """A case that a bank's entry brought."""
    calm(page, url)
    page.goto(f"{url}/cases?media=image&band=2")
    page.locator("[data-testid=row] a[data-row]").first.click()
    page.wait_for_url("**/cases/*-*")
    page.locator("html[data-ready]").wait_for()
    page.get_by_test_id("match").first.scroll_into_view_if_needed()


def restricting(page: Page, url: str) -> None:
    """A case about to be restricted, by keys alone."""
    cases(page, url)
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("n")
    page.wait_for_url("**/cases/*-*")
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("r")
    page.keyboard.press("1")


def find(page: Page, url: str) -> None:
    page.goto(f"{url}/find?q=bridge")


def draft(page: Page, url: str) -> None:
    """A draft in which a name is spelled wrongly."""
    page.goto(f"{url}/policy/drafts/stricter")
    page.locator("html[data-ready]").wait_for()
    source = page.get_by_test_id("pack-source")
    source.fill(source.input_value().replace("reports.count", "reports.cuont"))
    page.get_by_test_id("diagnostic").first.wait_for()
    page.get_by_test_id("diagnostic").first.scroll_into_view_if_needed()


REVIEWER: dict[str, Shot] = {
    "desk-queue": cases,
    "case": case,
    "desk-deciding": restricting,
    "desk-find": find,
}
ADMIN: dict[str, Shot] = {"policy-draft": draft}


class Demo:
    """The demo on a free port, until the block ends. `links` sign in its reviewer and its administrator."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://localhost:{port}"
        command = [sys.executable, "-m", "tidegate", "demo", "--port", str(port)]
        self._process = subprocess.Popen(
            [*command, "--data-dir", str(folder / "demo")], stdout=subprocess.PIPE, text=True
        )
        self.links = self._until_it_serves()

    def _until_it_serves(self) -> list[str]:
        said: queue.Queue[str | None] = queue.Queue()

        def read() -> None:
            for line in self._process.stdout or ():
                said.put(line)
            said.put(None)

        threading.Thread(target=read, daemon=True).start()
        links: list[str] = []
        while len(links) < 2:
            line = said.get(timeout=STARTS_WITHIN)
            if line is None:
                raise SystemExit("The demo ended before it served: `make demo` says why.")
            print(line, end="", flush=True)
            links += re.findall(r"http://localhost:\d+/sign-in/\S+", line)
        return links

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


def signed_in(browser: Browser, link: str, **chosen: str) -> BrowserContext:
    context = browser.new_context(viewport=SIZE, reduced_motion="reduce", **chosen)  # pyright: ignore[reportArgumentType]
    page = context.new_page()
    page.goto(link)
    page.locator("main button").first.click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.close()
    return context


def take_order(browser: Browser, folder: Path) -> None:
    """An order at the platform that it came to, twenty minutes later, when nobody has looked at it yet."""
    telling = Telling(Console(highlight=False), Hourglass(folder))
    with ExitStack() as stack:
        today = day.Day(telling, *start(telling, folder, stack, [cast.GERMANY, cast.FORUM]))
        for step in (day.post, day.inform, day.issue):
            step(today)
        today.to("12:21")
        link = today.platform.link("legal")

        def order(page: Page, url: str) -> None:
            page.goto(f"{url}/orders/{today.order.received}")

        legal = signed_in(browser, link)
        take(legal, link.partition("/sign-in")[0], "order", order)
        legal.close()


def take(context: BrowserContext, url: str, name: str, shot: Shot) -> None:
    page = context.new_page()
    shot(page, url)
    page.locator("html[data-ready]").wait_for()
    page.screenshot(path=DOCS / f"{name}.png")
    print(f"docs/{name}.png", flush=True)
    page.close()


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("No Chromium on this machine (Debian: apt install chromium).")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = Demo(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            reviewer, admin = (signed_in(browser, link) for link in demo.links)
            for name, shot in REVIEWER.items():
                take(reviewer, demo.url, name, shot)
            for name, shot in ADMIN.items():
                take(admin, demo.url, name, shot)
            reviewer.set_extra_http_headers({"Accept-Language": "ar"})
            take(reviewer, demo.url, "desk-arabic", cases)
            sides = Path(folder) / "two"
            sides.mkdir()
            take_order(browser, sides)
            browser.close()
        finally:
            demo.stop()


if __name__ == "__main__":
    main()

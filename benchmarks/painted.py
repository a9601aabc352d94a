"""How long a person waits from "decide" to the next case, for `make bench-console`: in a real Chromium, by
keys, from the press that sends the form until the frame in which the next case's content stands has been
drawn. Without Chromium on the machine it is left out, and said.
"""

import re
import shutil

from playwright.sync_api import Page, sync_playwright

from benchmarks.instance import Instance

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

# In every page: when Enter was pressed, for the page after it; and when that page's content was drawn, which
# is known in the task after the next frame.
_WATCH = """
addEventListener("keydown", (event) => {
  if (event.key === "Enter") sessionStorage.setItem("pressed", performance.timeOrigin + performance.now());
}, true);
addEventListener("DOMContentLoaded", () => {
  if (!document.querySelector('[data-testid="content"]')) return;
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      const pressed = sessionStorage.getItem("pressed");
      if (pressed) window.waited = performance.timeOrigin + performance.now() - Number(pressed);
    };
    channel.port2.postMessage(0);
  });
});
"""


def chromium() -> str | None:
    """Where it is, if it is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def waits(instance: Instance, path: str, link: str, times: int) -> list[float]:
    """Pass so many cases of the list at `path`, signed in by `link`; the milliseconds of each."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.add_init_script(_WATCH)
        page.goto(f"http://127.0.0.1:{instance.port}{link}")
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"http://127.0.0.1:{instance.port}{path}")
        _ready(page)
        page.keyboard.press("n")
        page.wait_for_url(re.compile("/cases/[0-9a-f-]{36}"))
        found = [_pass(page) for _ in range(times + 1)]
        browser.close()
    return found[1:]  # the first warms up


def _pass(page: Page) -> float:
    _ready(page)
    at = page.locator('[data-testid="case"]').get_attribute("data-id")
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    page.locator(f'[data-testid="case"]:not([data-id="{at}"])').wait_for()
    # Playwright's own way of waiting for it is eval, which our pages forbid.
    while (waited := page.evaluate("window.waited")) is None:
        page.wait_for_timeout(1)
    return float(waited)


def _ready(page: Page) -> None:
    page.locator("html[data-ready]").wait_for()

"""A desk in a real browser: a server, people who sign in, posts that make cases."""

import base64
import contextlib
import io
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
from axe_playwright_python.sync_playwright import Axe  # pyright: ignore[reportMissingTypeStubs]
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page
from tests.api import item
from tests.serving import Served, serving

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip
# What Chromium notes of what is meant: the focus is already where reading begins; signing out clears.
NOTES = ("Autofocus processing was blocked", "Clear-Site-Data header on")
WIDE = {"width": 1440, "height": 900}


class Desk:
    """One instance with its people. `complaints` collects what the consoles of all tabs said: a CSP
    violation would speak there."""

    def __init__(self, served: Served, browser: Browser) -> None:
        self.served = served
        self.browser = browser
        self.complaints: list[str] = []
        headers = {"Authorization": f"Bearer {served.key('admin')}"}
        self.api = httpx.Client(base_url=served.url, headers=headers, timeout=30)

    def post(self, id: str, **fields: Any) -> dict[str, Any]:
        """Submit an item; the answer."""
        answer = self.api.post("/v1/items", json=item(id, **fields))
        answer.raise_for_status()
        return answer.json()

    def report(self, item_id: str, reason: str = "terrorism", **fields: Any) -> dict[str, Any]:
        """Report an item; the answer, with its case."""
        count = len(self.api.get("/v1/cases").content)
        body = {"id": f"report-{item_id}-{reason}-{count}-{fields.get('reporter', '')}",
                "channel": "user", "reason": reason, "item_id": item_id,
                "created_at": "2026-01-01T10:00:00Z"}  # fmt: skip
        answer = self.api.post("/v1/reports", json=body | fields)
        answer.raise_for_status()
        return answer.json()

    def reported(self, id: str, text: str, reason: str = "terrorism", **fields: Any) -> str:
        """Submit a text and report it; the id of its case."""
        self.post(id, text=text, **fields)
        return self.report(id, reason)["case"]

    def case(self, case_id: str) -> dict[str, Any]:
        answer = self.api.get(f"/v1/cases/{case_id}")
        answer.raise_for_status()
        return answer.json()

    @contextlib.contextmanager
    def person(
        self, email: str, role: str = "reviewer", **options: Any
    ) -> Generator[BrowserContext]:
        """A browser in which this person is signed in; `options` as of Playwright's new_context."""
        known = self.served.command("users", "link", "--email", email)
        said = known.stdout
        if known.returncode:
            said = self.served.cli("users", "create", "--email", email, "--role", role)
        path = said[said.index("/sign-in/") :].split()[0]
        chosen: dict[str, Any] = {"viewport": WIDE} | options
        context = self.browser.new_context(**chosen)
        try:
            page = context.new_page()
            page.goto(self.served.url + path)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(self.served.url + "/")
            page.close()
            yield context
        finally:
            context.close()

    def _hear(self, text: str) -> None:
        if not text.startswith(NOTES):
            self.complaints.append(text)

    def tab(self, context: BrowserContext, path: str = "/") -> Page:
        """A tab on a page of the desk whose keys work, and which must not complain."""
        page = context.new_page()
        page.on("console", lambda said: self._hear(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.served.url + path)
        page.locator("html[data-ready]").wait_for()
        return page


@contextlib.contextmanager
def desk_of(folder: Path, browser: Browser, **settings: str | float) -> Generator[Desk]:
    """A desk whose instance has these settings: undo_seconds=0.5, say."""
    environment = {f"TIDEGATE_{name.upper()}": str(value) for name, value in settings.items()}
    with serving(folder / "instance", settings=environment) as served:
        desk = Desk(served, browser)
        yield desk
        desk.api.close()
        assert desk.complaints == [], desk.complaints


def violations(page: Page) -> Iterator[str]:
    """What axe has to say of the page as it is: WCAG 2.2 AA."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    for one in found.response["violations"]:
        nodes = [node["html"][:200] for node in one["nodes"][:3]]
        yield f"{one['id']}: {one['help']} {json.dumps(nodes)}"


def picture(colour: int) -> dict[str, str]:
    """A picture as a post carries it."""
    out = io.BytesIO()
    Image.effect_mandelbrot((200 + colour, 200), (-2, -1.2, 1, 1), 40).convert("RGB").save(
        out, "PNG"
    )
    data = base64.b64encode(out.getvalue()).decode()
    return {"filename": f"picture-{colour}.png", "data": data}

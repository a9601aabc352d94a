"""Clusters, flaggers, tasks and links in a real browser: they fit the narrowest screen, from the right too, and axe
has nothing to say."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page
from tests.browser.desk import Desk, desk_of, violations

pytestmark = pytest.mark.long

SAID = "They will meet at the old bridge on Friday at nine and want to set the depot on fire"
MORE = f"{SAID}, at 9:30 in Mill Street, and the number is 4711"


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("casework"), browser) as desk:
        yield desk


@pytest.mark.parametrize(("width", "language"), [(320, "en"), (320, "ar"), (1440, "de")])
def test_the_pages_fit_and_are_accessible(desk: Desk, width: int, language: str) -> None:
    name = f"{language}-{width}"
    key = {"Authorization": f"Bearer {desk.served.key(name=name)}"}
    with httpx.Client(base_url=desk.served.url, headers=key, timeout=60) as api:
        tip = {"channel": "tip", "reason": "attack", "created_at": "2025-12-31T23:00:00Z"}
        told = [
            api.post("/v1/reports", json=tip | {"id": f"{name}-{n}", "text": text}).json()
            for n, text in enumerate((f"{name} {SAID}", f"{name} {MORE}"))
        ]
        case, cluster = told[0]["case"], told[1]["cluster"]
        other = desk.reported(f"post-{name}", f"something else of {name}")
        api.post(f"/v1/cases/{case}/tasks", json={"text": "x" * 200}).raise_for_status()
        api.post(f"/v1/cases/{case}/links", json={"case": other, "why": "the same man"})
        flagger = api.post("/v1/flaggers", json={"name": f"Hotline {name} e. V."}).json()["id"]
    with desk.person(f"{name}@example.org", role="admin", reduced_motion="reduce") as context:
        page = desk.tab(context, "/")
        page.set_extra_http_headers({"Accept-Language": language})
        page.set_viewport_size({"width": width, "height": 800})
        found = {
            path: said
            for path in (
                f"/clusters/{cluster}",
                "/flaggers",
                f"/flaggers/{flagger}",
                f"/cases/{case}",
            )
            if (said := wrong(desk, page, path, width, language))
        }
    assert found == {}


def wrong(desk: Desk, page: Page, path: str, width: int, language: str) -> list[str]:
    page.goto(desk.served.url + path)
    page.locator("html[data-ready]").wait_for()
    assert page.locator("html").get_attribute("lang") == language
    wide = int(page.evaluate("document.documentElement.scrollWidth"))
    return [*([f"{wide} wide"] if wide > width else []), *violations(page)]

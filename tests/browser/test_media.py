"""Files in a real browser: nothing but tiles is fetched until one is revealed."""

import base64
import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.desk import Desk, desk_of, violations

pytestmark = pytest.mark.long


def picture(seed: float) -> str:
    out = io.BytesIO()
    image = Image.effect_mandelbrot((256, 256), (-2, -1.2, 1 + seed, 1), 60)
    image.convert("RGB").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("media"), browser) as desk:
        yield desk


@pytest.fixture(scope="module")
def case(desk: Desk) -> str:
    """A post with two pictures, one that is none, and a video."""
    broken = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(600)).decode()
    video = base64.b64encode(b"\x00\x00\x00\x18ftypmp42" + bytes(14_000)).decode()
    desk.post(
        "post-files",
        text="Look at these",
        media=[
            {"filename": "coffee.png", "data": picture(0)},
            {"filename": "tea.png", "data": picture(0.5)},
            {"filename": "broken.png", "data": broken},
            {"filename": "film.mp4", "content_type": "video/mp4", "data": video},
        ],
    )
    return desk.report("post-files")["case"]


@pytest.fixture
def rita(desk: Desk) -> Iterator[BrowserContext]:
    with desk.person("rita@example.org") as rita:
        yield rita


def watched(page: Page) -> list[str]:
    """The files that the page asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/media/" in one.url else None)
    return asked


def shown(page: Page, part: str) -> str | None:
    return page.locator(f'[data-testid="media"][data-part="{part}"]').first.get_attribute(
        "data-shown"
    )


def test_nothing_is_fetched_until_it_is_revealed(
    desk: Desk, case: str, rita: BrowserContext
) -> None:
    page = desk.tab(rita, f"/cases/{case}")
    asked = watched(page)
    page.reload()
    page.locator("html[data-ready]").wait_for()
    assert asked == []
    reveal = page.get_by_role("button", name="Show picture 1 of 4, coffee.png")
    with page.expect_response(lambda answer: "blur=0" in answer.url):
        reveal.click()
    assert shown(page, "media/0") == "shown"
    assert page.url.endswith(case), "no address says so"
    page.get_by_role("button", name="Show picture 2 of 4, tea.png").click()
    assert (shown(page, "media/0"), shown(page, "media/1")) == ("hidden", "shown")
    page.get_by_role("button", name="Hide picture 2 of 4, tea.png").click()
    assert len(asked) == 2
    reveal.click()
    assert shown(page, "media/0") == "shown"
    assert len(asked) == 2, "what is on the page already is not fetched again"
    other = desk.tab(rita, page.url.removeprefix(desk.served.url))
    assert other.locator("main img").count() == 0
    assert list(violations(page)) == []


def test_a_file_is_shown_while_v_is_held_and_until_shift_v_is_pressed_again(
    desk: Desk, case: str, rita: BrowserContext
) -> None:
    page = desk.tab(rita, f"/cases/{case}")
    page.evaluate(
        """() => { window.told = [];
        for (const kind of ["media:shown", "media:hidden"])
          document.addEventListener(kind, (event) => window.told.push([kind, event.detail.part])); }"""
    )
    page.keyboard.down("v")
    assert shown(page, "media/0") == "shown"
    page.keyboard.up("v")
    assert shown(page, "media/0") == "hidden"
    page.locator('[data-part="media/1"] [data-testid="reveal"]').focus()
    page.keyboard.press("Shift+V")
    assert shown(page, "media/1") == "shown"
    page.keyboard.press("Shift+V")
    assert shown(page, "media/1") == "hidden"
    assert page.evaluate("window.told") == [
        ["media:shown", "media/0"],
        ["media:hidden", "media/0"],
        ["media:shown", "media/1"],
        ["media:hidden", "media/1"],
    ]


def test_g_makes_it_grey(desk: Desk, case: str, rita: BrowserContext) -> None:
    page = desk.tab(rita, f"/cases/{case}")
    page.keyboard.press("Shift+V")
    image = page.locator('[data-part="media/0"] img')
    expect(image).to_be_visible()
    page.keyboard.press("g")
    expect(image).to_have_css("filter", "grayscale(1)")
    page.keyboard.press("g")
    expect(image).to_have_css("filter", "none")


def test_what_cannot_be_shown_says_so(desk: Desk, case: str, rita: BrowserContext) -> None:
    page = desk.tab(rita, f"/cases/{case}")
    film = page.locator('[data-testid="media"][data-part="media/3"]')
    assert "video/mp4, 14 kB: cannot be previewed here" in film.inner_text()
    assert film.get_by_test_id("reveal").count() == 0
    broken = page.locator('[data-testid="media"][data-part="media/2"]')
    assert "cannot be previewed here" in broken.inner_text()
    assert page.locator("main img").count() == 0


def test_a_preview_that_fails_turns_the_tile_honest(
    desk: Desk, case: str, rita: BrowserContext
) -> None:
    page = rita.new_page()
    page.route("**/media/**", lambda route: route.fulfill(status=404))
    page.goto(f"{desk.served.url}/cases/{case}")
    page.locator("html[data-ready]").wait_for()
    page.get_by_role("button", name="Show picture 1 of 4, coffee.png").click()
    said = page.locator('[data-part="media/0"] [data-failed]')
    expect(said).to_be_visible()
    assert "cannot be previewed here" in said.inner_text()
    assert page.locator("main img").count() == 0
    assert page.locator('[data-part="media/0"] [data-testid="reveal"]').count() == 0
    assert page.evaluate("document.activeElement !== document.body")


def test_without_script_a_form_reveals_one_file(desk: Desk, case: str, browser: Browser) -> None:
    with desk.person("nora@example.org") as nora:
        cookies = nora.storage_state()
        context = browser.new_context(storage_state=cookies, java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{desk.served.url}/cases/{case}")
        assert page.locator("main img").count() == 0
        page.get_by_role("button", name="Show picture 2 of 4, tea.png").click()
        assert page.locator("main img").count() == 1
        assert shown(page, "media/1") == "shown"
        page.goto(f"{desk.served.url}/cases/{case}")
        assert page.locator("main img").count() == 0
        context.close()


def test_what_was_seen_is_in_ones_own_record(desk: Desk, case: str) -> None:
    with desk.person("olga@example.org") as olga:
        page = desk.tab(olga, f"/cases/{case}")
        with page.expect_response(lambda answer: "blur=0" in answer.url):
            page.keyboard.down("v")
        page.wait_for_function("performance.now() > 0")
        with page.expect_request(lambda one: one.url.endswith("/me/exposure/seconds")) as sent:
            page.keyboard.up("v")
            page.goto(f"{desk.served.url}/me/exposure")
        assert "seconds=" in (sent.value.post_data or "")
        assert page.get_by_test_id("chart-table").locator("tbody tr").count() == 1
        assert page.get_by_test_id("chart").is_visible()
        for path in ("/me/exposure", "/me/settings", "/me/break"):
            page.goto(desk.served.url + path)
            page.locator("html[data-ready]").wait_for()
            assert list(violations(page)) == [], path

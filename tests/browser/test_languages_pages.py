"""Arabic in a real browser: mirrored, larger, with ids that keep their direction; nothing untranslated."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.desk import Desk, desk_of, violations

pytestmark = pytest.mark.long

# Where an element is, and how its letters are set.
BOX = """(one) => { const { left, right, top, width } = one.getBoundingClientRect();
  return { left, right, top, width }; }"""
SET = """(one) => { const { fontSize, lineHeight, direction, fontFamily } = getComputedStyle(one);
  return { size: parseFloat(fontSize), line: parseFloat(lineHeight), direction, family: fontFamily }; }"""
# What stands in a line, from left to right.
PLACES = """(line) => { const range = document.createRange(); const text = line.firstChild;
  return [...text.data].map((letter, at) => { range.setStart(text, at); range.setEnd(text, at + 1);
    return [letter, range.getBoundingClientRect().x]; }); }"""
UNMARKED = """() => { const found = []; let depth = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (node.parentElement.closest("[data-content], [translate=no], kbd, script, textarea")) continue;
    let outside = "";
    for (const letter of node.data) {
      depth += (letter === "⟦") - (letter === "⟧");
      if (!depth && letter !== "⟧") outside += letter;
    }
    if (/[\\p{L}]{2}/u.test(outside)) found.push(outside.trim());
  }
  return found; }"""


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("languages"), browser) as desk:
        desk.reported("arabic", "منشور عن الساحة وما يجري فيها")
        yield desk


@pytest.fixture(scope="module")
def case(desk: Desk) -> str:
    return desk.reported("id-2026-04:x", "a post of somebody about the square")


def box(page: Page, selector: str) -> dict[str, float]:
    return page.locator(selector).first.evaluate(BOX)


def letters(page: Page, selector: str) -> dict[str, Any]:
    return page.locator(selector).first.evaluate(SET)


def test_arabic_is_mirrored_larger_and_keeps_ids(desk: Desk, case: str) -> None:
    looks: dict[str, dict[str, Any]] = {}
    for language in ("en", "ar"):
        with desk.person(f"{language}@example.org", locale="en") as context:
            tab = desk.tab(context, "/me/settings")
            tab.locator("#language").select_option(language)
            tab.locator("main form button.primary").first.click()
            tab.wait_for_url("**done=settings")
            tab.goto(f"{desk.served.url}/cases/{case}")
            tab.locator("html[data-ready]").wait_for()
            looks[language] = {
                "dir": tab.evaluate("document.documentElement.dir"),
                "side": box(tab, "header.side"),
                "panel": box(tab, "#panel"),
                "reading": box(tab, ".reading"),
                "text": letters(tab, "main p"),
                "wide": tab.evaluate("document.documentElement.scrollWidth <= innerWidth"),
            }
            if language == "ar":
                assert list(violations(tab)) == []
                summary = tab.locator("details.details summary")
                summary.click()
                places = tab.locator("#case-id").evaluate(PLACES)
                assert [x for _, x in places] == sorted(x for _, x in places), "an id is reversed"
            tab.close()
    english, arabic = looks["en"], looks["ar"]
    assert (english["dir"], arabic["dir"]) == ("ltr", "rtl")
    assert english["side"]["left"] < english["reading"]["left"] < english["panel"]["left"]
    assert arabic["panel"]["right"] <= arabic["reading"]["left"] + 1, "the panel is on the left"
    assert arabic["reading"]["right"] <= arabic["side"]["left"] + 1, (
        "the navigation is on the right"
    )
    assert english["wide"]
    assert arabic["wide"]
    assert arabic["text"]["size"] > english["text"]["size"]
    assert arabic["text"]["line"] / arabic["text"]["size"] == pytest.approx(1.8, abs=0.05)
    assert arabic["text"]["family"].startswith('"Noto Naskh Arabic"')


def test_nothing_escapes_translation_once_scripts_have_run(desk: Desk, case: str) -> None:
    with desk.person("xa@example.org", role="senior", locale="en-XA") as context:
        tab = desk.tab(context, "/")
        for path in ("/", "/cases", f"/cases/{case}", "/me/settings", "/account/security"):
            tab.goto(desk.served.url + path)
            tab.locator("html[data-ready]").wait_for()
            assert tab.evaluate(UNMARKED) == [], path
        tab.keyboard.press("Control+k")
        tab.locator("#palette li").first.wait_for()
        assert tab.evaluate(UNMARKED) == []
        tab.close()


@pytest.mark.parametrize("language", ["en", "fr", "de", "ar"])
def test_no_language_is_wider_than_a_small_phone(desk: Desk, case: str, language: str) -> None:
    small = {"width": 320, "height": 640}
    with desk.person("slim@example.org", "admin", viewport=small) as context:
        page = desk.tab(context)
        page.set_extra_http_headers({"Accept-Language": language})
        pages = ["/", "/cases", f"/cases/{case}", "/policy", "/policy/drafts", "/me/break", "/me/settings",
                 "/account/security", "/people", "/keys", "/quality", "/banks", "/find"]  # fmt: skip
        wide: dict[str, int] = {}
        for path in pages:
            page.goto(desk.served.url + path)
            assert page.locator("html").get_attribute("lang") == language
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > small["width"]:
                wide[path] = width
        assert wide == {}

"""Find in a real browser: by a key from anywhere, by words a moment after a post, by a picture that is dropped."""

import base64
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.browser.desk import Desk, desk_of, violations
from tests.waiting import until

pytestmark = pytest.mark.long

DROP = """([data, name]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type: "image/png" }));
  document.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("find"), browser) as desk:
        yield desk


def picture(size: tuple[int, int] = (320, 240)) -> str:
    image = Image.effect_mandelbrot((640, 480), (-2, -1.5, 1, 1.5), 60).resize(size)
    out = BytesIO()
    image.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def look(page: Page, typed: str) -> None:
    page.keyboard.press("/")
    page.wait_for_url("**/find**")
    page.locator("html[data-ready]").wait_for()
    expect(page.get_by_test_id("find-q")).to_be_focused()
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")
    page.locator("html[data-ready]").wait_for()


def test_words_are_found_by_keys_alone(desk: Desk) -> None:
    case = desk.reported("post-1", "They meet at the Brücke tomorrow, all of them")
    with desk.person("ana@example.org") as context:
        page = desk.tab(context)

        def shown() -> bool:
            page.goto(desk.served.url + "/find?q=brucke")
            return page.get_by_test_id("row").count() == 1

        until(shown, "the post to be found")
        page.goto(desk.served.url + "/")
        page.locator("html[data-ready]").wait_for()
        look(page, '"the brucke" tomorrow')
        row = page.get_by_test_id("row")
        expect(row).to_contain_text("They meet at the Brücke")
        expect(page.get_by_test_id("tab-cases")).to_contain_text("1")
        assert list(violations(page)) == []
        page.set_viewport_size({"width": 320, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.get_by_test_id("tab-cases").click()
        page.locator("html[data-ready]").wait_for()
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/cases/{case}")


def test_a_picture_that_is_dropped_is_looked_for(desk: Desk) -> None:
    desk.post("post-2", media=[{"data": picture(), "filename": "a.png"}])
    with desk.person("ben@example.org") as context:
        page = desk.tab(context, "/find")
        assert list(violations(page)) == []
        page.evaluate(DROP, [picture((200, 150)), "copy.png"])
        page.get_by_role("heading", name="What is near to copy.png").wait_for()
        expect(page.get_by_test_id("row")).to_contain_text("post-2")
        assert list(violations(page)) == []
        assert page.locator("img").count() == 0


def test_what_cannot_be_looked_for_is_said_where_it_was_typed(desk: Desk) -> None:
    with desk.person("eva@example.org") as context:
        page = desk.tab(context, "/find")
        page.get_by_test_id("find-q").fill("autor:anna")
        page.keyboard.press("Enter")
        page.get_by_test_id("errors").wait_for()
        assert page.get_by_test_id("find-q").input_value() == "autor:anna"
        expect(page.get_by_test_id("field-error")).to_contain_text("author:")
        assert list(violations(page)) == []
        desk.complaints[:] = [one for one in desk.complaints if "status of 422" not in one]

"""What every page of the desk has: keys on any layout, going to, forms that get through, a focus that stays."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect
from tests.browser.desk import Desk, desk_of, violations

pytestmark = pytest.mark.long
KNOWN = "Bring your weapons to the square tomorrow, brothers, and leave nobody standing"
LONG = "an-id-without-an-end-" + "0123456789" * 12
PASSWORD = "correct horse battery"
PAGES = ("/account", "/actions", "/banks", "/banks/known", "/go", f"/items?id={LONG}", "/ledger",
         "/policy", "/search", "/find", "/nowhere")  # fmt: skip


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("shell"), browser) as desk:
        bank = {"name": "known", "stance": "known", "labels": ["threat"]}
        desk.api.post("/v1/banks", json=bank).raise_for_status()
        desk.api.post("/v1/banks/known/entries", json={"text": KNOWN}).raise_for_status()
        desk.post(LONG, text=KNOWN)
        yield desk


@pytest.fixture(scope="module")
def admin(desk: Desk) -> Iterator[BrowserContext]:
    with desk.person("ada@example.org", "admin") as context:
        yield context


@pytest.fixture
def tab(desk: Desk, admin: BrowserContext) -> Iterator[Page]:
    """A tab on the banks."""
    page = desk.tab(admin, "/banks")
    yield page
    page.close()


def forgive(desk: Desk, *expected: str) -> None:
    """What the browser itself has to say of a request that was meant to fail."""
    desk.complaints[:] = [one for one in desk.complaints if not any(e in one for e in expected)]


def focused(page: Page) -> str:
    script = "document.activeElement?.id || document.activeElement?.textContent || ''"
    return page.evaluate(f"({script}).trim()")


def ready(page: Page) -> None:
    page.locator("html[data-ready]").wait_for()


def press_on(page: Page, **event: Any) -> None:
    """A key of a layout that this machine does not have."""
    page.evaluate(
        "event => document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...event}))",
        event,
    )


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"key": "h", "code": "KeyH"}, "h"),
        ({"key": "ا", "code": "KeyH"}, "h"),
        ({"key": "آ", "code": "KeyN", "shiftKey": True}, "N"),
        ({"key": "١", "code": "Digit1"}, "1"),
        ({"key": "&", "code": "Digit1"}, "1"),
        ({"key": "à", "code": "Digit0"}, "0"),
        ({"key": "z", "code": "KeyY"}, "z"),
        ({"key": "/", "code": "Digit7", "shiftKey": True}, "/"),
        ({"key": "ظ", "code": "Slash"}, "/"),
        ({"key": "؟", "code": "Slash", "shiftKey": True}, "?"),
        ({"key": "C", "code": "KeyC"}, "c"),
        ({"key": "Escape", "code": "Escape"}, "Escape"),
        ({"key": "*", "code": "Digit8", "shiftKey": True}, "*"),
    ],
)
def test_a_key_is_the_same_on_every_layout(tab: Page, event: dict[str, Any], named: str) -> None:
    """Latin, Arabic, French, German; with Caps Lock."""
    script = """async event => {
      const { keys } = await import(document.querySelector('script[type="module"]').src);
      return keys.name(new KeyboardEvent('keydown', event));
    }"""
    assert tab.evaluate(script, event) == named


def test_keys_lead_home_on_an_arabic_keyboard(desk: Desk, tab: Page) -> None:
    press_on(tab, key="ا", code="KeyH")
    tab.wait_for_url(desk.served.url + "/")


def test_a_person_can_switch_single_keys_off(desk: Desk) -> None:
    with desk.person("sam@example.org") as context:
        page = desk.tab(context, "/account")
        page.get_by_role("button", name="Keys").click()
        with page.expect_response("**/me/settings"):
            page.get_by_label("Single keys act").uncheck()
        page.get_by_role("button", name="Close").click()
        page.keyboard.press("h")
        page.keyboard.press("?")
        assert page.url == f"{desk.served.url}/account"
        assert page.locator("dialog[open]").count() == 0
        assert not page.locator("kbd.key").first.is_visible()
        page.keyboard.press("Control+k")
        expect(page.get_by_test_id("palette")).to_be_visible()
        # They are off for the person, in another browser too, and nothing else has changed.
        with desk.person("sam@example.org") as elsewhere:
            settings = desk.tab(elsewhere, "/me/settings")
            assert not settings.locator("main").get_by_label("Single keys act").is_checked()
            assert settings.locator("main").get_by_label("Without sound").is_checked()
            assert settings.get_attribute("html", "data-keys") == "off"


def test_in_a_field_letters_are_letters_and_escape_leads_back(desk: Desk, tab: Page) -> None:
    tab.get_by_role("link", name="Items").focus()
    tab.get_by_label("Name").focus()
    tab.keyboard.type("hq/?n")
    assert tab.get_by_label("Name").input_value() == "hq/?n"
    assert tab.url == f"{desk.served.url}/banks"
    tab.keyboard.press("Escape")
    assert focused(tab) == "Items"
    for opens, shown in (("?", "keys"), ("Control+k", "palette")):
        tab.keyboard.press(opens)
        expect(tab.get_by_test_id(shown)).to_be_visible()
        tab.keyboard.press("Escape")
        expect(tab.get_by_test_id(shown)).to_be_hidden()
        assert focused(tab) == "Items"


def test_the_sheet_says_every_key(tab: Page) -> None:
    tab.keyboard.press("?")
    sheet = tab.get_by_test_id("keys").inner_text()
    for said in ("take the next case", "Ctrl", "restrict", "show the file while it is held"):
        assert said in sheet
    tab.keyboard.press("h")
    assert tab.get_by_test_id("keys").is_visible(), "beneath a dialog no key acts"


def test_one_goes_to_pages_and_to_pasted_ids(desk: Desk, admin: BrowserContext) -> None:
    case = desk.reported("post-to-go-to", "somewhere to go to")
    page = desk.tab(admin, "/banks")
    palette = page.get_by_test_id("palette")
    for typed, called, led in (
        ("ledg", "Ledger", "/ledger"),
        (case, case, f"/cases/{case}"),
        ("post-to-go-to", "post-to-go-to", "/items/"),
    ):
        page.keyboard.press("Control+k")
        page.keyboard.insert_text(typed)
        expect(palette.get_by_role("option").first).to_contain_text(called)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, led=led: url.startswith(desk.served.url + led))
        ready(page)
        assert focused(page) != ""
    page.goto(f"{desk.served.url}/go?q={case}")
    page.get_by_role("link", name=case).click()
    page.wait_for_url(f"**/cases/{case}**")
    page.close()


def test_a_form_sent_without_a_line_goes_once_when_there_is_one(desk: Desk, tab: Page) -> None:
    answers: list[int] = []

    def note(response: Response) -> None:
        if response.request.method == "POST":
            answers.append(response.status)

    tab.on("response", note)
    tab.get_by_label("Name").fill("kept")
    tab.get_by_label("Note").fill("typed before the line broke")
    tab.context.set_offline(True)
    tab.get_by_role("button", name="Make the bank").click()
    expect(tab.get_by_test_id("offline")).to_be_visible()
    assert tab.get_by_label("Note").input_value() == "typed before the line broke"
    assert tab.get_by_role("button", name="Make the bank").is_visible()
    assert focused(tab) != ""
    tab.context.set_offline(False)
    tab.wait_for_url("**/banks/kept?done=bank")
    assert answers == [200]
    assert "typed before the line broke" in tab.inner_text("main")
    forgive(desk, "ERR_INTERNET_DISCONNECTED")


def test_what_is_pressed_twice_is_sent_once_and_is_busy_meanwhile(desk: Desk, tab: Page) -> None:
    waiting: list[Any] = []
    tab.route("**/banks", lambda route: waiting.append(route))
    tab.get_by_label("Name").fill("once")
    button = tab.get_by_role("button", name="Make the bank")
    before = button.bounding_box()
    tab.keyboard.press("Control+Enter")
    tab.keyboard.press("Control+Enter")
    button.click()
    expect(button.get_by_test_id("busy")).to_be_visible()
    assert button.bounding_box() == before, "nothing jumps"
    assert button.get_attribute("aria-busy") == "true"
    assert len(waiting) == 1
    waiting[0].continue_()
    tab.wait_for_url("**/banks/once?done=bank")


def with_password(desk: Desk, context: BrowserContext) -> None:
    page = desk.tab(context, "/account")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_test_id("flash")).to_contain_text("The password is set.")
    page.close()


def sign_out_elsewhere(desk: Desk, context: BrowserContext) -> None:
    page = desk.tab(context, "/account")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in?done=signed-out")
    page.close()


def without_events(context: BrowserContext) -> None:
    """Nobody tells the tabs that the session has ended."""
    context.route("**/events", lambda route: route.abort())


def test_a_session_that_ended_is_renewed_over_the_page(desk: Desk) -> None:
    with desk.person("carla@example.org", "curator") as context:
        with_password(desk, context)
        page = desk.tab(context, "/banks")
        page.get_by_label("Name").fill("interrupted")
        page.get_by_label("Note").fill("half a day of work")
        sign_out_elsewhere(desk, context)
        dialog = page.get_by_test_id("sign-in-again")
        expect(dialog).to_be_visible()  # at once: the feed says so
        assert list(violations(page)) == []
        dialog.get_by_label("Password").fill("wrong horse battery")
        dialog.get_by_role("button", name="Sign in", exact=True).click()
        expect(dialog).to_contain_text("That did not match")
        dialog.get_by_label("Password").fill(PASSWORD)
        dialog.get_by_role("button", name="Sign in", exact=True).click()
        expect(dialog).to_be_hidden()
        assert focused(page) != ""
        page.get_by_role("button", name="Make the bank").click()
        page.wait_for_url("**/banks/interrupted?done=bank")
        assert "half a day of work" in page.inner_text("main")
        forgive(desk, "status of 401")


def test_a_form_that_the_end_of_a_session_met_is_sent_as_it_was(desk: Desk) -> None:
    with desk.person("lena@example.org", "curator") as context:
        without_events(context)
        page = desk.tab(context, "/banks")
        page.get_by_label("Name").fill("by-link")
        page.get_by_label("Note").fill("as it was")
        sign_out_elsewhere(desk, context)
        page.get_by_role("button", name="Make the bank").click()
        dialog = page.get_by_test_id("sign-in-again")
        expect(dialog).to_be_visible()
        # Who has no password signs in by a link, in another tab.
        link = desk.served.cli("users", "link", "--email", "lena@example.org")
        other = context.new_page()
        other.goto(desk.served.url + link[link.index("/sign-in/") :].split()[0])
        other.get_by_role("button", name="Sign in").click()
        other.wait_for_url(desk.served.url + "/")
        dialog.get_by_role("button", name="I have signed in").click()
        page.wait_for_url("**/banks/by-link?done=bank")
        assert "as it was" in page.inner_text("main")
        forgive(desk, "status of 401", "ERR_FAILED")


def test_a_dialog_that_is_left_keeps_what_was_typed(desk: Desk) -> None:
    with desk.person("olga@example.org", "curator") as context:
        without_events(context)
        page = desk.tab(context, "/banks")
        page.get_by_label("Name").fill("left")
        sign_out_elsewhere(desk, context)
        page.get_by_role("button", name="Make the bank").click()
        expect(page.get_by_test_id("sign-in-again")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("flash")).to_contain_text("Your session has ended")
        assert page.get_by_label("Name").input_value() == "left"
        assert focused(page) != ""
        forgive(desk, "status of 401", "ERR_FAILED")


def test_a_feed_that_is_lost_is_said_and_comes_back(desk: Desk) -> None:
    with desk.person("vera@example.org") as context:
        without_events(context)
        page = desk.tab(context, "/account")
        expect(page.get_by_test_id("live-lost")).to_be_visible(timeout=30_000)
        expect(page.get_by_test_id("live-lost")).to_contain_text("Not live since")
        assert page.get_attribute("html", "data-live") == "lost"
        context.unroute("**/events")
        expect(page.locator("html[data-live=on]")).to_be_attached(timeout=60_000)
        expect(page.get_by_test_id("live-lost")).to_be_hidden()
        forgive(desk, "ERR_FAILED")


def test_a_session_that_ends_soon_can_be_made_to_last(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with desk_of(tmp_path_factory.mktemp("short"), browser, session_hours=0.05) as desk:  # noqa: SIM117
        with desk.person("rita@example.org") as context:
            page = desk.tab(context, "/account")
            expect(page.get_by_test_id("session-warning")).to_be_visible()
            page.get_by_role("button", name="Stay signed in").click()
            expect(page.get_by_test_id("flash")).to_have_text("You stay signed in.")
            assert focused(page) != ""


def test_a_refused_form_is_said_first_and_at_its_field(desk: Desk, tab: Page) -> None:
    tab.get_by_label("Name").fill("known")
    tab.get_by_label("Note").fill("what I typed")
    tab.get_by_role("button", name="Make the bank").click()
    errors = tab.get_by_test_id("errors")
    errors.wait_for()
    ready(tab)
    assert tab.title().startswith("Error: ")
    assert focused(tab) == "errors"
    assert tab.get_by_label("Note").input_value() == "what I typed"
    forgive(desk, "status of 409")


def test_the_outcome_is_said_once_and_the_focus_rests(desk: Desk, tab: Page) -> None:
    tab.get_by_label("Name").fill("said-once")
    tab.get_by_role("button", name="Make the bank").click()
    tab.wait_for_url("**/banks/said-once?done=bank")
    ready(tab)
    expect(tab.get_by_role("status")).to_have_count(1)
    expect(tab.get_by_role("status")).to_have_text("The bank is made.")
    assert tab.inner_text("body").count("The bank is made.") == 1
    assert focused(tab) == "said-once"


def test_what_has_the_focus_and_goes_leaves_it_to_the_page(tab: Page) -> None:
    tab.get_by_label("Name").focus()
    tab.evaluate("document.activeElement.closest('section').remove()")
    expect(tab.locator("main h1")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_axe_finds_nothing(desk: Desk, admin: BrowserContext, theme: str) -> None:
    page = desk.tab(admin, "/account")
    page.emulate_media(reduced_motion="reduce")  # colours are there at once
    for path in PAGES:
        page.goto(desk.served.url + path)
        page.evaluate("theme => (document.documentElement.dataset.theme = theme)", theme)
        assert list(violations(page)) == [], path
        assert page.locator("h1").count() == 1
        assert page.locator("main").count() == 1
    page.keyboard.press("?")
    assert list(violations(page)) == [], "the sheet of keys"
    page.close()
    forgive(desk, "status of 404")


@pytest.mark.parametrize("width", [320, 390, 800, 1440])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_nothing_scrolls_sideways(
    desk: Desk, admin: BrowserContext, width: int, direction: str
) -> None:
    page = desk.tab(admin, "/account")
    page.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        page.goto(desk.served.url + path)
        page.evaluate("dir => (document.documentElement.dir = dir)", direction)
        for open_ in page.locator("details").all():
            open_.evaluate("one => (one.open = true)")
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, path
    page.close()
    forgive(desk, "status of 404")


def test_targets_are_large_enough_and_controls_are_named_apart(
    desk: Desk, admin: BrowserContext
) -> None:
    page = desk.tab(admin, "/banks/known")
    sizes = """() => [...document.querySelectorAll('button, summary, .button, .nav a, .viewer a, [type=checkbox]')]
      .filter(one => one.checkVisibility()).map(one => [one.textContent.trim(), one.closest('label') ?? one])
      .map(([name, one]) => [name, one.getBoundingClientRect().height])"""
    assert [one for one in page.evaluate(sizes) if one[1] < 24] == []
    names = page.evaluate(
        "[...document.querySelectorAll('main button')].map(one => one.textContent.trim())"
    )
    assert len(names) == len(set(names))
    page.close()


def test_the_preferences_of_the_system_are_followed(desk: Desk) -> None:
    options = {"reduced_motion": "reduce", "forced_colors": "active", "color_scheme": "dark"}
    with desk.person("ada@example.org", "admin", **options) as context:
        page = desk.tab(context, "/banks/known")
        still = "getComputedStyle(document.querySelector('button')).transitionDuration"
        assert set(re.split(", ?", page.evaluate(still))) == {"0s"}
        edge = "getComputedStyle(document.querySelector('.badge')).borderBlockStartStyle"
        assert page.evaluate(edge) == "solid"


def test_nine_tabs_load_and_one_of_them_listens(desk: Desk) -> None:
    """A browser has six connections for a server: more that stay open would hold up the next page."""
    with desk.person("tina@example.org") as context:
        asked: list[str] = []
        context.on("request", lambda one: asked.append(one.url))
        tabs = [desk.tab(context, "/account") for _ in range(9)]
        for one in tabs:
            expect(one.locator("html[data-live=on]")).to_be_attached()
        assert sum(url.endswith("/events") for url in asked) == 1
        # The one that listens goes: another takes over.
        tabs[0].close()
        with context.expect_event("request", lambda one: one.url.endswith("/events")):
            pass
        expect(tabs[8].locator("html[data-live=on]")).to_be_attached()


def test_pages_work_without_scripts(desk: Desk) -> None:
    with desk.person("nora@example.org", "curator", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{desk.served.url}/banks")
        page.get_by_label("Name").fill("plain")
        page.get_by_role("button", name="Make the bank").click()
        assert page.get_by_test_id("flash").inner_text() == "The bank is made."
        page.goto(f"{desk.served.url}/go?q=ban")
        page.locator("main").get_by_role("link", name="Banks").click()
        assert page.locator("h1").inner_text() == "Banks"
        context.clear_cookies()
        page.goto(f"{desk.served.url}/banks/plain")
        assert page.url.endswith("/sign-in?next=/banks/plain")

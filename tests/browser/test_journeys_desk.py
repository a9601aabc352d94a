"""A day at the desk: what rings, what is held, skipped and lost, what is fetched, where one comes back to."""

from collections.abc import Iterator
from random import Random
from string import ascii_lowercase

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.desk import Desk, desk_of, picture
from tests.waiting import until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("day"), browser, undo_seconds=1) as desk:
        yield desk


@pytest.fixture
def rita(desk: Desk) -> Iterator[BrowserContext]:
    with desk.person("rita@example.org") as context:
        yield context
    for case in desk.api.get("/v1/cases?state=waiting&limit=500").json()["data"]:
        desk.api.post(f"/v1/cases/{case['id']}/release")
        desk.api.post(
            f"/v1/cases/{case['id']}/decide", json={"outcome": "pass", "reason": "tidied up"}
        )


def press_next(page: Page, before: str) -> None:
    page.keyboard.press("n")
    page.wait_for_url(lambda url: url != before)
    page.locator("html[data-ready]").wait_for()


def mine(desk: Desk, email: str = "rita@example.org") -> list[str]:
    """The items of the cases that a person holds."""
    found = desk.api.get("/v1/cases?state=claimed&limit=500").json()["data"]
    return [one["item"] for one in found if one["claimed_by"] == f"user:{email}"]


def test_a_threat_to_life_is_seen_by_everybody_at_once(desk: Desk, rita: BrowserContext) -> None:
    desk.reported("quiet", "An ordinary post that somebody did not like.")
    page = desk.tab(rita, "/items")
    page.locator("html[data-live=on]").wait_for()
    desk.post("loud", text="Tomorrow at noon, and nobody leaves the square.")
    case = desk.report("loud", "threat_to_life", reporter="neighbour")["case"]
    expect(page.get_by_test_id("alert")).to_be_visible(timeout=2000)
    page.goto(f"{desk.served.url}/cases")
    assert page.get_by_test_id("row").first.get_attribute("data-id") == case
    page.locator("html[data-ready]").wait_for()
    page.keyboard.press("n")
    page.wait_for_url(f"**/cases/{case}*")
    page.get_by_test_id("acknowledge").first.click()
    expect(page.get_by_test_id("alert")).to_have_count(0)


def test_eight_presses_of_n_hold_one_case(desk: Desk, rita: BrowserContext) -> None:
    for number in range(10):
        desk.reported(f"eight-{number}", f"The {number}. post that somebody did not like at all.")
    page = desk.tab(rita, "/cases")
    seen: list[str] = []
    for _ in range(8):
        press_next(page, page.url)
        seen.append(page.url.split("/cases/")[1].split("?")[0])
    assert len(mine(desk)) == 1
    assert len(set(seen)) == 8  # and what one gave back does not come at once again


def test_what_is_skipped_does_not_come_back_and_goes_to_the_seniors(
    desk: Desk, rita: BrowserContext
) -> None:
    case = desk.reported("skipped", "A post that three people cannot judge, one after the other.")
    for email in ("rita@example.org", "noor@example.org", "sami@example.org"):
        with desk.person(email) as context:
            page = desk.tab(context, f"/cases/{case}")
            page.keyboard.press("s")
            page.keyboard.press("2")
            page.wait_for_url(lambda url: case not in url)
            page.locator("html[data-ready]").wait_for()
            page.keyboard.press("n")
            page.wait_for_load_state()
            assert case not in page.url
    found = desk.case(case)
    assert found["queue"] == "senior"
    told = "\n".join(str(step) for step in found["events"])
    assert [name for name in ("noor", "rita", "sami") if name in told] == []


def test_a_session_that_ended_loses_nothing(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("session", "A post that takes long to think about, before one decides.")
    page = desk.tab(rita, f"/cases/{case}")
    page.get_by_test_id("outcome-pass").click()
    page.get_by_test_id("reason").fill("It took me long to see that this is a quotation.")
    until(lambda: "quotation" in str(rita.request.get(
        f"{desk.served.url}/cases/{case}.json").json()["draft"]), "the draft is kept")  # fmt: skip
    rita.clear_cookies()
    page.reload()
    assert "/sign-in" in page.url
    assert "next=" in page.url
    link = desk.served.cli("users", "link", "--email", "rita@example.org")
    path = link[link.index("/sign-in/") :].split()[0]
    page.goto(f"{desk.served.url}{path}")
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{desk.served.url}/cases/{case}")
    assert "quotation" in page.get_by_test_id("reason").input_value()
    assert page.get_by_test_id("outcome-pass").is_checked()


def test_offline_the_form_waits_and_is_sent_once(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("offline", "A post that is decided in a tunnel, on the way home.")
    page = desk.tab(rita, f"/cases/{case}")
    page.get_by_test_id("outcome-pass").click()
    rita.set_offline(True)
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("offline")).to_be_visible()
    desk.complaints.clear()  # Chromium says that the network is gone
    rita.set_offline(False)
    until(lambda: desk.case(case)["state"] == "decided", "the form is sent")
    assert len(desk.case(case)["decisions"]) == 1
    desk.complaints.clear()


def test_nothing_of_a_picture_is_fetched_before_it_is_asked_for(
    desk: Desk, rita: BrowserContext
) -> None:
    desk.post("seen", text="Look at these", media=[picture(1), picture(2)])
    case = desk.report("seen")["case"]
    fetched: list[str] = []
    page = rita.new_page()
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{desk.served.url}/cases/{case}")
    page.locator("html[data-ready]").wait_for()
    assert [url for url in fetched if "/media/" in url] == []
    tiles = page.get_by_test_id("media")
    assert {tiles.nth(place).get_attribute("data-shown") for place in range(2)} == {"hidden"}
    page.get_by_role("button", name="Show picture 1 of 2, picture-1.png").click()
    page.locator("[data-testid=media][data-shown=shown]").wait_for()
    assert page.locator("[data-testid=media][data-shown=shown]").count() == 1
    assert len({url for url in fetched if "/media/" in url}) == 1
    # Whoever gets the address sees nothing.
    other = desk.tab(rita, page.url.removeprefix(desk.served.url))
    assert other.locator("[data-testid=media][data-shown=shown]").count() == 0


def test_back_from_far_down_one_is_where_one_was(desk: Desk, rita: BrowserContext) -> None:
    chance = Random(1)
    for number in range(120):
        # No two are alike: copies of one another would be one line of the queue.
        words = ["".join(chance.choices(ascii_lowercase, k=7)) for _ in range(9)]
        desk.reported(f"far-{number}", " ".join(words))
    page = desk.tab(rita, "/cases")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**cursor=*")
    page.locator("html[data-ready]").wait_for()
    for _ in range(30):
        page.keyboard.press("j")
    focused = page.evaluate("document.activeElement.closest('[data-testid=row]').dataset.id")
    shown, scrolled = page.get_by_test_id("total").inner_text(), page.evaluate("scrollY")
    assert shown.startswith("51")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{focused}*")
    page.go_back()
    page.locator("html[data-ready]").wait_for()
    assert page.get_by_test_id("total").inner_text() == shown
    row = "document.activeElement.closest('[data-testid=row]')?.dataset.id"
    until(lambda: page.evaluate(row) == focused, "the focus is back")
    assert abs(page.evaluate("scrollY") - scrolled) < 4
    assert page.evaluate("document.querySelectorAll('*').length") < 1500


@pytest.mark.parametrize("size", [(1440, 900), (1280, 720), (720, 450), (390, 844)], ids=str)
def test_the_decision_is_always_on_the_screen(
    desk: Desk, rita: BrowserContext, size: tuple[int, int]
) -> None:
    desk.post(f"long-{size[0]}", text="\n".join(f"Line {n} of a long text." for n in range(400)))
    cases = {
        desk.report(f"long-{size[0]}", "terrorism", reporter=f"r{voice}", comment=f"c {voice}")[
            "case"
        ]
        for voice in range(60)
    }
    page = desk.tab(rita, f"/cases/{cases.pop()}")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for outcome in ("pass", "restrict", "escalate"):
        label = page.locator("label", has=page.get_by_test_id(f"outcome-{outcome}"))
        box = (label if label.count() else page.get_by_test_id(f"outcome-{outcome}")).bounding_box()
        assert box is not None
        assert 0 <= box["y"] <= size[1] - box["height"], (outcome, box)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_print_has_the_decision(desk: Desk, rita: BrowserContext) -> None:
    case = desk.reported("printed", "A post whose case is put before a judge, on paper.")
    body = {"outcome": "restrict", "label": "threat", "reason": "He names the place and the hour."}
    desk.api.post(f"/v1/cases/{case}/decide", json=body).raise_for_status()
    page = desk.tab(rita, f"/cases/{case}")
    page.emulate_media(media="print")
    text = page.inner_text("body")
    assert "He names the place and the hour." in text
    assert "put before a judge" in text
    assert "Printed by rita, " in text
    assert "rita@example.org" not in text
    assert not page.get_by_test_id("skip").is_visible()


def test_what_somebody_had_to_look_at_is_theirs_alone(desk: Desk, rita: BrowserContext) -> None:
    desk.post("exposed", text="Look", media=[picture(7)])
    case = desk.report("exposed")["case"]
    page = desk.tab(rita, f"/cases/{case}")
    page.get_by_test_id("reveal").first.click()
    page.locator("[data-testid=media][data-shown=shown]").first.wait_for()

    def recorded() -> bool:
        own = rita.request.get(f"{desk.served.url}/me/exposure.json").json()
        return "files" in str(own["days"])

    until(recorded, "the record of what was revealed")
    with desk.person("boss@example.org", "admin") as boss:
        for path in ("/me/exposure?person=user:rita@example.org", "/exposure",
                     "/people/rita@example.org/exposure", "/me/exposure/rita@example.org"):  # fmt: skip
            answer = boss.request.get(f"{desk.served.url}{path}")
            assert answer.status in (400, 403, 404, 422) or "rita" not in answer.text()
        theirs = boss.request.get(f"{desk.served.url}/me/exposure.json").json()
        assert theirs["days"] == []


def test_the_ninth_tab_still_loads(desk: Desk, rita: BrowserContext) -> None:
    tabs = [desk.tab(rita, "/cases") for _ in range(9)]
    for tab in tabs:
        tab.locator("html[data-live=on]").wait_for()
    assert all(
        tab.get_by_test_id("rows").count() or tab.get_by_test_id("empty").count() for tab in tabs
    )

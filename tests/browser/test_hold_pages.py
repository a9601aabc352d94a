"""Holding cases in a real browser: by the key for the next, by leaving, by skipping, beside others."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.desk import Desk, desk_of
from tests.waiting import until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Desk]:
    with desk_of(tmp_path_factory.mktemp("holding"), browser) as desk:
        yield desk


@pytest.fixture
def desk(served: Desk) -> Iterator[Desk]:
    """A desk that is empty when the test begins."""
    yield served
    for case in served.api.get("/v1/cases", params={"state": "waiting"}).json()["data"]:
        served.api.post(f"/v1/cases/{case['id']}/release")
        passed = {"outcome": "pass", "reason": "The test is over."}
        served.api.post(f"/v1/cases/{case['id']}/decide", json=passed).raise_for_status()


def case_at(page: Page) -> str:
    return page.url.split("/cases/")[1].split("?")[0]


def press_next(page: Page) -> str:
    """Presses n; the case that it leads to."""
    with page.expect_navigation():
        page.keyboard.press("n")
    page.locator("html[data-ready]").wait_for()
    return case_at(page)


def held(desk: Desk) -> list[str]:
    found = desk.api.get("/v1/cases", params={"state": "claimed"}).json()
    return [case["id"] for case in found["data"]]


def test_eight_presses_of_n_hold_one_case(desk: Desk) -> None:
    waiting = [desk.reported(f"post-{uuid4()}", f"A text about number {n}") for n in range(5)]
    with desk.person("rita@example.org") as rita:
        page = desk.tab(rita, "/cases")
        seen = [press_next(page) for _ in range(8)]
        assert held(desk) == [seen[-1]]
        assert sorted(seen[:5]) == sorted(waiting)
        assert all(one != other for one, other in pairwise(seen))


def test_leaving_gives_an_untouched_case_back(desk: Desk) -> None:
    case = desk.reported(f"post-{uuid4()}", "A text")
    with desk.person("rita@example.org") as rita:
        page = desk.tab(rita, "/cases")
        assert press_next(page) == case
        assert held(desk) == [case]
        page.goto(desk.served.url + "/")
        until(lambda: held(desk) == [], "the case to be given back")


def test_a_page_that_is_loaded_anew_keeps_its_case(desk: Desk) -> None:
    case = desk.reported(f"post-{uuid4()}", "A text")
    with desk.person("rita@example.org") as rita:
        page = desk.tab(rita, "/cases")
        assert press_next(page) == case
        page.locator("html[data-live=on]").wait_for()
        for _ in range(3):
            with page.expect_response(lambda one: one.url.endswith("/claim")) as claimed:
                page.reload()
            assert claimed.value.status == 200
            page.get_by_test_id("strip").get_by_text("Yours until").wait_for()
            until(lambda: held(desk) == [case], "the case to be held")
        page.goto(desk.served.url + "/")
        until(lambda: held(desk) == [], "the case to be given back")


@pytest.mark.parametrize("by", ["mouse", "keys"])
def test_skipping_takes_two_presses_and_leads_on(desk: Desk, by: str) -> None:
    first, second = (desk.reported(f"post-{uuid4()}", f"Text {n}") for n in range(2))
    with desk.person(f"{by}@example.org") as person:
        page = desk.tab(person, "/cases")
        assert press_next(page) == first
        with page.expect_navigation():
            if by == "mouse":
                page.get_by_test_id("skip").click()
                page.get_by_test_id("skip-language").click()
            else:
                page.keyboard.press("s")
                page.keyboard.press("2")
        page.locator("html[data-ready]").wait_for()
        assert case_at(page) == second
        assert held(desk) == [second]
        steps = desk.case(first)["events"]
        assert [(one["kind"], one["detail"].get("reason")) for one in steps][-1] == (
            "skipped",
            "language",
        )


@pytest.mark.parametrize("by", ["mouse", "keys"])
def test_a_senior_takes_a_case_over_and_says_why(desk: Desk, by: str) -> None:
    case = desk.reported(f"post-{uuid4()}", "A text")
    with desk.person("rita@example.org") as rita, desk.person("sue@example.org", "senior") as sue:
        assert press_next(desk.tab(rita, "/cases")) == case
        page = desk.tab(sue, f"/cases/{case}")
        button = page.get_by_test_id("take-over")
        why = page.get_by_label("Why", exact=True)
        if by == "mouse":
            button.click()
            why.fill("Her shift is over.")
            with page.expect_navigation():
                page.locator("#take-over").get_by_role("button", name="Take over").click()
        else:
            button.focus()
            page.keyboard.press("Enter")
            why.wait_for()
            assert why.evaluate("one => one === document.activeElement")
            page.keyboard.type("Her shift is over.")
            page.keyboard.press("Tab")
            with page.expect_navigation():
                page.keyboard.press("Enter")
        page.locator("html[data-ready]").wait_for()
        assert page.get_by_test_id("flash").inner_text() != ""
        assert page.get_by_test_id("strip").get_by_text("Yours until").is_visible()
        taken = desk.case(case)
        assert taken["claimed_by"] == "user:sue@example.org"
        assert taken["events"][-1]["detail"]["reason"] == "Her shift is over."


def test_others_see_who_reads_a_case_until_it_is_left(desk: Desk) -> None:
    case = desk.reported(f"post-{uuid4()}", "A text")
    with desk.person("rita@example.org") as rita, desk.person("sam@example.org") as sam:

        def readers() -> list[str]:
            found = sam.request.get(desk.served.url + "/cases.json").json()["cases"]
            return next(one["readers"] for one in found if one["id"] == case)

        assert readers() == []
        page = desk.tab(rita, f"/cases/{case}")
        assert held(desk) == [], "to read it is not to hold it"
        assert readers() == ["rita"]
        page.goto(desk.served.url + "/")
        until(lambda: readers() == [], "the case to be left")


def test_next_after_a_skip_is_another_case_all_day(desk: Desk) -> None:
    first, second = (desk.reported(f"post-{uuid4()}", f"Text {n}") for n in range(2))
    with desk.person("rita@example.org") as rita:
        page = desk.tab(rita, "/cases")
        assert press_next(page) == first
        said = page.evaluate(
            """async (path) => {
              const csrf = document.querySelector('[name=csrf]').value;
              const body = new URLSearchParams({ csrf, reason: "not-for-me" });
              const headers = { Accept: "application/json" };
              return (await fetch(path, { method: "POST", body, headers })).json();
            }""",
            f"/cases/{first}/skip",
        )
        page.goto(desk.served.url + said["location"])
        page.locator("html[data-ready]").wait_for()
        assert case_at(page) == second
        with page.expect_navigation():
            page.keyboard.press("n")
        page.locator("html[data-ready]").wait_for()
        assert "/cases?done=none-left" in page.url
        assert press_next(page) == second


def test_a_break_is_put_off_by_one_key(tmp_path: Path, browser: Browser) -> None:
    with desk_of(tmp_path, browser, work_minutes=0.00001, help_text="Ines: 1234") as desk:
        case = desk.reported(f"post-{uuid4()}", "A text")
        with desk.person("rita@example.org") as rita:
            page = desk.tab(rita, f"/cases/{case}")
            with page.expect_navigation():
                page.keyboard.press("n")
            page.locator("html[data-ready]").wait_for()
            assert "/me/break" in page.url
            assert "Ines: 1234" in page.inner_text("main")
            assert press_next(page) == case
        assert desk.complaints == []

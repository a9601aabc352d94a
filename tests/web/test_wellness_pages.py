"""What a person had to look at is theirs alone; a break is offered, and a day can be closed."""

import inspect
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.api import Api
from tests.web.test_holding_pages import person, reported
from tests.web.test_media_pages import case as case
from tests.web.test_permissions import fill, in_router
from tests.web.visitor import Visitor

import tidegate
from tidegate.infra.clock import FakeClock
from tidegate.review import wellness


def settings(api: Api, **changed: Any) -> None:
    api.instance.settings = msgspec.structs.replace(api.instance.settings, **changed)


def record(person: Visitor) -> list[dict[str, Any]]:
    return person.get("/me/exposure.json").json()["days"]


def revealed(api: Api, case: str, rita: Visitor) -> str:
    """Reveals the case's picture for seven seconds; its address."""
    page = rita.get(f"/cases/{case}").text
    file = re.findall(r'data-file="(/media/[^"]+)"', page)[0]
    assert rita.get(f"{file}?blur=1").status_code == 200, "what is blurred is not revealed"
    assert record(rita) == []
    assert rita.get(f"{file}?blur=0").status_code == 200
    assert rita.send("/me/exposure/seconds", {"file": file, "seconds": "7"}).status_code == 204
    return file


def test_what_was_revealed_is_in_ones_own_record(api: Api, case: str, clock: FakeClock) -> None:
    rita = person(api)
    file = revealed(api, case, rita)
    day = clock.now().date().isoformat()
    assert record(rita) == [{"day": day, "severity": 3, "files": 1, "seconds": 7.0}]
    page = rita.get("/me/exposure").text
    assert 'data-testid="chart"' in page
    assert 'data-testid="chart-table"' in page
    for seconds in ("-1", "nan", "1e9", "x", ""):
        form = {"file": file, "seconds": seconds}
        assert rita.send("/me/exposure/seconds", form).status_code == 422
    for other in ("", "/media/entries/nothing", "/media/1/2/3"):
        form = {"file": other, "seconds": "1"}
        assert rita.send("/me/exposure/seconds", form).status_code == 404
    assert record(rita)[0]["seconds"] == 7.0
    assert rita.send("/me/exposure/erase").headers["location"] == "/me/exposure?done=record-erased"
    assert record(rita) == []
    assert api.count("exposure") == 0


def test_a_record_is_kept_for_ninety_days(api: Api, case: str, clock: FakeClock) -> None:
    revealed(api, case, person(api))
    for days, left in ((90, 1), (1, 0)):
        clock.advance(days * 86400)
        with api.instance.database.begin() as tx:
            wellness.sweep_wellness(tx)
        assert api.count("exposure") == left


@pytest.mark.parametrize("role", ["admin", "senior", "auditor"])
def test_nobody_elses_record_can_be_read(api: Api, case: str, role: str) -> None:
    """Every page and every route of the API, asked by another, says nothing of it."""
    rita, other = person(api), person(api, role, "other")
    revealed(api, case, rita)
    with api.instance.database.begin() as tx:
        change = "UPDATE exposure SET files = 7654321, seconds = 7654321.5"
        tx.connection.exec_driver_sql(change)
    before = record(rita)
    assert record(other) == []
    for query in ("?person=user:rita@example.org", "?email=rita@example.org", "?user=rita"):
        assert other.get(f"/me/exposure.json{query}").status_code == 422
    item = rita.get(f"/cases/{case}.json").json()["item_id"]
    for method, route in sorted(set(in_router(api))):
        if method != "GET" or route.startswith("/static") or route == "/events":
            continue  # a stream has no end; what it carries is in test_events.py
        path = fill(route.replace("{case}", case).replace("{item}", item))
        for answer in (other.get(path), api.get(path)):
            assert "7654321" not in answer.text, path
    assert other.send("/me/exposure/erase").status_code == 303
    assert record(rita) == before, "nor can it be erased"


def test_the_only_way_to_the_record_is_ones_own() -> None:
    """One module reads the tables, and none of its functions takes a person."""
    root = Path(tidegate.__file__).parent
    reads = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(r"import .*\b(exposure|stints)\b", path.read_text())
    ]
    assert reads == ["review/wellness.py"]
    for name, one in inspect.getmembers(wellness, inspect.isfunction):
        if one.__module__ == wellness.__name__:
            assert not {"person", "identity", "email", "user"} & set(
                inspect.signature(one).parameters
            ), name


def test_after_enough_revealed_media_next_offers_a_break(
    api: Api, case: str, clock: FakeClock
) -> None:
    settings(api, exposure_minutes=0.1, help_text="Call Ines\n+49 30 1234")
    (other,) = reported(api, clock)
    rita = person(api)
    revealed(api, case, rita)
    to = rita.send("/cases/next", {"filter": "queue=reports"}).headers["location"]
    assert to == "/me/break?filter=queue%3Dreports"
    page = rita.get(to).text
    assert "+49 30 1234" in page
    form = {"choice": "later", "filter": "queue=reports"}
    assert rita.send("/me/break", form).headers["location"] == f"/cases/{other}?queue=reports"
    assert "/me/break" not in rita.send("/cases/next").headers["location"]
    clock.advance(9 * 60)
    rita.get(f"/cases/{other}")
    clock.advance(60)
    assert "/me/break" in rita.send("/cases/next").headers["location"], (
        "it was put off, for a while"
    )
    assert rita.send("/me/break", {"choice": "taken"}).headers["location"].startswith("/cases/")
    assert "/me/break" not in rita.send("/cases/next").headers["location"]
    assert rita.send("/me/break", {"choice": "never"}).status_code == 422


def test_after_long_work_too_and_whoever_was_away_has_had_one(api: Api, clock: FakeClock) -> None:
    settings(api, work_minutes=15, break_minutes=10)
    (id,) = reported(api, clock)
    rita = person(api)
    for _ in range(3):
        assert rita.send(f"/cases/{id}/here", {"used": "1"}).status_code == 200
        clock.advance(5 * 60)
    assert rita.send("/cases/next").headers["location"] == "/me/break"
    clock.advance(10 * 60)
    assert rita.send("/cases/next").headers["location"].startswith(f"/cases/{id}")


def test_a_break_that_is_firm_cannot_be_put_off(api: Api, case: str, clock: FakeClock) -> None:
    settings(api, exposure_minutes=0.1, break_minutes=10, firm_breaks=True)
    rita = person(api)
    revealed(api, case, rita)
    assert rita.send("/cases/next").headers["location"] == "/me/break"
    assert 'value="later"' not in rita.get("/me/break").text
    for choice in ("later", "taken"):
        assert rita.send("/me/break", {"choice": choice}).status_code == 409
    assert rita.send("/cases/next").headers["location"] == "/me/break"
    clock.advance(10 * 60)
    answer = rita.send("/me/break", {"choice": "taken"})
    assert answer.headers["location"].startswith("/cases/")


def test_settings_are_kept_and_refused_whole(api: Api) -> None:
    rita, sam = person(api), person(api, "reviewer", "sam")
    before = sam.get("/me/settings.json").json()
    form = {"theme": "dark", "density": "compact", "media": "blurred", "hide_from": "2"}
    answer = rita.send("/me/settings", form | {"greyscale": "yes"})
    assert answer.headers["location"] == "/me/settings?done=settings"
    chosen = rita.get("/me/settings.json").json()["chosen"]
    assert chosen["theme"] == "dark"
    assert (chosen["hide_from"], chosen["greyscale"], chosen["single_keys"]) == (2, True, False)
    for wrong in ({"theme": "pink"}, {"hide_from": "9"}, {"hide_from": "x"}):
        assert rita.send("/me/settings", form | wrong).status_code == 422
    assert rita.get("/me/settings.json").json()["chosen"] == chosen
    assert sam.get("/me/settings.json").json() == before


def test_closing_the_day_gives_back_and_signs_out(api: Api, clock: FakeClock) -> None:
    (id,) = reported(api, clock)
    rita = person(api)
    rita.send(f"/cases/{id}/claim")
    answer = rita.send("/me/close-day")
    assert answer.headers["location"] == "/sign-in?done=day-closed"
    assert "cache" in answer.headers["clear-site-data"]
    assert api.get(f"/v1/cases/{id}").json()["state"] == "open"
    assert rita.get("/cases").headers["location"].startswith("/sign-in")

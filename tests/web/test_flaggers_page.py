"""Flaggers and notifiers on the desk: registered, suspended, warned and freed, without a script."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.test_flaggers_api import kept, key_of, report
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.infra.ids import uuid7
from tidegate.intake.tables import notifier_measures

WHY = {"reason": "four notices in May were about nothing"}


@pytest.fixture
def admin(api: Api) -> Visitor:
    return Visitor(api.instance, api.client, "admin")


def pseudonym(api: Api) -> str:
    api.submit("post-1", text="what was posted")
    case = report(api, "n1", item_id="post-1").json()["case"]
    (one,) = api.get(f"/v1/cases/{case}/reports").json()["data"]
    return one["reporter"]


def test_a_flagger_is_registered_suspended_and_resumed(api: Api, admin: Visitor) -> None:
    form = {"name": "Hotline e. V.", "contact": "desk@hotline.example", "areas": "hate, terror"}
    at = admin.send("/flaggers", form).headers["location"].partition("?")[0]
    key = key_of(api, at.rpartition("/")[2])
    sent = report(api, "f1", key, channel="trusted_flagger")
    assert sent.status_code == 201, sent.text
    (row,) = admin.get("/flaggers.json").json()["flaggers"]
    assert (row["flagger"]["areas"], row["quality"]["reports"]) == (["hate", "terror"], 1)
    page = admin.get("/flaggers").text
    assert "Hotline e. V." in page
    assert "1 reports, decided 0, acted upon 0" in page
    suspended = admin.send(f"{at}/suspend", WHY).headers["location"]
    assert WHY["reason"] in admin.get(suspended).text
    assert report(api, "f2", key, channel="trusted_flagger").status_code == 403
    again = admin.send(f"{at}/suspend", WHY)
    assert (again.status_code, WHY["reason"] in again.text) == (409, True)
    assert admin.send(f"{at}/resume", WHY).status_code == 303
    assert report(api, "f2", key, channel="trusted_flagger").status_code == 201


def test_who_is_measured_is_listed_page_by_page_and_who_is_free_is_not(
    api: Api, admin: Visitor, clock: FakeClock
) -> None:
    with api.instance.database.begin() as tx:
        rows: list[dict[str, Any]] = []

        def add(who: str, number: int, verb: str, days: int, until: int | None = None) -> None:
            at = tx.now - timedelta(days=days)
            end = None if until is None else tx.now + timedelta(days=until)
            row = {"id": uuid7(at), "platform": "default", "reporter": who, "number": number}
            rows.append(row | {"verb": verb, "reason": "x", "until": end, "by": "a", "at": at})

        for place in range(60):
            add(f"warned-{place:02}", 1, "warn", place + 1)
            add(f"freed-{place:02}", 1, "warn", place + 2)
            add(f"freed-{place:02}", 2, "lift", place + 1)
        add("old", 1, "warn", 400)
        add("old-but-suspended", 1, "warn", 500)
        add("old-but-suspended", 2, "suspend", 200, until=20)
        add("over", 1, "warn", 500)
        add("over", 2, "suspend", 480, until=-1)
        add("again", 1, "lift", 90)
        add("again", 2, "warn", 80)
        tx.execute(sa.insert(notifier_measures), rows)
    first = admin.get("/flaggers.json").json()
    second = admin.get(first["more_notifiers"].replace("/flaggers?", "/flaggers.json?")).json()
    assert f'href="{first["more_notifiers"]}"' in admin.get("/flaggers").text
    told = [one["notifier"] for page in (first, second) for one in page["notifiers"]]
    assert told == [*(f"warned-{n:02}" for n in range(60)), "again", "old-but-suspended"]
    assert (len(first["notifiers"]), second["more_notifiers"]) == (50, None)
    assert admin.get("/flaggers?notifiers=nonsense").status_code == 422


def test_a_notifier_is_looked_up_warned_suspended_and_freed(api: Api, admin: Visitor) -> None:
    who = pseudonym(api)
    assert who not in admin.get("/flaggers").text
    assert admin.send("/notifiers", {"notifier": "nobody"}).status_code == 404
    at = admin.send("/notifiers", {"notifier": who}).headers["location"]
    assert at == f"/notifiers/default/{who}"
    assert "1 reports" in admin.get(at).text
    early = admin.send(f"{at}/suspend", WHY | {"until": "30d"})
    assert early.status_code == 409
    assert admin.send(f"{at}/warn", WHY).status_code == 303
    assert admin.send(f"{at}/suspend", WHY | {"until": "30d"}).status_code == 303
    page = admin.get("/flaggers").text
    assert f'href="{at}"' in page
    (told,) = admin.get("/flaggers.json").json()["notifiers"]
    assert (told["state"], told["until"]) == ("suspended", "2026-01-31T00:00:00Z")
    assert report(api, "n2").status_code == 403
    assert admin.send(f"{at}/lift", WHY).status_code == 303
    assert admin.get("/flaggers.json").json()["notifiers"] == []
    assert report(api, "n2").status_code == 201


@pytest.mark.parametrize(
    ("path", "form", "field"),
    [
        ("/flaggers", {"name": ""}, "name"),
        ("WHO/warn", {"reason": ""}, "reason"),
        ("WHO/suspend", WHY | {"until": "yesterday"}, "until"),
        ("WHO/suspend", WHY | {"until": "900d"}, "until"),
    ],
    ids=["no-name", "no-reason", "no-time", "too-long"],
)
def test_what_is_refused_comes_back_at_its_field_and_writes_nothing(
    api: Api, admin: Visitor, path: str, form: dict[str, str], field: str
) -> None:
    who = pseudonym(api)
    at = path.replace("WHO", f"/notifiers/default/{who}")
    admin.send(f"/notifiers/default/{who}/warn", WHY)
    admin.csrf()
    before = kept(api)
    answer = admin.send(at, form)
    assert answer.status_code == 422, answer.text
    assert f'id="error-{field}"' in answer.text
    after = kept(api)
    for table in ("flaggers", "notifier_measures", "ledger_pending"):
        assert after[table] == before[table]


def test_it_is_for_who_may_alone(api: Api) -> None:
    senior = Visitor(api.instance, api.client, "senior")
    assert 'data-testid="nav-flaggers"' not in senior.get("/").text
    assert senior.get("/flaggers").status_code == 403
    assert senior.send("/flaggers", {"name": "x"}).status_code == 403

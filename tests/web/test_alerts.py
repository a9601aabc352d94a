"""Alerts: what rings, on whose pages, and how somebody says that they have it."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.two_platforms import rows
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.review.alert_lists import ringing
from tidegate.review.alerts import acknowledge
from tidegate.review.alerts import ring as ring_

REASON = "It says where and when, and that it is meant."


def told(api: Api, id: str = "post-1", reason: str = "threat_to_life", **fields: Any) -> str:
    """Report a post; its case."""
    platform = fields.pop("platform", None)
    more = {} if platform is None else {"platform": platform}
    assert api.submit(id, text=f"the words of {id}", **more).status_code == 200
    body = {"id": f"of-{id}-{api.count('reports')}", "channel": "user", "reason": reason,
            "item_id": id, "created_at": "2025-12-31T23:30:00Z"}  # fmt: skip
    answer = api.post("/v1/reports" + (f"?platform={platform}" if platform else ""), body | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["case"]


def ring(api: Api) -> list[tuple[str, str | None]]:
    with api.instance.database.begin() as tx:
        return [(one.kind, one.case and str(one.case)) for one in ringing(tx)]


def entries(api: Api, kind: str) -> list[dict[str, Any]]:
    found = api.get("/v1/ledger?limit=1000").json()
    with api.instance.database.begin() as tx:
        waiting = sa.text("SELECT kind, record, subject FROM ledger_pending WHERE kind = :kind")
        return [dict(row) for row in tx.execute(waiting, {"kind": kind}).mappings()] + [
            one for one in found["data"] if one["kind"] == kind
        ]


def only(api: Api) -> UUID:
    with api.instance.database.begin() as tx:
        (one,) = ringing(tx)
    return one.id


def test_a_report_of_a_threat_to_life_rings_once_however_often_it_is_told(api: Api) -> None:
    case = told(api)
    assert told(api, reporter="somebody") == case
    assert told(api, reason="spam", reporter="somebody else") == case
    assert ring(api) == [("threat_to_life", case)]
    assert len(entries(api, "alert.opened")) == 1  # that a rule escalates by it calls nobody twice


def test_other_reports_ring_for_nobody(api: Api) -> None:
    told(api, reason="terrorism")
    assert ring(api) == []


def test_once_it_was_heard_the_next_report_rings_anew(api: Api) -> None:
    told(api)
    with api.instance.database.begin("user:a@example.org") as tx:
        acknowledge(tx, ringing(tx)[0].id)
    case = told(api, reporter="somebody")
    assert ring(api) == [("threat_to_life", case)]


def test_people_are_called_whatever_is_left_of_the_budget_of_what_follows_by_itself(
    api: Api,
) -> None:
    budget = api.instance.settings.anonymous_escalations
    cases = [told(api, f"post-{n}") for n in range(budget + 2)]
    assert sorted(case or "" for _, case in ring(api)) == sorted(cases)
    actions = api.get("/v1/actions?limit=500").json()["data"]
    assert len([one for one in actions if one["kind"] == "escalate"]) == budget


@pytest.mark.parametrize("way", ["case", "item", "item without a case"])
def test_what_a_person_escalates_rings(api: Api, way: str) -> None:
    case = None
    if way == "item without a case":
        api.submit("post-1", text="x")
    else:
        case = told(api, reason="terrorism")
    at = f"/v1/cases/{case}/decide" if way == "case" else "/v1/items/post-1/decisions"
    assert api.post(at, {"outcome": "escalate", "reason": REASON}).status_code in (200, 201)
    assert ring(api) == [("escalation", case)]


def test_a_case_about_an_entry_rings_too_and_once(api: Api) -> None:
    with api.instance.database.begin() as tx:
        row = sa.text(
            "INSERT INTO cases (id, subject_kind, subject_id, queue, state, origin, version, opened_at)"
            " VALUES (:id, 'entry', :id, 'entries', 'open', 'quarantine', 1, :now) RETURNING id"
        )
        case = tx.execute(row, {"id": uuid4(), "now": tx.now}).scalar_one()
        first = ring_(tx, "escalation", item_id=None, case_id=case, platform=None)
        again = ring_(tx, "escalation", item_id=None, case_id=case, platform=None)
        assert (first.opened, first.rang) == (True, True)
        assert (again.alert, again.opened, again.rang) == (first.alert, False, False)
    assert ring(api) == [("escalation", str(case))]


def test_it_shows_on_every_page_until_it_is_acknowledged(api: Api, clock: FakeClock) -> None:
    case = told(api)
    clock.advance(125)
    person, other = (Visitor(api.instance, api.client, role) for role in ("reviewer", "admin"))
    for path in ("/", "/cases", "/banks", "/account", "/alerts"):
        text = other.get(path).text
        assert text.count('data-testid="alert"') == 1, path
        assert 'role="alert"' in text
        assert "A threat to life was reported" in text
        assert "2 min ago" in text
        assert f'href="/cases/{case}"' in text
    assert (
        'name="back" value="/cases?queue=reports"' in other.get("/cases?queue=reports&done=x").text
    )
    back = {"back": "/cases?queue=reports"}
    done = person.send(f"/alerts/{only(api)}/acknowledge", back)
    assert done.status_code == 303
    assert done.headers["location"] == "/cases?queue=reports&done=acknowledged"
    assert "rings no more" in person.get("/banks?done=acknowledged").text
    assert 'data-testid="alert"' not in other.get("/cases").text
    assert ring(api) == []
    (entry,) = entries(api, "alert.acknowledged")
    assert b"reviewer@example.org" in bytes(str(entry["record"]), "utf-8")


def test_who_comes_second_is_told_who_was_first_and_changes_nothing(
    api: Api, clock: FakeClock
) -> None:
    told(api)
    first, second = (Visitor(api.instance, api.client, role) for role in ("reviewer", "senior"))
    at = f"/alerts/{only(api)}/acknowledge"
    first.send(at)
    second.csrf()
    clock.advance(60)
    before = rows(api)
    done = second.send(at, {"back": "/banks"})
    assert done.headers["location"] == "/alerts?done=acknowledged-before"
    assert rows(api) == before
    page = second.get(done.headers["location"]).text
    assert "Somebody had acknowledged it already" in page
    assert "<bdi data-content>reviewer</bdi>" in page
    twin = second.get("/alerts.json").json()
    assert twin["ringing"] == []
    assert twin["acknowledged"][0]["acknowledged_by"] == "user:reviewer"


def test_a_script_is_told_where_to_go_on(api: Api) -> None:
    told(api)
    person = Visitor(api.instance, api.client, "reviewer")
    at = f"/alerts/{only(api)}/acknowledge"
    accept = {"accept": "application/json"}
    done = person.send(at, {"back": "/cases"}, headers=accept)
    assert done.json() == {"location": "/cases?done=acknowledged"}


@pytest.mark.parametrize(
    "back",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", ""],
)
def test_it_leads_nowhere_but_to_our_own_pages(api: Api, back: str) -> None:
    told(api)
    person = Visitor(api.instance, api.client, "reviewer")
    done = person.send(f"/alerts/{only(api)}/acknowledge", {"back": back})
    assert done.headers["location"] == "/?done=acknowledged"


def test_refused_acknowledgements_write_nothing(api: Api) -> None:
    told(api, platform="b")
    alert = only(api)
    people = {
        "of a": Visitor(api.instance, api.client, "reviewer", "a"),
        "auditor": Visitor(api.instance, api.client, "auditor"),
        "curator": Visitor(api.instance, api.client, "curator"),
        "reviewer": Visitor(api.instance, api.client, "reviewer"),
    }
    at = f"/alerts/{alert}/acknowledge"
    before = rows(api)
    assert people["of a"].send(at).status_code == 404
    assert people["auditor"].send(at).status_code == 403
    assert people["curator"].send(at).status_code == 403
    assert people["reviewer"].send(at, csrf=False).status_code == 403
    assert people["reviewer"].send(f"/alerts/{uuid4()}/acknowledge").status_code == 404
    assert people["reviewer"].send("/alerts/nothing/acknowledge").status_code == 404
    assert rows(api) == before
    assert 'data-testid="alert"' not in people["of a"].get("/").text
    nothing = {"state": None, "ringing": [], "acknowledged": [], "closed": [], "words": {}}
    assert people["of a"].get("/alerts.json").json() == nothing
    assert 'data-testid="alert"' not in people["curator"].get("/").text
    seen = people["auditor"].get("/").text
    assert 'data-testid="alert"' in seen
    assert 'data-testid="acknowledge"' not in seen
    assert ring(api) == [("threat_to_life", ring(api)[0][1])]


def test_an_alert_outlives_its_item_as_ids(api: Api) -> None:
    case = told(api)
    assert api.call("DELETE", "/v1/items/post-1").status_code in (200, 204)
    assert ring(api) == [("threat_to_life", case)]
    person = Visitor(api.instance, api.client, "reviewer")
    assert 'data-testid="alert"' in person.get("/").text
    assert person.send(f"/alerts/{only(api)}/acknowledge").status_code == 303


def test_many_alerts_are_one_bar_with_the_others_behind_it(api: Api) -> None:
    for n in range(12):
        told(api, f"post-{n}")
    person = Visitor(api.instance, api.client, "reviewer")
    text = person.get("/").text
    assert text.count('class="bar urgent"') == 1
    assert text.count('role="alert"') == 1
    assert "and 11 more" in text
    assert text.count('data-testid="alert"') == 10, "the rest is on the page of alerts"
    assert len(person.get("/alerts.json").json()["ringing"]) == 12


def test_the_gravest_comes_first_then_the_newest_each_with_its_words(
    api: Api, clock: FakeClock
) -> None:
    escalated = told(api, "by hand", reason="spam")
    api.post(f"/v1/cases/{escalated}/decide", {"outcome": "escalate", "reason": REASON})
    for id, comment in (
        ("medium", "he said: I will kill her"),
        ("old", None),
        ("specific", "I will shoot up the school on Friday, I have a rifle"),
        ("new", None),
    ):
        clock.advance(60)
        told(api, id, comment=comment, reason="other" if comment else "threat_to_life")
    text = Visitor(api.instance, api.client, "reviewer").get("/").text
    words = re.findall(r'data-testid="alert-words">the words of ([^<]*)<', text)
    assert words == ["specific", "new", "old", "medium", "by hand"]


def test_who_may_not_read_a_case_reads_no_words_in_the_bar(api: Api) -> None:
    told(api)
    assert "the words of post-1" in Visitor(api.instance, api.client, "reviewer").get("/").text
    closed = Visitor(api.instance, api.client, "auditor").get("/").text  # until they open it
    assert 'data-testid="alert"' in closed
    assert "the words of post-1" not in closed


def test_an_alert_about_the_case_that_is_read_says_so(api: Api) -> None:
    here, there = told(api, "post-1"), told(api, "post-2")
    text = Visitor(api.instance, api.client, "reviewer").get(f"/cases/{here}").text
    bar = text[text.index('id="alerts"') : text.index('id="session-warning"')]
    hidden = dict(re.findall(r'href="/cases/([^"]*)" data-case( hidden)?', bar))
    assert hidden == {here: " hidden", there: ""}
    says = re.findall(r'data-testid="this-case"( hidden)?>this case<', bar)
    assert sorted(says) == ["", " hidden"]


def test_the_menu_leads_to_alerts_whoever_may_read_them(api: Api) -> None:
    for role, shown in (
        ("reviewer", True),
        ("auditor", True),
        ("intake", True),
        ("curator", False),
    ):
        page = Visitor(api.instance, api.client, role).get("/").text
        assert ('data-testid="nav-alerts"' in page) is shown, role


def test_operators_see_how_many_ring_and_for_how_long(api: Api, clock: FakeClock) -> None:
    told(api)
    clock.advance(90)
    told(api, "post-2")
    text = api.get("/v1/metrics").text
    assert "\ntidegate_alerts_ringing 2.0\n" in text
    assert "\ntidegate_alerts_oldest_seconds 90.0\n" in text

"""`/v1/alerts`, and the pages beside it: what an alert names, who has it, and how it ended."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.test_alerts import entries, told
from tests.web.two_platforms import rows
from tests.web.visitor import Visitor

from tidegate.content.queries import get_item
from tidegate.infra.clock import FakeClock
from tidegate.pipeline.alerts import call
from tidegate.pipeline.duties import duties_of

HANDLED = {"outcome": "handled", "reason": "The police know, and are there."}


def alerts(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"/v1/alerts{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def only(api: Api) -> dict[str, Any]:
    (one,) = alerts(api)
    return one


def act(api: Api, verb: str, body: Any = None, **more: Any) -> Any:
    return api.post(f"/v1/alerts/{only(api)['id']}/{verb}", body, **more)


def rung(api: Api, item: str, level: str | None) -> None:
    """A report of that level about an item, as screening hands it on."""
    with api.instance.database.begin() as tx:
        item_id = get_item(tx, "default", item).id
        report = tx.execute(sa.text("SELECT id FROM reports LIMIT 1")).scalar_one()
        call(
            tx,
            "threat_to_life",
            item_id=item_id,
            platform="default",
            report=report,
            level=level,
        )


def test_an_alert_names_its_report_its_item_and_its_case(api: Api, clock: FakeClock) -> None:
    case = told(api)
    one = only(api)
    assert one == {
        "id": one["id"],
        "kind": "threat_to_life",
        "level": None,
        "state": "open",
        "platform": "default",
        "item": "post-1",
        "case": case,
        "reports": ["of-post-1-0"],
        "reports_total": 1,
        "rings": 1,
        "opened_at": one["opened_at"],
        "rang_at": one["opened_at"],
        **dict.fromkeys(("acknowledged_at", "acknowledged_by", "closed_at", "closed_by")),
        **dict.fromkeys(("outcome", "reason", "referred_to")),
    }
    assert api.get(f"/v1/alerts/{one['id']}").json() == one | {"acknowledgements": []}


def test_each_report_is_named_and_rings_anew(api: Api, clock: FakeClock) -> None:
    told(api)
    clock.advance(60)
    told(api, reporter="somebody")
    one = only(api)
    assert one["reports"] == ["of-post-1-1", "of-post-1-0"]
    assert (one["rings"], one["reports_total"], one["rang_at"] > one["opened_at"]) == (2, 2, True)
    assert len(entries(api, "alert.opened")) == len(entries(api, "alert.rang")) == 1
    clock.advance(60)
    heard = act(api, "acknowledge").json()
    assert (heard["state"], heard["acknowledged_by"]) == ("acknowledged", f"key:{api.name}")
    clock.advance(60)
    told(api, reporter="another")
    again = api.get(f"/v1/alerts/{one['id']}").json()
    assert (again["state"], again["acknowledged_at"], again["rings"]) == ("open", None, 3)
    assert [one["by"] for one in again["acknowledgements"]] == [f"key:{api.name}"]


def test_what_comes_after_it_was_closed_is_another_alert(api: Api, clock: FakeClock) -> None:
    told(api)
    first = act(api, "close", HANDLED).json()
    clock.advance(1)
    told(api, reporter="somebody")
    later, before = alerts(api)
    assert before == {k: v for k, v in first.items() if k != "acknowledgements"}
    assert (later["state"], later["reports"]) == ("open", ["of-post-1-1"])


def test_the_level_is_the_highest_and_shows_on_the_case(api: Api, clock: FakeClock) -> None:
    case = told(api)
    for level in ("medium", "high_specific", "low", None, "of a later version"):
        rung(api, "post-1", level)
    assert only(api)["level"] == "high_specific"
    rank(api)
    person = Visitor(api.instance, api.client, "reviewer")
    (row,) = person.get("/cases.json").json()["cases"]
    assert row["because"][0] == {
        "code": "threat_to_life",
        "text": "A threat to life: high, specific",
        "value": "high_specific",
    }
    assert "A threat to life: high, specific" in person.get(f"/cases/{case}").text
    assert 'data-level="high_specific"' in person.get("/").text
    act(api, "close", HANDLED | {"outcome": "false_alarm"})
    rank(api)
    (row,) = person.get("/cases.json").json()["cases"]
    assert row["because"][0]["value"] is None


@pytest.mark.parametrize("outcome", ["handled", "referred"])
def test_a_case_keeps_its_place_when_its_alert_ends_and_nobody_has_decided(
    api: Api, clock: FakeClock, outcome: str
) -> None:
    case = told(api)
    rung(api, "post-1", "high_specific")
    rank(api)
    before = api.get(f"/v1/cases/{case}").json()
    to = {"referred_to": "the police"} if outcome == "referred" else {}
    assert act(api, "close", HANDLED | {"outcome": outcome} | to).status_code == 200
    rank(api)
    after = api.get(f"/v1/cases/{case}").json()
    assert (after["band"], after["priority"]) == (before["band"], before["priority"])
    passed = {"outcome": "pass", "reason": "It is a line of a play."}
    assert api.post("/v1/items/post-1/decisions", passed).status_code == 201
    clock.advance(60)
    assert told(api, reason="spam", reporter="somebody") == case
    rank(api)
    threat = {one["name"]: one for one in api.get(f"/v1/cases/{case}").json()["priority"]["parts"]}
    assert threat["threat"]["value"] == 0


def rank(api: Api) -> None:
    duties = {duty.name: duty for duty in duties_of(api.instance)}
    with api.instance.database.begin() as tx:
        tx.execute(sa.text("UPDATE cases SET ranked_at = NULL WHERE version > 1"))
    duties["rank"].work(api.instance)


def test_lists_go_by_state_and_page_by_page(api: Api, clock: FakeClock) -> None:
    for n in range(5):
        told(api, f"post-{n}")
        clock.advance(1)
    ids = [one["id"] for one in alerts(api)]
    assert [one["item"] for one in alerts(api)] == [f"post-{n}" for n in (4, 3, 2, 1, 0)]
    api.post(f"/v1/alerts/{ids[0]}/acknowledge")
    api.post(f"/v1/alerts/{ids[1]}/close", HANDLED)
    by_state = {
        state: [one["id"] for one in alerts(api, f"?state={state}")]
        for state in ("open", "acknowledged", "closed")
    }
    assert by_state == {"open": ids[2:], "acknowledged": ids[:1], "closed": [ids[1]]}
    seen: list[str] = []
    cursor = ""
    while True:
        page = api.get(f"/v1/alerts?limit=2{cursor}").json()
        seen += [one["id"] for one in page["data"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == ids
    for wrong in ("?state=ringing", "?cursor=nothing", "?limit=0"):
        assert api.get(f"/v1/alerts{wrong}").status_code == 422


def test_all_reports_that_an_alert_names_are_listed(api: Api, clock: FakeClock) -> None:
    for n in range(5):
        told(api, reporter=f"somebody-{n}")
        clock.advance(1)
    at, seen, cursor = f"/v1/alerts/{only(api)['id']}/reports", list[str](), ""
    while True:
        page = api.get(f"{at}?limit=2{cursor}").json()
        seen += [one["id"] for one in page["data"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"of-post-1-{n}" for n in range(5)]


def test_closing_says_how_it_ended_and_acknowledges(api: Api) -> None:
    told(api)
    given = {"outcome": "referred", "reason": "It is theirs.", "referred_to": "the police of X"}
    done = act(api, "close", given)
    assert done.status_code == 200
    one = done.json()
    assert {name: one[name] for name in given} == given
    assert (one["state"], one["closed_by"]) == ("closed", f"key:{api.name}")
    assert one["acknowledged_at"] == one["closed_at"]
    assert [one["by"] for one in one["acknowledgements"]] == [f"key:{api.name}"]
    (entry,) = entries(api, "alert.closed")
    assert b"theirs" not in bytes(str(entry["record"]), "utf-8")
    assert len(entries(api, "alert.acknowledged")) == 1


def test_who_comes_second_is_told_how_it_ended(api: Api, clock: FakeClock) -> None:
    told(api)
    act(api, "close", HANDLED)
    clock.advance(60)
    before = rows(api)
    again = act(api, "close", HANDLED | {"outcome": "false_alarm"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/alert-closed")
    assert again.json()["alert"]["outcome"] == "handled"
    assert again.json()["alert"]["closed_by"] == f"key:{api.name}"
    heard = act(api, "acknowledge")
    assert (heard.status_code, heard.json()["state"]) == (200, "closed")
    assert rows(api) == before


REFUSED: list[dict[str, Any]] = [
    {},
    {"outcome": "solved", "reason": "x"},
    {"outcome": "handled"},
    {"outcome": "handled", "reason": ""},
    {"outcome": "handled", "reason": " \n"},
    {"outcome": "handled", "reason": "x" * 4001},
    {"outcome": "handled", "reason": "x\0"},
    {"outcome": "referred", "reason": "x"},
    {"outcome": "referred", "reason": "x", "referred_to": " "},
    {"outcome": "handled", "reason": "x", "referred_to": "the police"},
]


@pytest.mark.parametrize("body", REFUSED)
def test_a_bad_close_is_refused_and_nothing_written(api: Api, body: dict[str, Any]) -> None:
    told(api)
    before = rows(api)
    assert act(api, "close", body).status_code == 422
    assert rows(api) == before


@pytest.mark.parametrize("blank", [" ", "\u200b", "\u3164"])
def test_reasons_that_nobody_can_see_are_refused_and_nothing_written(api: Api, blank: str) -> None:
    case = told(api)
    scheme = "attack-response"
    opened = api.post("/v1/incidents", {"scheme": scheme, "title": "a march"}).json()["id"]
    before = rows(api)
    wrong = [
        act(api, "close", HANDLED | {"reason": blank}),
        act(api, "close", {"outcome": "referred", "reason": "theirs", "referred_to": blank}),
        api.post(f"/v1/cases/{case}/decide", {"outcome": "pass", "reason": blank}),
        api.post("/v1/incidents", {"scheme": scheme, "title": blank}),
        api.post(f"/v1/incidents/{opened}/open", {"reason": blank}),
        api.post(f"/v1/incidents/{opened}/close", {"outcome": "dismissed", "reason": blank}),
        api.post(f"/v1/cases/{case}/tasks", {"text": blank}),
    ]
    assert [one.status_code for one in wrong] == [422] * len(wrong)
    assert rows(api) == before


def test_other_keys_and_other_ids_get_nothing_and_write_nothing(api: Api) -> None:
    told(api)
    reads, writes = api.key("alerts:read"), api.key("alerts:write")
    bound = api.key("alerts:write", platform="b")
    nothing, at = api.key("cases:decide"), f"/v1/alerts/{only(api)['id']}"
    before = rows(api)
    assert api.get(at, key=reads).status_code == api.get(at, key=writes).status_code == 200
    assert api.post(f"{at}/acknowledge", key=reads).status_code == 403
    assert api.post(f"{at}/close", HANDLED, key=reads).status_code == 403
    assert api.get("/v1/alerts", key=nothing).status_code == 403
    assert api.get("/v1/alerts", key=bound).json() == {"data": [], "next": None}
    for method, path in (("GET", ""), ("GET", "/reports"), ("POST", "/acknowledge")):
        assert api.call(method, at + path, bound).status_code == 404
        for wrong in (uuid4(), "nothing"):
            assert api.call(method, f"/v1/alerts/{wrong}{path}").status_code == 404
    assert api.post(f"{at}/close", HANDLED, key=bound).status_code == 404
    assert api.post("/v1/alerts/nothing/close", HANDLED).status_code == 404
    assert rows(api) == before


@pytest.mark.parametrize("verb", ["acknowledge", "close"])
def test_of_two_at_once_one_is_the_first(api: Api, verb: str) -> None:
    told(api)
    at = f"/v1/alerts/{only(api)['id']}/{verb}"
    keys = [api.key("alerts:write", name=f"of {n}") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda key: api.post(at, HANDLED if verb == "close" else None, key=key), keys)
        )
    one = only(api)
    if verb == "close":
        assert sorted(answer.status_code for answer in found) == [200, 409, 409, 409]
        (first,) = [answer.json()["closed_by"] for answer in found if answer.status_code == 200]
        assert first == one["closed_by"]
    else:
        assert {answer.json()["acknowledged_by"] for answer in found} == {one["acknowledged_by"]}
    assert len(entries(api, "alert.acknowledged")) == 1


def test_a_retry_gets_the_answer_of_before(api: Api) -> None:
    told(api)
    once = {"headers": {"Idempotency-Key": "once"}}
    first, again = act(api, "close", HANDLED, **once), act(api, "close", HANDLED, **once)
    assert first.status_code == again.status_code == 200
    assert first.content == again.content


def test_an_erased_item_leaves_ids_and_times(api: Api) -> None:
    told(api)
    given = {"outcome": "referred", "reason": "the words", "referred_to": "whom"}
    act(api, "close", given, headers={"Idempotency-Key": "once"})
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    one = only(api)
    assert (one["item"], one["reason"], one["referred_to"]) == (None, None, None)
    assert (one["outcome"], one["reports"]) == ("referred", ["of-post-1-0"])
    assert "the words" not in str(rows(api))


def test_an_alert_about_what_is_erased_can_be_closed(api: Api) -> None:
    told(api)
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    assert act(api, "close", HANDLED).json()["state"] == "closed"


def test_a_flood_of_threats_about_one_post_is_one_alert(api: Api) -> None:
    told(api)
    with api.instance.database.begin() as tx:
        item_id = get_item(tx, "default", "post-1").id
        for _ in range(150):
            report = tx.execute(
                sa.text(
                    "INSERT INTO reports (id, platform, external_id, item_id, channel, reason, digest,"
                    " created_at, received_at) VALUES (gen_random_uuid(), 'default',"
                    " gen_random_uuid(), :item, 'user', 'x', '', :now, :now) RETURNING id"
                ),
                {"item": item_id, "now": tx.now},
            ).scalar_one()
            call(tx, "threat_to_life", item_id=item_id, platform="default", report=report)
    one = only(api)
    assert (one["reports_total"], one["rings"], len(one["reports"])) == (151, 151, 100)
    whole = api.get(f"/v1/alerts/{one['id']}").json()
    assert len(set(whole["reports"])) == 151
    person = Visitor(api.instance, api.client, "reviewer")
    page = person.get("/alerts").text
    assert page.count('data-testid="ringing"') == 1
    assert "151 reports" in page
    assert "151 rings" in person.get("/").text


# The pages


def test_the_page_of_alerts_goes_by_state(api: Api, clock: FakeClock) -> None:
    for n in range(3):
        told(api, f"post-{n}")
        clock.advance(1)
    ids = [one["id"] for one in alerts(api)]
    api.post(f"/v1/alerts/{ids[0]}/acknowledge")
    api.post(f"/v1/alerts/{ids[1]}/close", HANDLED)
    person = Visitor(api.instance, api.client, "reviewer")
    whole = person.get("/alerts.json").json()
    parts = ("ringing", "acknowledged", "closed")
    assert [[one["id"] for one in whole[part]] for part in parts] == [[ids[2]], [ids[0]], [ids[1]]]
    for state, part in zip(("open", "acknowledged", "closed"), parts, strict=True):
        twin = person.get(f"/alerts.json?state={state}").json()
        assert [len(twin[one]) for one in parts] == [one == part for one in parts]
        assert person.get(f"/alerts?state={state}").text.count('aria-current="page"') >= 1


def test_the_page_says_what_each_alert_is_about_to_who_sees_its_case(api: Api) -> None:
    for n in (1, 2):
        told(api, f"post-{n}")
    person = Visitor(api.instance, api.client, "reviewer")
    page = person.get("/alerts").text
    assert sorted(re.findall(r'alert-row-words">([^<]+)<', page)) == [
        "the words of post-1",
        "the words of post-2",
    ]
    other = Visitor(api.instance, api.client, "reviewer", queues=["elsewhere"])
    assert "the words of post" not in other.get("/alerts").text


def test_a_person_closes_one_by_a_form(api: Api) -> None:
    case = told(api)
    person = Visitor(api.instance, api.client, "reviewer")
    at = f"/alerts/{only(api)['id']}"
    page = person.get(at).text
    assert f'href="/cases/{case}"' in page
    assert "of-post-1-0" in page
    before = rows(api)
    refused = person.send(f"{at}/close", {"outcome": "referred", "reason": "It is theirs."})
    assert refused.status_code == 422
    assert 'data-testid="field-error"' in refused.text
    assert "It is theirs." in refused.text  # as it was typed
    assert rows(api) == before
    given = {"outcome": "referred", "reason": "It is theirs.", "referred_to": "the police"}
    done = person.send(f"{at}/close", given)
    assert (done.status_code, done.headers["location"]) == (303, f"{at}?done=alert-closed")
    shown = person.get(at).text
    assert "the police" in shown
    assert 'data-testid="close-alert"' not in shown
    again = person.send(f"{at}/close", given)
    assert again.status_code == 409
    assert "reviewer closed it" in again.text
    assert "reviewer@example.org closed" not in again.text


def test_who_only_reads_has_no_form(api: Api) -> None:
    told(api)
    at = f"/alerts/{only(api)['id']}"
    for role in ("auditor", "intake", "policy"):
        person = Visitor(api.instance, api.client, role)
        page = person.get(at).text
        assert 'data-testid="close-alert"' not in page
        assert 'data-testid="acknowledge' not in page
        assert person.send(f"{at}/close", HANDLED).status_code == 403
    assert Visitor(api.instance, api.client, "curator").get(at).status_code == 403
    assert Visitor(api.instance, api.client, "reviewer", "b").get(at).status_code == 404


def test_one_whose_case_is_not_theirs_is_shown_without_it_and_stays(api: Api) -> None:
    told(api)
    person = Visitor(api.instance, api.client, "reviewer", queues=["nothing"])
    one = only(api)
    twin = person.get(f"/alerts/{one['id']}.json").json()["alert"]
    assert (twin["case"], twin["kind"]) == (None, "threat_to_life")
    before = rows(api)
    refused = person.send(f"/alerts/{one['id']}/close", HANDLED)
    assert refused.status_code == 403
    assert rows(api) == before
    assert UUID(one["case"])

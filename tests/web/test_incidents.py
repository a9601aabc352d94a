"""Incidents over the API and on the desk: the machine and what it refuses, who may, the situation, the debrief."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.api import Api
from tests.web.surging import surged
from tests.web.two_platforms import rows, seal_all
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock

SAID = {"scheme": "attack-response", "title": "What happens there"}
OPENING: dict[str, Any] = {"reason": "it is one", "level": "two", "criteria": ["ongoing"]}
CLOSING = {"outcome": "handled", "reason": "it is over"}
HOSTILE = "<script>alert(1)</script><img src=https://x.example/>\"'&"


def made(api: Api, **more: Any) -> str:
    answer = api.post("/v1/incidents", SAID | more)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def opened(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.post(f"/v1/incidents/{made(api)}/open", OPENING | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(api: Api) -> list[str]:
    """What the ledger has of incidents, in no order: here all is done in one moment."""
    seal_all(api)
    kinds = [one["kind"] for one in api.get("/v1/ledger?limit=1000").json()["data"]]
    return sorted(kind for kind in kinds if kind.startswith("incident."))


def refused(api: Api, path: str, body: dict[str, Any], status: int, type: str, **more: Any) -> None:
    """It is refused so, and nothing was written."""
    before = rows(api)
    answer = api.post(path, body, **more)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{type}")
    assert rows(api) == before


def test_an_incident_is_proposed_opened_worked_on_and_closed(api: Api) -> None:
    incident = made(api, note="by telephone")
    one = api.get(f"/v1/incidents/{incident}").json()
    assert (one["state"], one["title"], one["note"]) == (
        "proposed",
        SAID["title"],
        "by telephone",
    )
    assert (one["platform"], one["queue"], one["evidence"]) == (None, None, None)
    routes = {"languages": ["ar"], "labels": ["threat"]}
    bank = {"bank": "of-the-incident", "routes": routes}
    one = api.post(f"/v1/incidents/{incident}/open", OPENING | bank).json()
    assert (one["state"], one["level"], one["criteria"]) == ("open", "two", ["ongoing"])
    assert re.fullmatch(r"incident-[0-9a-f]{8}", one["queue"])
    assert (one["bank"], one["routes"]) == ("of-the-incident", routes)
    assert api.get("/v1/banks/of-the-incident").json()["stance"] == "known"
    step = {"step": "lead", "note": "Ann leads"}
    one = api.post(f"/v1/incidents/{incident}/step", step).json()
    assert [(s["step"], s["note"]) for s in one["steps"]] == [("lead", "Ann leads")]
    one = api.post(f"/v1/incidents/{incident}/close", CLOSING).json()
    assert (one["state"], one["outcome"], one["closing_reason"]) == (
        "closed",
        "handled",
        "it is over",
    )
    assert told(api) == [f"incident.{one}" for one in ("closed", "opened", "proposed", "stepped")]
    (entry,) = [
        one for one in api.get("/v1/ledger").json()["data"] if one["kind"] == "incident.opened"
    ]
    assert entry["subject"] == incident
    assert "it is one" not in str(entry)


def test_what_is_refused_writes_nothing(api: Api) -> None:
    incident, nothing = made(api), f"/v1/incidents/{uuid4()}"
    at = f"/v1/incidents/{incident}"
    refused(api, "/v1/incidents", SAID | {"scheme": "nothing"}, 422, "invalid-body")
    refused(api, "/v1/incidents", SAID | {"title": ""}, 422, "invalid-body")
    refused(api, f"{at}/open", OPENING | {"level": "nine"}, 422, "invalid-body")
    refused(api, f"{at}/open", OPENING | {"criteria": ["x"]}, 422, "invalid-body")
    refused(api, f"{at}/open", OPENING | {"scheme": "x"}, 422, "invalid-body")
    refused(api, f"{at}/open", {"level": "two"}, 422, "invalid-body")
    wrong = OPENING | {"routes": {"when": ["case.kind == 'video'", "case.languages == 'de'"]}}
    refused(api, f"{at}/open", wrong, 422, "invalid-body")
    (error,) = api.post(f"{at}/open", wrong).json()["errors"]
    assert error["pointer"] == "/routes/when/1"
    assert "did you mean `language`?" in error["expected"]
    assert error["got"].startswith("column 6 of ")
    refused(api, f"{at}/step", {"step": "lead"}, 409, "incident-not-open")
    refused(api, f"{at}/close", CLOSING, 409, "outcome-not-of-state")
    assert api.bank("allowed", stance="allow").status_code == 201
    refused(api, f"{at}/open", OPENING | {"bank": "allowed"}, 409, "bank-not-of-incident")
    assert api.bank("of-b", platform="b").status_code == 201
    refused(api, f"{at}/open", OPENING | {"bank": "of-b"}, 409, "bank-not-of-incident")
    for verb, body in (("open", OPENING), ("step", {"step": "lead"}), ("close", CLOSING)):
        refused(api, f"{nothing}/{verb}", body, 404, "incident-unknown")
    assert api.get(nothing).status_code == api.get("/v1/incidents/no-id").status_code == 404
    assert api.post(f"{at}/open", OPENING).status_code == 200
    refused(api, f"{at}/open", OPENING, 409, "incident-not-proposed")
    refused(api, f"{at}/step", {"step": "nothing"}, 422, "invalid-body")
    refused(api, f"{at}/close", CLOSING | {"outcome": "dismissed"}, 409, "outcome-not-of-state")
    assert api.post(f"{at}/step", {"step": "lead"}).status_code == 200
    refused(api, f"{at}/step", {"step": "lead"}, 409, "step-taken")
    assert api.post(f"{at}/close", CLOSING).status_code == 200
    refused(api, f"{at}/close", CLOSING, 409, "incident-closed")
    refused(api, f"{at}/step", {"step": "queue"}, 409, "incident-not-open")


def test_what_was_proposed_is_dismissed_for_a_reason(api: Api) -> None:
    at = f"/v1/incidents/{made(api)}"
    one = api.post(f"{at}/close", {"outcome": "dismissed", "reason": "a campaign"}).json()
    assert (one["state"], one["outcome"], one["queue"]) == ("closed", "dismissed", None)
    assert told(api) == ["incident.closed", "incident.proposed"]


def test_scopes_say_who_may(api: Api) -> None:
    incident = made(api)
    at = f"/v1/incidents/{incident}"
    for scope in ("cases:read", "reports:write"):
        reads = api.key(scope)
        for path in ("/v1/incidents", "/v1/incidents/schemes", at):
            assert api.get(path, key=reads).status_code == 200, (scope, path)
        refused(api, "/v1/incidents", SAID, 403, "scope-missing", key=reads)
        refused(api, f"{at}/open", OPENING, 403, "scope-missing", key=reads)
    assert api.get(at, key=api.key("items:read")).status_code == 403
    writes = api.key("incidents:write")
    refused(api, f"{at}/open", OPENING | {"bank": "new"}, 403, "scope-missing", key=writes)
    assert api.post(f"{at}/open", OPENING, key=writes).status_code == 200


def test_a_scheme_says_who_opens_it(api: Api) -> None:
    from msgspec.structs import replace

    schemes = dict(api.instance.schemes)
    schemes["attack-response"] = replace(schemes["attack-response"], activates="policy:write")
    api.instance.schemes = schemes
    at = f"/v1/incidents/{made(api)}/open"
    key = api.key("incidents:write")
    refused(api, at, OPENING, 403, "activation-not-yours", key=key)
    both = api.key("incidents:write", "policy:write")
    assert api.post(at, OPENING, key=both).status_code == 200


def test_an_incident_is_of_its_platform(api: Api) -> None:
    bound = api.key("admin", platform="a")
    own = api.post("/v1/incidents", SAID, key=bound).json()
    assert own["platform"] == "a"
    everybodys, others = made(api), made(api, platform="b")
    listed = api.get("/v1/incidents", key=bound).json()["data"]
    assert [one["id"] for one in listed] == [own["id"]]
    for one in (everybodys, others):
        assert api.get(f"/v1/incidents/{one}", key=bound).status_code == 404
        refused(api, f"/v1/incidents/{one}/open", OPENING, 404, "incident-unknown", key=bound)
    other = SAID | {"platform": "b"}
    refused(api, "/v1/incidents", other, 403, "platform-bound", key=bound)


def test_incidents_are_listed_by_pages_and_by_state(api: Api) -> None:
    ids = [made(api) for _ in range(5)]
    assert api.post(f"/v1/incidents/{ids[0]}/open", OPENING).status_code == 200
    found, path = [], "/v1/incidents?limit=2"
    while True:
        page = api.get(path).json()
        found += [one["id"] for one in page["data"]]
        if page["next"] is None:
            break
        path = f"/v1/incidents?limit=2&cursor={page['next']}"
    assert sorted(found) == sorted(ids)
    assert [one["id"] for one in api.get("/v1/incidents?state=open").json()["data"]] == ids[:1]
    assert api.get("/v1/incidents?cursor=x").status_code == 422
    assert api.get("/v1/incidents?state=x").status_code == 422


def test_the_same_again_is_answered_the_same(api: Api) -> None:
    at, key = f"/v1/incidents/{made(api)}/open", {"Idempotency-Key": "once"}
    first = api.post(at, OPENING, headers=key)
    assert api.post(at, OPENING, headers=key).content == first.content
    assert told(api).count("incident.opened") == 1


def reported(api: Api, number: int) -> str:
    api.submit(f"post-{number}", text=f"words of {number}", language="de")
    report = {"id": f"r{number}", "channel": "user", "reason": "spam", "item_id": f"post-{number}"}
    answer = api.post("/v1/reports", report | {"created_at": "2025-12-31T23:59:00Z"})
    return answer.json()["case"]


def test_the_situation_says_what_comes_what_waits_and_who_is_needed(
    api: Api, clock: FakeClock
) -> None:
    (incident,) = surged(api)
    queue = api.post(f"/v1/incidents/{incident}/open", OPENING).json()["queue"]
    for number in range(12):
        case = reported(api, number)
        with api.instance.database.begin() as tx:
            tx.connection.exec_driver_sql(f"UPDATE cases SET queue = '{queue}' WHERE id = '{case}'")
        if number < 10:
            assert api.post(f"/v1/cases/{case}/claim").status_code == 200
            clock.advance(60)
            decision = {"outcome": "pass", "reason": "it is fine"}
            assert api.post(f"/v1/cases/{case}/decide", decision).status_code == 200
    person = Visitor(api.instance, api.client, "senior")
    now = person.get(f"/incidents/{incident}.json").json()["situation"]
    assert (now["queue"]["waiting"], now["queue"]["queue"]) == (2, queue)
    need = now["need"]
    assert (need["seconds"], need["measured"], need["per_hour"]) == (60.0, 10, 12.0)
    assert (need["keep_up"], now["by_reports"]) == (1, False)
    shown = person.get(f"/incidents/{incident}").text
    assert 'data-testid="chart"' in shown
    assert 'data-testid="chart-table"' in shown
    assert "60 came in 10 minutes" in shown
    assert "No alert rings." in shown
    api.submit("threat", text="a threat")
    threat = {"id": "t", "channel": "user", "reason": "threat_to_life", "item_id": "threat"}
    threat |= {"created_at": "2025-12-31T23:59:00Z", "reporter": "ann"}
    assert api.post("/v1/reports", threat).status_code == 201
    shown = person.get(f"/incidents/{incident}").text
    assert "No alert rings." not in shown


def test_people_work_on_an_incident_without_a_script(api: Api) -> None:
    person = Visitor(api.instance, api.client, "senior")
    to = person.send("/incidents", SAID | {"platform": "", "note": ""}).headers["location"]
    at = to.partition("?")[0]
    answer = person.send(f"{at}/open", {"reason": "", "level": "two", "languages": "de fr"})
    assert answer.status_code == 422
    assert 'data-testid="field-error"' in answer.text
    assert 'value="de fr"' in answer.text
    form = {"reason": "it is one", "level": "two", "criteria": ["ongoing", "murder"]}
    wrong = person.send(f"{at}/open", form | {"routes_when": "case.kind == 'vidoe'"})
    assert wrong.status_code == 422
    assert 'id="error-routes_when"' in wrong.text
    conditions = {"routes_when": "case.kind == 'video'\n\n case.band > 0 "}
    assert person.send(f"{at}/open", form | {"languages": "de fr"} | conditions).status_code == 303
    assert "<code>case.band &gt; 0</code>" in person.get(at).text
    assert person.send(f"{at}/step", {"step": "lead", "step_note": "Ann"}).status_code == 303
    shown = person.get(at).text
    assert 'class="taken" data-step="lead"' in shown
    assert shown.count('<option value="lead"') == 0
    again = person.send(f"{at}/step", {"step": "lead"})
    assert again.status_code == 409
    assert (
        person.send(
            f"{at}/close", {"outcome": CLOSING["outcome"], "closing": CLOSING["reason"]}
        ).status_code
        == 303
    )
    assert "it is over" in person.get(at).text
    listed = person.get("/incidents?state=closed").text
    assert listed.count('data-testid="incident"') == 1
    reads = Visitor(api.instance, api.client, "reviewer")
    assert (
        "<form novalidate"
        not in reads.get(at).text.partition('id="main"')[2].partition("</main>")[0]
    )


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_a_debrief_is_one_file_that_loads_nothing_and_says_what_was_done(
    api: Api, language: str
) -> None:
    surged(api)
    incident = opened(api)["id"]
    at = f"/v1/incidents/{incident}"
    assert api.post(f"{at}/step", {"step": "lead", "note": HOSTILE}).status_code == 200
    assert api.post(f"{at}/close", CLOSING | {"reason": HOSTILE}).status_code == 200
    seal_all(api)
    person = Visitor(api.instance, api.client, "senior")
    answer = person.get(f"/incidents/{incident}/debrief", headers={"accept-language": language})
    assert answer.status_code == 200
    html = answer.text
    assert HOSTILE not in html
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=|url\(|@import", html.replace("src=https", ""))
    assert "<svg" in html
    assert html.count('<tr><th scope="row">') >= 4
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert f'lang="{language}"' in html


def test_what_was_counted_stays_with_what_is_closed(api: Api, clock: FakeClock) -> None:
    (incident,) = surged(api)
    close = {"outcome": "false_alarm", "reason": "a test"}
    assert api.post(f"/v1/incidents/{incident}/close", close).status_code == 200
    before = api.get(f"/v1/incidents/{incident}").json()["evidence"]["volumes"]
    clock.advance(timedelta(days=90).total_seconds())
    with api.instance.database.begin() as tx:
        tx.connection.exec_driver_sql("DELETE FROM arrivals")
    assert api.get(f"/v1/incidents/{incident}").json()["evidence"]["volumes"] == before
    person = Visitor(api.instance, api.client, "senior")
    assert "60" in person.get(f"/incidents/{incident}/debrief").text


def test_what_words_people_wrote_is_nowhere_in_the_ledger(api: Api) -> None:
    incident = made(api, title="zwergkaninchen", note="zwergkaninchen")
    at = f"/v1/incidents/{incident}"
    api.post(f"{at}/open", {"reason": "zwergkaninchen"})
    api.post(f"{at}/step", {"step": "lead", "note": "zwergkaninchen"})
    api.post(f"{at}/close", {"outcome": "handled", "reason": "zwergkaninchen"})
    seal_all(api)
    assert "zwergkaninchen" not in api.get("/v1/ledger?limit=1000").text

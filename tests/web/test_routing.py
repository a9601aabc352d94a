"""Cases go to the queues that rules and open incidents lead to, and people see those of theirs alone."""

from datetime import timedelta
from typing import Any

import pytest
from tests.api import Api
from tests.web.test_queue import listed, report, reported, work
from tests.web.visitor import Visitor

from tidegate.policy.actions import activate_pack, store_pack
from tidegate.policy.data import default_source
from tidegate.review.listing import scored_since
from tidegate.triage.replay import replay_queues

RULES = """
[[queues]]
name = "german"
queue = "deutsch"
when = ["case.language.startsWith('de')"]

[[queues]]
name = "notices"
queue = "recht"
when = ["'notice' in case.channels"]
"""
SAID = {"scheme": "attack-response", "title": "what happens there"}
OPENING = {"reason": "it is one"}


def in_force(api: Api, rules: str, version: int) -> None:
    source = default_source().replace("version = ", f"version = {version}0", 1) + rules
    with api.instance.database.begin("user:policy@example.org") as tx:
        pack = store_pack(tx, source)
        activate_pack(tx, pack.name, pack.version)


def queue_of(api: Api, case: str) -> str:
    return api.get(f"/v1/cases/{case}").json()["queue"]


def opened(api: Api, **routes: Any) -> str:
    incident = api.post("/v1/incidents", SAID).json()["id"]
    answer = api.post(f"/v1/incidents/{incident}/open", OPENING | {"routes": routes})
    assert answer.status_code == 200, answer.text
    return incident


@pytest.fixture
def routed(api: Api) -> Api:
    in_force(api, RULES, 1)
    return api


def test_a_case_opens_in_the_queue_that_the_first_rule_says_and_says_why(routed: Api) -> None:
    german = reported(routed, "a", "was sie sagen", language="de-AT")
    notice = reported(routed, "b", "what they say", language="en")
    assert queue_of(routed, german) == "deutsch"
    assert queue_of(routed, notice) == "reports"
    assert report(routed, "b", channel="notice", reporter="bert") == notice
    work(routed)
    assert queue_of(routed, notice) == "recht"
    tip = {
        "id": "t",
        "channel": "notice",
        "reason": "other",
        "text": "here it is",
        "language": "fr",
    }
    answer = routed.post("/v1/reports", tip | {"created_at": "2025-12-31T23:00:00Z"}).json()
    assert answer["queue"] == queue_of(routed, answer["case"]) == "recht"
    senior = Visitor(routed.instance, routed.client, "senior")
    (row,) = listed(senior, "?queue=deutsch")["cases"]
    assert (row["id"], row["because"][-1]["text"]) == (
        german,
        "The rule german leads to this queue",
    )
    assert "The rule german leads to this queue" in senior.get(f"/cases/{german}").text


def test_other_rules_lead_waiting_cases_elsewhere_and_back(routed: Api) -> None:
    case = reported(routed, "a", "was sie sagen", language="de")
    before = routed.get(f"/v1/cases/{case}").json()["version"]
    in_force(routed, RULES.replace("deutsch", "wien"), 2)
    work(routed)
    assert queue_of(routed, case) == "wien"
    in_force(routed, "", 3)
    work(routed)
    assert queue_of(routed, case) == "reports"
    assert routed.get(f"/v1/cases/{case}").json()["version"] == before


def test_what_somebody_has_in_hand_moves_once_it_waits_again(routed: Api) -> None:
    case = reported(routed, "a", "was sie sagen", language="de")
    assert routed.post(f"/v1/cases/{case}/claim").status_code == 200
    in_force(routed, "", 2)
    work(routed)
    assert queue_of(routed, case) == "deutsch"
    assert routed.post(f"/v1/cases/{case}/release").status_code == 200
    work(routed)
    assert queue_of(routed, case) == "reports"


def test_a_rule_that_cannot_be_evaluated_leaves_a_case_where_it_is_and_is_told(api: Api) -> None:
    in_force(api, RULES.replace("case.language.startsWith('de')", "case.channels[3] == 'x'"), 1)
    case = reported(api, "a", "was sie sagen", language="de")
    assert queue_of(api, case) == "reports"
    page = Visitor(api.instance, api.client, "senior").get(f"/cases/{case}").text
    assert "german could not say whether it belongs in another queue" in page


def test_people_who_are_bound_to_a_queue_see_what_rules_lead_there_and_nothing_else(
    routed: Api,
) -> None:
    german = reported(routed, "a", "was sie sagen", language="de")
    other = reported(routed, "b", "what they say", language="en")
    bound = Visitor(routed.instance, routed.client, "reviewer", queues=["deutsch"])
    assert [one["id"] for one in listed(bound)["cases"]] == [german]
    assert bound.get(f"/cases/{other}").status_code == 404
    in_force(routed, "", 2)
    work(routed)
    assert listed(bound)["cases"] == []
    assert bound.get(f"/cases/{german}").status_code == 404
    assert bound.send(f"/cases/{german}/claim").status_code in (403, 404)
    assert routed.get(f"/v1/cases/{german}").json()["claimed_by"] is None


def test_an_open_incident_takes_what_it_names_before_the_rules_until_it_is_closed(
    routed: Api,
) -> None:
    case = reported(routed, "a", "was sie sagen", language="de")
    hard = opened(routed, languages=["de"], when=["case.kind == 'text'", "case.band > 0"])
    queue = routed.get(f"/v1/incidents/{hard}").json()["queue"]
    work(routed)
    assert queue_of(routed, case) == queue
    later = reported(routed, "b", "was andere sagen", language="de")
    assert queue_of(routed, later) == queue
    threat = reported(routed, "c", "das Dritte", language="de", reason="threat_to_life")
    assert queue_of(routed, threat) == "deutsch"
    senior = Visitor(routed.instance, routed.client, "senior")
    assert f"The open incident of the queue {queue} takes it" in senior.get(f"/cases/{case}").text
    closing = {"outcome": "handled", "reason": "it is over"}
    assert routed.post(f"/v1/incidents/{hard}/close", closing).status_code == 200
    work(routed)
    assert {queue_of(routed, one) for one in (case, later)} == {"deutsch"}


def test_a_story_leads_to_the_queue_of_its_incident(api: Api) -> None:
    tip = {"channel": "tip", "reason": "attack", "created_at": "2025-12-31T23:00:00Z"}
    said = "They will meet at the old bridge on Friday at nine and want to set the depot on fire"
    first = api.post("/v1/reports", tip | {"id": "r1", "text": said}).json()
    story = api.get(f"/v1/clusters/{first['cluster']}").json()["story"]
    queue = api.get(f"/v1/incidents/{opened(api, story=story)}").json()["queue"]
    other = "Somebody sells cheap shoes at the market every Tuesday"
    second = api.post("/v1/reports", tip | {"id": "r2", "text": other}).json()
    work(api)
    assert queue_of(api, first["case"]) == queue
    assert queue_of(api, second["case"]) == "reports"


def test_a_decided_case_that_is_opened_again_is_where_the_rules_of_now_say(routed: Api) -> None:
    case = reported(routed, "a", "was sie sagen", language="de")
    decision = {"outcome": "pass", "reason": "It is fine as it is."}
    assert routed.post(f"/v1/cases/{case}/decide", decision).status_code == 200
    in_force(routed, "", 2)
    work(routed)
    assert queue_of(routed, case) == "deutsch"
    senior = Visitor(routed.instance, routed.client, "senior")
    again = senior.send(f"/cases/{case}/reopen", {"reopen_reason": "more came"})
    assert again.status_code == 303
    work(routed)
    assert queue_of(routed, case) == "reports"


def test_what_is_kept_of_cases_says_where_other_rules_would_lead_them(routed: Api) -> None:
    reported(routed, "a", "was sie sagen", language="de")
    reported(routed, "b", "what they say", language="en", reason="threat_to_life")
    work(routed)
    with routed.instance.database.begin() as tx:
        found = scored_since(tx, tx.now - timedelta(days=7))
        pack = routed.instance.pack(tx)
    assert [one.queue for one in found] == ["reports", "reports"]
    assert [(one.case.language, one.case.channels) for one in found] == [
        ("de", ["user"]),
        ("en", ["user"]),
    ]
    assert found[1].case.band == 0
    moved, unrouted = replay_queues(found, (), pack.queues)
    assert [(one.queue, one.before, one.after) for one in moved] == [
        ("deutsch", 0, 1),
        ("reports", 2, 1),
    ]
    assert unrouted == 0

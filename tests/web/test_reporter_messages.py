"""What is said between the organisation and whoever reported, and what they are told of the decision."""

from typing import Any

import pytest
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.intake.messages import MOST
from tidegate.pipeline.leave import leave_due
from tidegate.pipeline.outcomes import AUTOMATED, LOOKED_AT, REDRESS, SAID

NOTICE = {
    "id": "n1",
    "channel": "notice",
    "reason": "terrorist_content",
    "item_id": "post-1",
    "created_at": "2025-12-31T23:00:00Z",
}
TIP = {
    "id": "t1",
    "channel": "tip",
    "reason": "tip",
    "text": "he talks of it all day",
    "created_at": "2025-12-31T23:00:00Z",
}
WRITTEN = ("report_messages", "case_events", "ledger_pending", "alerts", "reports")
THREAT = "He said he will shoot everybody at the station in Lyon tomorrow at nine."
PASS = {"outcome": "pass", "reason": "Looked at by a person: nothing in it is against the rules."}


def noticed(api: Api, **more: Any) -> dict[str, Any]:
    api.submit(text="what was posted")
    return api.post("/v1/reports", NOTICE | more).json()


def rows(api: Api) -> list[int]:
    return [api.count(table) for table in WRITTEN]


def ask(api: Api, text: str = "Where was that?", report: str = "n1", **more: Any) -> Any:
    return api.post(f"/v1/reports/{report}/questions", {"text": text}, **more)


def say(api: Api, reference: str, text: str = "At the lake.", **more: Any) -> Any:
    return api.post(f"/v1/references/{reference}/messages", {"text": text}, **more)


def told(api: Api, reference: str) -> list[dict[str, Any]]:
    answer = api.get(f"/v1/references/{reference}", key=api.key("reports:write"))
    assert answer.status_code == 200, answer.text
    return answer.json()["messages"]


def test_a_question_is_answered_and_the_case_comes_up_as_news(api: Api) -> None:
    found = noticed(api)
    reference, case = found["reference"], found["case"]
    asked = ask(api)
    assert asked.status_code == 201, asked.text
    (question,) = told(api, reference)
    assert (question["kind"], question["text"]) == ("question", "Where was that?")
    assert question.keys() == {"id", "kind", "text", "at"}
    before = api.get(f"/v1/cases/{case}").json()["version"]
    answered = say(api, reference)
    assert answered.status_code == 201, answered.text
    added = say(api, reference, "And again today.").json()
    assert [one["kind"] for one in added["messages"]] == ["question", "answer", "addition"]
    assert api.get(f"/v1/cases/{case}").json()["version"] >= before + 2
    staff = api.get("/v1/reports/n1").json()["messages"]
    assert [one["by"] for one in staff] == [f"key:{api.name}"] * 3


def test_a_question_never_says_who_asked(api: Api) -> None:
    found = noticed(api)
    anna = Visitor(api.instance, api.client, "reviewer", email="anna@example.org")
    anna.get(f"/cases/{found['case']}")
    form = {"asked_report": "n1", "question": "Which of the two?"}
    sent = anna.send(f"/cases/{found['case']}/ask", form)
    assert (sent.status_code, sent.headers["location"]) == (303, f"/cases/{found['case']}#asked")
    page = anna.get(f"/cases/{found['case']}").text
    assert "Which of the two?" in page
    assert (
        "anna"
        not in api.get(f"/v1/references/{found['reference']}", key=api.key("reports:write")).text
    )
    say(api, found["reference"], "The left one.")
    assert "The left one." in anna.get(f"/cases/{found['case']}").text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"asked_report": "n1", "question": " "}, "question"),
        ({"asked_report": "n1", "question": "x" * 10_001}, "question"),
        ({"asked_report": "", "question": "What?"}, "asked_report"),
    ],
)
def test_what_is_no_question_comes_back_as_it_was_typed(
    api: Api, form: dict[str, str], field: str
) -> None:
    case = noticed(api)["case"]
    anna = Visitor(api.instance, api.client, "reviewer")
    anna.get(f"/cases/{case}")
    before = rows(api)
    answer = anna.send(f"/cases/{case}/ask", form)
    assert answer.status_code == 422, answer.text
    assert f'id="error-{field}"' in answer.text
    assert rows(api) == before


def test_what_is_refused_writes_nothing(api: Api) -> None:
    reference = noticed(api)["reference"]
    wrong = reference[:-1] + ("2" if reference[-1] != "2" else "3")
    senders, readers = api.key("reports:write"), api.key("cases:read")
    before = rows(api)
    refused = [
        (ask(api, ""), 422),
        (ask(api, "x" * 10_001), 422),
        (ask(api, report="unknown"), 404),
        (ask(api, key=senders), 403),
        (say(api, reference, "  "), 422),
        (say(api, reference, " \u200b\u2060"), 422),
        (say(api, wrong), 422),
        (say(api, "2222-2222-222"), 404),
        (say(api, reference, key=readers), 403),
    ]
    assert [answer.status_code for answer, _ in refused] == [status for _, status in refused]
    assert refused[6][0].json()["type"] == "/problems/mistyped"
    assert rows(api) == before


def test_a_report_takes_so_many_messages_and_no_more(api: Api) -> None:
    reference = noticed(api)["reference"]
    for number in range(MOST):
        assert say(api, reference, f"more: {number}").status_code == 201
    before = rows(api)
    full = say(api, reference, "one more")
    assert (full.status_code, full.json()["type"]) == (409, "/problems/messages-full")
    assert rows(api) == before
    assert ask(api).status_code == 201  # the organisation may ask all the same


def test_a_threat_in_an_answer_rings_at_once(api: Api) -> None:
    found = noticed(api)
    assert api.get("/v1/alerts").json()["data"] == []
    say(api, found["reference"], THREAT)
    (alert,) = api.get("/v1/alerts").json()["data"]
    assert (alert["case"], alert["state"]) == (found["case"], "open")
    page = Visitor(api.instance, api.client, "reviewer").get(f"/cases/{found['case']}").text
    assert f'data-level="{alert["level"]}"' in page


def test_an_answer_opens_a_decided_case_again(api: Api) -> None:
    found = noticed(api)
    assert api.post(f"/v1/cases/{found['case']}/decide", PASS).status_code == 200
    seen = say(api, found["reference"]).json()
    assert (seen["state"], seen["case_state"]) == ("waiting", "reopened")
    assert [one["kind"] for one in seen["messages"]] == ["outcome", "addition"]


def test_the_words_go_with_the_item_and_who_wrote_them_stays(api: Api) -> None:
    found = noticed(api)
    ask(api, "a secret question")
    say(api, found["reference"], "a secret answer")
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    with api.instance.database.begin() as tx:
        kept = tx.connection.exec_driver_sql("SELECT text, by FROM report_messages").all()
    assert [row.text for row in kept] == [None, None]
    assert {row.by for row in kept} == {f"key:{api.name}"}
    before = rows(api)
    assert say(api, found["reference"]).status_code == 410
    assert ask(api).status_code == 410
    assert rows(api) == before


# --- What became of it ---


def restricted(reason: str, **more: Any) -> dict[str, Any]:
    return {
        "outcome": "restrict",
        "label": "propaganda",
        "exemption": "none",
        "reason": reason,
    } | more


def test_a_notice_is_told_the_decision_with_its_reason_and_how_to_contest_it(api: Api) -> None:
    found = noticed(api)
    assert api.post(f"/v1/cases/{found['case']}/decide", PASS).status_code == 200
    (outcome,) = told(api, found["reference"])
    assert (outcome["kind"], outcome["outcome"], outcome["automated"]) == ("outcome", "pass", False)
    assert outcome["text"] == f"{SAID['pass']} {PASS['reason']} {REDRESS}"


def test_own_words_of_the_desk_are_not_told(api: Api) -> None:
    found = noticed(api)
    words = restricted("The account @mallory was named by the reporter anna.")
    assert api.post(f"/v1/cases/{found['case']}/decide", words).status_code == 200
    (outcome,) = told(api, found["reference"])
    assert (outcome["text"], outcome["label"]) == (f"{SAID['restrict']} {REDRESS}", "propaganda")
    assert "mallory" not in str(outcome)


def test_a_decision_is_told_once_it_leaves_and_never_if_it_is_undone(
    api: Api, clock: FakeClock
) -> None:
    found = noticed(api)
    decide = f"/v1/cases/{found['case']}/decide"
    decided = api.post(decide, PASS | {"undo_seconds": 60}).json()
    assert told(api, found["reference"]) == []
    undo = f"/v1/decisions/{decided['decisions'][-1]['id']}/undo"
    assert api.post(undo).status_code == 200
    clock.advance(300)
    leave_due(api.instance)
    assert told(api, found["reference"]) == []
    assert api.post(decide, PASS | {"undo_seconds": 60}).status_code == 200
    clock.advance(300)
    leave_due(api.instance)
    assert [one["outcome"] for one in told(api, found["reference"])] == ["pass"]


def test_what_was_decided_before_is_told_of_a_repeated_report_unless_another_decision_is_held(
    api: Api, clock: FakeClock
) -> None:
    found = noticed(api, reporter="r")
    decide = f"/v1/cases/{found['case']}/decide"
    assert api.post(decide, PASS).status_code == 200
    clock.advance(60)
    again = api.post("/v1/reports", NOTICE | {"id": "n2", "reporter": "r"}).json()
    assert [one["outcome"] for one in told(api, again["reference"])] == ["pass"]
    clock.advance(60)
    new = api.post("/v1/reports", NOTICE | {"id": "n3", "reporter": "another"}).json()
    assert told(api, new["reference"]) == []
    held = restricted("Only what the label says.", undo_seconds=60)
    assert api.post(decide, held).status_code == 200
    assert told(api, new["reference"]) == []


def test_a_reversal_is_told_after_what_it_reverses(api: Api, clock: FakeClock) -> None:
    found = noticed(api)
    clock.advance(60)
    words = restricted("Only what the label says.")
    api.post(f"/v1/cases/{found['case']}/decide", words)
    clock.advance(60)
    lift = {"outcome": "lift", "reason": "The appeal was right."}
    assert api.post("/v1/items/post-1/decisions", lift).status_code in (200, 201)
    assert [one["outcome"] for one in told(api, found["reference"])] == ["restrict", "lift"]


@pytest.mark.parametrize(
    ("chosen", "texts"),
    [
        ("looked-at", [LOOKED_AT]),
        ("nothing", []),
        ("decision", [f"{SAID['pass']} {PASS['reason']}"]),
    ],
)
def test_a_tip_is_told_what_the_organisation_chooses(
    api: Api, monkeypatch: pytest.MonkeyPatch, chosen: str, texts: list[str]
) -> None:
    import msgspec

    settings = msgspec.structs.replace(api.instance.settings, tip_outcome=chosen)
    monkeypatch.setattr(api.instance, "settings", settings)
    found = api.post("/v1/reports", TIP).json()
    assert api.post(f"/v1/cases/{found['case']}/decide", PASS).status_code == 200
    said = told(api, found["reference"])
    assert [one["text"] for one in said] == texts
    if chosen != "decision":
        assert all("outcome" not in one for one in said)


def test_automated_means_are_disclosed() -> None:
    assert "automated" in AUTOMATED

"""Home: what needs whom, in which order, and nothing for those who can do nothing about it."""

from typing import Any

import pytest
import sqlalchemy as sa
from tests.api import Api
from tests.web.test_alerts import told
from tests.web.test_pages import check_html
from tests.web.visitor import Visitor

from tidegate.enforcement.webhooks import create_webhook
from tidegate.infra.clock import FakeClock
from tidegate.review.figures import queue_figures, trends

NOTE = (
    "INSERT INTO case_notes (id, case_id, by, text, created_at) VALUES (:id, :id, :by, 'x', :now)"
)


def home(person: Visitor) -> dict[str, Any]:
    return person.get("/index.json").json()


def decide(api: Api, case: str, outcome: str = "pass") -> None:
    answer = api.post(f"/v1/cases/{case}/decide", {"outcome": outcome, "reason": "Seen and known."})
    assert answer.status_code == 200, answer.text


def test_what_cannot_wait_comes_first_and_as_a_sentence(api: Api) -> None:
    told(api, "post-1", reason="spam")
    urgent = told(api, "post-2")
    person = Visitor(api.instance, api.client, "reviewer")
    page = home(person)
    assert [case["id"] for case in page["urgent"]["cases"]] == [urgent]
    assert page["urgent"]["total"] == 1
    assert page["urgent"]["cases"][0]["excerpt"] == "the words of post-2"
    text = person.get("/").text
    check_html(text)
    parts = [text.index(f'data-part="{part}"') for part in ("urgent", "mine", "queues")]
    assert parts == sorted(parts)
    assert text.count('data-testid="next"') == 1
    assert f'href="/cases/{urgent}?band=0%2C1"' in text
    assert "Somebody reports a threat to life" in text
    assert "post-2</a>" in text
    assert ">post-2<" not in text  # its words, never its id


def test_what_is_mine_is_what_i_hold_began_or_am_asked_about(api: Api, clock: FakeClock) -> None:
    held, begun, asked = (told(api, f"post-{n}", reason="spam") for n in range(3))
    mine, other = (Visitor(api.instance, api.client, role) for role in ("reviewer", "admin"))
    assert mine.send(f"/cases/{held}/claim").status_code == 303
    with api.instance.database.begin() as tx:
        rows = {"person": f"user:{mine.email}", "now": tx.now}
        tx.execute(
            sa.text("INSERT INTO drafts VALUES (:person, :case, '{}', :now)"),
            rows | {"case": begun},
        )
        tx.execute(sa.text(NOTE), {"id": asked, "by": f"user:{other.email}", "now": tx.now})
        tx.execute(sa.text("INSERT INTO mentions VALUES (:person, :case)"), rows | {"case": asked})
    page = home(mine)["mine"]
    assert {kind: [one["case"]["id"] for one in found] for kind, found in page.items()} == {
        "held": [held],
        "drafts": [begun],
        "tasks": [],
        "asked": [asked],
        "proposed": [],
        "returned": [],
    }
    assert page["asked"][0]["by"] == "admin"
    text = mine.get("/").text
    assert "a decision that you began" in text
    # What somebody skipped is not put before them again.
    assert mine.send(f"/cases/{begun}/skip", {"reason": "not-for-me"}).status_code == 303
    assert home(mine)["mine"]["drafts"] == []
    assert "admin</bdi> asks you to look" in text
    assert "00:30 UTC</time>" in text
    assert home(other)["mine"] == {
        "held": [],
        "drafts": [],
        "tasks": [],
        "asked": [],
        "proposed": [],
        "returned": [],
    }
    clock.advance(31 * 60)
    assert home(mine)["mine"]["held"] == []


def test_each_queue_has_its_figures_its_oldest_and_its_trend(api: Api, clock: FakeClock) -> None:
    first = told(api, "post-1", reason="spam")
    clock.advance(3 * 3600)
    told(api, "post-2", reason="spam")
    decided = told(api, "post-3", reason="spam")
    api.post(f"/v1/cases/{first}/claim")
    decide(api, decided)
    person = Visitor(api.instance, api.client, "reviewer")
    (queue,) = home(person)["queues"]
    assert (queue["queue"], queue["waiting"], queue["held"]) == ("reports", 2, 1)
    assert queue["oldest"] == "2026-01-01T03:00:00Z"
    assert queue["opened"] == [0] * 21 + [1, 0, 2]
    assert queue["decided"] == [0] * 23 + [1]
    text = person.get("/").text
    assert 'data-figure="reports:waiting">2<' in text
    assert "Last hour: 2 came, 1 decided. 24 h: 3 came, 1 decided." in text
    assert text.count('data-testid="chart"') == text.count('data-testid="chart-table"') == 1
    assert "3 h ago" in text
    clock.advance(25 * 3600)
    with api.instance.database.begin() as tx:
        assert trends(tx) == {}


def test_a_reopened_case_waits_since_then(api: Api, clock: FakeClock) -> None:
    case = told(api, "post-1", reason="spam")
    decide(api, case)
    clock.advance(3600)
    person = Visitor(api.instance, api.client, "reviewer")
    form = {"reopen_reason": "There is more to it."}
    assert person.send(f"/cases/{case}/reopen", form).status_code == 303
    with api.instance.database.begin() as tx:
        (queue,) = queue_figures(tx)
    assert queue.oldest == clock.now()


def test_an_empty_desk_says_what_fills_it(api: Api) -> None:
    person = Visitor(api.instance, api.client, "reviewer")
    text = person.get("/").text
    check_html(text)
    assert "Nothing waits: every case is decided." in text
    assert "no threat to life is reported" in text


@pytest.mark.parametrize("role", ["reviewer", "senior", "curator", "auditor"])
def test_who_can_mend_nothing_is_told_of_nothing_broken(api: Api, role: str) -> None:
    break_things(api)
    person = Visitor(api.instance, api.client, role)
    page = home(person)
    assert page["broken"] == []
    assert "given up" not in person.get("/").text
    reads = role != "curator"
    assert (page["queues"] is not None) == reads
    assert (page["urgent"] is not None) == reads
    assert ('data-testid="next"' in person.get("/").text) == (role in ("reviewer", "senior"))


def test_who_runs_it_is_told_what_is_broken_and_what_to_do(api: Api, clock: FakeClock) -> None:
    break_things(api)
    clock.advance(120)
    person = Visitor(api.instance, api.client)
    found = {one["code"]: one for one in home(person)["broken"]}
    assert set(found) == {"ledger", "dead-letters", "target-failing", "target-observing"}
    assert "2 messages were given up" in found["dead-letters"]["text"]
    assert found["dead-letters"]["at"] == "/actions#dead"
    assert "https://platform.example/hook has taken nothing" in found["target-failing"]["text"]
    assert "since 2 min" in found["ledger"]["text"]
    text = person.get("/").text
    check_html(text)
    assert all(one["todo"] for one in found.values())
    assert "Look why, then send them again." in text
    api.instance.packs.problem = "tvec@2 cannot be loaded: it has no rules"
    assert "pack" in {one["code"] for one in home(person)["broken"]}


def break_things(api: Api) -> None:
    """A message that was given up, a target that fails, one that observes, and nobody who seals."""
    with api.instance.database.begin() as tx:
        url = "https://platform.example/hook"
        create_webhook(tx, url, enforce=True, known=("action.escalate",))
        create_webhook(tx, "https://other.example/hook", known=("action.escalate",))
    case = told(api, "post-1", reason="spam")
    decide(api, case, "escalate")
    with api.instance.database.begin() as tx:
        tx.execute(sa.text("UPDATE deliveries SET state = 'dead'"))
        tx.execute(
            sa.text("UPDATE webhooks SET failing_since = :now WHERE url = :url"),
            {"url": url, "now": tx.now},
        )


def test_another_platform_s_cases_are_on_nobody_else_s_home(api: Api) -> None:
    told(api, "post-1", platform="b")
    person = Visitor(api.instance, api.client, "reviewer", "a")
    page = home(person)
    assert (page["urgent"]["total"], page["queues"]) == (0, [])
    with api.instance.database.begin(person_of(person)) as tx:
        assert trends(tx) == {}


def person_of(person: Visitor) -> Any:
    from tidegate.infra.acting import Acting

    return Acting(f"user:{person.email}", platforms=frozenset({"a"}))

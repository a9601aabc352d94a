"""Messages about alerts: written with the ring, to targets of their own, again up the list until somebody has
it. The clock is turned and the work done by hand."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from tests.api import Api
from tests.web.test_alerts import entries, told
from tests.web.two_platforms import rows
from tests.web.visitor import Visitor
from typer.testing import CliRunner

from tidegate.cli.doctor_targets import diagnose_targets
from tidegate.cli.webhooks import app
from tidegate.client import verify_webhook
from tidegate.enforcement.deliver import LEASE
from tidegate.enforcement.model import ALERT_TYPES, climbs, reached
from tidegate.enforcement.outbox import claim, due_targets
from tidegate.enforcement.queries import list_webhooks
from tidegate.enforcement.webhooks import create_webhook, disable_webhook, retire_gone, set_enforce
from tidegate.infra.clock import FakeClock
from tidegate.infra.settings import Settings
from tidegate.pipeline import report
from tidegate.pipeline.alerts import remind
from tidegate.pipeline.duties import urgent_of
from tidegate.pipeline.house import MESSAGE_TYPES

WAIT = Settings().alert_unacknowledged_seconds
HANDLED = {"outcome": "handled", "reason": "It was a song."}


def target(api: Api, name: str = "pager", *, alerts: bool = True, enforce: bool = False) -> UUID:
    with api.instance.database.begin() as tx:
        url = f"https://{name}.example/hook"
        made = create_webhook(tx, url, False, enforce, known=MESSAGE_TYPES, alerts=alerts)
    return made.id


def sent(api: Api) -> list[tuple[str, str, dict[str, Any], str]]:
    """What is in the outbox: (target, type, data, state), by number."""
    query = sa.text(
        "SELECT w.url, m.type, m.body, d.state FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id"
        " JOIN messages m ON m.id = d.message_id ORDER BY d.created_at, m.id, w.id"
    )
    with api.instance.database.begin() as tx:
        return [
            (
                row.url.split("/")[2].partition(".")[0],
                row.type,
                json.loads(row.body)["data"],
                row.state,
            )
            for row in tx.execute(query)
        ]


def kinds(api: Api) -> list[tuple[str, str]]:
    return [(name, type) for name, type, _, _ in sent(api)]


def pass_(api: Api, clock: FakeClock, seconds: float) -> int:
    """Let time pass, and the worker do what it finds; of how many alerts it told."""
    clock.advance(seconds)
    with api.instance.database.begin() as tx:
        return remind(tx, api.instance.settings)


def test_the_worker_has_it_as_a_duty(api: Api) -> None:
    assert "alerts" in {one.name for one in urgent_of(api.instance)}


def test_it_is_told_at_once_to_a_target_that_does_not_enforce(api: Api) -> None:
    target(api)
    case = told(api)
    ((name, type, data, state),) = sent(api)
    assert (name, type, state) == ("pager", "alert.opened", "pending")
    alert = api.get("/v1/alerts").json()["data"][0]
    same = ("kind", "level", "state", "platform", "item", "reports", "reports_total", "rings")
    assert {one: data[one] for one in same} == {one: alert[one] for one in same}
    assert (data["alert"], data["case"], data["path"]) == (alert["id"], case, f"/cases/{case}")
    assert (data["report"], data["step"], data["version"]) == ("of-post-1-0", 0, 1)
    with api.instance.database.begin() as tx:
        assert due_targets(tx) == [list_webhooks(tx)[0].id]


def test_nobody_is_named_and_nothing_quoted(api: Api) -> None:
    target(api)
    told(
        api,
        reporter="a neighbour",
        comment="what they heard",
    )
    ((_, _, data, _),) = sent(api)
    said = json.dumps(data)
    assert not [one for one in ("neighbour", "heard", "the words of", "author") if one in said]


def test_it_commits_with_the_report_or_not_at_all(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is killed before the commit has told nobody; what has answered is in the outbox."""
    target(api)
    api.submit("post-1", text="x")
    before = rows(api)

    def ends(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(report, "settle", ends)
        body = {"id": "r", "channel": "user", "reason": "threat_to_life", "item_id": "post-1",
                "created_at": "2025-12-31T23:30:00Z"}  # fmt: skip
        assert api.post("/v1/reports", body).status_code == 500
    assert rows(api) == before
    assert api.post("/v1/reports", body).status_code == 201
    assert kinds(api) == [("pager", "alert.opened")]


def test_each_report_is_a_message_that_names_it(api: Api, clock: FakeClock) -> None:
    target(api)
    for n in range(3):
        told(api, reporter=f"somebody-{n}")
        clock.advance(1)
    assert [data["report"] for _, _, data, _ in sent(api)] == [f"of-post-1-{n}" for n in range(3)]
    assert [data["rings"] for _, _, data, _ in sent(api)] == [1, 2, 3]


def test_targets_get_alerts_or_all_else(api: Api, clock: FakeClock) -> None:
    """Also those of a rule that escalates by the same report; a target of before keeps its list."""
    target(api)
    target(api, "pager-that-enforces", enforce=True)
    target(api, "platform", alerts=False, enforce=True)
    target(api, "observer", alerts=False)
    told(api)
    pass_(api, clock, WAIT)
    by_target: dict[str, set[str]] = {}
    for name, type in kinds(api):
        by_target.setdefault(name, set()).add(type)
    assert by_target["pager"] == by_target["pager-that-enforces"] == set(ALERT_TYPES)
    for name in ("platform", "observer"):
        assert by_target[name] == {"case.opened", "action.escalate"}
    assert {state for name, _, _, state in sent(api) if name == "observer"} == {"observed"}
    assert "pending" in {state for name, _, _, state in sent(api) if name == "pager"}


def test_until_somebody_has_it_it_is_told_again_and_again(api: Api, clock: FakeClock) -> None:
    target(api)
    told(api)
    assert pass_(api, clock, WAIT - 1) == 0
    assert pass_(api, clock, 1) == 1
    assert pass_(api, clock, WAIT - 1) == 0
    for _ in range(3):
        assert pass_(api, clock, WAIT) == 1
    again = [data for _, type, data, _ in sent(api) if type == "alert.unacknowledged"]
    assert [data["step"] for data in again] == [1, 2, 3, 4]
    assert all((data["state"], data["report"]) == ("open", None) for data in again)
    assert len(entries(api, "alert.unacknowledged")) == 1  # nobody more is reached
    api.post(f"/v1/alerts/{again[0]['alert']}/acknowledge")
    assert pass_(api, clock, 10 * WAIT) == 0


def test_what_waits_to_say_so_is_only_the_last_of_it(api: Api, clock: FakeClock) -> None:
    """A target that is away for a day is not called a hundred times when it comes back, nor for what
    somebody has; that it rang is never taken back."""
    target(api)
    told(api)
    for _ in range(3):
        pass_(api, clock, WAIT)
    states = [state for _, _, _, state in sent(api)]
    assert states == ["pending", "cancelled", "cancelled", "pending"]
    at = f"/v1/alerts/{sent(api)[0][2]['alert']}"
    api.post(f"{at}/close", HANDLED)
    assert [state for _, _, _, state in sent(api)] == ["pending", *["cancelled"] * 3]


def test_it_goes_up_the_list_to_one_more_each_time(api: Api, clock: FakeClock) -> None:
    names = ("first", "second", "third", "fourth")
    for name in names:
        target(api, name)
        clock.advance(1)
    with api.instance.database.begin() as tx:
        disable_webhook(tx, list_webhooks(tx)[2].id)
    told(api)
    assert kinds(api) == [(name, "alert.opened") for name in names if name != "third"]
    reached_by: list[list[str]] = []
    for _ in range(3):
        before = len(sent(api))
        pass_(api, clock, WAIT)
        reached_by.append([name for name, _ in kinds(api)[before:]])
    assert reached_by == [["first", "second"], *[["first", "second", "fourth"]] * 2]
    assert len(entries(api, "alert.unacknowledged")) == 2


def test_rings_do_not_put_off_that_nobody_has_it(api: Api, clock: FakeClock) -> None:
    """Who reports every minute keeps nobody from being told; once somebody had it, it begins anew."""
    target(api)
    for n in range(5):
        told(api, reporter=f"somebody-{n}")
        pass_(api, clock, WAIT / 5)
    assert Counter(type for _, type in kinds(api)) == {
        "alert.opened": 5,
        "alert.unacknowledged": 1,
    }
    at = f"/v1/alerts/{sent(api)[0][2]['alert']}"
    api.post(f"{at}/acknowledge")
    pass_(api, clock, WAIT)
    told(api, reporter="another")
    assert pass_(api, clock, WAIT - 1) == 0
    assert pass_(api, clock, 1) == 1
    assert sent(api)[-1][2]["step"] == 1


def test_two_who_do_the_work_at_once_tell_it_once(api: Api, clock: FakeClock) -> None:
    target(api)
    told(api)
    clock.advance(WAIT)
    with api.instance.database.begin() as one, api.instance.database.begin() as other:
        assert remind(one, api.instance.settings) == 1
        assert remind(other, api.instance.settings) == 0  # left to who has it in hand
    assert pass_(api, clock, 0) == 0
    assert kinds(api).count(("pager", "alert.unacknowledged")) == 1


def test_without_a_target_pages_ring_and_nothing_is_written(api: Api, clock: FakeClock) -> None:
    told(api)
    for _ in range(3):
        assert pass_(api, clock, WAIT) == 1
    assert not sent(api)
    assert len(entries(api, "alert.unacknowledged")) == 1


def test_a_thing_that_rings_a_hundred_times_holds_up_no_other(api: Api, clock: FakeClock) -> None:
    hook = target(api)
    for n in range(20):
        told(api, reporter=f"somebody-{n}")
    clock.advance(1)
    told(api, "post-2")
    with api.instance.database.begin() as tx:
        found = claim(tx, hook, 2, LEASE)
    assert found is not None
    items = {json.loads(one.body)["data"]["item"] for one in found[1]}
    assert items == {"post-1", "post-2"}


def test_an_erasure_calls_nobody_back(api: Api) -> None:
    target(api)
    told(api)
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    ((_, type, data, state),) = sent(api)
    assert (type, state, data["platform"]) == ("alert.opened", "pending", "default")


def test_what_is_escalated_is_told_and_an_entry_s_case_too(api: Api) -> None:
    target(api)
    api.submit("post-1", text="x")
    reason = "It says where and when, and that it is meant."
    done = api.post("/v1/items/post-1/decisions", {"outcome": "escalate", "reason": reason})
    assert done.status_code == 201
    ((_, type, data, _),) = sent(api)
    assert (type, data["kind"], data["report"], data["case"]) == (
        "alert.opened",
        "escalation",
        None,
        None,
    )
    assert data["path"] == f"/alerts/{data['alert']}"


def test_a_target_for_alerts_that_observes_goes_on_getting_them(api: Api) -> None:
    hook = target(api, enforce=True)
    told(api)
    with api.instance.database.begin() as tx:
        set_enforce(tx, hook, False)
        assert due_targets(tx) == [hook]
    assert [state for _, _, _, state in sent(api)] == ["pending"]


def test_it_is_signed_and_read_as_any_message(api: Api, clock: FakeClock) -> None:
    with api.instance.database.begin() as tx:
        made = create_webhook(tx, "http://127.0.0.1:9/hook", True, known=MESSAGE_TYPES, alerts=True)
    told(api)
    with api.instance.database.begin() as tx:
        found = claim(tx, made.id, 9, LEASE)
    assert found is not None
    got, (one,) = found
    real = datetime.now(UTC)
    headers = {
        "webhook-id": one.message_id,
        "webhook-timestamp": str(int(real.timestamp())),
        "webhook-signature": Webhook(got.secrets[0]).sign(one.message_id, real, one.body.decode()),
    }
    message = verify_webhook(made.secret, headers, one.body)
    assert (message.type, message.timestamp) == ("alert.opened", clock.now())
    assert (message.data.kind, message.data.report) == ("threat_to_life", "of-post-1-0")


# Targets


def test_flags_of_the_command(api: Api, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_DATABASE_URL", database_url)

    def run(*words: str) -> Any:
        return CliRunner().invoke(app, [*words, "--data-dir", str(api.instance.settings.data_dir)])

    made = run("create", "--url", "https://pager.example/hook", "--alerts")
    assert made.exit_code == 0, made.output
    assert made.stdout.startswith("whsec_")
    (line,) = run("list").stdout.splitlines()
    id, mode, _ = line.split()
    assert mode == "alerts"
    assert json.loads(run("list", "--json").stdout)["events"] == list(ALERT_TYPES)
    assert "gets alerts all the same" in run("observe", id).output
    assert run("disable", id).exit_code == 0
    assert run("list").stdout.split()[1] == "off"


def test_that_a_target_for_alerts_is_dead_is_told(
    api: Api, database_url: str, clock: FakeClock
) -> None:
    def where() -> tuple[set[str], list[bool], str]:
        page = person.get("/index.json").json()["broken"]
        codes = {one["code"] for one in page if one["code"] != "ledger"}
        found = [one.ok for one in diagnose_targets(asked)]
        text = api.get("/v1/metrics").text
        (line,) = [one for one in text.splitlines() if one.startswith("tidegate_alert_targets")]
        return codes, found, line.split()[1]

    person = Visitor(api.instance, api.client)
    asked = Settings(data_dir=api.instance.settings.data_dir, database_url=database_url)
    assert where() == (set(), [], "0.0")
    hook = target(api)
    assert where() == (set(), [True], "0.0")  # it does not count as one that observes
    with api.instance.database.begin() as tx:
        tx.execute(sa.text("UPDATE webhooks SET failing_since = :now"), {"now": tx.now})
    assert where() == ({"alert-target-failing"}, [False], "1.0")
    assert "Alerts do not reach" in person.get("/").text
    with api.instance.database.begin() as tx:
        retire_gone(tx, hook)
    assert where() == ({"alert-target-gone"}, [False], "1.0")
    target(api, "another")
    assert where() == (set(), [True], "0.0")


@given(st.integers(1, 12), st.integers(1, 60))
def test_the_list_is_climbed_one_by_one(targets: int, steps: int) -> None:
    told = [reached(step, targets) for step in range(1, steps + 1)]
    assert reached(0, targets) == targets
    assert told == [min(targets, step + 1) for step in range(1, steps + 1)]
    assert sum(climbs(step, targets) for step in range(1, steps + 1)) == len(set(told))

"""From a report to a case, on a real database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa

from tidegate.content.queries import get_item
from tidegate.content.tables import items
from tidegate.decisions.model import DecisionIn
from tidegate.decisions.tables import decisions, evaluations
from tidegate.enforcement.tables import actions, messages
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.intake.model import ReportIn
from tidegate.intake.tables import reports
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.decide import decide_case, decide_item
from tidegate.pipeline.erase import erase_item, expire
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.report import submit_report
from tidegate.review.model import CaseDecisionIn
from tidegate.review.queries import get_case
from tidegate.review.tables import case_events, cases
from tidegate.signals.banks.actions import confirm_entry

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"
START = FakeClock().now()


@pytest.fixture
def send(instance: Instance, clock: FakeClock):
    def make(id: str, item: str | None = "one", **more: Any) -> bytes:
        values = {"channel": "user", "reason": "hate", "created_at": START} | more
        clock.advance(1)
        with instance.database.begin("key:forum") as tx:
            report = ReportIn(id, item_id=item, **values)
            return submit_report(tx, instance, report, platform="forum")[0]

    return make


def state(instance: Instance) -> list[int]:
    tables = (items, reports, evaluations, decisions, actions, messages)
    with instance.database.begin() as tx:
        return [
            tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (*tables, cases, case_events, ledger_pending)
        ]


def test_a_report_opens_a_case_whatever_the_rules_say(instance: Instance, submit, send) -> None:
    item, submitted = submit("one")
    assert submitted["verdict"] == "pass"
    answer = msgspec.json.decode(send("r1", reporter="bert", comment="look"))
    assert {name: answer[name] for name in answer if name != "case"} == {
        "id": "r1",
        "item": "one",
        "state": "open",
        "queue": "reports",
        "reports": 1,
    }
    with instance.database.begin() as tx:
        case = get_case(tx, UUID(answer["case"]))
        assert get_item(tx, "forum", "one").verdict == "review"
        (record,) = tx.execute(
            sa.select(ledger_pending.c.record).where(
                ledger_pending.c.kind == "report.received", ledger_pending.c.subject == item.id
            )
        ).scalars()
    assert [one["stage"] for one in case.evaluations] == ["fast", "report"]
    assert case.reports == 1
    assert case.reported[0].comment == "look"
    assert case.reported[0].reporter not in (None, "bert")
    assert b"bert" not in record


def test_reports_on_one_item_join_one_case_and_keep_each_reporter(
    instance: Instance, submit, send
) -> None:
    submit("one")
    answers = [
        msgspec.json.decode(send(f"r{n}", reporter=who, channel=channel))
        for n, (who, channel) in enumerate(
            [("bert", "user"), ("carl", "notice"), ("bert", "user"), (None, "trusted_flagger")]
        )
    ]
    assert len({answer["case"] for answer in answers}) == 1
    assert [answer["reports"] for answer in answers] == [1, 2, 3, 4]
    with instance.database.begin() as tx:
        case = get_case(tx, UUID(answers[0]["case"]))
    reporters = [one.reporter for one in case.reported]
    assert reporters[0] == reporters[2] != reporters[1]
    assert reporters[3] is None
    assert [event.kind for event in case.events] == ["opened", *["reported"] * 3]


def test_a_retry_gets_the_same_answer_to_the_letter(instance: Instance, submit, send) -> None:
    submit("one")
    first = send("r1")
    send("r2")
    before = state(instance)
    assert send("r1") == first
    assert state(instance) == before


def test_the_same_report_at_once_is_taken_once(instance: Instance, submit, send) -> None:
    submit("one")
    barrier = Barrier(4)

    def work(_: int) -> bytes:
        barrier.wait()
        return send("r1")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(work, range(4)))
    assert len(set(answers)) == 1
    with instance.database.begin() as tx:
        count = sa.select(sa.func.count()).select_from(reports)
        assert tx.execute(count).scalar_one() == 1


def test_one_id_for_two_items_at_once_is_a_conflict_for_one(
    instance: Instance, submit, send
) -> None:
    submit("one")
    submit("two")
    barrier = Barrier(2)

    def work(item: str) -> bytes | Refusal:
        barrier.wait()
        try:
            return send("r1", item)
        except Refusal as refused:
            return refused

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(work, ["one", "two"]))
    (refused,) = [one for one in found if isinstance(one, Refusal)]
    assert (refused.status, refused.type) == (409, "report-changed")
    with instance.database.begin() as tx:
        assert len(tx.execute(sa.select(cases.c.id)).all()) == 1


@pytest.mark.parametrize(
    ("id", "item", "more", "expected"),
    [
        ("r1", "one", {"reason": "other"}, (409, "report-changed")),
        ("r1", "two", {}, (409, "report-changed")),
        ("r2", "nowhere", {}, (404, "item-unknown")),
        ("r2", None, {}, (422, "invalid-body")),
        ("r2", None, {"url": "not a url"}, (422, "invalid-body")),
        ("r2", "one", {"url": "https://example.org/"}, (422, "invalid-body")),
    ],
)
def test_a_refused_report_writes_nothing(
    instance: Instance, submit, send, id: str, item: str | None, more: dict[str, Any], expected
) -> None:
    submit("one")
    submit("two")
    send("r1")
    before = state(instance)
    with pytest.raises(Refusal) as refused:
        send(id, item, **more)
    assert (refused.value.status, refused.value.type) == expected
    assert state(instance) == before


def test_reports_about_an_erased_item_are_gone_with_it(instance: Instance, submit, send) -> None:
    submit("one")
    answer = msgspec.json.decode(send("r1", reporter="bert", comment="look", reason="hate"))
    with instance.database.begin() as tx:
        erase_item(tx, "forum", "one")
    before = state(instance)
    for id in ("r1", "r2"):
        with pytest.raises(Refusal) as refused:
            send(id)
        assert (refused.value.status, refused.value.type) == (410, "item-erased")
    assert state(instance) == before
    with instance.database.begin() as tx:
        (report,) = get_case(tx, UUID(answer["case"])).reported
    assert (report.comment, report.reporter, report.reason) == (None, None, "")


def test_retention_ends_for_what_reporters_wrote(
    instance: Instance, clock: FakeClock, submit, send
) -> None:
    submit("one")
    first = send("r1", reporter="bert", comment="look")
    clock.advance(366 * 86400)
    with instance.database.begin() as tx:
        assert expire(tx, instance.settings) == 1
        case = get_case(tx, UUID(msgspec.json.decode(first)["case"]))
    assert [(one.comment, one.reporter) for one in case.reported] == [(None, None)]
    assert all(
        "read" not in condition
        for one in case.evaluations
        for rule in one["rules"]
        for condition in rule["because"]
    )
    assert send("r1", reporter="bert", comment="look") == first


def test_a_url_finds_the_item_that_was_submitted_with_it(instance: Instance, submit, send) -> None:
    submit("one", url="https://Example.org:443/a/../page?utm_source=x#top")
    answer = msgspec.json.decode(send("r1", None, url="https://example.org/page"))
    assert answer["item"] == "one"


def test_a_url_that_nobody_submitted_becomes_an_item_once(instance: Instance, send) -> None:
    answers = [
        msgspec.json.decode(send(f"r{n}", None, url="https://example.org/page")) for n in range(2)
    ]
    assert answers[0]["item"] == answers[1]["item"]
    assert answers[0]["case"] == answers[1]["case"]
    assert answers[1]["reports"] == 2


def test_a_reported_threat_to_life_escalates_at_once(instance: Instance, submit, send) -> None:
    submit("one", publicness="private")
    answer = msgspec.json.decode(send("r1", reason="threat_to_life"))
    send("r2", reason="threat_to_life")  # once is enough
    with instance.database.begin() as tx:
        assert list(tx.execute(sa.select(actions.c.kind)).scalars()) == ["escalate"]
        case = get_case(tx, UUID(answer["case"]))
    assert case.state == "open"
    assert [one["outcome"] for one in case.decisions] == ["escalate"]


def test_a_report_after_the_decision_reopens_its_case(instance: Instance, submit, send) -> None:
    submit("one")
    first = msgspec.json.decode(send("r1"))
    with instance.database.begin("user:a@x.org") as tx:
        given = CaseDecisionIn("pass", "fine")
        decide_case(tx, UUID(first["case"]), given, pack=instance.pack(tx))
    second = msgspec.json.decode(send("r2"))
    assert (second["case"], second["state"]) == (first["case"], "reopened")


def test_a_report_does_not_undo_what_a_person_decided(
    instance: Instance, submit, known, send
) -> None:
    submit("one", KNOWN)
    with instance.database.begin("user:a@x.org") as tx:
        decide_item(tx, "forum", "one", DecisionIn("pass", "news"), pack=instance.pack(tx))
        confirm_entry(tx, UUID(known))
    answer = msgspec.json.decode(send("r1"))
    with instance.database.begin() as tx:
        case = get_case(tx, UUID(answer["case"]))
        assert tx.execute(sa.select(actions.c.kind)).all() == []
    assert case.evaluations[-1]["verdict"] == "restrict"
    assert case.state == "reopened"

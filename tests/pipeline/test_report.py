"""From a report to a case, on a real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from tests.pipeline.posts import work_off

from tidegate.content.model import ItemIn, ItemRow
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
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.report import submit_report
from tidegate.pipeline.submission import describe
from tidegate.pipeline.submit import submit_group
from tidegate.review.model import CaseDecisionIn, CaseDetail
from tidegate.review.queries import get_case
from tidegate.review.tables import case_events, cases
from tidegate.signals import fingerprints
from tidegate.signals.banks.actions import add_entry, judge_entry
from tidegate.signals.banks.tables import sightings

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

Send = Callable[..., bytes]

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"
START = FakeClock().now()


@pytest.fixture
def send(instance: Instance, clock: FakeClock) -> Send:
    def make(id: str, item: str | None = "one", **more: Any) -> bytes:
        values: dict[str, Any] = {"channel": "user", "reason": "hate", "created_at": START} | more
        clock.advance(1)
        with instance.database.begin("key:forum") as tx:
            report = ReportIn(id=id, item_id=item, **values)
            return submit_report(tx, instance, report, platform="forum")[0]

    return make


def state(instance: Instance) -> list[int]:
    tables = (items, reports, evaluations, decisions, actions, messages)
    with instance.database.begin() as tx:
        return [
            tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (*tables, cases, case_events, ledger_pending)
        ]


def test_a_report_opens_a_case_whatever_the_rules_say(
    instance: Instance, submit: Submit, send: Send
) -> None:
    item, submitted = submit("one")
    assert submitted["verdict"] == "pass"
    answer = msgspec.json.decode(send("r1", reporter="bert", comment="look"))
    assert {name: answer[name] for name in answer if name not in ("case", "reference")} == {
        "id": "r1",
        "item": "one",
        "state": "open",
        "queue": "reports",
        "reports": 1,
        "cluster": answer["cluster"],
        "threat": None,
        "priority": answer["priority"],
        "problems": [],
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
    instance: Instance, submit: Submit, send: Send
) -> None:
    submit("one")
    answers = [
        msgspec.json.decode(send(f"r{n}", reporter=who, channel=channel))
        for n, (who, channel) in enumerate(
            [("bert", "user"), ("carl", "notice"), ("bert", "user"), (None, "trusted_flagger")]
        )
    ]
    assert len({answer["case"] for answer in answers}) == 1
    assert [answer["reports"] for answer in answers] == [1, 2, 2, 3]
    with instance.database.begin() as tx:
        case = get_case(tx, UUID(answers[0]["case"]))
    reporters = [one.reporter for one in case.reported]
    assert reporters[0] == reporters[2] != reporters[1]
    assert reporters[3] is None
    assert [one.counts for one in case.reported] == [True, True, False, True]
    assert [event.kind for event in case.events] == ["opened", *["reported"] * 2]
    assert [one["stage"] for one in case.evaluations] == ["fast", *["report"] * 3]


def case_of(instance: Instance, answer: bytes) -> CaseDetail:
    with instance.database.begin() as tx:
        return get_case(tx, UUID(msgspec.json.decode(answer)["case"]))


def test_who_reports_again_is_kept_and_shown_and_no_louder(
    instance: Instance, submit: Submit, send: Send
) -> None:
    submit("one")
    send("r0", reporter="bert", channel="user")
    send("r1", reporter="bert", channel="notice")  # by another way, and still one voice
    before = case_of(instance, send("r2", reporter="bert", channel="notice", comment="again"))
    counts = state(instance)
    again = send("r3", reporter="bert", channel="user", comment="and again")
    after = case_of(instance, again)
    assert msgspec.json.decode(again)["reports"] == after.reports == 1
    assert [one.comment for one in after.reported] == [None, None, "again", "and again"]
    assert [one["stage"] for one in after.evaluations] == ["fast", "report"]
    assert after.version == before.version + 1  # whoever decides sees that there is more to read
    # A report and its ledger entry, and nothing else.
    assert [now - then for now, then in zip(state(instance), counts, strict=True)] == [
        0, 1, 0, 0, 0, 0, 0, 0, 1,
    ]  # fmt: skip
    assert send("r3", reporter="bert", channel="user", comment="and again") == again


def test_one_person_costs_the_same_each_time(
    instance: Instance, submit: Submit, send: Send
) -> None:
    """Also with new words each time: what is asked of the database, and what is read there, is alike."""
    submit("one")
    seen: list[int] = []

    def count(_connection: object, cursor: Any, *_: object) -> None:
        seen.append(max(cursor.rowcount, 0))

    event.listen(instance.database.engine, "after_cursor_execute", count)

    def cost(number: int) -> list[int]:
        seen.clear()
        send(f"r{number}", reporter="bert", reason=f"reason {number}")
        return list(seen)

    costs = [cost(number) for number in range(30)]
    assert costs[5] == costs[29]


def test_a_threat_is_heard_from_whoever_has_reported_before(
    instance: Instance, submit: Submit, send: Send
) -> None:
    submit("one")
    send("r0", reporter="bert", reason="spam")
    first = send("r1", reporter="bert", reason="threat_to_life")
    assert case_of(instance, first).evaluations[-1]["verdict"] == "escalate"
    case = case_of(instance, send("r2", reporter="bert", reason="threat_to_life"))
    assert [one["outcome"] for one in case.decisions] == ["escalate"]
    assert [one["stage"] for one in case.evaluations] == ["fast", "report", "report"]
    assert case.reports == 1


def test_a_decided_case_is_reopened_by_others_and_by_what_is_new(
    instance: Instance, submit: Submit, send: Send
) -> None:
    submit("one", publicness="private")
    case = case_of(instance, send("r0", reporter="bert"))
    with instance.database.begin("user:a@x.org") as tx:
        given = CaseDecisionIn(outcome="pass", reason="fine")
        decide_case(tx, case.id, given, pack=instance.pack(tx))
    again = msgspec.json.decode(send("r1", reporter="bert"))
    assert (again["case"], again["state"]) == (str(case.id), "decided")
    submit("one", "something else, which nobody has looked at yet", publicness="private")
    edited = msgspec.json.decode(send("r2", reporter="bert"))
    assert (edited["case"], edited["state"], edited["reports"]) == (str(case.id), "reopened", 1)
    assert case_of(instance, send("r3", reporter="carl")).reports == 2


@pytest.fixture
def two_an_hour(instance: Instance) -> None:
    instance.settings = msgspec.structs.replace(instance.settings, anonymous_escalations=2)


@pytest.mark.usefixtures("two_an_hour")
def test_what_nobody_answers_for_escalates_within_a_budget(
    instance: Instance, clock: FakeClock, submit: Submit, send: Send
) -> None:
    def escalated() -> int:
        with instance.database.begin() as tx:
            return tx.execute(sa.select(sa.func.count()).select_from(actions)).scalar_one()

    def threat(id: str, item: str, **more: Any) -> dict[str, Any]:
        submit(item)
        return msgspec.json.decode(send(id, item, reason="threat_to_life", **more))

    assert [threat(f"r{n}", f"item-{n}")["problems"] for n in range(2)] == [[], []]
    assert escalated() == 2
    spent = threat("r2", "item-2")
    note = "escalation-budget (at most 2 reports without a reporter escalate in an hour)"
    assert (spent["problems"], spent["reports"], spent["state"]) == ([note], 1, "open")
    case = case_of(instance, msgspec.json.encode(spent))
    assert [one.problems for one in case.reported] == [[note]]
    assert case.evaluations[-1]["verdict"] == "review"
    assert escalated() == 2
    # Nor by what others report of it, or by a later look.
    send("r3", "item-2", reason="spam", reporter="bert")
    assert escalated() == 2
    # Who has a name, or comes by a channel that a key must be given, needs no budget.
    threat("r4", "item-4", reporter="carl")
    threat("r5", "item-5", channel="trusted_flagger")
    assert escalated() == 4
    clock.advance(3600)
    assert msgspec.json.decode(send("r6", "item-2", reason="threat_to_life"))["problems"] == []
    assert escalated() == 5


@pytest.mark.usefixtures("two_an_hour")
def test_of_many_at_once_no_more_escalate_than_the_budget_has(
    instance: Instance, submit: Submit, send: Send
) -> None:
    for number in range(6):
        submit(f"item-{number}")
    barrier = Barrier(6)

    def work(number: int) -> list[str]:
        barrier.wait()
        answer = send(f"r{number}", f"item-{number}", reason="threat_to_life")
        return msgspec.json.decode(answer)["problems"]

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(work, range(6)))
    assert sorted(map(len, told)) == [0, 0, 1, 1, 1, 1]
    with instance.database.begin() as tx:
        kinds = list(tx.execute(sa.select(actions.c.kind)).scalars())
    assert kinds == ["escalate", "escalate"]


def test_a_retry_gets_the_same_answer_to_the_letter(
    instance: Instance, submit: Submit, send: Send
) -> None:
    submit("one")
    first = send("r1")
    send("r2")
    before = state(instance)
    assert send("r1") == first
    assert state(instance) == before


def test_the_same_report_at_once_is_taken_once(
    instance: Instance, submit: Submit, send: Send
) -> None:
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
    instance: Instance, submit: Submit, send: Send
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
    instance: Instance,
    submit: Submit,
    send: Send,
    id: str,
    item: str | None,
    more: dict[str, Any],
    expected: tuple[int, str],
) -> None:
    submit("one")
    submit("two")
    send("r1")
    before = state(instance)
    with pytest.raises(Refusal) as refused:
        send(id, item, **more)
    assert (refused.value.status, refused.value.type) == expected
    assert state(instance) == before


def test_reports_about_an_erased_item_are_gone_with_it(
    instance: Instance, submit: Submit, send: Send
) -> None:
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
    instance: Instance, clock: FakeClock, submit: Submit, send: Send
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


def test_a_url_finds_the_item_that_was_submitted_with_it(
    instance: Instance, submit: Submit, send: Send
) -> None:
    submit("one", url="https://Example.org:443/a/../page?utm_source=x#top")
    answer = msgspec.json.decode(send("r1", None, url="https://example.org/page"))
    assert answer["item"] == "one"


def test_a_url_that_nobody_submitted_becomes_an_item_once(instance: Instance, send: Send) -> None:
    answers = [
        msgspec.json.decode(send(f"r{n}", None, url="https://example.org/page")) for n in range(2)
    ]
    assert answers[0]["item"] == answers[1]["item"]
    assert answers[0]["case"] == answers[1]["case"]
    assert answers[1]["reports"] == 2


def test_a_reported_threat_to_life_escalates_at_once(
    instance: Instance, submit: Submit, send: Send
) -> None:
    submit("one", publicness="private")
    answer = msgspec.json.decode(send("r1", reason="threat_to_life"))
    send("r2", reason="threat_to_life")  # once is enough
    with instance.database.begin() as tx:
        assert list(tx.execute(sa.select(actions.c.kind)).scalars()) == ["escalate"]
        case = get_case(tx, UUID(answer["case"]))
    assert case.state == "open"
    assert [one["outcome"] for one in case.decisions] == ["escalate"]


def test_a_report_after_the_decision_reopens_its_case(
    instance: Instance, submit: Submit, send: Send
) -> None:
    submit("one")
    first = msgspec.json.decode(send("r1"))
    with instance.database.begin("user:a@x.org") as tx:
        given = CaseDecisionIn(outcome="pass", reason="fine")
        decide_case(tx, UUID(first["case"]), given, pack=instance.pack(tx))
    second = msgspec.json.decode(send("r2"))
    assert (second["case"], second["state"]) == (first["case"], "reopened")


def test_a_report_does_not_undo_what_a_person_decided(
    instance: Instance, submit: Submit, known: str, send: Send
) -> None:
    submit("one", KNOWN)
    with instance.database.begin("user:a@x.org") as tx:
        decide_item(
            tx, "forum", "one", DecisionIn(outcome="pass", reason="news"), pack=instance.pack(tx)
        )
        judge_entry(tx, "known-texts", UUID(known), "confirmed")
    answer = msgspec.json.decode(send("r1"))
    with instance.database.begin() as tx:
        case = get_case(tx, UUID(answer["case"]))
        assert tx.execute(sa.select(actions.c.kind)).all() == []
    assert case.evaluations[-1]["verdict"] == "restrict"
    assert case.state == "reopened"


def judged_entries(instance: Instance, item: UUID) -> list[dict[str, Any]]:
    """The records of an item's evaluations in the ledger, in order of their evaluations."""
    query = sa.select(ledger_pending.c.record).where(
        ledger_pending.c.kind == "item.judged", ledger_pending.c.subject == item
    )
    with instance.database.begin() as tx:
        found = [msgspec.json.decode(record) for record in tx.execute(query).scalars()]
    return sorted(found, key=lambda one: one["evaluation"])


def test_every_look_enters_the_ledger_in_one_form(
    instance: Instance, submit: Submit, known: str, send: Send
) -> None:
    looker = LookBack(instance)
    text = "what a lovely day for a walk along the river with the children"
    item, _ = submit("one", text)
    send("r1")
    with instance.database.begin("user:curator@example.org") as tx:
        add_entry(tx, "known-texts", fingerprints.of_text(text))
    assert work_off(looker) == 1
    entries = judged_entries(instance, item.id)
    assert [one["stage"] for one in entries] == ["fast", "report", "retro"]
    assert [one["verdict"] for one in entries] == ["pass", "review", "review"]
    assert len({frozenset(one) for one in entries}) == 1
    assert len({one["content"] for one in entries}) == 1
    with instance.database.begin() as tx:
        said = tx.execute(sa.select(evaluations.c.id).order_by(evaluations.c.id)).scalars()
        assert [one["evaluation"] for one in entries] == [str(id) for id in said]


def test_a_report_remembers_that_media_could_not_be_judged(
    instance: Instance, clock: FakeClock, send: Send
) -> None:
    item = ItemIn(
        id="one",
        surface="post",
        publicness="public",
        author="anna",
        created_at=clock.now(),
        text="look at this",
    )
    submission = msgspec.structs.replace(
        describe(instance, item, platform="forum", actor="k", request_id="r", now=clock.now()),
        problems=["media/0: too many pixels (1 000 000 000)"],
    )
    with instance.database.begin("key:forum") as tx:
        submit_group(tx, instance, [submission])
    answer = msgspec.json.decode(send("r1"))
    with instance.database.begin() as tx:
        fast, report = get_case(tx, UUID(answer["case"])).evaluations
    assert report["stage"] == "report"
    assert report["problems"] == fast["problems"] != []
    assert "media-not-judged" in [one["rule"] for one in report["rules"]]


def test_a_report_counts_what_it_is_the_first_to_match(
    instance: Instance, submit: Submit, known: str, send: Send
) -> None:
    def count() -> int:
        with instance.database.begin() as tx:
            return tx.execute(sa.select(sa.func.count()).select_from(sightings)).scalar_one()

    submit("one", KNOWN, publicness="private")
    assert count() == 0  # a private message is not looked at until somebody reports it
    send("r1")
    assert count() == 1
    send("r2")
    assert count() == 1


def test_many_voices_on_one_item_are_each_heard_for_the_same(
    instance: Instance, submit: Submit, send: Send, known: str
) -> None:
    """What is read of the looks before does not grow with their number, and nothing telling is left out."""
    submit("one", KNOWN)  # found by the first look
    read: list[int] = []

    def count(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if "FROM evaluations" in statement:
            read.append(max(cursor.rowcount, 0))

    event.listen(instance.database.engine, "after_cursor_execute", count)
    answers = [send(f"r{number}", reporter=f"person {number}") for number in range(40)]
    assert max(read) <= 22
    case = case_of(instance, answers[-1])
    assert case.reports == 40
    assert len([one for one in case.evaluations if one["stage"] == "report"]) == 40
    assert {match["entry"] for one in case.evaluations for match in one["matches"]} == {known}

"""What reports bring of their own: kept, judged, kept long enough, and gone when it is erased."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tidegate.content.kept import kept_revision
from tidegate.content.model import ItemIn, ItemRow
from tidegate.content.queries import get_item
from tidegate.content.tables import evidence, items, revisions
from tidegate.decisions.tables import evaluations
from tidegate.enforcement.tables import actions
from tidegate.infra.acting import Acting
from tidegate.infra.clock import FakeClock
from tidegate.infra.errors import Refusal
from tidegate.infra.groupcommit import DEFERRED
from tidegate.intake.model import ReportIn
from tidegate.intake.notifiers import suspend_notifier, warn_notifier
from tidegate.intake.tables import reports
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.erase import erase_item, expire
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.report import submit_report
from tidegate.pipeline.report_group import submit_reports
from tidegate.pipeline.submission import File, describe
from tidegate.pipeline.told import Told, describe_report
from tidegate.review.queries import get_case
from tidegate.review.tables import alerts, case_events, cases

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"
START = FakeClock().now()
KEY = Acting("key:forum", key="k1")

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]


def report(id: str, **said: Any) -> ReportIn:
    if not {"text", "item_id", "url"} & said.keys():
        said["text"] = f"what {id} tells"
    values: dict[str, Any] = {"channel": "tip", "reason": "other", "created_at": START} | said
    return ReportIn(id=id, **values)


def told(instance: Instance, id: str, *, by: Acting = KEY, **said: Any) -> Told:
    return describe_report(
        instance,
        report(id, **said),
        platform="forum",
        by=by,
        request_id=f"request of {id}",
        now=instance.clock.now(),
    )


def hear(instance: Instance, *group: Told) -> list[Any]:
    """A group, again and again until nothing is deferred; the answers, read."""
    found: dict[int, Any] = {}
    waiting = dict(enumerate(group))
    while waiting:
        with instance.database.begin() as tx:
            replies = submit_reports(tx, instance, list(waiting.values()))
        for (place, _), reply in zip(list(waiting.items()), replies, strict=True):
            if reply is not DEFERRED:
                found[place] = msgspec.json.decode(reply) if isinstance(reply, bytes) else reply
                del waiting[place]
    return [found[place] for place in sorted(found)]


def send(instance: Instance, id: str, **said: Any) -> dict[str, Any]:
    (answer,) = hear(instance, told(instance, id, **said))
    assert isinstance(answer, dict), answer
    return answer


def counts(instance: Instance) -> dict[str, int]:
    tables = (items, revisions, reports, evaluations, actions, cases, case_events, ledger_pending)
    with instance.database.begin() as tx:
        return {
            table.name: tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in tables
        }


def test_a_tip_is_kept_judged_and_asked_about(instance: Instance) -> None:
    answer = send(instance, "r1", text="he has a gun", language="en", location="the old mill")
    assert {name: answer[name] for name in answer if name not in ("case", "reference", "item")} == {
        "id": "r1",
        "state": "open",
        "queue": "reports",
        "reports": 1,
        "cluster": answer["cluster"],
        "threat": answer["threat"],
        "priority": answer["priority"],
        "problems": [],
    }
    with instance.database.begin() as tx:
        item = get_item(tx, "forum", answer["item"])
        kept = kept_revision(tx, item)
        case = get_case(tx, UUID(answer["case"]))
        found = [
            (row.kind, msgspec.json.decode(row.record))
            for row in tx.execute(
                sa.select(ledger_pending.c.kind, ledger_pending.c.record).where(
                    ledger_pending.c.subject == item.id
                )
            )
        ]
        row = tx.execute(sa.select(reports.c.reference, reports.c.location)).one()
    assert (item.publicness, item.author, item.verdict) == ("private", None, "review")
    assert kept.content is not None
    assert (kept.content.surface, kept.content.text, kept.content.language) == (
        "tip",
        "he has a gun",
        "en",
    )
    assert kept.fingerprints is not None
    assert [one["stage"] for one in case.evaluations] == ["report"]
    assert [one.kind for one in case.events] == ["opened"]
    assert [one.location for one in case.reported] == ["the old mill"]
    assert sorted(kind for kind, _ in found) == ["case.opened", "item.judged", "report.received"]
    assert {record["actor"] for _, record in found} == {"key:forum"}
    assert {record["request_id"] for _, record in found} == {"request of r1"}
    assert not any("gun" in str(record) or "mill" in str(record) for _, record in found)
    assert tuple(row) == (answer["reference"], "the old mill")


def test_a_group_says_what_each_alone_would(instance: Instance, known: str) -> None:
    said: list[dict[str, Any]] = [
        {"text": "one"},
        {"text": KNOWN},
        {"text": "ثلاثة"},
        {"text": "🔥"},
    ]
    together = hear(instance, *(told(instance, f"g{n}", **one) for n, one in enumerate(said)))
    alone = [send(instance, f"a{n}", **one) for n, one in enumerate(said)]
    for one, other in zip(together, alone, strict=True):
        differ = {name for name in one if one[name] != other[name]}
        assert differ >= {"id", "item", "reference"}
        assert differ <= {"id", "item", "case", "reference", "reports", "priority"}
    rows = sa.select(
        cases.c.band, cases.c.because, cases.c.bank, cases.c.channels, cases.c.ranked_at.is_(None)
    )
    with instance.database.begin() as tx:
        shown = [
            [tx.execute(rows.where(cases.c.id == UUID(one["case"]))).one() for one in some]
            for some in (together, alone)
        ]
        same = list(tx.execute(sa.select(cases.c.same).where(cases.c.bank.isnot(None))).scalars())
    assert shown[0] == shown[1]
    assert [row.bank for row in shown[0]] == [None, "known-texts", None, None]
    assert len(same) == 2
    assert same[0] == same[1] is not None  # the same content, told in two transactions


def test_the_same_again_gets_the_answer_to_the_letter(instance: Instance) -> None:
    first = told(instance, "r1", text="one")
    with instance.database.begin() as tx:
        one, deferred = submit_reports(tx, instance, [first, told(instance, "r1", text="one")])
    assert deferred is DEFERRED
    before = counts(instance)
    with instance.database.begin() as tx:
        again, changed = submit_reports(tx, instance, [first, told(instance, "r1", text="two")])
    assert again == one
    assert isinstance(changed, Refusal)
    assert (changed.status, changed.type) == (409, "report-changed")
    assert counts(instance) == before


def test_the_same_at_once_is_taken_once(instance: Instance) -> None:
    barrier = Barrier(4)

    def work(_: int) -> list[Any]:
        group = [told(instance, f"r{n}", text=f"text {n}") for n in range(3)]
        barrier.wait()
        return hear(instance, *group)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(work, range(4)))
    assert all(one == answers[0] for one in answers)
    assert counts(instance)["reports"] == counts(instance)["items"] == 3


def test_an_id_goes_to_one_of_two_that_are_about_different_things(
    instance: Instance, submit: Submit
) -> None:
    submit("one")
    barrier = Barrier(2)

    def work(said: dict[str, Any]) -> Any:
        group = [told(instance, "other", **said), told(instance, "r1", **said)]
        barrier.wait()
        return hear(instance, *group)[1]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(work, [{"item_id": "one"}, {"text": "what I saw"}]))
    (refused,) = [one for one in found if isinstance(one, Refusal)]
    assert refused.type == "report-changed"
    assert counts(instance)["reports"] == 2


def test_later_ones_in_a_group_see_earlier_ones(instance: Instance, submit: Submit) -> None:
    submit("one")
    about: dict[str, Any] = {"item_id": "one"}
    answers = hear(
        instance,
        told(instance, "r1", **about, reporter="bert"),
        told(instance, "r2", **about, reporter="carl"),
        told(instance, "tip"),
        told(instance, "r3", **about, reporter="bert"),
        told(instance, "r4", item_id="nowhere"),
        told(instance, "r5", url="https://example.org/a", reporter="bert"),
        told(instance, "r6", url="https://example.org/a", reporter="carl"),
    )
    refused = answers.pop(4)
    assert (refused.status, refused.type) == (404, "item-unknown")
    assert [one["reports"] for one in answers] == [1, 2, 1, 2, 1, 2]
    assert len({one["case"] for one in answers}) == 3


def test_what_is_brought_beside_an_item_is_judged_by_itself(
    instance: Instance, submit: Submit, known: str
) -> None:
    submit("one")
    quiet = send(instance, "r1", item_id="one", text="he means it", reporter="bert")
    loud = send(instance, "r2", item_id="one", text=KNOWN, reporter="carl")
    url = send(instance, "r3", url="https://example.org/a", text="there it is", reporter="bert")
    assert quiet["item"] == loud["item"] == "one"
    assert quiet["case"] == loud["case"] != url["case"]
    assert [one["reports"] for one in (quiet, loud, url)] == [1, 2, 1]
    with instance.database.begin() as tx:
        told = [get_item(tx, "forum", one["brought"]) for one in (quiet, loud, url)]
        own = [
            list(tx.execute(sa.select(cases.c.queue).where(cases.c.item_id == one.id)).scalars())
            for one in told
        ]
        case = get_case(tx, UUID(quiet["case"]))
    assert [one.verdict for one in told] == ["pass", "review", "pass"]
    assert own == [[], ["default"], []]  # what rules ask about has a case of its own
    assert {one.brought for one in case.reported} == {quiet["brought"], loud["brought"]}


def test_a_refused_report_leaves_nothing_of_what_it_brings(
    instance: Instance, submit: Submit
) -> None:
    submit("gone")
    with instance.database.begin() as tx:
        erase_item(tx, "forum", "gone")
    before = counts(instance)
    found = hear(
        instance,
        told(instance, "r1", item_id="nowhere", text="a text"),
        told(instance, "r2", item_id="gone", text="a text"),
    )
    assert [(one.status, one.type) for one in found] == [
        (404, "item-unknown"),
        (410, "item-erased"),
    ]
    assert counts(instance) == before


def test_nobody_posts_under_the_id_of_a_tip(instance: Instance) -> None:
    tip = send(instance, "r1")["item"]
    item = ItemIn(
        id=tip,
        surface="tip",
        publicness="private",
        author="anna",
        created_at=START,
        text="another",
    )
    with pytest.raises(Refusal) as refused:
        describe(instance, item, platform="forum", actor="k", request_id="r", now=START)
    assert (refused.value.status, refused.value.errors[0].pointer) == (422, "/id")


def with_file(one: Told, data: bytes, *problems: str) -> Told:
    """As if its file had been examined."""
    assert one.tip is not None
    file = File("media/0", data, b"s" * 32, "image/png")
    tip = msgspec.structs.replace(one.tip, files=[file], problems=list(problems))
    return msgspec.structs.replace(one, tip=tip)


def kept_files(instance: Instance) -> int:
    with instance.database.begin() as tx:
        return tx.execute(sa.select(sa.func.count()).select_from(evidence)).scalar_one()


def test_what_is_brought_is_kept_for_those_who_look_at_it(
    instance: Instance, clock: FakeClock, submit: Submit
) -> None:
    submit("one")
    submit("said in private", publicness="private")
    tip = with_file(told(instance, "r1"), b"x", "media/0: not-decoded")
    beside = with_file(told(instance, "r2", item_id="one", text="a text"), b"x")
    first, second = hear(instance, tip, beside)
    assert (first["problems"], second["problems"]) == (["media/0: not-decoded"], [])
    assert kept_files(instance) == 2
    with instance.database.begin() as tx:
        (seen,) = get_case(tx, UUID(first["case"])).reported
        # What is said of the report; what could not be judged of its item, the item says.
        assert seen.problems == []
    clock.advance(364 * 86400)
    with instance.database.begin() as tx:
        assert expire(tx, instance.settings) == 1  # the private message
        assert get_item(tx, "forum", second["brought"]).verdict == "pass"
    assert kept_files(instance) == 2
    clock.advance(2 * 86400)
    with instance.database.begin() as tx:
        assert expire(tx, instance.settings) == 3
        (row,) = tx.execute(
            sa.select(reports.c.location, reports.c.reporter).where(reports.c.external_id == "r1")
        )
    assert tuple(row) == (None, None)
    assert kept_files(instance) == 0
    assert hear(instance, tip) == [first]  # a retry of what is gone


def test_an_erased_tip_is_gone_with_its_report(instance: Instance, submit: Submit) -> None:
    submit("one")
    alone = send(instance, "r1", reporter="bert", comment="look", location="here")
    beside = send(instance, "r2", item_id="one", text="a text", comment="look", location="here")
    with instance.database.begin() as tx:
        for tip in (alone["item"], beside["brought"]):
            erase_item(tx, "forum", tip)
    found = hear(
        instance,
        told(instance, "r1", reporter="bert", comment="look", location="here"),
        told(instance, "r2", item_id="one", text="a text", comment="look", location="here"),
        told(instance, "r1"),
    )
    assert [(one.status, one.type) for one in found] == [(410, "item-erased")] * 3
    with instance.database.begin() as tx:
        rows = tx.execute(sa.select(reports).order_by(reports.c.external_id)).all()
        case = get_case(tx, UUID(beside["case"]))
    assert [(row.comment, row.reason) for row in rows] == [(None, ""), ("look", "other")]
    for row in rows:
        assert (row.location, row.reference, row.answer, row.digest) == (None, None, None, b"")
    assert [one.comment for one in case.reported] == ["look"]
    assert [one.brought for one in case.reported] == [None]


def test_an_erased_item_leaves_what_was_brought_beside_it(
    instance: Instance, submit: Submit
) -> None:
    submit("one")
    answer = send(instance, "r1", item_id="one", text="a text")
    with instance.database.begin() as tx:
        erase_item(tx, "forum", "one")
        assert get_item(tx, "forum", answer["brought"]).erased_at is None


def threats(instance: Instance, number: int, **said: Any) -> list[Any]:
    group = [
        told(instance, f"t{n}", reason="threat_to_life", text=f"threat {n}", **said)
        for n in range(number)
    ]
    return hear(instance, *group)


def test_each_threat_rings_and_what_nobody_answers_for_within_the_budget(
    instance: Instance,
) -> None:
    instance.settings = msgspec.structs.replace(instance.settings, anonymous_escalations=2)
    answers = threats(instance, 4)
    note = "escalation-budget (at most 2 reports without a reporter escalate in an hour)"
    assert [one["problems"] for one in answers] == [[], [], [note], [note]]
    with instance.database.begin() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(actions)).scalar_one() == 2
        told = set(tx.execute(sa.select(alerts.c.case_id)).scalars())
        kept = list(
            tx.execute(sa.select(reports.c.escalated).order_by(reports.c.external_id)).scalars()
        )
        spent = get_case(tx, UUID(answers[3]["case"]))
    assert told == {UUID(one["case"]) for one in answers}  # the budget is for what acts
    assert kept == [True, True, False, False]
    assert [one["verdict"] for one in spent.evaluations] == ["review"]
    assert [one.problems for one in spent.reported] == [[note]]


def test_once_somebody_acts_what_would_lock_more_waits(instance: Instance, submit: Submit) -> None:
    for name in ("one", "two"):
        submit(name)
    group = [
        told(instance, "r1", item_id="one", reason="threat_to_life", reporter="bert"),
        told(instance, "r2", item_id="two", reason="threat_to_life", reporter="bert"),
        told(instance, "r3"),
    ]
    with instance.database.begin() as tx:
        replies = submit_reports(tx, instance, group)
    assert [reply is DEFERRED for reply in replies] == [False, True, True]
    found = hear(instance, *group)
    assert [one["reports"] for one in found] == [1, 1, 1]
    with instance.database.begin() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(actions)).scalar_one() == 2


def test_a_group_of_several_senders_is_told_to_each_name(instance: Instance) -> None:
    other = Acting("key:other", key="k2")
    hear(instance, told(instance, "r1"), told(instance, "r2", by=other), told(instance, "r3"))
    query = sa.select(ledger_pending.c.record).where(ledger_pending.c.kind == "report.received")
    with instance.database.begin() as tx:
        found = [msgspec.json.decode(one) for one in tx.execute(query).scalars()]
    assert sorted((one["actor"], one["key"], one["request_id"]) for one in found) == [
        ("key:forum", "k1", "request of r1"),
        ("key:forum", "k1", "request of r3"),
        ("key:other", "k2", "request of r2"),
    ]


def test_a_reference_that_is_taken_is_drawn_anew(instance: Instance) -> None:
    numbers = iter([5, 5, 6, 7, 7, 8])
    instance.below = lambda _: next(numbers)
    first = send(instance, "r1")
    second = send(instance, "r2")
    assert first["reference"] != second["reference"]
    with instance.database.begin() as tx:
        body, _ = submit_report(tx, instance, report("r3", text="z"), platform="forum")
    assert msgspec.json.decode(body)["reference"] not in (first["reference"], second["reference"])


def test_what_one_report_costs_does_not_grow(instance: Instance) -> None:
    """A thousand tips of one person: the database is asked as often for the last group as for the first."""
    asked: list[str] = []
    event.listen(
        instance.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: asked.append(statement),
    )

    def cost(first: int) -> int:
        asked.clear()
        said: dict[str, Any] = {"reporter": "bert", "text": "the same each time"}
        hear(instance, *(told(instance, f"r{first + n}", **said) for n in range(50)))
        return len(asked)

    found = [cost(first) for first in range(0, 1000, 50)]
    assert found[1] == found[-1] < 60


THREAT = (
    "My brother says he will shoot everyone at the mosque in Mill Street on Friday with his gun."
)


def test_a_threat_in_words_alone_comes_first_at_once(instance: Instance) -> None:
    """Not after the worker has ranked the case anew."""
    answer = send(instance, "t1", text=THREAT)
    assert answer["threat"]["level"] == "high_specific"
    for one in answer["threat"]["because"]:
        assert one["text"] == THREAT[one["start"] : one["end"]]
    with instance.database.begin() as tx:
        rung = tx.execute(sa.select(alerts.c.id, alerts.c.case_id)).one()
        band = tx.execute(sa.select(cases.c.band)).scalar_one()
    assert answer["threat"]["alert"] == str(rung.id)
    assert str(rung.case_id) == answer["case"]
    assert band == 0


def test_who_is_suspended_is_heard_where_their_words_are_a_threat(instance: Instance) -> None:
    send(instance, "s1", text="nothing in it", reporter="bert")
    with instance.database.begin("user:s@x.org") as tx:
        who = tx.execute(sa.select(reports.c.reporter)).scalar_one()
        warn_notifier(tx, "forum", who, "Nothing in it, again.")
        suspend_notifier(tx, "forum", who, "Nothing in it.", tx.now + timedelta(days=3))
    before = counts(instance)
    (refused,) = hear(instance, told(instance, "s2", text="nothing, again", reporter="bert"))
    assert (refused.status, refused.type) == (403, "notifier-suspended")
    assert counts(instance) == before
    assert send(instance, "s3", text=THREAT, reporter="bert")["threat"]["alert"]

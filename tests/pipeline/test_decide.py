"""From a decision to everything that follows, on a real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.content.queries import get_item
from tidegate.decisions.model import DecisionIn, Restriction, Subject
from tidegate.decisions.queries import decisions_of, find_decision, standing_on
from tidegate.decisions.tables import decisions
from tidegate.enforcement.tables import actions, messages
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.decide import (
    claim_case,
    decide_case,
    decide_item,
    lift_expired,
    release_case,
    reopen_case,
)
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.reads import read_case
from tidegate.review.actions import open_case
from tidegate.review.model import CaseDecisionIn, CaseDetail
from tidegate.review.queries import get_case
from tidegate.review.tables import case_events, cases
from tidegate.signals.banks.actions import delete_entry
from tidegate.signals.banks.tables import entries

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

KNOWN = "join the armed fight on friday at the old bridge and bring the others with you"

PASS = CaseDecisionIn(outcome="pass", reason="harmless")
RESTRICT = CaseDecisionIn(outcome="restrict", reason="calls to arms", label="propaganda")
LEASE = timedelta(minutes=30)


def state(instance: Instance) -> list[int]:
    tables = (decisions, actions, messages, cases, case_events, ledger_pending)
    with instance.database.begin() as tx:
        counts = [sa.select(sa.func.count()).select_from(table) for table in tables]
        return [tx.execute(query).scalar_one() for query in counts]


def kinds(tx: Tx) -> list[str]:
    return list(tx.execute(sa.select(actions.c.kind).order_by(actions.c.number)).scalars())


def later(instance: Instance) -> Instance:
    """The same instance a millisecond later: histories sort by time."""
    assert isinstance(instance.clock, FakeClock)
    instance.clock.advance(0.001)
    return instance


def decide(
    instance: Instance, case: str | UUID, given: CaseDecisionIn, actor: str = "user:a@x.org"
) -> CaseDetail:
    with later(instance).database.begin(actor) as tx:
        return read_case(tx, decide_case(tx, UUID(str(case)), given, pack=instance.pack(tx)).id)


def decide_directly(
    instance: Instance, item: str, given: DecisionIn, actor: str = "user:a@x.org"
) -> dict[str, object]:
    with later(instance).database.begin(actor) as tx:
        decision = decide_item(tx, "forum", item, given, pack=instance.pack(tx))
        return msgspec.to_builtins(decision)


def test_a_first_match_is_reviewed_confirmed_and_then_restricts_by_itself(
    instance: Instance, submit: Submit, known: str
) -> None:
    _, first = submit("one", KNOWN)
    assert (first["verdict"], first["action"]) == ("review", None)
    case = decide(instance, first["case"], msgspec.structs.replace(RESTRICT, entry="confirm"))
    assert case.state == "decided"
    assert case.decision is not None
    assert [event.kind for event in case.events] == ["opened", "decided"]
    item, second = submit("two", KNOWN.upper())
    assert second["verdict"] == "restrict"
    assert second["case"] is None
    with instance.database.begin() as tx:
        assert kinds(tx) == ["restrict", "restrict"]
        (restriction,) = standing_on(tx, item.id)
        standing = find_decision(tx, restriction.decision)
        assert standing is not None
        assert str(standing.id) == second["decision"]
        assert standing.decided_by.startswith("rule:tvec@3/")
        assert standing.ground is not None
        entry = tx.execute(sa.select(entries.c.state, entries.c.judged_by)).one()
        assert tuple(entry) == ("confirmed", "user:a@x.org")


def test_a_refuted_entry_matches_no_more(instance: Instance, submit: Submit, known: str) -> None:
    _, first = submit("one", KNOWN)
    decide(instance, first["case"], msgspec.structs.replace(PASS, entry="refute"))
    assert submit("two", KNOWN)[1]["verdict"] == "pass"
    with instance.database.begin() as tx:
        assert kinds(tx) == []


def test_decision_action_message_and_ledger_say_the_same(
    instance: Instance, submit: Submit
) -> None:
    item, _ = submit("one")
    decide_directly(
        instance,
        "one",
        DecisionIn(
            outcome="restrict",
            reason="it praises",
            label="glorification",
            exemption="none",
            restriction=Restriction("item", ["DE", "AT"]),
        ),
    )
    with instance.database.begin() as tx:
        body = msgspec.json.decode(tx.execute(sa.select(messages.c.body)).scalar_one())
        (decision,) = decisions_of(tx, item.id)
        record = tx.execute(
            sa.select(ledger_pending.c.record).where(ledger_pending.c.kind == "decision.recorded")
        ).scalar_one()
    said = body["data"]["decision"]
    assert said["id"] == str(decision.id)
    assert said["restriction"] == {"scope": "item", "territory": ["DE", "AT"]}
    assert said["ground"] == {
        "kind": "terms",
        "reference": "Terms of service: glorification of terrorist acts",
    }
    assert said["decided_by"] == "user:a@x.org"
    recorded = msgspec.json.decode(record)
    assert {name: recorded[name] for name in said} == said
    assert decision.restriction == Restriction("item", ["DE", "AT"])


def test_every_decision_can_be_reversed_with_the_opposite_action(
    instance: Instance, submit: Submit
) -> None:
    item, _ = submit("one")
    first = decide_directly(instance, "one", RESTRICT_ITEM)
    lifted = decide_directly(
        instance, "one", DecisionIn(outcome="lift", reason="an appeal was right")
    )
    assert lifted["reverses"] == first["id"]
    again = decide_directly(instance, "one", RESTRICT_ITEM)
    passed = decide_directly(instance, "one", DecisionIn(outcome="pass", reason="after all"))
    assert passed["reverses"] == again["id"]
    passed = decide_directly(instance, "one", DecisionIn(outcome="pass", reason="still"))
    assert passed["reverses"] is None
    decide_directly(instance, "one", DecisionIn(outcome="escalate", reason="police"))
    with instance.database.begin() as tx:
        assert kinds(tx) == ["restrict", "lift", "restrict", "lift", "escalate"]
        sequences = sa.select(actions.c.sequence).order_by(actions.c.number)
        assert list(tx.execute(sequences).scalars()) == [1, 2, 3, 4, 5]
        assert get_item(tx, "forum", "one").restricted_by is None
        assert standing_on(tx, item.id) == []


RESTRICT_ITEM = DecisionIn(outcome="restrict", reason="calls to arms", label="propaganda")


def test_a_rules_restriction_that_a_person_passes_is_lifted(
    instance: Instance, submit: Submit, known: str
) -> None:
    _, first = submit("one", KNOWN)
    decide(instance, first["case"], msgspec.structs.replace(RESTRICT, entry="confirm"))
    submit("two", KNOWN)
    decide_directly(
        instance, "two", DecisionIn(outcome="pass", reason="a news report", exemption="news")
    )
    with instance.database.begin() as tx:
        assert kinds(tx) == ["restrict", "restrict", "lift"]


def test_of_two_deciders_one_wins_and_the_other_learns_the_decision(
    instance: Instance, submit: Submit, known: str
) -> None:
    _, answer = submit("one", KNOWN)
    barrier = Barrier(2)

    def work(given: CaseDecisionIn) -> CaseDetail | Refusal:
        barrier.wait()
        try:
            return decide(instance, answer["case"], given, f"user:{given.outcome}@x.org")
        except Refusal as refused:
            return refused

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(work, [PASS, RESTRICT]))
    (winner,) = [one for one in found if isinstance(one, CaseDetail)]
    (refused,) = [one for one in found if isinstance(one, Refusal)]
    assert (refused.status, refused.type) == (409, "case-decided")
    assert refused.extra["decision"] == winner.decisions[0]
    with instance.database.begin() as tx:
        assert len(get_case(tx, winner.id).decisions) == 1
        assert kinds(tx) == (["restrict"] if winner.decisions[0]["outcome"] == "restrict" else [])


def test_anothers_live_claim_forbids_deciding_until_it_expires(
    instance: Instance, clock: FakeClock, submit: Submit, known: str
) -> None:
    _, answer = submit("one", KNOWN)
    case_id = UUID(answer["case"])
    with instance.database.begin("user:b@x.org") as tx:
        assert claim_case(tx, case_id, LEASE).claimed_by == "user:b@x.org"
    before = state(instance)
    with pytest.raises(Refusal) as refused:
        decide(instance, case_id, PASS)
    assert (refused.value.status, refused.value.type) == (409, "case-claimed")
    with pytest.raises(Refusal) as refused:
        decide_directly(instance, "one", DecisionIn(outcome="pass", reason="fine"))
    assert refused.value.type == "case-claimed"
    assert state(instance) == before
    clock.advance(LEASE.total_seconds())
    decided = decide(instance, case_id, PASS)
    assert (decided.state, decided.claimed_by, decided.claimed_until) == ("decided", None, None)


def test_a_decision_on_the_item_answers_its_case_too(
    instance: Instance, submit: Submit, known: str
) -> None:
    _, answer = submit("one", KNOWN)
    decide_directly(instance, "one", DecisionIn(outcome="escalate", reason="police"))
    with instance.database.begin() as tx:
        case = get_case(tx, UUID(answer["case"]))
    assert case.state == "open"
    assert [event.kind for event in case.events] == ["opened", "escalated"]
    decision = decide_directly(instance, "one", RESTRICT_ITEM)
    with instance.database.begin() as tx:
        case = get_case(tx, UUID(answer["case"]))
    assert (case.state, str(case.decision)) == ("decided", decision["id"])


def test_a_reopened_case_is_decided_again(instance: Instance, submit: Submit, known: str) -> None:
    _, answer = submit("one", KNOWN)
    case_id = UUID(answer["case"])
    decide(instance, case_id, RESTRICT)
    with instance.database.begin("user:b@x.org") as tx:
        assert reopen_case(tx, case_id, "an appeal").state == "reopened"
        assert kinds(tx) == ["restrict"]  # it stands until somebody decides otherwise
    case = decide(instance, case_id, PASS, "user:b@x.org")
    assert [one["outcome"] for one in case.decisions] == ["restrict", "pass"]
    with instance.database.begin() as tx:
        assert kinds(tx) == ["restrict", "lift"]


@pytest.mark.parametrize(
    ("given", "type"),
    [
        (CaseDecisionIn(outcome="lift", reason="x"), "nothing-to-lift"),
        (CaseDecisionIn(outcome="restrict", reason="x", label="incitement"), "invalid-body"),
        (CaseDecisionIn(outcome="restrict", reason="x", label="spam"), "invalid-body"),
        (CaseDecisionIn(outcome="pass", reason="x", entry="confirm"), "entry-gone"),
    ],
)
def test_a_refused_decision_writes_nothing(
    instance: Instance, submit: Submit, known: str, given: CaseDecisionIn, type: str
) -> None:
    _, answer = submit("one", KNOWN)
    with instance.database.begin() as tx:
        delete_entry(tx, "known-texts", UUID(known))
    before = state(instance)
    with pytest.raises(Refusal) as refused:
        decide(instance, answer["case"], given)
    assert refused.value.type == type
    assert state(instance) == before


def test_unknown_and_erased_items_are_refused(
    instance: Instance, submit: Submit, known: str
) -> None:
    _, answer = submit("one", KNOWN)
    with pytest.raises(Refusal) as refused:
        decide_directly(instance, "nowhere", RESTRICT_ITEM)
    assert refused.value.status == 404
    with pytest.raises(Refusal) as refused:
        decide(instance, UUID(int=0), PASS)
    assert refused.value.status == 404
    with instance.database.begin() as tx:
        erase_item(tx, "forum", "one")
    before = state(instance)
    for attempt in (
        lambda: decide_directly(instance, "one", RESTRICT_ITEM),
        lambda: decide(instance, answer["case"], PASS),
    ):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.status == 410
    assert state(instance) == before


def test_erasure_leaves_outcomes_but_no_words(
    instance: Instance, submit: Submit, known: str
) -> None:
    _item, answer = submit("one", KNOWN)
    decide(instance, answer["case"], RESTRICT)
    with instance.database.begin() as tx:
        erase_item(tx, "forum", "one")
    with instance.database.begin() as tx:
        case = get_case(tx, UUID(answer["case"]))
    assert [one["outcome"] for one in case.decisions] == ["restrict"]
    assert RESTRICT.reason not in msgspec.json.encode(case).decode()
    because = [
        condition
        for one in case.evaluations
        for rule in one["rules"]
        for condition in rule["because"]
    ]
    assert because
    assert all(set(condition) == {"condition", "value"} for condition in because)
    assert case.about is not None
    assert case.about.erased_at is not None


def test_a_restriction_with_an_end_is_lifted_by_the_clock(
    instance: Instance, clock: FakeClock, submit: Submit
) -> None:
    until = clock.now() + timedelta(hours=1)
    for name in ("one", "two"):
        submit(name)
        decide_directly(
            instance,
            name,
            msgspec.structs.replace(RESTRICT_ITEM, restriction=Restriction("item", until=until)),
        )
    item, _ = submit("three")
    decide_directly(instance, "three", RESTRICT_ITEM)
    with instance.database.begin() as tx:
        assert lift_expired(tx) == 0
    clock.advance(3600)
    with instance.database.begin() as tx:
        assert lift_expired(tx) == 2
    with instance.database.begin() as tx:
        assert lift_expired(tx) == 0
        assert kinds(tx) == ["restrict"] * 3 + ["lift"] * 2
        assert len(standing_on(tx, item.id)) == 1
        two = decisions_of(tx, get_item(tx, "forum", "two").id)
    assert (two[1].outcome, two[1].decided_by, two[1].reverses) == ("lift", "system", two[0].id)


def test_a_revision_that_nobody_saw_is_not_decided(
    instance: Instance, submit: Submit, known: str
) -> None:
    _, answer = submit("one", KNOWN)
    submit("one", KNOWN.upper())
    before = state(instance)
    with pytest.raises(Refusal) as refused:
        decide(instance, answer["case"], msgspec.structs.replace(PASS, revision=1))
    assert (refused.value.status, refused.value.type) == (409, "case-moved")
    assert refused.value.extra["revision"] == 2
    assert state(instance) == before
    case = decide(instance, answer["case"], msgspec.structs.replace(PASS, revision=2))
    assert case.decisions[0]["revision"] == 2


def test_an_entry_is_judged_only_where_a_match_opened_the_case(
    instance: Instance, clock: FakeClock, submit: Submit
) -> None:
    item, _ = submit("one")
    with instance.database.begin() as tx:
        case, _ = open_case(
            tx,
            subject=Subject("item", item.id),
            item=item,
            revision=1,
            queue="reports",
            origin="report",
        )
    before = state(instance)
    with pytest.raises(Refusal) as refused:
        decide(instance, case.id, msgspec.structs.replace(PASS, entry="confirm"))
    assert (refused.value.status, refused.value.type) == (409, "no-match")
    assert state(instance) == before


def test_releasing_shows_the_case_as_it_waits(
    instance: Instance, submit: Submit, known: str
) -> None:
    _, answer = submit("one", KNOWN)
    with instance.database.begin("user:b@x.org") as tx:
        claim_case(tx, UUID(answer["case"]), LEASE)
        assert release_case(tx, UUID(answer["case"])).state == "open"

"""Items that wait in the case of another: which of them a decision means, and what becomes of the rest."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.decisions.model import DecisionIn, Subject
from tidegate.decisions.queries import decisions_of
from tidegate.decisions.tables import decisions
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.bulk import carry_on
from tidegate.pipeline.decide import decide_item
from tidegate.pipeline.erase import erase_item
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.leave import leave_due, undo
from tidegate.pipeline.reads import read_case
from tidegate.pipeline.together import AT_ONCE, decide_together
from tidegate.review import members
from tidegate.review.actions import open_case
from tidegate.review.membership import members_of
from tidegate.review.model import CaseDecisionIn, CaseDetail
from tidegate.review.queries import cases_of_item, lock_case
from tidegate.review.tables import case_members, cases

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]
PERSON = "user:a@x.org"
PASS: dict[str, Any] = {"outcome": "pass", "reason": "a rumour"}


@pytest.fixture
def gather(instance: Instance, submit: Submit) -> Callable[..., UUID]:
    """A case about `tip-0` in which as many other tips wait; its id."""

    def make(others: int) -> UUID:
        rows = [
            submit(f"tip-{n}", text=f"they meet at the bridge {n}")[0] for n in range(others + 1)
        ]
        with instance.database.begin("key:forum") as tx:
            case, _ = open_case(
                tx,
                subject=Subject("item", rows[0].id),
                item=rows[0],
                revision=1,
                queue="reports",
                origin="report",
            )
            for row in rows[1:]:
                case = members.join(tx, case, row.id)
        return case.id

    return make


def decide(instance: Instance, case: UUID, undo: float = 0, **given: Any) -> CaseDetail:
    body = CaseDecisionIn(**PASS | given)
    wait = timedelta(seconds=undo)
    with instance.database.begin(PERSON) as tx:
        decide_together(tx, case, body, pack=instance.pack(tx), undo=wait)
        return read_case(tx, case)


def outcomes(instance: Instance, item: str) -> list[str]:
    with instance.database.begin() as tx:
        id = tx.execute(
            sa.text("SELECT id FROM items WHERE external_id = :i"), {"i": item}
        ).scalar_one()
        return [f"{one.outcome} {one.state}" for one in decisions_of(tx, id)]


def waiting(instance: Instance) -> dict[str, list[str]]:
    """The waiting cases by their own item, with the items that wait in them."""
    with instance.database.begin() as tx:
        rows = tx.execute(sa.text("SELECT id, external_id FROM items")).all()
        names: dict[UUID, str] = {row.id: row.external_id for row in rows}
        found = tx.execute(
            sa.select(cases.c.id, cases.c.item_id).where(cases.c.state != "decided")
        ).all()
        return {
            names[row.item_id]: [names[one.item_id] for one in members_of(tx, row.id)]
            for row in found
        }


def test_without_members_the_others_wait_on_in_a_case_of_theirs(
    instance: Instance, gather: Callable[..., UUID]
) -> None:
    case = gather(3)
    decided = decide(instance, case)
    assert decided.state == "decided"
    assert decided.members_total == 0
    assert outcomes(instance, "tip-0") == ["pass left"]
    assert outcomes(instance, "tip-1") == []
    assert waiting(instance) == {"tip-1": ["tip-2", "tip-3"]}


def test_each_member_gets_a_decision_of_its_own(
    instance: Instance, gather: Callable[..., UUID]
) -> None:
    case = gather(2)
    decide(instance, case, members="all")
    for tip in ("tip-0", "tip-1", "tip-2"):
        assert outcomes(instance, tip) == ["pass left"]
    assert waiting(instance) == {}
    with instance.database.begin() as tx:
        made = tx.execute(sa.select(decisions.c.case_id)).scalars().all()
    assert len(set(made)) == 3
    assert None not in made


def test_all_never_includes_what_came_after(
    instance: Instance, gather: Callable[..., UUID], submit: Submit
) -> None:
    case = gather(1)
    with instance.database.begin() as tx:
        seen = read_case(tx, case).version
    late, _ = submit("tip-late", text="they meet at the bridge, I hear")
    with instance.database.begin("key:forum") as tx:
        members.join(tx, lock_case(tx, case), late.id)
    decide(instance, case, members="all", seen=seen)
    assert outcomes(instance, "tip-1") == ["pass left"]
    assert outcomes(instance, "tip-late") == []
    assert waiting(instance) == {"tip-late": []}


def test_those_that_are_named(instance: Instance, gather: Callable[..., UUID]) -> None:
    case = gather(3)
    decide(instance, case, members=["tip-0", "tip-2"])
    assert outcomes(instance, "tip-2") == ["pass left"]
    assert waiting(instance) == {"tip-1": ["tip-3"]}


@pytest.mark.parametrize("named", [["tip-0", "tip-9"], ["tip-1"], ["tip-1", "tip-2"]])
def test_names_that_are_none_of_the_cases_change_nothing(
    instance: Instance, gather: Callable[..., UUID], named: list[str]
) -> None:
    case = gather(2)
    with pytest.raises(Refusal) as refused:
        decide(instance, case, members=named)
    assert (refused.value.status, refused.value.type) == (422, "members-unknown")
    assert outcomes(instance, "tip-0") == []
    assert waiting(instance) == {"tip-0": ["tip-1", "tip-2"]}


def test_a_version_that_the_case_never_had_changes_nothing(
    instance: Instance, gather: Callable[..., UUID]
) -> None:
    case = gather(2)
    with instance.database.begin() as tx:
        version = read_case(tx, case).version
    with pytest.raises(Refusal) as refused:
        decide(instance, case, members="all", seen=version + 1)
    assert refused.value.status == 422
    assert [one.pointer for one in refused.value.errors] == ["/seen"]
    assert outcomes(instance, "tip-0") == []
    assert waiting(instance) == {"tip-0": ["tip-1", "tip-2"]}


def test_undone_together(instance: Instance, gather: Callable[..., UUID], clock: FakeClock) -> None:
    case = gather(2)
    decided = decide(instance, case, undo=30, members="all")
    assert outcomes(instance, "tip-1") == ["pass held"]
    assert decided.decision is not None
    with instance.database.begin(PERSON) as tx:
        undone = undo(tx, decided.decision, lease=timedelta(minutes=5))
    assert undone.state == "claimed"
    assert undone.members_total == 2
    assert outcomes(instance, "tip-1") == ["pass undone"]
    assert waiting(instance) == {"tip-0": ["tip-1", "tip-2"]}
    clock.advance(60)
    assert leave_due(instance) == 0
    decide(instance, case, members="all")  # and once more
    assert outcomes(instance, "tip-2") == ["pass undone", "pass left"]
    assert waiting(instance) == {}


def test_many_are_left_to_the_worker(
    instance: Instance, gather: Callable[..., UUID], clock: FakeClock
) -> None:
    case = gather(AT_ONCE + 5)
    decided = decide(instance, case, undo=30, members="all")
    assert outcomes(instance, "tip-1") == ["pass held"]
    assert len(waiting(instance)) == 5
    carry_on(instance, instance.pack)
    assert waiting(instance) == {}
    assert decided.decision is not None
    with instance.database.begin(PERSON) as tx:
        undo(tx, decided.decision, lease=timedelta(minutes=5))
    carry_on(instance, instance.pack)
    clock.advance(60)
    assert leave_due(instance) == 0
    assert sum(1 + len(found) for found in waiting(instance).values()) == AT_ONCE + 6


def test_a_member_decided_by_itself_waits_no_more(
    instance: Instance, gather: Callable[..., UUID]
) -> None:
    gather(2)
    with instance.database.begin(PERSON) as tx:
        decide_item(tx, "forum", "tip-1", DecisionIn(**PASS), pack=instance.pack(tx))
    assert waiting(instance) == {"tip-0": ["tip-2"]}


def test_what_is_reported_again_stays_where_it_waits(
    instance: Instance, gather: Callable[..., UUID]
) -> None:
    case = gather(1)

    def again(tx: Tx) -> UUID:
        row = tx.execute(sa.select(case_members.c.item_id)).scalar_one()
        joined, new = open_case(
            tx,
            subject=Subject("item", row),
            item=None,
            revision=1,
            queue="reports",
            origin="report",
            platform="forum",
        )
        assert not new
        return joined.id

    with instance.database.begin("key:forum") as tx:
        assert again(tx) == case


@pytest.mark.parametrize("erased", ["tip-0", "tip-1"])
def test_an_erased_item_takes_no_other_with_it(
    instance: Instance, gather: Callable[..., UUID], erased: str
) -> None:
    gather(2)
    with instance.database.begin("key:forum") as tx:
        erase_item(tx, "forum", erased)
    left = {"tip-0": ["tip-2"]} if erased == "tip-1" else {"tip-1": ["tip-2"]}
    assert waiting(instance) == left
    with instance.database.begin() as tx:
        id = tx.execute(
            sa.text("SELECT id FROM items WHERE external_id = :i"), {"i": erased}
        ).scalar_one()
        assert tx.execute(sa.select(case_members).where(case_members.c.item_id == id)).all() == []
        assert len(cases_of_item(tx, id)) == (1 if erased == "tip-0" else 0)


def test_a_case_counts_the_voices_of_all_that_wait_in_it(
    instance: Instance, gather: Callable[..., UUID]
) -> None:
    case = gather(2)
    with instance.database.begin("key:forum") as tx:
        for number, item in enumerate(tx.execute(sa.text("SELECT id, platform FROM items")).all()):
            tx.execute(
                sa.text(
                    "INSERT INTO reports (id, platform, external_id, item_id, channel, reason, counts,"
                    " digest, created_at, received_at) VALUES (gen_random_uuid(), 'forum', :n, :i, 'tip',"
                    " 'x', true, '', :t, :t)"
                ),
                {"n": f"r{number}", "i": item.id, "t": tx.now},
            )
        detail = read_case(tx, case)
    assert detail.reports == 3
    assert {one.id for one in detail.reported} == {"r0", "r1", "r2"}

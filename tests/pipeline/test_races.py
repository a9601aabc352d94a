"""Reports, new revisions, claims, decisions and lifts at once on the same few items."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.content.tables import items
from tidegate.decisions.model import DecisionIn, Outcome
from tidegate.decisions.queries import standing_on
from tidegate.decisions.tables import decisions
from tidegate.enforcement.tables import actions
from tidegate.infra.errors import Refusal
from tidegate.intake.model import ReportIn
from tidegate.intake.tables import reports
from tidegate.pipeline.decide import (
    claim_case,
    decide_case,
    decide_item,
    lift_expired,
    release_case,
    reopen_case,
)
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.report import submit_report
from tidegate.review.actions import release_expired
from tidegate.review.model import CaseDecisionIn
from tidegate.review.tables import case_events, cases

Submit = Callable[..., tuple[ItemRow, dict[str, Any]]]

NAMES = ["one", "two", "three"]
EXPECTED = {
    "case-claimed", "case-decided", "case-not-claimed", "case-not-decided", "nothing-to-lift",
    "no-match",
}  # fmt: skip


def act(instance: Instance, rng: random.Random, actor: str, step: int) -> None:
    """One random step of a random kind, each in a transaction of its own."""
    name = rng.choice(NAMES)
    with instance.database.begin(actor) as tx:
        pack = instance.pack(tx)
        waiting: list[UUID] = list(tx.execute(sa.select(cases.c.id)).scalars())
        kind = rng.randrange(8)
        outcome: Outcome = rng.choice(["restrict", "pass", "lift", "escalate"])
        if kind <= 1 or not waiting:
            report = ReportIn(
                id=f"{actor}-{step}", channel="user", reason="hate", created_at=tx.now, item_id=name
            )
            submit_report(tx, instance, report, platform="forum")
        elif kind == 2:
            claim_case(tx, rng.choice(waiting), timedelta(seconds=rng.choice([-1, 1])))
        elif kind == 3:
            release_case(tx, rng.choice(waiting))
        elif kind == 4:
            given = CaseDecisionIn(
                outcome=outcome,
                reason="x",
                label="propaganda",
                entry=rng.choice([None, None, "confirm"]),
            )
            decide_case(tx, rng.choice(waiting), given, pack=pack)
        elif kind == 5:
            given = DecisionIn(outcome=outcome, reason="x", label="propaganda")
            decide_item(tx, "forum", name, given, pack=pack)
        elif kind == 6:
            reopen_case(tx, rng.choice(waiting), "again")
        else:
            lift_expired(tx)
            release_expired(tx)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_comes_at_once_the_story_stays_whole(
    instance: Instance, submit: Submit, known: str, seed: int
) -> None:
    for name in NAMES:
        submit(name)

    def work(number: int) -> set[str]:
        rng = random.Random(seed * 100 + number)
        refused: set[str] = set()
        for step in range(40):
            try:
                act(instance, rng, f"user:{number}", step)
            except Refusal as refusal:
                refused.add(refusal.type)
        return refused

    with ThreadPoolExecutor(4) as pool:
        refused = set().union(*pool.map(work, range(4)))
    assert refused <= EXPECTED

    with instance.database.begin() as tx:
        for item in tx.execute(sa.select(items)):
            own = sa.select(cases).where(cases.c.item_id == item.id)
            found = tx.execute(own).all()
            assert len(found) <= 1  # one case an item, reopened rather than doubled
            done = tx.execute(
                sa.select(actions).where(actions.c.item_id == item.id).order_by(actions.c.number)
            ).all()
            assert [one.sequence for one in done] == list(range(1, len(done) + 1))
            standing = None
            for one in done:
                if one.kind == "lift":
                    assert standing is not None
                    standing = None
                elif one.kind == "restrict":
                    standing = one.decision_id
            stand = [one.decision for one in standing_on(tx, item.id)]
            assert bool(stand) == (standing is not None)
            # Of equal ones of one moment it may be any: the clock stands still.
            assert item.restricted_by in (stand or [None])
            for case in found:
                if case.state == "decided":
                    decided = sa.select(decisions.c.case_id).where(
                        decisions.c.id == case.decision_id
                    )
                    assert tx.execute(decided).scalar_one() == case.id
                else:
                    assert case.decision_id is None
                kinds = list(
                    tx.execute(
                        sa.select(case_events.c.kind)
                        .where(case_events.c.case_id == case.id)
                        .order_by(case_events.c.id)
                    ).scalars()
                )
                assert kinds.count("opened") == 1
                gap = kinds.count("decided") - kinds.count("reopened")
                assert gap == (case.state == "decided")
        numbers = list(tx.execute(sa.select(actions.c.number).order_by(actions.c.number)).scalars())
        assert numbers == list(range(1, len(numbers) + 1))
        lost = sa.select(reports.c.id).where(reports.c.case_id.is_(None))
        assert tx.execute(lost).all() == []

"""The sweep: warnings and ends are noted and told, again and again until somebody has it. The clock is turned and
the work done by hand."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.clocks.conftest import NIGHT, ORDER, start, subject

from tidegate.clocks import actions
from tidegate.clocks.model import Subject
from tidegate.clocks.packs import Packs
from tidegate.clocks.queries import Filter, get_clock, list_clocks, ringing_count
from tidegate.clocks.sweeping import Rung, sweep
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database
from tidegate.infra.errors import Refusal

MINUTE = timedelta(minutes=1)
Step = Callable[..., list[Rung]]


@pytest.fixture
def step(database: Database, clock: FakeClock) -> Step:
    """Turns the clock by so many seconds and sweeps until nothing is due."""

    def turn(seconds: float = 0, minutes: float = 10.0) -> list[Rung]:
        clock.advance(seconds)
        found: list[Rung] = []
        with database.begin() as tx:
            while some := sweep(tx, 3, seconds=60, minutes=minutes):
                found += some
        return found

    return turn


def told(rungs: list[Rung]) -> list[tuple[str, bool, bool]]:
    return [(one.type, one.first, one.calls) for one in rungs]


def test_it_warns_rings_and_is_missed_until_somebody_has_it(
    database: Database, clock: FakeClock, packs: Packs, step: Step
) -> None:
    about = subject()
    with database.begin() as tx:
        made = start(tx, packs, about)
    assert step() == step(29 * 60 + 59) == []
    (warned,) = step(1)
    assert (warned.type, warned.first, warned.calls) == ("clock.warning", True, True)
    assert warned.clock.warned == [NIGHT + 30 * MINUTE]
    assert step(59) == []
    assert told(step(1)) == [("clock.warning", False, True)]
    with database.begin("user:anna@example.org") as tx:
        heard = actions.acknowledge(tx, made.id)
    assert (heard.ringing, heard.acknowledged_by) == (False, "user:anna@example.org")
    assert step(13 * 60) == [], "it rings no more"
    assert told(step(60)) == [("clock.warning", True, True)], "but at the next warning"
    (expired,) = step(15 * 60)
    assert (expired.type, expired.first, expired.calls) == ("clock.expired", True, True)
    assert (expired.clock.state, expired.clock.live) == ("missed", True)
    assert expired.clock.warned == [NIGHT + n * MINUTE for n in (30, 45, 55)]
    for _ in range(3):
        assert told(step(60)) == [("clock.expired", False, True)], "missed is not an end"
    with database.begin() as tx:
        (done,) = actions.happen(tx, packs, "order.executed", subject=about, at=clock.now())
    assert (done.state, done.live, done.ringing) == ("missed", False, False)
    assert step(3600) == []


def test_whoever_was_away_hears_the_last_and_no_more(
    database: Database, packs: Packs, step: Step
) -> None:
    with database.begin() as tx:
        start(tx, packs, subject())
    (late,) = step(56 * 60)
    assert (late.type, late.first) == ("clock.warning", True)
    assert late.clock.warned == [NIGHT + n * MINUTE for n in (30, 45, 55)]
    with database.begin() as tx:
        start(tx, packs, subject(), at=NIGHT - timedelta(hours=3))
    assert told(step()) == [("clock.expired", True, True)]


def test_a_far_end_rings_slowly(database: Database, packs: Packs, step: Step) -> None:
    with database.begin() as tx:
        made = start(tx, packs, subject(), "tco.complaint")
    week = 7 * 24 * 3600
    assert told(step(week)) == [("clock.warning", True, True)]
    assert step(week / 30 - 1) == []
    assert told(step(1)) == [("clock.warning", False, True)]
    with database.begin() as tx:
        assert get_clock(tx, made.id).ringing


def test_acknowledging_one_clock_silences_all_of_its_order(
    database: Database, packs: Packs, step: Step
) -> None:
    with database.begin() as tx:
        first = start(tx, packs, subject(), order=ORDER)
        start(tx, packs, subject(), order=ORDER)
        other = start(tx, packs, subject())
    assert len(step(30 * 60)) == 3
    with database.begin() as tx:
        assert ringing_count(tx) == 3
        actions.acknowledge(tx, first.id)
        assert [one.id for one in list_clocks(tx, Filter(ringing=True))[0]] == [other.id]
    assert [rung.clock.id for rung in step(60)] == [other.id]


def test_no_such_clock_is_acknowledged(database: Database) -> None:
    with database.begin() as tx, pytest.raises(Refusal) as refused:
        actions.acknowledge(tx, UUID(int=1))
    assert (refused.value.type, refused.value.status) == ("clock-unknown", 404)
    with database.begin() as tx:
        query = sa.text("SELECT count(*) FROM ledger_pending WHERE kind LIKE '%acknowledged'")
        assert tx.execute(query).scalar_one() == 0


def test_others_are_called_late_after_the_generous_reading_and_once(
    database: Database, packs: Packs, step: Step
) -> None:
    with database.begin() as tx:
        made = start(tx, packs, subject(), us="authority")
    # 02:13 in Berlin: the hour of the event does not count, so 04:00.
    assert not made.ours
    with database.begin() as tx:
        assert tx.execute(sa.text("SELECT next_at FROM clocks")).scalar_one() == made.due_latest
    assert step(3600) == []
    left = (made.due_latest - NIGHT).total_seconds() - 3600
    assert step(left - 0.001) == []
    assert told(step(0.001)) == [("clock.expired", True, False)]
    assert step(24 * 3600) == []


@pytest.mark.parametrize(
    ("name", "us", "state"),
    [
        ("tco.prior_information", "provider", "lapsed"),
        ("tco.scrutiny_own", "establishment", "lapsed"),
        ("tco.preserve", "provider", "lapsed"),
        ("tco.non_disclosure", "provider", "lapsed"),
        ("referral.answer", "provider", "missed"),
    ],
)
def test_what_lapses_or_is_counted_does_not_ring_on(
    database: Database, packs: Packs, step: Step, name: str, us: str, state: str
) -> None:
    with database.begin() as tx:
        made = start(tx, packs, subject(), name, us=us)
    end = (made.ends_at - NIGHT).total_seconds()
    step(end - 1)
    with database.begin() as tx:
        assert get_clock(tx, made.id).state == "running"
    assert told(step(1)) == [("clock.expired", True, False)]
    with database.begin() as tx:
        after = get_clock(tx, made.id)
    assert (after.state, after.ringing) == (state, False)
    assert after.live == (state == "missed")
    assert step(10 * 24 * 3600) == []


def test_a_suspended_clock_is_silent(
    database: Database, clock: FakeClock, packs: Packs, step: Step
) -> None:
    about = subject()
    with database.begin() as tx:
        start(tx, packs, about)
    step(31 * 60)
    with database.begin() as tx:
        actions.happen(tx, packs, "order.impeded", subject=about, at=clock.now())
    assert step(5 * 3600) == []
    with database.begin() as tx:
        actions.happen(tx, packs, "impediment.ended", subject=about, at=clock.now())
    assert step(30 * 60 - 1) == []
    assert told(step(1)) == [("clock.warning", True, True)]


def test_more_people_are_called_the_longer_nobody_has_it(
    database: Database, packs: Packs, step: Step
) -> None:
    with database.begin() as tx:
        made = start(tx, packs, subject(), at=NIGHT - 2 * 60 * MINUTE)
    steps = [rung.step for _ in range(25) for rung in step(60)]
    assert steps == [n // 10 for n in range(25)]
    with database.begin() as tx:
        actions.acknowledge(tx, made.id)
    assert step(24 * 3600) == []


def test_an_end_noted_and_not_told_of_is_not_lost(
    database: Database, clock: FakeClock, packs: Packs
) -> None:
    """A process that dies before its commit has noted nothing: the next one rings."""
    with database.begin() as tx:
        start(tx, packs, subject())
    clock.advance(3600)
    with database.engine.connect() as connection:
        transaction = connection.begin()
        from tidegate.infra.db import Tx

        assert len(sweep(Tx(connection, clock.now()), 10)) == 1
        transaction.rollback()
    with database.begin() as tx:
        assert told(sweep(tx, 10)) == [("clock.expired", True, True)]


def test_two_sweeps_at_once_tell_each_clock_once(
    database: Database, clock: FakeClock, packs: Packs
) -> None:
    with database.begin() as tx:
        made = {start(tx, packs, subject()).id for _ in range(6)}
    clock.advance(1800)
    with database.begin() as one, database.begin() as two:
        first, second = sweep(one, 4), sweep(two, 4)
    assert (len(first), len(second)) == (4, 2)
    assert {rung.clock.id for rung in (*first, *second)} == made


def test_the_sweep_finds_its_ten_thousand_among_a_million_by_an_index(
    database: Database, packs: Packs
) -> None:
    with database.begin() as tx:
        start(tx, packs, Subject("order_item", "x/1"))
        tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
        query = "EXPLAIN SELECT id FROM clocks WHERE next_at <= now() ORDER BY next_at LIMIT 200"
        plan = "\n".join(tx.execute(sa.text(query)).scalars())
    assert "ix_clocks_next_at" in plan

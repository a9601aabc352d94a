"""A replay of the queue by other weights, against counting every pair and stepping through every moment."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.policy.facts import QueueCase
from tidegate.policy.queues import rule_as_kept
from tidegate.policy.weights import Weights
from tidegate.triage.replay import Replayed, first_looks, kendall, replay, replay_queues
from tidegate.triage.score import Kept, ScoreFacts, measure

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


@given(st.permutations(range(9)), st.permutations(range(9)))
def test_tau_counts_pairs(first: list[int], second: list[int]) -> None:
    pairs = [(a, b) for a in range(9) for b in range(a)]
    same = sum((first[a] - first[b]) * (second[a] - second[b]) > 0 for a, b in pairs)
    assert kendall(first, second) == pytest.approx(2 * same / len(pairs) - 1)
    assert kendall([1], [1]) is None


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=12),
    st.integers(1, 3),
    st.integers(1, 5),
)
def test_who_is_free_takes_the_first(
    arrivals: list[tuple[int, int]], people: int, look: int
) -> None:
    minute = timedelta(minutes=1)
    keys = [(band, NOW, UUID(int=n)) for n, (_, band) in enumerate(arrivals)]
    times = [NOW + at * minute for at, _ in arrivals]
    found = first_looks(times, keys, people, look * minute)
    # Minute by minute.
    waiting: list[int] = []
    busy: list[int] = []
    expected: dict[int, timedelta] = {}
    for now in range(200):
        waiting += [n for n, (at, _) in enumerate(arrivals) if at == now]
        busy = [until for until in busy if until > now]
        while len(busy) < people and waiting:
            one = min(waiting, key=lambda n: keys[n])
            waiting.remove(one)
            expected[one] = (now - arrivals[one][0]) * minute
            busy.append(now + look)
    assert found == [expected[n] for n in range(len(arrivals))]


def cases(number: int) -> list[Replayed]:
    random = Random(5)
    made: list[Replayed] = []
    for n in range(number):
        urgent = random.random() < 0.1
        facts = ScoreFacts(severity=random.randint(1, 5), learned=0.9 if urgent else 0.1)
        kept = Kept(version="p@1", weights=Weights(), ageing=86400.0, measured=measure(facts))
        since = NOW + timedelta(seconds=10 * n)
        made.append(
            Replayed(
                id=UUID(int=n), item=f"post-{n}", band=4, since=since, kept=kept, urgent=urgent
            )
        )
    return made


def test_what_matters_more_is_seen_sooner() -> None:
    found = cases(300)
    heavy = Weights(learned=100.0, severity=0.0)
    minute = timedelta(minutes=1)
    report = replay(found, Weights(learned=0.0), heavy, DAY, people=2, look=minute, examples=3)
    assert report.cases == 300
    assert report.tau is not None
    assert report.tau < 0.9
    assert len(report.risers) == len(report.fallers) == 3
    assert all(one.after < one.before for one in report.risers)
    assert report.looked_after.urgent.median is not None
    assert report.looked_before.urgent.median is not None
    assert report.looked_after.urgent.median < report.looked_before.urgent.median / 2
    same = replay(found, heavy, heavy, DAY, people=2, look=minute, examples=3)
    assert (same.tau, same.moved, same.risers) == (1.0, 0, [])
    assert replay([], heavy, heavy, DAY, people=2, look=minute, examples=3).tau is None


def test_other_rules_for_queues_are_counted_by_queue() -> None:
    films = rule_as_kept("films", "films", ("case.kind == 'video'",))
    fails = rule_as_kept("fails", "x", ("case.channels[0] == 'tip'",))
    assert films is not None
    assert fails is not None
    found = [
        msgspec.structs.replace(
            one, queue="reports", case=QueueCase(kind="video" if n < 4 else "text")
        )
        for n, one in enumerate(cases(10))
    ]
    moved, unrouted = replay_queues(found, [], [films, fails])
    assert [(one.queue, one.before, one.after) for one in moved] == [
        ("films", 0, 4),
        ("reports", 10, 6),
    ]
    assert unrouted == 6
    assert replay_queues([], [films], [])[0] == []

"""The score: its points add up to the letter, its order never changes while cases wait, and nothing starves."""

import heapq
from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tidegate.policy.weights import Weights
from tidegate.triage.score import (
    NAMES,
    STATIC,
    Kept,
    ScoreFacts,
    Threat,
    head_start,
    measure,
    place_of,
    priority_of,
    static_points,
)

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
shares = st.none() | st.floats(0, 1)
facts = st.builds(
    ScoreFacts,
    severity=st.none() | st.integers(1, 5),
    threat=st.sampled_from(get_args(Threat)),
    confidence=shares,
    record=shares,
    voices=st.floats(0, 5),
    reports=st.integers(0, 2000),
    reach=st.integers(0, 10**7),
    growth=st.integers(0, 10**6),
    left=st.none() | st.timedeltas(timedelta(days=-9), timedelta(days=9)),
    reliability=shares,
    judged=st.integers(0, 50),
    learned=shares,
)
weights = st.builds(
    Weights,
    **{name: st.floats(0, 1000) for name in STATIC},
    age=st.floats(1, 1000),
)
ageings = st.timedeltas(timedelta(minutes=1), timedelta(days=30))
WORST = ScoreFacts(severity=1, confidence=0.0, reliability=0.0)
BEST = ScoreFacts(
    severity=5,
    threat="high_specific",
    confidence=1.0,
    voices=5.0,
    reports=9,
    reach=10**6,
    growth=10**5,
    left=timedelta(),
    reliability=1.0,
    learned=1.0,
)


def kept(found: ScoreFacts, by: Weights, ageing: timedelta) -> Kept:
    seconds = ageing.total_seconds()
    return Kept(version="p@1", weights=by, ageing=seconds, measured=measure(found))


@given(facts, weights, ageings, st.timedeltas(timedelta(hours=-1), timedelta(days=400)))
def test_points_add_up_to_the_score(
    found: ScoreFacts, by: Weights, ageing: timedelta, waited: timedelta
) -> None:
    one = priority_of(kept(found, by, ageing), waited)
    assert tuple(part.name for part in one.parts) == NAMES
    assert sum(part.points for part in one.parts) == one.score
    assert sum(part.points for part in reversed(one.parts)) == one.score, "in any order"
    for part in one.parts:
        assert abs(part.points - part.value * part.weight) <= 0.126
        assert 0 <= part.value <= (part.value if part.name == "age" else 1)
    # As it is kept, and as it is sent.
    stored = msgspec.json.decode(msgspec.json.encode(kept(found, by, ageing)), type=Kept)
    assert priority_of(stored, waited) == one


@given(facts, facts, ageings, st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_order_by_score_is_that_by_place_at_every_moment(
    first: ScoreFacts, second: ScoreFacts, ageing: timedelta, opened: int, later: int
) -> None:
    by = Weights()
    since = [NOW, NOW + timedelta(seconds=opened)]
    static = [static_points(measure(one), by) for one in (first, second)]
    places = [place_of(at, points, by, ageing) for at, points in zip(since, static, strict=True)]
    now = since[1] + timedelta(seconds=later)
    exact = [
        points + by.age * ((now - at) / ageing) for at, points in zip(since, static, strict=True)
    ]
    if abs(exact[0] - exact[1]) > 1e-6:
        assert (places[0] < places[1]) == (exact[0] > exact[1])


@given(facts, facts, weights, ageings, st.timedeltas(timedelta(), timedelta(days=3650)))
def test_what_opens_much_later_never_comes_before(
    first: ScoreFacts, second: ScoreFacts, by: Weights, ageing: timedelta, more: timedelta
) -> None:
    static = [static_points(measure(one), by) for one in (first, second)]
    bound = head_start(by, ageing)
    if bound > timedelta(days=300_000):
        return
    place = place_of(NOW, static[0], by, ageing)
    moment = timedelta(microseconds=1)  # of rounding
    assert place_of(NOW + bound + more + moment, static[1], by, ageing) >= place - moment


@given(
    st.lists(st.integers(0, 100), min_size=20, max_size=150),
    st.integers(1, 4),
    st.sampled_from([6.0, 24.0]),
)
def test_nothing_starves_while_the_most_urgent_pours_in(
    backlog: list[int], busy: int, hours: float
) -> None:
    """The least urgent case of all waits while somebody always sends what is most urgent, faster than it is
    decided: it is taken when those have been that opened within the head start, and not later."""
    by, ageing = Weights(), timedelta(hours=hours)
    bound = head_start(by, ageing)
    worst, best = (static_points(measure(one), by) for one in (WORST, BEST))
    victim = (place_of(NOW, worst, by, ageing), -1)
    queue = [victim, *((place_of(NOW, best, by, ageing), n) for n in range(len(backlog)))]
    heapq.heapify(queue)
    step = timedelta(minutes=10)
    now, number, within = NOW, len(backlog), len(backlog)
    taken, waits = 0, True
    while waits:
        now += step
        for _ in range(busy + 1):  # more than are decided
            heapq.heappush(queue, (place_of(now, best, by, ageing), number))
            number += 1
            within += now - NOW <= bound
        for _ in range(busy):
            _, which = heapq.heappop(queue)
            waits &= which != -1
            taken += 1
        assert taken <= within + 2 * busy + 1, "only what opened within the head start came before"


def test_by_the_usual_weights_a_case_has_a_head_start_of_two_days() -> None:
    assert head_start(Weights(), timedelta(hours=24)) == timedelta(hours=48)
    assert sum(getattr(Weights(), name) for name in STATIC) == 100
    best = priority_of(kept(BEST, Weights(), timedelta(hours=24)), timedelta())
    assert best.score == 100
    assert best.parts[0].because.code == "severity"

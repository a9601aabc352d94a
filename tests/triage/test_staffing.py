"""How many people are needed: against known values, fractions, and a queue that is played through."""

import heapq
import math
import random
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.triage.staffing import (
    CLEAR_IN,
    FEWEST,
    GUESSED,
    IN_TIME,
    SHARE,
    begun_within,
    need,
    people_for,
    people_to_clear,
    waits,
)


def slow_waits(people: int, load: Fraction) -> Fraction:
    """Erlang C as it is written: sums of powers over factorials."""
    last = load**people / math.factorial(people) * Fraction(people) / (people - load)
    return last / (sum(load**n / math.factorial(n) for n in range(people)) + last)


@given(st.integers(1, 60), st.integers(1, 5999))
def test_erlang_c_is_the_exact_one(people: int, hundredths: int) -> None:
    load = Fraction(hundredths, 100)
    if load >= people:
        assert waits(people, float(load)) == 1.0
    else:
        assert waits(people, float(load)) == pytest.approx(
            float(slow_waits(people, load)), rel=1e-9
        )


def test_known_values() -> None:
    # Of textbooks: load 8 with 10 people; one server waits as often as it is busy.
    assert waits(10, 8.0) == pytest.approx(0.4092, abs=1e-4)
    assert waits(1, 0.7) == pytest.approx(0.7)
    assert waits(5, 0.0) == 0.0
    # Calls of 4 minutes, 100 an hour, 8 people: load 6.67.
    assert waits(8, 100 * 240 / 3600) == pytest.approx(float(slow_waits(8, Fraction(20, 3))))


def played(people: int, per_hour: float, seconds: float, wait: float, seed: int) -> float:
    """The share of 60,000 cases that are begun within `wait` seconds, one by one."""
    drawn = random.Random(seed)
    free = [0.0] * people
    now, in_time, total = 0.0, 0, 60_000
    for _ in range(total):
        now += drawn.expovariate(per_hour / 3600)
        begins = max(now, heapq.heappop(free))
        heapq.heappush(free, begins + drawn.expovariate(1 / seconds))
        in_time += begins - now <= wait
    return in_time / total


@pytest.mark.parametrize(("people", "per_hour"), [(3, 60.0), (6, 120.0)])
def test_the_formula_says_what_a_queue_does(people: int, per_hour: float) -> None:
    said = begun_within(people, per_hour, 120, timedelta(minutes=1))
    assert played(people, per_hour, 120, 60, people) == pytest.approx(said, abs=0.02)


@given(st.floats(0.1, 2000), st.floats(5, 1800))
def test_the_fewest_people_are_enough_and_one_less_is_not(per_hour: float, seconds: float) -> None:
    people = people_for(per_hour, seconds)
    assert begun_within(people, per_hour, seconds, IN_TIME) >= SHARE
    assert begun_within(people - 1, per_hour, seconds, IN_TIME) < SHARE


@given(st.integers(0, 10_000), st.floats(0, 500), st.floats(1, 1800))
def test_the_backlog_is_gone_in_time(waiting: int, per_hour: float, seconds: float) -> None:
    for after in CLEAR_IN:
        people = people_to_clear(waiting, per_hour, seconds, after)
        hours = after / timedelta(hours=1)
        work = (waiting + per_hour * hours) * seconds / 3600
        assert people * hours >= work * (1 - 1e-6) - 1e-6
        assert people == 0 or (people - 1) * hours < work * (1 + 1e-6) + 1e-6


def test_without_work_nobody_is_needed() -> None:
    idle = need(0, 0.0, [])
    assert (idle.keep_up, [one.people for one in idle.clearing]) == (0, [0, 0, 0])
    assert (idle.seconds, idle.measured, idle.busy) == (GUESSED.total_seconds(), 0, 0.0)


def test_what_a_case_takes_is_measured_where_enough_were_decided() -> None:
    few = need(10, 60.0, [30.0] * (FEWEST - 1))
    assert (few.seconds, few.measured) == (120.0, 0)
    enough = need(10, 60.0, [30.0] * FEWEST)
    assert (enough.seconds, enough.measured) == (30.0, FEWEST)
    assert enough.keep_up <= few.keep_up
    assert all(one.people >= enough.keep_up for one in enough.clearing)

"""Bursts: the exact test against a slow one, what is told and when it is over, and that what is counted in windows
adds up."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import comb, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tidegate.triage.bursts import (
    BIN,
    BINS_A_DAY,
    DAYS,
    FEWEST,
    LONGEST,
    MONTH,
    REACH,
    SCALES,
    Counted,
    Series,
    SeriesKind,
    Sums,
    bin_of,
    calm_bins,
    compare,
    is_one,
    is_over,
    level,
    look,
    per_hour,
    tail,
    windows,
)

NOW = datetime(2026, 1, 10, tzinfo=UTC)
ALL = Series("default", "all")
LONG_KNOWN = REACH + 1


def slow_tail(n: int, q: Fraction, k: int) -> Fraction:
    """The chance that Binomial(n, q) is at least k, term by term in fractions."""
    return sum((comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(k, n + 1)), Fraction(0))


@given(st.integers(0, 120), st.integers(1, 40), st.integers(1, 40), st.integers(-1, 125))
def test_the_tail_is_the_exact_one(n: int, one: int, other: int, k: int) -> None:
    q = Fraction(one, one + other)
    exact = slow_tail(n, q, max(k, 0))
    assert isclose(tail(n, float(q), k), float(exact), rel_tol=1e-9, abs_tol=0.0)


def test_a_tail_of_many_is_exact_too() -> None:
    # Three values of the regularised incomplete beta function, to 12 digits.
    exact = float(slow_tail(3000, Fraction(1, 8), 480))
    assert isclose(tail(3000, 1 / 8, 480), exact, rel_tol=1e-9)
    assert tail(10**7, 1 / 13, 10**7 // 13) == pytest.approx(0.5, abs=0.001)
    assert tail(10**7, 1 / 13, 10**6) < 1e-300


@given(st.integers(1, 60), st.integers(1, 12), st.floats(1e-6, 0.2))
def test_an_unchanged_rate_is_surprising_no_more_often_than_it_may(
    n: int, references: int, wrong: float
) -> None:
    """Whatever the total: the chance of all counts that would be told is at most the level."""
    q = Fraction(1, 1 + references)
    told = [k for k in range(n + 1) if tail(n, float(q), k) <= wrong]
    chance = sum((comb(n, k) * q**k * (1 - q) ** (n - k) for k in told), Fraction(0))
    assert float(chance) <= wrong * (1 + 1e-9)


def test_the_levels_of_a_month_add_up_to_what_may_be_wrong() -> None:
    for series in (1, 7, 300):
        tests = MONTH * BINS_A_DAY * len(SCALES) * series
        assert tests * level(series, 0.5) == pytest.approx(0.5)


def counted(recent: int, before: int, days: int, known: int = LONG_KNOWN, **more: int) -> Counted:
    """A series of which so many came on the short scale, and nothing on the long one."""
    sums = [Sums(recent, before, days), Sums(0, 0, 0)]
    return Counted(ALL, sums, recent + before + days, known, **more)


def test_five_times_as_many_in_ten_minutes_are_told() -> None:
    (found,) = look([counted(100, 240, 140)], 1.0)
    assert (found.observed, found.expected, found.ratio, found.scale) == (100, 20.0, 5.0, 10)
    assert found.p == max(found.p_before, found.p_days or 0)
    assert found.p < level(1, 1.0)


def test_both_comparisons_must_be_surprised() -> None:
    assert look([counted(100, 1200, 140)], 1.0) == []  # it was so just before
    assert look([counted(100, 240, 700)], 1.0) == []  # it is so every day
    assert look([counted(100, 240, 140)], 0) == []
    assert tail(2_000_000, 1 / 13, 1_900_000) == 0.0
    assert look([counted(1_900_000, 100_000, 100_000)], 0) == []


def test_few_are_no_surge_and_of_a_story_it_takes_more() -> None:
    assert look([counted(FEWEST["all"] - 1, 0, 0)], 1.0) == []
    assert len(look([counted(FEWEST["all"], 0, 0)], 1.0)) == 1
    story = Series("default", "story", "s1")
    born = Counted(story, [Sums(20, 0, 0), Sums(20, 0, 0)], 20, LONG_KNOWN)
    assert look([born], 1.0) == []


def test_nothing_is_said_before_as_much_is_known_as_is_looked_at() -> None:
    short, recent = SCALES[0], SCALES[0].recent
    assert look([counted(500, 0, 0, known=2 * recent - 1)], 1.0) == []
    (found,) = look([counted(500, 0, 0, known=2 * recent)], 1.0)
    assert (found.p_days, found.p_before) == (None, tail(500, 0.5, 500))
    day_known = BINS_A_DAY + recent
    (found,) = look([counted(500, 10 * short.before, 7, known=day_known)], 1.0)
    assert found.p_days == tail(507, 0.5, 500)


def test_what_belonged_to_a_burst_is_no_new_one() -> None:
    assert look([counted(100, 240, 140, rested=SCALES[0].recent - 1)], 1.0) == []
    assert len(look([counted(100, 240, 140, rested=SCALES[0].recent)], 1.0)) == 1


def test_with_more_series_each_must_surprise_more() -> None:
    burst = counted(34, 240, 140)
    assert len(look([burst], 1000)) == 1
    others = [
        Counted(Series("default", "language", f"l{n}"), [Sums(1, 9, 9)] * 2, 19, LONG_KNOWN)
        for n in range(400)
    ]
    assert look([burst, *others], 1000) == []
    # What hardly anything comes of is not looked at, and costs nothing.
    idle = [one for one in others if (one.sums[0].recent, one.total) == (1, 19)]
    quiet = [Counted(one.series, one.sums, 4, LONG_KNOWN) for one in idle]
    assert len(look([burst, *quiet], 1000)) == 1


def test_the_surer_scale_is_told() -> None:
    both = Counted(ALL, [Sums(40, 240, 140), Sums(900, 2880, 3360)], 9000, LONG_KNOWN)
    said = [compare(both, at, 1.0) for at in range(2)]
    assert all(said)
    assert look([both], 1.0)[0].scale == 120


def test_a_burst_is_over_when_it_is_half_way_back_for_a_while() -> None:
    (found,) = look([counted(100, 240, 140)], 1.0)
    began = NOW - timedelta(minutes=10)
    assert found.calm == pytest.approx(6 * (100 * 20) ** 0.5)
    still, calmer = int(found.calm / 2) + 1, int(found.calm / 2) - 1
    window = calm_bins(found.scale) * BIN
    assert window == timedelta(minutes=30)
    assert not is_over(began, 10, found.calm, 0, began + window - BIN)
    assert not is_over(began, 10, found.calm, still, began + window)
    assert is_over(began, 10, found.calm, calmer, began + window)
    assert is_over(began, 10, found.calm, still, began + LONGEST)


def test_what_was_never_there_is_over_once_it_is_a_fifth() -> None:
    (found,) = look([counted(50, 0, 0)], 1.0)
    assert found.ratio is None
    assert found.calm == pytest.approx(50 * 6 / 5)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=100))
def test_hours_have_all_that_bins_have(counts: list[int]) -> None:
    hours = per_hour(counts)
    assert sum(hours) == sum(counts)
    assert hours[-1] == sum(counts[-12:])
    assert len(hours) == -(-len(counts) // 12)


def test_windows_do_not_overlap_and_reach_back_a_week() -> None:
    for scale in SCALES:
        recent, before, days = windows(scale)
        assert len(days) == DAYS
        ages = [n for first, last in [*recent, *before] for n in range(first, last)]
        assert ages == list(range(scale.recent + scale.before))
        # A day's hours are those of now, so the comparison with them is fair whatever the rhythm of a day.
        assert {(first % BINS_A_DAY, last % BINS_A_DAY) for first, last in days} == set(recent)
        assert max(last for _, last in days) <= REACH


def test_bins_begin_at_whole_five_minutes() -> None:
    assert bin_of(NOW) == NOW
    assert bin_of(NOW - timedelta(microseconds=1)) == NOW - BIN
    assert bin_of(NOW + timedelta(minutes=7)) == NOW + BIN


@pytest.mark.parametrize(
    ("found", "other", "ago", "same"),
    [
        (("language", "de"), ("all", ""), 10, True),
        (("language", "de"), ("language", "ar"), 5, True),
        (("language", "de"), ("all", ""), 60, True),  # it is most of what comes
        (("language", "de"), ("story", "s"), 60, True),  # both are: they have voices in common
        (("language", "de"), ("language", "ar"), 60, False),
        (("language", "ar"), ("all", ""), 60, False),
        (("language", "de"), ("story", "gone"), 60, False),
    ],
)
def test_what_is_found_in_two_series_is_one_surge(
    found: tuple[SeriesKind, str], other: tuple[SeriesKind, str], ago: int, *, same: bool
) -> None:
    recent: dict[tuple[SeriesKind, str], int]
    recent = {("all", ""): 100, ("language", "de"): 70, ("language", "ar"): 30, ("story", "s"): 60}
    known = {
        (series := Series("default", *name)): Counted(series, [Sums(n, 0, 0)] * 2, n, LONG_KNOWN)
        for name, n in recent.items()
    }
    (one,) = (
        surge
        for surge in look(list(known.values()), 1.0)
        if surge.series == Series("default", *found)
    )
    one = replace(one, scale=10)
    at = NOW - timedelta(minutes=ago)
    assert is_one(one, NOW, Series("default", *other), at, known) == same

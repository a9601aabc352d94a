"""Curves, bands, quantiles and the log-rank test against slow readings of their definitions."""

from fractions import Fraction
from itertools import product
from math import comb, erfc, exp, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.wilson import Z
from tidegate.oversight.survival import kaplan_meier, log_rank, quantile

OBSERVED = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=25)
SAID = list[tuple[int, bool]]


def columns(said: SAID) -> tuple[list[float], list[bool]]:
    return [float(at) for at, _ in said], [ended for _, ended in said]


def slow_curve(said: SAID) -> list[tuple[float, float, float, float]]:
    """The product-limit estimate with Greenwood's variance, in fractions, time by time."""
    points = [(0.0, 1.0, 1.0, 1.0)]
    s, variance = Fraction(1), Fraction(0)
    for t in sorted({at for at, ended in said if ended}):
        risk = sum(at >= t for at, _ in said)
        dead = sum(at == t and ended for at, ended in said)
        s *= Fraction(risk - dead, risk)
        if s == 0:
            points.append((float(t), 0.0, 0.0, 0.0))
            continue
        variance += Fraction(dead, risk * (risk - dead))
        half = Z * sqrt(variance) / -log(s)
        low, high = (exp(log(s) * exp(sign * half)) for sign in (1, -1))
        points.append((float(t), float(s), low, high))
    return points


@given(OBSERVED)
def test_a_curve_is_what_its_definition_says(said: SAID) -> None:
    curve = kaplan_meier(*columns(said))
    found = zip(curve.t, curve.s, curve.low, curve.high, strict=True)
    for point, expected in zip(found, slow_curve(said), strict=True):
        assert point == pytest.approx(expected, abs=1e-12)
    assert curve.n == len(said)
    assert curve.censored == sum(not ended for _, ended in said)
    assert curve.until == max(at for at, _ in said)


@given(OBSERVED, st.sampled_from([0.5, 0.1]))
def test_a_quantile_is_the_first_time_at_which_no_more_is_left(said: SAID, left: float) -> None:
    found = quantile(kaplan_meier(*columns(said)), left)
    for column, at in ((1, found.value), (2, found.low), (3, found.high)):
        reached = [point[0] for point in slow_curve(said) if point[column] <= left + 1e-12]
        assert at == (reached[0] if reached else None)


def test_what_is_half_open_is_at_its_median() -> None:
    """.6 · .8333… is a hair above .5 in floating point, and is a half."""
    curve = kaplan_meier([1, 1, 1, 1, 2, 2, 2, 2, 2, 2], [True] * 5 + [False] * 5)
    assert quantile(curve, 0.5).value == 2
    assert quantile(curve, 0.1).value is None


def test_without_an_end_there_is_no_median_and_no_band() -> None:
    curve = kaplan_meier([5, 9], [False, False])
    assert curve.s.tolist() == curve.low.tolist() == curve.high.tolist() == [1.0]
    assert quantile(curve, 0.5).value is None


@given(OBSERVED)
def test_groups_of_one_have_greenwoods_band(said: SAID) -> None:
    alone, grouped = kaplan_meier(*columns(said)), kaplan_meier(*columns(said), range(len(said)))
    assert alone.low.tolist() == grouped.low.tolist()
    assert alone.high.tolist() == grouped.high.tolist()


def slow_spread(said: SAID, groups: list[int]) -> list[float]:
    """The variance of log s over groups: how it would change if one observation weighed a little more,
    by taking the derivative of the weighted product-limit estimate."""

    def log_s(weights: list[Fraction], until: int) -> float:
        found = 0.0
        for t in sorted({at for at, ended in said if ended and at <= until}):
            risk = sum(w for w, (at, _) in zip(weights, said, strict=True) if at >= t)
            dead = sum(w for w, (at, ended) in zip(weights, said, strict=True) if at == t and ended)
            found += log(1 - dead / risk)
        return found

    step = Fraction(1, 10**4)
    spreads: list[float] = []
    for until in sorted({at for at, ended in said if ended}):
        influences: dict[int, float] = {}
        for place, group in enumerate(groups):
            up, down = (
                [Fraction(1) + sign * step * (n == place) for n in range(len(said))]
                for sign in (1, -1)
            )
            slope = (log_s(up, until) - log_s(down, until)) / float(2 * step)
            influences[group] = influences.get(group, 0.0) + slope
        spreads.append(sum(one * one for one in influences.values()))
    return spreads


@given(st.data(), OBSERVED)
def test_what_belongs_together_widens_the_band(data: st.DataObject, said: SAID) -> None:
    said = [*said[:10], (13, False)]  # one is left, so that the logarithm is finite
    groups = data.draw(st.lists(st.integers(0, 4), min_size=len(said), max_size=len(said)))
    alone, grouped = kaplan_meier(*columns(said)), kaplan_meier(*columns(said), groups)
    assert (grouped.low <= alone.low + 1e-12).all()
    assert (grouped.high >= alone.high - 1e-12).all()
    for place, spread in enumerate(slow_spread(said, groups), 1):
        s, low = grouped.s[place], grouped.low[place]
        half = Z * sqrt(spread) / -log(s)
        expected = min(exp(log(s) * exp(half)), alone.low[place])
        assert low == pytest.approx(expected, abs=1e-5)


def test_ten_urls_of_one_order_say_no_more_than_one_of_each() -> None:
    """Twelve orders of ten URLs that were dealt with at once: the band is that of twelve."""
    times = [float(60 * n) for n in range(12)]
    once = kaplan_meier(times, [True] * 12)
    tenfold = kaplan_meier(
        [at for at in times for _ in range(10)],
        [True] * 120,
        [n for n in range(12) for _ in range(10)],
    )
    assert tenfold.low == pytest.approx(once.low)
    assert tenfold.high == pytest.approx(once.high)


def slow_log_rank(ours: SAID, others: SAID) -> tuple[float, float, float]:
    """Statistic, chi-square's tail, and the exact tail by going through all outcomes (of few events)."""
    everyone = ours + others
    excess, variance, chances = Fraction(0), Fraction(0), list[Fraction]()
    for t in sorted({at for at, ended in everyone if ended}):
        risk, mine = (sum(at >= t for at, _ in those) for those in (everyone, ours))
        dead, lost = (sum(at == t and ended for at, ended in those) for those in (everyone, ours))
        # The hypergeometric law, by its definition.
        law = [
            Fraction(comb(mine, k) * comb(risk - mine, dead - k), comb(risk, dead))
            for k in range(dead + 1)
        ]
        mean = sum(k * p for k, p in enumerate(law))
        excess += lost - mean
        variance += sum((k - mean) ** 2 * p for k, p in enumerate(law))
        chances += [Fraction(mine, risk)] * dead
    statistic = float(excess**2 / variance) if variance else 0.0
    observed = sum(ended for _, ended in ours)
    lower = upper = Fraction(0)
    for outcome in product((0, 1), repeat=len(chances)):
        weight = Fraction(1)
        for hit, chance in zip(outcome, chances, strict=True):
            weight *= chance if hit else 1 - chance
        lower += weight * (sum(outcome) <= observed)
        upper += weight * (sum(outcome) >= observed)
    return statistic, erfc(sqrt(statistic / 2)), float(min(1, 2 * min(lower, upper)))


FEW = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=4)


@given(FEW, FEW)
def test_the_log_rank_test_is_what_its_definition_says(ours: SAID, others: SAID) -> None:
    found = log_rank(*columns(ours), *columns(others))
    statistic, p, exact = slow_log_rank(ours, others)
    assert found.statistic == pytest.approx(statistic, abs=1e-9)
    assert found.p == pytest.approx(p, abs=1e-9)
    assert found.p_exact == pytest.approx(max(p, exact), abs=1e-9)


@given(OBSERVED, OBSERVED)
def test_whom_one_compares_with_whom_changes_nothing(ours: SAID, others: SAID) -> None:
    one, other = (log_rank(*columns(a), *columns(b)) for a, b in ((ours, others), (others, ours)))
    assert one.statistic == pytest.approx(other.statistic, abs=1e-9)
    assert one.p_exact == pytest.approx(other.p_exact, abs=1e-9)
    assert one.excess == pytest.approx(-other.excess, abs=1e-9)

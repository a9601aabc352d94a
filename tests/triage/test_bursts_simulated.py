"""Two years of reports with a rhythm of the day, of which nothing is a surge; and surges of five times as many. The
figures of docs/incidents.md are printed by `pytest -s`.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from tidegate.triage.bursts import (
    BINS_A_DAY,
    MONTH,
    REACH,
    SCALES,
    Counted,
    Series,
    Sums,
    compare,
    level,
    windows,
)

pytestmark = pytest.mark.long

Counts = NDArray[np.int64]
PER_HOUR = (240.0, 60.0, 30.0, 12.0, 12.0, 6.0, 3.0, 3.0, 1.5, 0.75)  # of ten languages


def rhythm(bins: int, swing: float = 0.8) -> NDArray[np.float64]:
    """How a day goes, from a fifth of the mean at night to 1.8 times at its height."""
    return 1 + swing * np.sin(2 * np.pi * np.arange(bins) / BINS_A_DAY)


def sums_of(counts: Counts, at: Counts) -> list[list[Counts]]:
    """The sums of each scale's windows at these looks, for one series."""
    upto = np.concatenate([[0], np.cumsum(counts)])

    def total(spans: list[tuple[int, int]]) -> Counts:
        parts = [upto[at - first] - upto[at - last] for first, last in spans]
        return np.sum(parts, axis=0)

    return [[total(spans) for spans in windows(scale)] for scale in SCALES]


def told(counts: Counts, at: Counts, wrong: float, known: int = REACH) -> NDArray[np.bool_]:
    """At which of these looks a series is told of, by `compare`, which is asked where it might say so."""
    found = np.zeros(len(at), bool)
    by_scale = sums_of(counts, at)
    for number, (scale, (recent, before, days)) in enumerate(zip(SCALES, by_scale, strict=True)):
        expected = np.maximum(before * scale.recent / scale.before, days / 7)
        might = np.flatnonzero(recent > expected + 1.5 * np.sqrt(expected + 1))
        for look in might:
            sums = [Sums(0, 0, 0)] * len(SCALES)
            sums[number] = Sums(int(recent[look]), int(before[look]), int(days[look]))
            one = Counted(Series("a", "language", "x"), sums, 10**6, known)
            found[look] |= compare(one, number, wrong) is not None
    return found


def months(count: int, seed: int) -> list[Counts]:
    drawn = np.random.default_rng(seed)
    bins = REACH + count * MONTH * BINS_A_DAY
    languages = [drawn.poisson(rate / 12 * rhythm(bins)) for rate in PER_HOUR]
    return [np.sum(languages, axis=0), *languages]


@pytest.mark.parametrize("per_month", [1.0, 300.0])
def test_false_alarms_are_no_more_than_allowed(per_month: float) -> None:
    """At a setting of 1, and at one that is wrong often enough to be counted well."""
    length = 24
    at = np.arange(REACH, REACH + length * MONTH * BINS_A_DAY)
    wrong = level(len(PER_HOUR) + 1, per_month)
    alarms = sum(int(told(one, at, wrong).sum()) for one in months(length, 1))
    print(f"allowed {per_month} a month: {alarms / length:.2f} in {length} months")
    allowed = per_month * length
    assert alarms <= allowed + 4 * allowed**0.5


@pytest.mark.parametrize(("per_hour", "share"), [(30.0, 0.9), (60.0, 0.99), (240.0, 1.0)])
def test_five_times_as_many_are_told_within_twenty_minutes(per_hour: float, share: float) -> None:
    drawn = np.random.default_rng(int(per_hour))
    wrong, tried = level(len(PER_HOUR) + 1, 1.0), 400
    after = dict.fromkeys((5, 10, 15, 20), 0)
    for _ in range(tried):
        bins = REACH + 8
        rates = np.full(bins, per_hour / 12)
        # It begins somewhere within a bin.
        rates[REACH] *= 1 + 4 * drawn.random()
        rates[REACH + 1 :] *= 5
        counts = drawn.poisson(rates)
        found = told(counts, np.arange(REACH + 1, REACH + 6), wrong)
        for minutes in after:
            # The bin in which it begins ends at most five minutes after, so `n` bins more are `minutes`.
            after[minutes] += bool(found[: minutes // 5].any())
    print(
        f"{per_hour} an hour: " + ", ".join(f"{n / tried:.1%} in {m} min" for m, n in after.items())
    )
    assert after[20] >= share * tried

"""Whether more arrives than usual: bursts of reports, overall, by language and by story, found by a test whose
false alarms are bounded. Pure.

`docs/incidents.md` derives the bound. Time goes in bins of five minutes; a look is made as each is complete.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal

import msgspec

BIN = timedelta(minutes=5)
BINS_A_DAY = 288  # and so looks
DAYS = 7  # of before whose same hours are compared
MONTH = 30  # days
# Fewer voices are no surge, however rarely anybody reports. A story is born with its first report: that
# its rate is another than before says nothing, so it takes more.
FEWEST: Mapping[str, int] = {"all": 10, "language": 10, "story": 30}
LEAST_TO_COUNT = 5  # of a series in eight days: one with less is not looked at
MOST_SERIES = 500
LONGEST = timedelta(days=7)  # what goes on for longer is how it is now

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_NEGLIGIBLE = 1e-17

SeriesKind = Literal["all", "language", "story"]


class Scale(msgspec.Struct, frozen=True):
    """How many bins are looked at together, how many just before them they are compared with, and after how
    many calmer ones a burst is over."""

    recent: int
    before: int
    calm: int

    @property
    def minutes(self) -> int:
        return self.recent * (BIN // timedelta(minutes=1))


# Ten minutes with the two hours before, and two hours with the twelve before.
SCALES = (Scale(2, 24, 6), Scale(24, 144, 24))
REACH = DAYS * BINS_A_DAY + max(one.recent for one in SCALES)  # bins that a look goes back


class Series(msgspec.Struct, frozen=True, order=True):
    """What is counted together on a platform: all reports, those in a language, those of a story."""

    platform: str
    kind: SeriesKind
    key: str = ""


class Arrived(msgspec.Struct, frozen=True):
    """How many voices of a series came in a bin."""

    bin: datetime
    series: Series
    count: int


class Sums(msgspec.Struct, frozen=True):
    """What arrived in one scale's windows: lately, just before, and in the same hours of the days before."""

    recent: int
    before: int
    days: int


class Counted(msgspec.Struct, frozen=True):
    """A series at a look: its sums, one a scale; all of eight days; since how many bins its platform is
    counted, and how many ago its last burst ended: what belonged to that is no new one."""

    series: Series
    sums: Sequence[Sums]
    total: int
    known: int
    rested: int = REACH


Counts = Mapping[Series, Counted]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """More than usual. `expected` is by whichever comparison expects more; `p` the larger of the two chances
    of so many under an unchanged rate. `p_days` is None where no day before is known."""

    series: Series
    scale: int  # in minutes
    observed: int
    expected: float
    p: float
    p_before: float
    p_days: float | None

    @property
    def ratio(self) -> float | None:
        """How many times more than expected; None where nothing was."""
        return self.observed / self.expected if self.expected else None

    @property
    def calm(self) -> float:
        """Below so many an hour it is over: half-way, as a factor, between what was expected and what came.
        What was never there before is taken for a 25th of what came."""
        usual = max(self.expected, self.observed / 25)
        return math.sqrt(self.observed * usual) * 60 / self.scale


def bin_of(at: datetime) -> datetime:
    """The beginning of the bin that a moment is in."""
    return at - (at - _EPOCH) % BIN


def windows(
    scale: Scale,
) -> tuple[list[tuple[int, int]], list[tuple[int, int]], list[tuple[int, int]]]:
    """Which bins are recent, just before, and of the days before: each from a first up to, and without, a
    last, counted backwards from the look, where 0 is the last complete one."""
    recent = [(0, scale.recent)]
    before = [(scale.recent, scale.recent + scale.before)]
    days = [(day * BINS_A_DAY, day * BINS_A_DAY + scale.recent) for day in range(1, DAYS + 1)]
    return recent, before, days


def level(series: int, per_month: float) -> float:
    """The chance that one comparison may have to be wrong, so that all of a month's looks at so many series
    on every scale are wrong at most `per_month` times, as an expectation."""
    return per_month / (MONTH * BINS_A_DAY * len(SCALES) * max(series, 1))


def tail(n: int, q: float, k: int) -> float:
    """The chance that Binomial(n, q) is at least k, exactly but for rounding; 0 < q < 1.

    The terms are summed from k upwards, each made from the one before, until what is left cannot count: they
    fall like a geometric series once they fall.
    """
    if k <= 0:
        return 1.0
    if k > n:
        return 0.0
    term = math.exp(
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * math.log(q)
        + (n - k) * math.log1p(-q)
    )
    odds = q / (1 - q)
    total = term
    for at in range(k, n):
        grows = (n - at) / (at + 1) * odds
        term *= grows
        total += term
        # The rest is at most term · grows / (1 - grows).
        if grows < 1 and term * grows <= _NEGLIGIBLE * total * (1 - grows):
            break
    return min(total, 1.0)


def compare(counted: Counted, at: int, wrong: float) -> Found | None:
    """What one scale (`SCALES[at]`) says of a series: more than usual by both comparisons, each wrong with a
    chance of at most `wrong`; else None. Before as much is known as is looked at, nothing is said."""
    scale, sums = SCALES[at], counted.sums[at]
    before = min(scale.before, counted.known - scale.recent)
    days = min(DAYS, (counted.known - scale.recent) // BINS_A_DAY)
    if before < scale.recent or counted.rested < scale.recent:
        return None
    if sums.recent < FEWEST[counted.series.kind]:
        return None
    usual = sums.before * scale.recent / before
    expected = max(usual, sums.days / days) if days > 0 else usual
    if sums.recent <= expected:
        return None
    share = scale.recent / (scale.recent + before)
    p_before = tail(sums.recent + sums.before, share, sums.recent)
    p_days = tail(sums.recent + sums.days, 1 / (1 + days), sums.recent) if days > 0 else None
    p = p_before if p_days is None else max(p_before, p_days)
    if p > wrong:
        return None
    return Found(
        series=counted.series,
        scale=scale.minutes,
        observed=sums.recent,
        expected=expected,
        p=p,
        p_before=p_before,
        p_days=p_days,
    )


def look(counted: Sequence[Counted], per_month: float) -> list[Found]:
    """The series that more of arrives than usual, each by the scale that is surest, in the order of series.
    At most `per_month` of a month's looks are wrong (expected, over all series); 0: nothing is found."""
    if per_month <= 0:  # a chance may be too small for a number, and then be none
        return []
    # By totals of all windows together: which are looked at says nothing of how they are spread over them.
    enough = [one for one in counted if one.total >= LEAST_TO_COUNT]
    enough = sorted(enough, key=lambda one: (-one.total, one.series))[:MOST_SERIES]
    wrong = level(len(enough), per_month)
    found: list[Found] = []
    for one in enough:
        said = [compare(one, at, wrong) for at in range(len(SCALES))]
        if sure := [one for one in said if one is not None]:
            found.append(min(sure, key=lambda one: one.p))
    return sorted(found, key=lambda one: one.series)


def is_one(found: Found, at: datetime, other: Series, found_at: datetime, counted: Counts) -> bool:
    """Whether what a look at `at` found is the same surge as that of another series of its platform, which was
    found at `found_at` and lasts: what it looked at reaches back to then, or each of the two is more than half
    of all that comes now, so that they must have voices in common."""
    if at - timedelta(minutes=found.scale) <= found_at:
        return True
    scale = next(place for place, one in enumerate(SCALES) if one.minutes == found.scale)
    whole, mine, others = (
        counted[one].sums[scale].recent if one in counted else 0
        for one in (Series(found.series.platform, "all"), found.series, other)
    )
    return 2 * min(mine, others) > whole


def calm_bins(scale: int) -> int:
    """How many of the last bins say whether a burst that was found by this scale (minutes) is over."""
    return next((one.calm for one in SCALES if one.minutes == scale), SCALES[-1].calm)


def is_over(began_at: datetime, scale: int, calm: float, lately: int, now: datetime) -> bool:
    """Whether a burst is over by what arrived in the last `calm_bins`: less than `calm` an hour. It lasts as
    long as these at least, and no longer than `LONGEST`."""
    window = calm_bins(scale) * BIN
    lasted = now - began_at
    if lasted < window:
        return False
    return lasted >= LONGEST or lately < max(calm * (window / timedelta(hours=1)), 1)


def per_hour(counts: Sequence[int]) -> list[int]:
    """Bins as hours, the last bin in the last hour; the first may be of less than an hour."""
    bins = timedelta(hours=1) // BIN
    edges = sorted({0, *range(len(counts), 0, -bins)})
    return [sum(counts[first:last]) for first, last in pairwise(edges)]

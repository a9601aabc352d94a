"""How long things take when some are not over yet: Kaplan–Meier curves, their quantiles, the log-rank test. Pure.

Sources: E. L. Kaplan and P. Meier (1958); M. Greenwood (1926); the log-log band of J. D. Kalbfleisch and
R. L. Prentice, The Statistical Analysis of Failure Time Data (2002), 1.4; N. Mantel (1966) for the log-rank test.
"""

from collections.abc import Hashable, Sequence
from functools import reduce
from math import erfc, isqrt, sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.infra.wilson import Z

Floats = NDArray[np.float64]
_SLACK = 1e-12  # a curve that should be at .5 may be a hair above
_MOST_EXACT = 2_000  # events, above which the chi-square law is near enough
_AT_ONCE = 2_000_000  # numbers: what the spread by groups holds in memory


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """The share `s` that is still open from `t` seconds on, with its 95 % band. It begins with (0, 1, 1, 1),
    and has one point for each time at which something ended. `n` were watched, of which `censored`
    were not seen to end, the longest of all for `until` seconds."""

    t: Floats
    s: Floats
    low: Floats
    high: Floats
    n: int
    censored: int
    until: float


class Quantile(msgspec.Struct, frozen=True):
    """A time in seconds with its 95 % interval. None is what the curve, or its band, does not come down to."""

    value: float | None
    low: float | None
    high: float | None


class LogRank(msgspec.Struct, frozen=True, kw_only=True):
    """`statistic` is chi-square with one degree of freedom, `p` its tail; `p_exact` is the larger of it and the
    exact tail. `excess` are the events of the first beyond what was to be expected: below 0, it is slower."""

    statistic: float
    p: float
    p_exact: float
    excess: float


def kaplan_meier(
    times: Sequence[float] | Floats,
    events: Sequence[bool],
    groups: Sequence[Hashable] | None = None,
) -> Curve:
    """The curve of times in seconds, 0 or more, at least one; where `events` is false, the time is censored.

    With `groups`, which tell what belongs together, the variance is the infinitesimal jackknife's over groups
    (T. M. Therneau and P. M. Grambsch, Modeling Survival Data, 2000, 7), where that is larger; of single ones
    it is Greenwood's.
    """
    at, ended = np.asarray(times, dtype=np.float64), np.asarray(events, dtype=bool)
    steps, dead, risk = _table(at, ended)
    left = risk - dead
    s: Floats = np.cumprod(left / risk, dtype=np.float64)
    # Once nobody is left the variance has no meaning, nor has a band.
    variance = np.cumsum(dead / (risk * np.maximum(left, 1)), dtype=np.float64)
    if groups is not None and len(set(groups)) < len(at):
        variance = np.maximum(variance, _spread(at, ended, groups, steps, left, variance))
    low, high = _band(s, variance)
    return Curve(
        t=np.concatenate(([0.0], steps)),
        s=np.concatenate(([1.0], s)),
        low=np.concatenate(([1.0], low)),
        high=np.concatenate(([1.0], high)),
        n=len(at),
        censored=int((~ended).sum()),
        until=float(at.max()),
    )


def quantile(curve: Curve, left: float) -> Quantile:
    """When no more than the share `left` is open: .5 for the median, .1 for the time by which 90 % ended."""

    def first(line: Floats) -> float | None:
        below = np.flatnonzero(line <= left + _SLACK)
        return float(curve.t[below[0]]) if len(below) else None

    return Quantile(first(curve.s), first(curve.low), first(curve.high))


def log_rank(
    times_a: Sequence[float] | Floats,
    events_a: Sequence[bool],
    times_b: Sequence[float] | Floats,
    events_b: Sequence[bool],
) -> LogRank:
    """Whether two curves differ by more than chance.

    Of few events chi-square is too easily impressed. So there is an exact tail beside it: given who was at
    risk, each event is one of the first with the chance (theirs at risk / all at risk), and the number of
    theirs has the Poisson-binomial law; twice its smaller tail.
    """
    at = np.concatenate((times_a, times_b)).astype(np.float64)
    ended = np.concatenate((events_a, events_b)).astype(bool)
    ours = np.arange(len(at)) < len(times_a)
    steps, dead, risk = _table(at, ended)
    ours_at_risk = _at_risk(at[ours], steps)
    chance = ours_at_risk / risk
    observed = int(ended[ours].sum())
    excess = observed - float((dead * chance).sum())
    several = risk > 1
    variance = float(
        (dead * chance * (1 - chance))[several] @ ((risk - dead)[several] / (risk - 1)[several])
    )
    statistic = excess**2 / variance if variance > 0 else 0.0
    p = erfc(sqrt(statistic / 2))
    exact = _tail(np.repeat(chance, dead.astype(int)), observed)
    return LogRank(statistic=statistic, p=p, p_exact=max(p, exact), excess=excess)


def _table(at: Floats, ended: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """The times at which something ended, how many did, and how many were at risk then."""
    steps, dead = np.unique(at[ended], return_counts=True)
    return steps, dead.astype(np.float64), _at_risk(at, steps)


def _at_risk(at: Floats, steps: Floats) -> Floats:
    return (len(at) - np.searchsorted(np.sort(at), steps, side="left")).astype(np.float64)


def _band(s: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """The log-log band: of log(-log s), back to shares. Where nothing is left there is no band: 0."""
    some = (s > 0) & (s < 1)
    log = np.log(s[some])
    half = Z * np.sqrt(variance[some]) / log
    around = np.log(-log)
    low, high = s.copy(), s.copy()
    low[some], high[some] = np.exp(-np.exp(around - half)), np.exp(-np.exp(around + half))
    return low, high


def _spread(
    at: Floats,
    ended: NDArray[np.bool_],
    groups: Sequence[Hashable],
    steps: Floats,
    left: Floats,
    greenwood: Floats,
) -> Floats:
    """The variance of log s by the infinitesimal jackknife: the influence of each observation on it, added up
    within each group, squared and added up."""
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    place = np.array([places[group] for group in groups])
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    at, ended = at[order], ended[order]
    seen = np.searchsorted(steps, at, side="right")[:, None]  # how many steps saw each at risk
    own = np.zeros(len(at))
    own[ended] = 1 / np.maximum(left[seen[ended, 0] - 1], 1)
    shared = np.concatenate(([0.0], greenwood))
    found = np.empty(len(steps))
    for first in range(0, len(steps), wide := max(1, _AT_ONCE // len(at))):
        step = np.arange(first + 1, min(first + wide, len(steps)) + 1)
        influence = own[:, None] * (seen <= step) - shared[np.minimum(seen, step)]
        found[step - 1] = (np.add.reduceat(influence, starts, axis=0) ** 2).sum(axis=0)
    return found


def _tail(chances: Floats, observed: int) -> float:
    """Twice the smaller tail of the number of hits among independent chances; 0 of too many to reckon."""
    if len(chances) > _MOST_EXACT:
        return 0.0
    law = _hits(chances)
    return min(1.0, 2 * min(float(law[: observed + 1].sum()), float(law[observed:].sum())))


def _hits(chances: Floats) -> Floats:
    """The law of the number of hits: of blocks side by side, chance by chance, and then of their sum."""
    wide = isqrt(len(chances)) + 1
    blocks = np.pad(chances, (0, -len(chances) % wide)).reshape(-1, wide)
    laws = np.zeros((len(blocks), wide + 1))
    laws[:, 0] = 1.0
    for chance in blocks.T[:, :, None]:
        laws[:, 1:] = laws[:, 1:] * (1 - chance) + laws[:, :-1] * chance
        laws[:, :1] *= 1 - chance
    return reduce(np.convolve, laws, np.ones(1))

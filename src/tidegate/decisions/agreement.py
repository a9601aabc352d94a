"""How far people agree who decided on the same content without knowing of each other. Pure.

Krippendorff's alpha for nominal values (K. Krippendorff, "Computing Krippendorff's Alpha-Reliability",
2011): 1 is agreement without exception, 0 what chance alone would give. An interval comes with it, and
below so many pairs there is no figure at all: it would say less than it seems to.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

import msgspec
import numpy as np

from tidegate.infra.wilson import wilson

FEWEST = 50  # pairs, or decisions: below, nobody is shown a figure
DRAWS = 2_000


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of `n` observations with its 95 % interval; without a value where there are too few, or
    (alpha) where all said the same, of which nothing follows."""

    n: int
    value: float | None = None
    low: float | None = None
    high: float | None = None


def alpha(units: Sequence[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha (nominal) over units, each with what some people said of it; whoever was not
    asked is left out. None where no two were asked of one unit, or all said the same."""
    totals: Counter[Hashable] = Counter()
    unlike = 0.0
    for unit in units:
        if len(unit) < 2:
            continue
        said = Counter(unit)
        for value, count in said.items():
            totals[value] += count
            unlike += count * (len(unit) - count) / (len(unit) - 1)
    n = sum(totals.values())
    expected = n * n - sum(count * count for count in totals.values())
    return None if expected == 0 else 1 - (n - 1) * unlike / expected


def agreement(pairs: Sequence[tuple[str, str]], *, seed: int = 2011) -> Figure:
    """Alpha over pairs with its bootstrap interval: pairs are drawn anew, with the same seed always."""
    n = len(pairs)
    value = alpha(pairs) if n >= FEWEST else None
    if value is None:
        return Figure(n=n)
    kinds = Counter(tuple(sorted(pair)) for pair in pairs)
    values = sorted({one for pair in kinds for one in pair})
    weights = np.array(list(kinds.values()), dtype=float) / n
    drawn = np.random.default_rng(seed).multinomial(n, weights, size=DRAWS)
    said = np.array([[pair.count(one) for one in values] for pair in kinds], dtype=float)
    unlike = 2 * drawn @ np.array([pair[0] != pair[1] for pair in kinds], dtype=float)
    totals = drawn @ said
    expected = (2.0 * n) ** 2 - (totals**2).sum(axis=1)
    # A draw in which all say the same has nothing to disagree on.
    ratio = np.divide(unlike, expected, out=np.zeros(DRAWS), where=expected > 0)
    low, high = np.quantile(1 - (2 * n - 1) * ratio, (0.025, 0.975))
    return Figure(n=n, value=value, low=min(float(low), value), high=max(float(high), value))


def share(hits: int, n: int) -> Figure:
    """A share with Wilson's interval (1927)."""
    if n < FEWEST:
        return Figure(n=n)
    low, high = wilson(hits / n, n)
    return Figure(n=n, value=hits / n, low=low, high=high)


def quantile(values: Sequence[float], part: float) -> float | None:
    """The value below which this part of them lies; None of too few."""
    return None if len(values) < FEWEST else float(np.quantile(values, part))

"""A share with its interval, when what is counted comes in groups. Pure.

Wilson's interval takes each observation for itself. URLs of one order are often dealt with together; then they
say less than so many. So the interval is that of the effective number of observations: `n` by the design effect
(L. Kish, Survey Sampling, 1965), which is 1 where each group has one.
"""

from collections.abc import Hashable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.infra.wilson import wilson


class Proportion(msgspec.Struct, frozen=True):
    """A share of `n` with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


def share_of(hits: Sequence[bool], groups: Sequence[Hashable]) -> Proportion:
    """The share of hits; `groups` tells which observations belong together. Of at least one."""
    n = len(hits)
    value = sum(hits) / n
    low, high = wilson(value, _effective(np.asarray(hits, dtype=float), groups))
    return Proportion(value, min(low, value), max(high, value), n)


def _effective(hits: NDArray[np.float64], groups: Sequence[Hashable]) -> float:
    """How many independent observations say as much: never more than there are. Where all are alike, the
    spread cannot be seen, and each group counts once."""
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    n, value = len(hits), float(hits.mean())
    if len(places) == n:
        return n
    if value in (0.0, 1.0):
        return len(places)
    within = np.bincount([places[group] for group in groups], weights=hits - value)
    design = float((within**2).sum()) / (n * value * (1 - value))
    return n / max(1.0, design)

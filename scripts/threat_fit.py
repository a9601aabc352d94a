"""Logistic regression over stretches of texts, of which each text's likeliest one counts. Pure.

A text rings where any stretch of it does (the sentences around one). So what is learned from a text is its stretch
that has most by what is known so far: first that with most in it, then, a few times, that with the most points.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 3
STEPS = 400
CLOSE = 1e-4


class Stretches(NamedTuple):
    """What is in each stretch: `features[starts[n]:starts[n + 1]]`, numbers below `width`; the stretches of one
    text, `texts[n]`, stand beside each other and each text has one."""

    features: Ints
    starts: Ints
    texts: Ints
    width: int

    @classmethod
    def of(cls, texts: Sequence[Sequence[Sequence[int]]], width: int) -> "Stretches":
        """From the stretches of each text; a text without any has an empty one."""
        rows = [(number, row) for number, rows in enumerate(texts) for row in rows or [()]]
        starts = np.cumsum([0, *(len(row) for _, row in rows)])
        features = np.fromiter((one for _, row in rows for one in row), np.int64, int(starts[-1]))
        return cls(features, starts, np.array([number for number, _ in rows]), width)

    def chosen(self, rows: Ints) -> "Stretches":
        """Some of them."""
        parts = [self.features[self.starts[n] : self.starts[n + 1]] for n in rows]
        starts = np.cumsum([0, *map(len, parts)])
        return Stretches(np.concatenate(parts), starts, self.texts[rows], self.width)

    def sums(self, values: Floats) -> Floats:
        """Of each stretch, what its features come to."""
        together = np.concatenate([[0.0], np.cumsum(values[self.features])])
        return together[self.starts[1:]] - together[self.starts[:-1]]

    def counts(self, of_rows: Floats) -> Floats:
        """Of each feature, what the stretches that have it come to."""
        spread = np.repeat(of_rows, np.diff(self.starts))
        return np.bincount(self.features, spread, self.width)


def likeliest(stretches: Stretches, scores: Floats) -> Ints:
    """The stretch of each text that has the highest score, in the order of texts."""
    order = np.lexsort((scores, stretches.texts))
    last = np.append(np.flatnonzero(np.diff(stretches.texts[order])), len(order) - 1)
    return order[last]


class Fit(NamedTuple):
    """What features add, and what stands where none is there, in logits."""

    adds: Floats
    base: float

    def of(self, stretches: Stretches) -> Floats:
        """The score of each text: that of its likeliest stretch."""
        scores = stretches.sums(self.adds) + self.base
        return scores[likeliest(stretches, scores)]


def fit(
    stretches: Stretches,
    wanted: NDArray[np.bool_],
    weights: Floats,
    scale: Floats,
    most: Floats,
    strength: float,
) -> Fit:
    """Fit to the texts that have a weight. `scale`: how easily each feature gets points (a feature of scale 0
    gets none); `most`: what it may add; `strength`: how much a text weighs
    against the pull towards nothing."""
    scores = np.diff(stretches.starts).astype(float)
    found = Fit(np.zeros(stretches.width), 0.0)
    for _ in range(ROUNDS):
        rows = likeliest(stretches, scores)
        rows = rows[weights[stretches.texts[rows]] > 0]
        texts = stretches.texts[rows]
        found = _regress(
            stretches.chosen(rows), wanted[texts], strength * weights[texts], scale, most, found
        )
        scores = stretches.sums(found.adds)
    return found


def _regress(
    rows: Stretches,
    wanted: NDArray[np.bool_],
    weights: Floats,
    scale: Floats,
    most: Floats,
    start: Fit,
) -> Fit:
    """Accelerated projected gradients on the weights before they are scaled, and the base, which nothing draws."""
    target = wanted.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        upper = np.append(np.where(most > 0, most / scale, 0.0), np.inf)
        now = np.append(np.where(scale > 0, start.adds / scale, 0.0), start.base)
    pull = np.append(np.ones(len(scale)), 0.0)
    ahead, momentum = now.copy(), 1.0
    step = 1.0 / (1.0 + 0.25 * _steepest(rows, weights, scale))
    for _ in range(STEPS):
        scores = rows.sums(ahead[:-1] * scale) + ahead[-1]
        residue = weights * (1 / (1 + np.exp(-np.clip(scores, -30, 30))) - target)
        slope = np.append(rows.counts(residue) * scale, residue.sum()) + pull * ahead
        new = np.minimum(ahead - step * slope, upper)
        if np.dot(ahead - new, new - now) > 0:  # it went too far: without a run-up
            momentum = 1.0
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / following * (new - now)
        moved = np.abs(new - now).max()
        now, momentum = new, following
        if moved < CLOSE:
            break
    return Fit(now[:-1] * scale, float(now[-1]))


def _steepest(rows: Stretches, weights: Floats, scale: Floats) -> float:
    """The largest eigenvalue of the features' weighed products, by some powers."""
    vector = np.ones(rows.width + 1) / np.sqrt(rows.width + 1)
    size = 1.0
    for _ in range(30):
        along = weights * (rows.sums(vector[:-1] * scale) + vector[-1])
        vector = np.append(rows.counts(along) * scale, along.sum())
        size = float(np.linalg.norm(vector))
        vector /= size
    return 1.05 * size

"""What people find urgent, learnt online from their decisions: a logistic regression over hashed features. It orders
cases and decides nothing.

Each decision is a step, and with it some of the last ones are gone through again (a replay): exact steps of dual
coordinate ascent, which need no rate of learning and come to what a regression on all of them at once says. What has
left the replay stays in the weights. What it would have said of a decision before it learnt from it is kept, as
numbers: by that it is calibrated, and its figures are honest.
"""

import math
from collections import deque
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.triage.words import SIZE, Features

FEWEST = 20  # decisions of each kind, before which it says nothing
REPLAY = 1000  # decisions that are gone through again
AGAIN = 8  # of them with each new one
LETTERS = 0.7  # what runs of letters are worth beside words
LOSS = 3.0  # of a decision beside the smoothness of the weights
KEPT = 2000  # of what it said before it learnt
CALIBRATED_BY = 500  # the last of these
_EPSILON = 1e-6


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What it said of a decision before it learnt from it: its score, the likelihood that it made of that (None
    while it said nothing), what people concluded, the language of the text and the day, since 1970."""

    score: float
    likelihood: float | None
    urgent: bool
    language: str | None
    day: int


class Example:
    """A decision of the replay: its features, and how far the weights lean on it by the values it had then."""

    __slots__ = ("features", "lean", "urgent", "values")

    def __init__(self, features: Features, *, urgent: bool) -> None:
        self.features = features
        self.urgent = urgent
        self.lean = 0.0
        self.values: NDArray[np.float32] = np.zeros(len(features.places) + 1, np.float32)


class Learner:
    """The weights, and what they are learnt from. `decisions` were learnt from, `urgent` of them were."""

    def __init__(self, seed: int = 0) -> None:
        self.weights: NDArray[np.float32] = np.zeros(
            SIZE + 1, np.float32
        )  # the last: of every text
        self.found: NDArray[np.float32] = np.zeros(
            SIZE, np.float32
        )  # in how many texts each feature was
        self.decisions = 0
        self.urgent = 0
        self.slope, self.offset = 1.0, 0.0
        self.said: deque[Said] = deque(maxlen=KEPT)
        self.replay: list[Example] = []
        self.oldest = 0
        self._drawn = np.random.default_rng(seed)

    @property
    def speaks(self) -> bool:
        """Whether it knows enough of both kinds to say anything."""
        return min(self.urgent, self.decisions - self.urgent) >= FEWEST

    @property
    def generation(self) -> int:
        """One more with each doubling of what it has learnt from."""
        return int(math.log2(self.decisions / FEWEST)) if self.speaks else 0

    def score(self, features: Features) -> float:
        """How urgent a text is: the higher, the more; by itself the number says nothing."""
        places = np.append(features.places, SIZE)
        return float(self.weights[places] @ self._weighed(features))

    def likelihood(self, score: float) -> float | None:
        """How likely it is that people act on what has this score; None while it knows too little."""
        return _logistic(self.slope * score + self.offset) if self.speaks else None

    def learn(
        self, features: Features, *, urgent: bool, language: str | None = None, day: int = 0
    ) -> None:
        """Learn from a decision, after what it would have said of it is noted. `language` and `day` are for its
        figures alone."""
        score = self.score(features)
        self.said.append(Said(score, self.likelihood(score), urgent, language, day))
        self.decisions += 1
        self.urgent += urgent
        self.found[features.places] += 1
        new = Example(features, urgent=urgent)
        if len(self.replay) < REPLAY:
            self.replay.append(new)
        else:
            self.replay[self.oldest] = new
            self.oldest = (self.oldest + 1) % REPLAY
        self._step(new)
        for place in self._drawn.integers(0, len(self.replay), AGAIN).tolist():
            self._step(self.replay[int(place)])
        if self.decisions % 20 == 0:
            self._calibrate()

    def _weighed(self, features: Features) -> NDArray[np.float32]:
        """The values of a text's features as of now: rare ones count more, words and letters each come to one."""
        rare = np.log((1 + self.decisions) / (1 + self.found[features.places])) + 1
        values = features.values * rare.astype(np.float32)
        for part, worth in ((values[: features.words], 1.0), (values[features.words :], LETTERS)):
            norm = float(np.sqrt(part @ part))
            part *= worth / norm if norm else 0.0
        return np.append(values, np.float32(1.0))

    def _step(self, one: Example) -> None:
        """Lean on a decision as far as is best while all others stay: the exact step along its own direction."""
        values = self._weighed(one.features)
        places = np.append(one.features.places, SIZE)
        sign = 1.0 if one.urgent else -1.0
        # What it says without this one.
        before = self.weights[places] - np.float32(sign * one.lean) * one.values
        margin = sign * float(before @ values)
        share = (self.urgent + 1) / (self.decisions + 2)
        loss = LOSS * (0.5 / share if one.urgent else 0.5 / (1 - share))
        one.lean = _best(margin, float(values @ values), min(loss, 10 * LOSS))
        one.values = values
        self.weights[places] = before + np.float32(sign * one.lean) * values

    def _calibrate(self) -> None:
        """Have the likelihoods be what they say, by what was said last before it was learnt from (Platt)."""
        last = list(self.said)[-CALIBRATED_BY:]
        scores = np.array([one.score for one in last])
        self.slope, self.offset = platt(scores, np.array([one.urgent for one in last], float))


def _best(margin: float, norm: float, loss: float) -> float:
    """Between 0 and `loss` the lean a at which norm × a + margin = ln((loss − a) / a): the optimum of the dual of
    a logistic loss along one direction. By bisection, which always ends."""
    low, high = _EPSILON * loss, (1 - _EPSILON) * loss
    for _ in range(30):
        middle = (low + high) / 2
        if norm * middle + margin > math.log((loss - middle) / middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


def platt(scores: NDArray[np.float64], urgent: NDArray[np.float64]) -> tuple[float, float]:
    """The slope, not below 0, and offset by which scores are likelihoods, by Newton's method; both kinds a little
    drawn to the middle, so that few say little."""
    total, positive = len(urgent), float(urgent.sum())
    high, low = (positive + 1) / (positive + 2), 1 / (total - positive + 2)
    aims = np.where(urgent > 0, high, low)
    slope, offset = 1.0, math.log((positive + 1) / (total - positive + 1))
    for _ in range(30):
        said = 1 / (1 + np.exp(-np.clip(slope * scores + offset, -30, 30)))
        gap, spread = said - aims, said * (1 - said) + 1e-9
        first = np.array([float(gap @ scores) + 1e-3 * (slope - 1), float(gap.sum())])
        mixed = float(spread @ scores)
        second = np.array(
            [[float(spread @ scores**2) + 1e-3, mixed], [mixed, float(spread.sum()) + 1e-6]]
        )
        step = np.linalg.solve(second, first)
        slope, offset = (
            slope - float(np.clip(step[0], -2, 2)),
            offset - float(np.clip(step[1], -2, 2)),
        )
        if float(np.abs(step).max()) < 1e-6:
            break
    return max(slope, 0.0), offset


def ranked_right(scores: Sequence[float], urgent: Sequence[bool]) -> float | None:
    """The area under the ROC curve: how often of two, one urgent and one not, the urgent one has the higher score;
    None where there is none of one kind."""
    positive = sum(urgent)
    negative = len(urgent) - positive
    if not positive or not negative:
        return None
    values, places, often = np.unique(np.array(scores), return_inverse=True, return_counts=True)
    del values
    ranks = (np.cumsum(often) - (often - 1) / 2)[places]
    total = float(ranks[np.array(urgent, bool)].sum())
    return (total - positive * (positive + 1) / 2) / (positive * negative)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))

"""Which span of a text is known from another: the longest runs that both have, in the same order.

For texts that have anchors in common (`text_winnowing`): a known text inside a longer one, quoted or
framed by a commentary, or a passage of a known text that is longer. What counts are the same units,
letters and digits, and all runs of 24 of them, not the anchors alone, so that a changed word costs no
more than itself.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from tidegate.signals.fingerprints.text_winnowing import LEAST, SHINGLE, Words, shingles, units

SUBSTANTIAL = 300
"""Units, some 60 words, that are worth a look however long the text is that they are from."""
_HALF = 0.5  # of the other text, where it is found in less than that
_GAP = 256  # units between two runs of one passage
MOST_RUNS = 256  # that are put together, the longest
_MOST_PLACES = 8  # at which one shingle is looked at: of what repeats itself, the first


class Passage(NamedTuple):
    """text[start:end] has of the other text what that has between `other_start` and `other_end`, or
    most of it: so many `units`, a `share` of all that the other has."""

    start: int
    end: int
    other_start: int
    other_end: int
    units: int
    share: float


class _Run(NamedTuple):
    """A run of `length` units that both texts have, at two places."""

    start: int
    other: int
    length: int


class Searched:
    """A text in normal form in which passages of others are looked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        codes, self._places = units(text)
        sums = shingles(codes)
        self._order = np.argsort(sums)
        self._sorted = sums[self._order]

    def find(self, other: str) -> Passage | None:
        """The passage that is most of `other`, a text in normal form; None where what both have is
        too little to speak of."""
        codes, places = units(other)
        chain = _longest(self._runs(shingles(codes)))
        shared = _covered(chain)
        if shared < LEAST or shared < min(_HALF * len(codes), SUBSTANTIAL):
            return None
        first, last = chain[0], chain[-1]
        start, other_start = int(self._places[first.start]), int(places[first.other])
        end = int(self._places[last.start + last.length - 1]) + 1
        other_end = int(places[last.other + last.length - 1]) + 1
        before = _more(self._text[:start][::-1], other[:other_start][::-1])
        after = _more(self._text[end:], other[other_end:])
        return Passage(
            start - before,
            end + after,
            other_start - before,
            other_end + after,
            shared,
            shared / len(codes),
        )

    def _runs(self, sums: Words) -> list[_Run]:
        """The longest runs that both texts have, by their places in this one."""
        by_sum = np.argsort(sums)  # what comes in order is found in a fraction of the time
        sums = sums[by_sum]
        left = np.searchsorted(self._sorted, sums, "left")
        counts = np.searchsorted(self._sorted, sums, "right") - left
        counts = np.minimum(counts, _MOST_PLACES)
        other = np.repeat(by_sum, counts)
        nth = np.arange(len(other)) - np.repeat(np.cumsum(counts) - counts, counts)
        own = self._order[np.repeat(left, counts) + nth]
        order = np.lexsort((other, own - other))  # by diagonal, and along it
        own, other = own[order], other[order]
        follows = (np.diff(own) == 1) & (np.diff(other) == 1)
        starts = np.flatnonzero(np.concatenate(([True], ~follows))) if len(own) else own[:0]
        lengths = np.diff(np.append(starts, len(own))) + SHINGLE - 1
        longest = np.argsort(-lengths, kind="stable")[:MOST_RUNS]
        columns = (own[starts][longest], other[starts][longest], lengths[longest])
        return sorted(map(_Run, *(column.tolist() for column in columns)))


def _more(text: str, other: str) -> int:
    """How many characters, quotation marks say, both begin with; spaces at the end do not count."""
    same = list(takewhile(lambda pair: pair[0] == pair[1], zip(text, other, strict=False)))
    return len(text[: len(same)].rstrip(" "))


def _longest(runs: Sequence[_Run]) -> list[_Run]:
    """Of runs by ascending start those that make the passage with most units: one after another in
    both texts, with no wide gap."""
    totals: list[int] = []
    before: list[int] = []
    for place, run in enumerate(runs):
        total, previous = run.length, -1
        for earlier in range(place):
            grown = totals[earlier] + _added(runs[earlier], run)
            if grown > max(total, totals[earlier]):
                total, previous = grown, earlier
        totals.append(total)
        before.append(previous)
    chain: list[_Run] = []
    place = totals.index(max(totals)) if totals else -1
    while place >= 0:
        chain.append(runs[place])
        place = before[place]
    return chain[::-1]


def _added(earlier: _Run, later: _Run) -> int:
    """How many units a run adds to a passage that ends with an earlier one; 0 where it does not follow."""
    gaps = (
        later.start - earlier.start - earlier.length,
        later.other - earlier.other - earlier.length,
    )
    if later.start <= earlier.start or later.other <= earlier.other or max(gaps) > _GAP:
        return 0
    return max(0, later.length + min(0, *gaps))


def _covered(chain: Sequence[_Run]) -> int:
    return sum(
        run.length if place == 0 else _added(chain[place - 1], run)
        for place, run in enumerate(chain)
    )

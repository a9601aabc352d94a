"""Slips of the hand: which words of a pack a misspelt one may be. Pure.

One letter left out, doubled, or two exchanged, from four letters on; from five also one too many, from six one
for another, from nine two slips. The first letter stays, but where the first two were exchanged. What is a word
itself is no slip: a pack lists those that lie near its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

_LEAST = 4
_TWICE = 9


class Slips:
    """Words, and beginnings of words, with what is one letter short of them."""

    def __init__(
        self, words: Mapping[str, Sequence[int]], begins: Mapping[str, Sequence[int]]
    ) -> None:
        self._words = words
        self._begins = begins
        self._near: dict[str, list[str]] = {}
        self._by_first: dict[str, list[str]] = {}  # beginnings, by their first letters
        for word in words:
            if len(word) >= _LEAST and word.isalpha():
                for short in _shorter(word):
                    self._near.setdefault(short, []).append(word)
        for begin in begins:
            if len(begin) >= _LEAST + 2 and begin.isalpha():
                self._by_first.setdefault(begin[:2], []).append(begin)

    def behind(self, word: str) -> Iterator[Sequence[int]]:
        """What is kept of each word that `word` may be meant for."""
        if len(word) < _LEAST - 1:
            return
        seen: set[str] = set()
        for short in _shorter(word):
            for one in self._near.get(short, ()):
                if one not in seen:
                    seen.add(one)
                    if is_slip(word, one):
                        yield self._words[one]
        for begin in self._by_first.get(word[:2], ()):
            least = len(begin) - 1
            if any(is_slip(word[:end], begin) for end in range(least, least + 3)):
                yield self._begins[begin]


def _shorter(word: str) -> Iterable[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def is_slip(got: str, wanted: str) -> bool:
    """Whether `got` may be a slip for `wanted`; as words that differ."""
    most = 2 if len(wanted) >= _TWICE else 1
    if got[:1] != wanted[:1] and got[:2] != wanted[:2][::-1]:
        return False
    if abs(len(got) - len(wanted)) > most or got == wanted:
        return False
    if most == 2 and got[:3] == wanted[:3] and distance(got, wanted) <= 2:
        return True
    if len(got) == len(wanted):
        differ = [place for place in range(len(got)) if got[place] != wanted[place]]
        if len(differ) == 1:
            return len(wanted) >= 6
        first = differ[0]
        exchanged = got[first : first + 2] == wanted[first : first + 2][::-1]
        return len(differ) == 2 and differ[1] == first + 1 and exchanged
    if len(got) == len(wanted) - 1:
        return any(wanted[:place] + wanted[place + 1 :] == got for place in range(1, len(wanted)))
    if len(got) == len(wanted) + 1:
        places = [n for n in range(1, len(got)) if got[:n] + got[n + 1 :] == wanted]
        return any(got[n] == got[n - 1] for n in places) or (bool(places) and len(wanted) >= 5)
    return False


def distance(one: str, other: str) -> int:
    """How many letters must be left out, put in, changed or exchanged with their neighbours."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, mine in enumerate(one, 1):
        further, before, row = before, row, [place]
        for at, theirs in enumerate(other, 1):
            cost = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (mine != theirs))
            swapped = at > 1 and place > 1 and mine == other[at - 2] and one[place - 2] == theirs
            row.append(min(cost, further[at - 2] + 1) if swapped else cost)
    return row[-1]

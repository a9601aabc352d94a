"""Where the patterns of packs lie in a stretch of text. Pure.

Between `program` and `weighing`. First which phrases may be there at all, by the words that are; only then
where they are. What is kept of each is bounded, so that no text makes it slow.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from tidegate.intake.threats.program import Chain, Phrase, Program
from tidegate.intake.threats.words import Places, Spot, read, sentence_ends, words_of

MOST_SPANS = 96
"""Places of one node that are kept in one stretch of text: the first ones."""

Span = tuple[int, int]


class Find(NamedTuple):
    """A pattern (its number) in a text: text[start:end], in which of its sentences."""

    pattern: int
    start: int
    end: int
    sentence: int


class Text:
    """A text that is read in stretches."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends: list[int] | None = None

    @property
    def ends(self) -> list[int]:
        """Where its sentences end."""
        if self._ends is None:
            self._ends = sentence_ends(self.text)
        return self._ends


def find(program: Program, whole: Text, start: int, end: int, wanted: frozenset[int]) -> set[Find]:
    """The patterns in text[start:end]; none where none of the patterns `wanted` is there."""
    reading = read(whole.text[start:end])
    slots = program.lexicon.slots
    words = {word for marked in reading for word in words_of(marked)}
    filled = {slot for word in words for slot in slots[word]}
    chosen = _possible(program, filled)
    numbers = {phrase.pattern for phrase in chosen}
    whole_ones = [one for one in program.together if numbers.issuperset(one.parts)]
    acting = wanted.intersection(numbers) | {
        part for one in whole_ones if one.pattern in wanted for part in one.parts
    }
    against = _against(program, whole, filled)
    for sums in program.sums:
        if sums.may_do(numbers, against):
            acting |= numbers.intersection(sums.points)
    if not acting:
        return set()
    places = Places(whole.text, start, end, whole.ends)
    finders = [_Finder(program, places.spots(marked, program.lexicon)) for marked in reading]
    found: set[Find] = set()
    for phrase in chosen:
        if phrase.pattern in acting:
            _add(finders, phrase, found)
    numbers = {one.pattern for one in found}
    numbers.update(one.pattern for one in whole_ones if numbers.issuperset(one.parts))
    if numbers.isdisjoint(wanted) and not any(sums.may_do(numbers) for sums in program.sums):
        return set()
    for phrase in chosen:
        if phrase.pattern not in acting:
            _add(finders, phrase, found)
    return found


def _against(program: Program, whole: Text, filled: set[int]) -> set[int]:
    """What surely weighs against a threat in any of a text's sentences: all where there are so few that each
    is in the window of each."""
    last = sum(one < len(whole.text.rstrip()) for one in whole.ends[: program.window + 2])
    if last > program.window:
        return set()
    against = program.against
    return {number for slot in filled if slot in against for number in against[slot]}


def _possible(program: Program, filled: set[int]) -> list[Phrase]:
    """The phrases that may be in a text where these slots are filled."""
    there = 0
    indexed: set[int] = set()
    for slot in filled:
        there |= program.bits.get(slot, 0)
        indexed.update(program.by_slot.get(slot, ()))
    missing = ~there
    phrases = program.phrases
    return [phrases[number] for number in indexed if not phrases[number][0] & missing]


def _add(finders: Iterable["_Finder"], phrase: Phrase, found: set[Find]) -> None:
    for finder in finders:
        for first, after in finder.chain(phrase.chain):
            begins, last = finder.spots[first], finder.spots[after - 1]
            found.add(Find(phrase.pattern, begins.start, last.end, begins.sentence))


class _Finder:
    """The places of nodes among the words of one reading, each looked for once."""

    def __init__(self, program: Program, spots: Iterable[Spot]) -> None:
        self._groups = program.groups
        self.spots: dict[int, Spot] = {}
        self._spans: dict[int, list[Span]] = {}
        for spot in spots:
            self.spots[spot.place] = spot
            for slot in spot.slots:
                spans = self._spans.setdefault(slot, [])
                if len(spans) < MOST_SPANS:
                    spans.append((spot.place, spot.place + 1))
        self._filled = frozenset(self._spans)

    def _of(self, node: int) -> list[Span]:
        known = self._spans.get(node)
        if known is None:
            found: set[Span] = set()
            if group := self._groups.get(node):
                for slot in group.by_slot.keys() & self._filled:
                    for chain in group.by_slot[slot]:
                        found.update(self.chain(chain))
            known = self._spans[node] = sorted(found)[:MOST_SPANS]
        return known

    def chain(self, chain: Chain) -> list[Span]:
        """Where a chain of nodes lies: for each of its ends the latest start."""
        current = self._of(chain[0][0])
        for node, gap in chain[1:]:
            nexts = self._of(node) if current else []
            if not nexts:
                return []
            latest: dict[int, int] = {}
            for start, end in current:
                place = bisect_left(nexts, (end, 0))
                while place < len(nexts) and nexts[place][0] <= end + gap:
                    until = nexts[place][1]
                    latest[until] = max(latest.get(until, start), start)
                    place += 1
            current = sorted((start, end) for end, start in latest.items())[:MOST_SPANS]
        return current

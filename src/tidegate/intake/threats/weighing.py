"""From the patterns that lie in a text to what it threatens. Pure.

An intent counts unless a context takes it back: one that lies over it (a negation), or that stands in its
sentence, in the sentences around it or anywhere, as the pattern says. A text that says that it is meant ("no
joke", "my brother told me") takes back what takes back, but for contexts that are firm. All of it in a time that
grows with the number of finds.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from tidegate.intake.threats.finding import Find
from tidegate.intake.threats.model import SPECIFIC, Element, Fired, Level, Threat
from tidegate.intake.threats.program import Acting, Program, Sums, Together

_TAKING: tuple[Element, Element] = ("context", "meant")

_SHORT = 400  # characters
_MOST_BY_LENGTH = 6

MOST_FIRED = 50
"""What is told of a text at most."""


def weigh(text: str, program: Program, finds: Iterable[Find]) -> Threat | None:
    """What the patterns found in `text` say together; None where that is nothing."""
    patterns = program.patterns
    by, taken = _gathered(program, finds)
    intents = [one for one in by.get("intent", []) if not taken.back(one)]
    means = [one for one in by.get("capability", []) if not taken.back(one)]
    intents += _summed(program, by, taken, len(text))
    if not intents:
        return _threat("low", text, patterns, means) if means else None
    around = {one.sentence for one in intents}

    def near(one: Find) -> bool:
        window = patterns[one.pattern].window
        return any(one.sentence + n in around for n in range(-window, window + 1))

    means = [one for one in means if near(one)]
    details = [one for element in SPECIFIC for one in by.get(element, []) if near(one)]
    level: Level = "medium"
    if means:
        level = "high_specific" if details else "high_unspecific"
    return _threat(level, text, patterns, [*intents, *means, *details])


def _gathered(
    program: Program, finds: Iterable[Find]
) -> tuple[dict[Element, list[Find]], "_Takers"]:
    """Finds by their elements, those that stand together among them, and what is taken back of them."""
    patterns = program.patterns
    by: dict[Element, list[Find]] = {}
    parts: dict[int, list[Find]] = {number: [] for one in program.together for number in one.parts}
    for one in sorted(finds, key=lambda one: (one.start, -one.end)):
        if one.pattern in parts:
            parts[one.pattern].append(one)
        else:
            by.setdefault(patterns[one.pattern].pattern.element, []).append(one)
    for one in program.together:
        if patterns[one.pattern].pattern.element in _TAKING:
            found = joined(one, [parts[part] for part in one.parts])
            by.setdefault(patterns[one.pattern].pattern.element, []).extend(found)
    taken = _Takers(program, by)
    for one in program.together:
        element = patterns[one.pattern].pattern.element
        if element not in _TAKING:
            there = [[p for p in parts[part] if not taken.over(p)] for part in one.parts]
            by.setdefault(element, []).extend(joined(one, there))
    return by, taken


def windows(program: Program, finds: Iterable[Find]) -> Iterator[dict[int, Find]]:
    """What has points in the sentences around one: of each pattern, by its number, its first find there. What
    points are fitted on, for a program of one pack."""
    by, taken = _gathered(program, finds)
    for sums in program.sums:
        yield from _windows(program, sums, by, taken)


def _windows(
    program: Program, sums: Sums, by: dict[Element, list[Find]], taken: "_Takers"
) -> Iterator[dict[int, Find]]:
    """Nothing of it where a context stands over it."""
    at: dict[int, dict[int, Find]] = {}  # of each sentence: of each pattern its first find
    for one in (one for some in by.values() for one in some if one.pattern in sums.points):
        if sums.points[one.pattern] < 0 or not taken.over(one):
            at.setdefault(one.sentence, {}).setdefault(one.pattern, one)
    for sentence in list(at):
        window = program.patterns[next(iter(at[sentence]))].window
        there: dict[int, Find] = {}
        for n in range(sentence - window, sentence + window + 1):
            for number, one in at.get(n, {}).items():
                there.setdefault(number, one)
        yield there


def length_points(length: int) -> int:
    """How many points a text of so many characters needs beyond `enough`: a long one has more sentences in
    which patterns may meet by chance, and twice the length takes three points more, up to six: what somebody
    threatens must not drown in what stands around it."""
    return min(_MOST_BY_LENGTH, 3 * max(0, (length // _SHORT).bit_length() - 1))


def _summed(
    program: Program, by: dict[Element, list[Find]], taken: "_Takers", length: int
) -> list[Find]:
    """What patterns of one pack say together that have enough points, each counted once, in the sentences
    around one; of it what weighs at least a quarter of what weighs most."""
    found = dict[Find, None]()
    more = length_points(length)
    for sums in program.sums:
        if not sums.enough:
            continue
        for there in _windows(program, sums, by, taken):
            is_grave = not sums.grave or not sums.grave.isdisjoint(there)
            if is_grave and sums.of(there.keys()) >= sums.enough + more:
                kept = [one for one in there.values() if sums.points[one.pattern] > 0]
                most = max((sums.points[one.pattern] for one in kept), default=0)
                if not any(taken.back(one) for one in kept):
                    found.update(
                        (one, None) for one in kept if sums.points[one.pattern] * 4 >= most
                    )
    return list(found)


def joined(together: Together, parts: Sequence[Sequence[Find]]) -> list[Find]:
    """Where all parts stand in one sentence, or in so many neighbouring ones: of each the first there."""
    if not all(parts):
        return []
    by = [{one.sentence: one for one in reversed(some)} for some in parts]
    found: list[Find] = []
    for sentence in sorted({one for some in by for one in some}):
        within = range(sentence, sentence + together.across + 1)
        firsts = [next((some[n] for n in within if n in some), None) for some in by]
        there = [one for one in firsts if one is not None]
        if len(there) == len(by) and any(one.sentence == sentence for one in there):
            start, end = min(one.start for one in there), max(one.end for one in there)
            found.append(Find(together.pattern, start, end, sentence))
    return found


class _Takers:
    """What the contexts of each pack take back of what the same pack found: a word of one language may be
    quite another one in the next."""

    def __init__(self, program: Program, by: dict[Element, list[Find]]) -> None:
        self._patterns = program.patterns
        self._by_pack: dict[int, _Taken] = {}
        for pack in {program.patterns[one.pattern].pack for some in by.values() for one in some}:
            contexts, meant = (
                [one for one in by.get(element, []) if program.patterns[one.pattern].pack == pack]
                for element in _TAKING
            )
            self._by_pack[pack] = _Taken(program, contexts, meant)

    def over(self, one: Find) -> bool:
        """Whether a context lies over a find."""
        taken = self._by_pack.get(self._patterns[one.pattern].pack)
        return taken is not None and taken.over(one)

    def back(self, one: Find) -> bool:
        """Whether a find is taken back."""
        taken = self._by_pack.get(self._patterns[one.pattern].pack)
        return taken is not None and taken.back(one)


class _Taken:
    """What the contexts of one pack take back."""

    def __init__(self, program: Program, contexts: Iterable[Find], meant: Iterable[Find]) -> None:
        patterns = program.patterns
        self._spread = {one.pattern for one in program.together}  # whose parts are asked one by one
        self._sure = _around((one, patterns[one.pattern].window) for one in meant)
        self._over: list[tuple[int, int]] = []  # disjoint
        reached: dict[bool, list[tuple[Find, int]]] = {True: [], False: []}
        self._everywhere: dict[bool, bool] = {True: False, False: False}
        for one in sorted(contexts, key=lambda one: one.start):
            acting = patterns[one.pattern]
            firm, reach = acting.pattern.firm, acting.pattern.reach
            if reach == "over":
                self._lay(one.start, one.end)
            elif acting.pattern.points:
                continue  # it is weighed with the rest (`_summed`)
            elif reach == "text":
                self._everywhere[firm] = True
            else:
                reached[firm].append((one, acting.window if reach == "near" else 0))
        self._near = {firm: _around(some) for firm, some in reached.items()}

    def _lay(self, start: int, end: int) -> None:
        """One more stretch that is taken back, none of which begins before the last one."""
        if self._over and start < self._over[-1][1]:
            first, last = self._over.pop()
            start, end = first, max(last, end)
        self._over.append((start, end))

    def over(self, one: Find) -> bool:
        """Whether a context lies over a find."""
        place = bisect_left(self._over, (one.end, 0)) - 1
        return place >= 0 and self._over[place][1] > one.start

    def back(self, one: Find) -> bool:
        """Whether a find is taken back."""
        if one.pattern not in self._spread and self.over(one):
            return True
        if self._everywhere[True] or one.sentence in self._near[True]:
            return True
        if one.sentence in self._sure:
            return False
        return self._everywhere[False] or one.sentence in self._near[False]


def _around(finds: Iterable[tuple[Find, int]]) -> set[int]:
    """The sentences that lie at most so many away from finds."""
    return {one.sentence + n for one, most in finds for n in range(-most, most + 1)}


def _threat(
    level: Level, text: str, patterns: Sequence[Acting], finds: Iterable[Find]
) -> Threat | None:
    """A threat with what fired: of one pattern nothing twice in one place."""
    fired: list[Fired] = []
    until: dict[int, int] = {}
    for one in sorted(finds, key=lambda one: (one.start, -one.end)):
        if one.start >= until.get(one.pattern, 0):
            until[one.pattern] = one.end
            ident = patterns[one.pattern].ident
            fired.append(Fired(ident, text[one.start : one.end], one.start, one.end))
    return Threat(level, fired[:MOST_FIRED])

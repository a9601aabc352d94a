"""Letters spelled out one by one amid words that are not: "j.o.i.n  t h e  choir", "join the c h o i r".

Beside `evasion`. Where a text has letters alone, three at least, it is compared once more without any
spaces, as phrases are, and then it is settled what may have been parted and what may have been joined: a
word of the phrase may be parted only between letters that stand alone, so that "ki ll" never reads as
"kill"; words of it may be run together where it is long.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from tidegate.signals.fingerprints.evasion import Key, key

MIN_INSIDE = 6
"""Letters that a phrase must have to be found amid others that were spelled out with it."""

MIN_TOGETHER = 10
"""Letters that a phrase must have for some of its words to be run together where others are spelled out."""


class Spelled(NamedTuple):
    """A marked text without spaces: `places` of its characters in the marked one, which of them begin a
    word or what looks like one (`parted`), and which stand alone."""

    text: str
    places: "array[int]"
    parted: list[bool]
    alone: list[bool]


def unparted(marked: str, alone: Sequence[tuple[int, int]]) -> Spelled:
    """A marked text, in which letters stand alone in the spans `alone`, without its spaces."""
    letters: list[str] = []
    places = array("l")
    parted: list[bool] = []
    is_parted = True
    for place, one in enumerate(marked):
        if one == " ":
            is_parted = True
        elif one != "\0":
            letters.append(one)
            places.append(place)
            parted.append(is_parted)
            is_parted = False
    lonely = [False] * len(places)
    spans = iter(alone)
    span = next(spans, None)
    for index, place in enumerate(places):
        while span is not None and place >= span[1]:
            span = next(spans, None)
        lonely[index] = span is not None and place >= span[0]
    return Spelled("".join(letters), places, parted, lonely)


def span_of(found: Spelled, text: Key, first: int, last: int, words: str) -> tuple[int, int] | None:
    """Where in a text a phrase lies whose key is the runs from `first` to `last` of the text's; None where it
    is not parted and joined as it may be."""
    glued = words.replace(" ", "")
    theirs = [*key(glued).starts.tolist(), len(glued)]
    mine = [int(one) for one in text.starts[first : last + 1]]
    if last == len(text.starts):
        mine.append(len(found.text))
    # A letter like the first may stand before the phrase, one like the last behind it.
    starts = range(mine[1] - (theirs[1] - theirs[0]), mine[0] - 1, -1)
    ends = range(mine[-2] + theirs[-1] - theirs[-2], mine[-1] + 1)
    start = next((one for one in starts if found.parted[one]), None)
    end = next((one for one in ends if one == len(found.text) or found.parted[one]), None)
    if start is None or end is None or sum(found.alone[start:end]) < 3:
        return None
    if len(glued) < MIN_INSIDE and _amid_others(found, start, end):
        return None
    mine[0], mine[-1] = start, end
    return (start, end) if _fits(found, mine, theirs, _beginnings(words)) else None


def _amid_others(found: Spelled, start: int, end: int) -> bool:
    alone = found.alone
    before = start > 0 and alone[start - 1] and alone[start]
    return before or (end < len(alone) and alone[end - 1] and alone[end])


def _fits(found: Spelled, mine: list[int], theirs: list[int], begins: set[int]) -> bool:
    """Whether the runs of a text that begin at `mine` part no word of the phrase but between letters alone,
    and join its words only where it is long; the phrase's runs begin at `theirs`, its words at `begins`."""
    for run in range(len(mine) - 1):
        place, begin = mine[run], theirs[run]
        within = any(begin < one < theirs[run + 1] for one in begins)
        for at in range(place, mine[run + 1]):
            begins_word = within if at > place else begin in begins
            between = at > mine[0] and found.alone[at - 1] and found.alone[at]
            if found.parted[at] and not (begins_word or between):
                return False
        if run and begin in begins and not found.parted[place] and theirs[-1] < MIN_TOGETHER:
            return False
    return True


def _beginnings(words: str) -> set[int]:
    """Where words of a phrase begin once it has no spaces."""
    found: set[int] = set()
    place = 0
    for word in words.split():
        found.add(place)
        place += len(word)
    return found

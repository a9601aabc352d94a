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


def may_be(found: Spelled, text: Key, first: int, last: int, words: str) -> bool:
    """Whether a phrase is parted and joined as it may be, in the runs from `first` to `last` of the key of
    the text, which are those of the phrase's key."""
    starts = [int(one) for one in text.starts[first:last]]
    end = int(text.starts[last]) if last < len(text.starts) else len(found.text)
    start, length = starts[0], len(words) - words.count(" ")
    alone = found.alone
    if sum(alone[start:end]) < 3 or not found.parted[start]:
        return False
    if end < len(found.text) and not found.parted[end]:
        return False
    if length < MIN_INSIDE and (
        (start and alone[start - 1] and alone[start])
        or (end < len(alone) and alone[end - 1] and alone[end])
    ):
        return False
    theirs, begins = key(words.replace(" ", "")).starts.tolist(), _beginnings(words)
    for run, place in enumerate(starts):
        following = starts[run + 1] if run + 1 < len(starts) else end
        within = any(
            found.parted[one] and not (alone[one - 1] and alone[one])
            for one in range(place + 1, following)
        )
        if within:
            return False
        if run == 0:
            continue
        is_parted, begins_word = found.parted[place], theirs[run] in begins
        if is_parted and not begins_word and not (alone[place - 1] and alone[place]):
            return False
        if begins_word and not is_parted and length < MIN_TOGETHER:
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

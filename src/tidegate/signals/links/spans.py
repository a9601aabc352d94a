"""How far a link reaches, and which parts of a text are taken by one."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tidegate.signals.fingerprints.skeleton import UNSPACED
from tidegate.signals.links.undone import BLANK

MAX_CHARACTERS = 4096
"""Of one address; a longer one is looked up by its beginning: its host is there."""


class Span(NamedTuple):
    """Of the text that was undone: text[start:end] leads to `address`."""

    start: int
    end: int
    address: str
    defanged: bool = False


class Taken:
    """The spans in which links were found already; asked for by ascending places."""

    def __init__(self) -> None:
        self._ends: dict[int, int] = {}

    def add(self, start: int, end: int) -> None:
        self._ends[start] = max(end, self._ends.get(start, 0))

    def free(self) -> "Free":
        return Free(sorted(self._ends.items()))


class Free:
    """Says where a place is not within a link, for places that come in order."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._spans = spans
        self._next = 0
        self._end = 0

    def until(self, place: int) -> int:
        """The end of the link that `place` lies in; 0 where it lies in none."""
        while self._next < len(self._spans) and self._spans[self._next][0] <= place:
            self._end = max(self._end, self._spans[self._next][1])
            self._next += 1
        return self._end if place < self._end else 0


_CLOSING = {")": "(", "]": "[", "}": "{", "）": "（"}
_STOP = re.compile(
    f"(?P<end>\\[/|[{BLANK}<>\"`“”„«»‹›「」『』【】《》、，！；…])|[()\\[\\]{{}}（）|']"
)
_AFTER = ".,;:!?'\"’"
_FRAMES = "*_~|'"


def reach(text: str, start: int, after: int) -> int:
    """Where an address that begins at `start` ends, no sooner than at `after`."""
    before = text[start - 1 : start]
    end = _first_stop(text, before, after)
    while end > after and (
        text[end - 1] in _AFTER or (text[end - 1] == before and before in _FRAMES)
    ):
        end -= 1
    return end


def _first_stop(text: str, before: str, after: int) -> int:
    opened: list[str] = []
    most = min(after + MAX_CHARACTERS, len(text))
    for match in _STOP.finditer(text, after, most):
        one = match[0]
        if match["end"] or (one == "|" and before == "<") or (one == "'" and before == "'"):
            return match.start()
        if one in "([{（":
            opened.append(one)
        elif one in _CLOSING and (not opened or opened.pop() != _CLOSING[one]):
            return match.start()
    return most


_SEAM = re.compile(f"{UNSPACED}|[^\\w\\x00-\\x7f]")


def reaches(text: str, start: int, end: int) -> Iterator[int]:
    """Where an address ends of which text[start:end] is the rest: there, and also before what may have been
    glued to it, words of a script without spaces or pictures."""
    if end > start:
        yield end
        if not text.isascii() and (seam := _SEAM.search(text[start:end])):
            cut = start + seam.start()
            while cut > start and text[cut - 1] in _AFTER:
                cut -= 1
            if cut > start:
                yield cut

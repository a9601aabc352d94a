"""A text in the order in which a reader sees it, where controls of direction change that.

U+202E makes "toped" read as "depot" without a letter of "depot" standing there, and embeddings and isolates
move words about. `as_shown` lays the characters out as Unicode's bidirectional algorithm (UAX #9) does, and
reads them off again as people do, who see no controls: Latin from the left, Hebrew and Arabic from the right.
Where the controls change nothing, that is the text without them.

Left out of the algorithm: more than sixteen levels, and pairs of brackets.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

_CONTROLS = "\u202a-\u202e\u2066-\u2069"
_ANY = re.compile(f"[{_CONTROLS}]")
_DEEPEST = 16
_EMBEDDINGS = {"\u202a": (0, ""), "\u202b": (1, ""), "\u202d": (0, "L"), "\u202e": (1, "R")}
_ISOLATES = {"\u2066": 0, "\u2067": 1, "\u2068": -1}  # -1: as its own first letter says
_POP, _POP_ISOLATE = "\u202c", "\u2069"


class _Unit(NamedTuple):
    """A character with the marks on it: text[start:end]."""

    start: int
    end: int
    type: str  # L, R (also of Arabic letters), EN, AN, or N


def as_shown(text: str) -> list[int] | None:
    """The places of the characters of `text` in the order in which they are read, without controls of
    direction; None where no control changes it."""
    if not _ANY.search(text):
        return None
    order: list[int] = []
    changed = False
    start = 0
    for line in text.splitlines(keepends=True):
        places = range(start, start + len(line))
        start += len(line)
        if _ANY.search(line):
            content = line.splitlines()[0]
            shown = [places[place] for place in (*_line(content), *range(len(content), len(line)))]
            changed = changed or shown != sorted(shown)
            order += shown
        else:
            order += places
    return order if changed else None


def _line(line: str) -> list[int]:
    base = _direction(line)
    laid = _explicit(line, base)
    visual = _reordered(range(len(laid.units)), _resolved(laid, base))
    natural = [laid.units[place].type for place in visual]
    found = _Laid(laid.units, [base] * len(visual), natural, [0] * len(visual))
    read = _reordered(visual, _resolved(found, base))
    return [place for one in read for place in range(laid.units[one].start, laid.units[one].end)]


@lru_cache(maxsize=4096)
def _type(character: str) -> str:
    """What a character is to the algorithm, coarsely; "" for marks and what cannot be seen."""
    found = unicodedata.bidirectional(character)
    if found in ("R", "AL"):
        return "R"
    if found in ("L", "EN", "AN"):
        return found
    return "" if found in ("NSM", "BN") else "N"


def _direction(text: str, *, isolate: bool = False) -> int:
    """The level of a paragraph, or of the isolate that begins here: as its first letter says that is in
    no other isolate."""
    depth = 0
    for one in text:
        if one in _ISOLATES:
            depth += 1
        elif one == _POP_ISOLATE:
            if isolate and depth == 0:
                return 0
            depth = max(0, depth - 1)
        elif depth == 0 and (found := _type(one)) in ("L", "R"):
            return int(found == "R")
    return 0


class _Level(NamedTuple):
    """`group`: the isolate that it is of; 0 for none."""

    level: int
    override: str
    isolate: bool
    group: int


class _Laid(NamedTuple):
    """The characters without the controls, the level of each, what each counts as, and its isolate. To what
    is around it an isolate is one more character, which is empty."""

    units: list[_Unit]
    levels: list[int]
    types: list[str]
    groups: list[int]


def _explicit(line: str, base: int) -> _Laid:
    """X1 to X8."""
    laid = _Laid([], [], [], [])
    stack = [_Level(base, "", False, 0)]
    for place, one in enumerate(line):
        top = stack[-1]
        if one in _EMBEDDINGS:
            _enter(stack, *_EMBEDDINGS[one], isolate=False, group=top.group)
        elif one in _ISOLATES:
            _add(laid, _Unit(place, place, "N"), top, top.override or "N")
            odd = _ISOLATES[one]
            if odd < 0:
                odd = _direction(line[place + 1 : place + 1 + _FIRST], isolate=True)
            _enter(stack, odd, "", isolate=True, group=place + 1)
        elif one == _POP_ISOLATE:
            if any(level.isolate for level in stack):
                while not stack.pop().isolate:
                    pass
        elif one == _POP:
            if len(stack) > 1 and not top.isolate:
                stack.pop()
        elif not (found := _type(one)) and laid.units and laid.units[-1].end == place:
            laid.units[-1] = laid.units[-1]._replace(end=place + 1)
        else:
            _add(laid, _Unit(place, place + 1, found or "N"), top, top.override or found or "N")
    return laid


def _add(laid: _Laid, unit: _Unit, top: _Level, type_: str) -> None:
    laid.units.append(unit)
    laid.levels.append(top.level)
    laid.types.append(type_)
    laid.groups.append(top.group)


def _enter(stack: list[_Level], odd: int, override: str, *, isolate: bool, group: int) -> None:
    level = stack[-1].level + 1
    level += level % 2 != odd
    if len(stack) > _DEEPEST:
        level, override = stack[-1].level, stack[-1].override
        if len(stack) > 4 * _DEEPEST:
            return
    stack.append(_Level(level, override, isolate, group))


_FIRST = 200  # characters of an isolate that are looked at for its direction


def _resolved(laid: _Laid, base: int) -> list[int]:
    """The level of each character, from its embedding's and what it is (W, N and I rules)."""
    found = list(laid.levels)
    groups: dict[int, list[int]] = {}
    for place, group in enumerate(laid.groups):
        groups.setdefault(group, []).append(place)
    for group, places in groups.items():
        own = base if group == 0 else min(laid.levels[place] for place in places)
        start = 0
        for end in range(1, len(places) + 1):
            level = laid.levels[places[start]]
            if end < len(places) and laid.levels[places[end]] == level:
                continue
            before = laid.levels[places[start - 1]] if start else own
            after = laid.levels[places[end]] if end < len(places) else own
            left, right = ("LR"[max(level, one) % 2] for one in (before, after))
            types = [laid.types[place] for place in places[start:end]]
            run = _strong(types, left, right, "LR"[level % 2])
            for place, one in zip(places[start:end], run, strict=True):
                found[place] += _OVER[level % 2][one]
            start = end
    return found


_OVER = ({"L": 0, "R": 1, "EN": 2, "AN": 2}, {"R": 0, "L": 1, "EN": 1, "AN": 1})


def _strong(types: list[str], before: str, after: str, embedding: str) -> list[str]:
    last = before
    for place, one in enumerate(types):
        if one in ("L", "R"):
            last = one
        elif one == "EN" and last == "L":
            types[place] = "L"
    for place in range(1, len(types) - 1):  # "1,5": what stands between two digits
        if types[place] == "N" and types[place - 1] == types[place + 1] in ("EN", "AN"):
            types[place] = types[place - 1]
    place = 0
    while place < len(types):
        if types[place] != "N":
            place += 1
            continue
        end = place
        while end < len(types) and types[end] == "N":
            end += 1
        left = before if place == 0 else "L" if types[place - 1] == "L" else "R"
        right = after if end == len(types) else "L" if types[end] == "L" else "R"
        types[place:end] = [left if left == right else embedding] * (end - place)
        place = end
    return types


def _reordered(places: Iterable[int], levels: Sequence[int]) -> list[int]:
    """Places in the order from left to right (L2), or from that back to the order of reading."""
    runs: list[tuple[int, list[int]]] = []
    for place, level in zip(places, levels, strict=True):
        if runs and runs[-1][0] == level:
            runs[-1][1].append(place)
        else:
            runs.append((level, [place]))
    for level in range(max(levels, default=0), 0, -1):
        turned: list[tuple[int, list[int]]] = []
        group: list[int] = []
        for one, some in [*runs, (-1, [])]:
            if one >= level:
                group += some
                continue
            if group:
                turned.append((level - 1, group[::-1]))
                group = []
            turned.append((one, some))
        runs = turned[:-1]
    return [place for _, some in runs for place in some]

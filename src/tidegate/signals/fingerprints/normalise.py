"""The normal form of text: what two texts must share to count as the same to a reader.

Texts pass here before they are digested, shingled or searched for phrases. Compatibility forms are
undone (NFKC), look-alike letters become one (`data/confusables.txt`, from Unicode's UTS #39),
digits become ASCII, case is folded, what cannot be seen (zero-width, bidirectional and other
controls) is dropped, and any run of spaces becomes one. The result of normalising is its own normal
form; it is for comparing, not for reading.

Every step is per character between a full decomposition and a full composition, so that the order
of look-alikes, marks and invisible characters cannot matter: NFC(collapse(fold(NFKD(text)))).
"""

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate
from typing import NamedTuple


class Normalised(NamedTuple):
    """`offsets[i]` is where in the original the character `text[i]` comes from; one more entry,
    the original's length, closes the last span. Offsets never decrease."""

    text: str
    offsets: "array[int]"

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original behind text[start:end]."""
        return self.offsets[start], self.offsets[end]


def normalised(text: str) -> str:
    """The normal form of `text`."""
    if text.isascii():
        lowered = " ".join(text.lower().split())
        if lowered.isprintable():
            return lowered
    mapped = unicodedata.normalize("NFKD", without_excess(legible(text))).translate(_FOLD)
    return unicodedata.normalize("NFC", " ".join(mapped.split()))


def normalise(text: str) -> Normalised:
    """The normal form of `text`, each character with its place in the original.

    Slower than `normalised`: for highlighting what was found, not for the hot path.
    """
    return composed(_collapsed(placed(without_excess(legible(text)), folded)), len(text))


MOST = 400_000
"""A text is read as far as its normal form has so many characters; twice what a text may have as it
is sent. One character may become eighteen (U+FDFA), so a text can grow to millions."""

_WIDEST = 18
_PIECE = 4096


def extent(text: str) -> int:
    """How many characters a text has once it is normalised, before any is dropped; at least as many
    as it has now. A letter with marks of its own counts as one, though further marks may set it apart."""
    if text.isascii() or not _grows().search(text):
        return len(text)
    return _width(text)


def legible(text: str) -> str:
    """As much of a text as is read: all of it, unless it grows too long. (What does not grow is as
    long as it was sent, which has its own limits.)"""
    if len(text) * _WIDEST <= MOST or text.isascii() or not _grows().search(text):
        return text
    left = MOST
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        width = _width(piece)
        if width > left:
            ends = list(accumulate(_WIDTHS[character] for character in piece))
            return text[: start + bisect_right(ends, left)]
        left -= width
    return text


def too_long(text: str) -> str | None:
    """What is wrong with a text that is not read to its end, for people; None where nothing is."""
    if len(legible(text)) == len(text):
        return None
    return f"too long ({extent(text)} characters once normalised, read are {MOST})"


def _width(text: str) -> int:
    return sum(_WIDTHS[character] * times for character, times in Counter(text).items())


class _Widths(dict[str, int]):
    """What each character that was met becomes, in characters."""

    def __missing__(self, character: str) -> int:
        parts = unicodedata.normalize("NFKD", character)
        mapped = unicodedata.normalize("NFC", "".join(map(folded, parts)))
        width = max(1, len(mapped), len(unicodedata.normalize("NFC", parts)))
        if unicodedata.category(character) not in {"Cn", "Co", "Cs"}:
            self[character] = width
        return width


_WIDTHS = _Widths()


@lru_cache(maxsize=1)
def _grows() -> re.Pattern[str]:
    """Any character that becomes several; all of them are in the first planes."""
    widths = _Widths()
    codes = (*range(0x80, 0xD800), *range(0xE000, 0x20000))
    return re.compile(f"[{_class(chr(code) for code in codes if widths[chr(code)] > 1)}]")


def _class(characters: Iterable[str]) -> str:
    """Characters, in order, as a class of a pattern, in ranges: those beyond the first plane are
    searched for one by one."""
    ranges: list[list[int]] = []
    for code in map(ord, characters):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in ranges)


_MOST_MARKS = 30  # on one letter: those of Unicode's stream-safe format (UAX #15)
_LONG = 1024  # characters from which on the time for more of them could be felt
_NOTHING = "\u200b"


def without_excess(text: str) -> str:
    """`text`, no shorter, with nothing in place of marks beyond 30 on one letter: sorting them takes
    a time that grows with the square of their number, minutes where a text is all marks."""
    if len(text) < _LONG:
        return text
    runs, unseen, excess = _excess()

    def cut(run: re.Match[str]) -> str:
        if len(unseen.sub("", run[0])) <= _MOST_MARKS:
            return run[0]
        return excess.sub(lambda match: match[1] + _NOTHING * len(match[2]), run[0])

    return runs.sub(cut, text)


@lru_cache(maxsize=1)
def _excess() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Long runs of marks and of what cannot be seen between them; what cannot be seen; and, in such
    a run, the marks beyond the most that a letter may have. A run is looked at from its start alone, or a text of
    many marks would take a time that grows with their number on each letter."""
    marks: list[str] = []
    unseen: list[str] = []
    for code in (*range(0xD800), *range(0xF900, 0x1F000), *range(0xE0000, 0xE0200)):
        if not folded(chr(code)):
            unseen.append(chr(code))
        elif unicodedata.combining(unicodedata.normalize("NFKD", chr(code))[0]):
            marks.append(chr(code))
    mark, between = _class(marks), _class(unseen)
    return (
        re.compile(f"(?<![{mark}{between}])[{mark}{between}]{{{_MOST_MARKS + 1},}}"),
        re.compile(f"[{between}]+"),
        re.compile(f"((?:[{mark}][{between}]*){{{_MOST_MARKS}}})([{mark}{between}]+)"),
    )


def placed(text: str, fold: Callable[[str], str]) -> list[tuple[str, int]]:
    """The characters that `fold` makes of the full decomposition, each with its place in `text`."""
    return [
        (mapped, place)
        for place, character in enumerate(text)
        for part in unicodedata.normalize("NFKD", character)
        for mapped in fold(part)
    ]


def composed(characters: list[tuple[str, int]], length: int) -> Normalised:
    """The full composition of characters with their places in an original of `length`."""
    ordered = _in_canonical_order(characters)
    text = unicodedata.normalize("NFC", "".join(character for character, _ in ordered))
    offsets = array("l", _places(text, ordered))
    offsets.append(length)
    for index in range(len(offsets) - 2, -1, -1):  # marks that changed places
        offsets[index] = min(offsets[index], offsets[index + 1])
    return Normalised(text, offsets)


def _collapsed(folded: list[tuple[str, int]]) -> list[tuple[str, int]]:
    kept: list[tuple[str, int]] = []
    for character, place in folded:
        if character != " " or (kept and kept[-1][0] != " "):
            kept.append((character, place))
    if kept and kept[-1][0] == " ":
        kept.pop()
    return kept


def _in_canonical_order(folded: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Each run of marks sorted by combining class, as NFC does before it composes."""
    ordered: list[tuple[str, int]] = []
    marks: list[tuple[str, int]] = []
    for character, place in folded:
        if unicodedata.combining(character):
            marks.append((character, place))
            continue
        ordered += sorted(marks, key=lambda mark: unicodedata.combining(mark[0]))
        marks = []
        ordered.append((character, place))
    return ordered + sorted(marks, key=lambda mark: unicodedata.combining(mark[0]))


def _places(composed: str, ordered: list[tuple[str, int]]) -> list[int]:
    """For each composed character the place of the first one that went into it."""
    used = [False] * len(ordered)
    places: list[int] = []
    first = 0
    for character in composed:
        while used[first]:
            first += 1
        index = first
        for part in unicodedata.normalize("NFD", character):
            while used[index] or ordered[index][0] != part:
                index += 1
            used[index] = True
        places.append(ordered[first][1])
    return places


def _load_look_alikes() -> dict[str, str]:
    data = files("tidegate.signals.fingerprints") / "data" / "confusables.txt"
    table = data.read_text("utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if "\t" in line)
    return {source: target for target, sources in pairs for source in sources}


_LOOK_ALIKES = _load_look_alikes()

# Visible although Unicode calls them format characters: they enclose the digits that follow.
_ENCLOSING = set(map(chr, [*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD]))
_ENCLOSING.add("\U000110cd")

# Default_Ignorable_Code_Point beyond the format characters: fillers, joiners, variation selectors.
_IGNORABLE = set(
    map(
        chr,
        [
            *(0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xFFF0, 0xFFF9),
            *range(0xE0000, 0xE1000),
        ],
    )
)


# Seen as nothing, but as wide as a letter: the empty pattern of braille, a note without a head, and the
# blanks between hieroglyphs and in Khitan.
_BLANKS = frozenset("\u2800\U0001d159\U00013441\U00013442\U00016fe4")


def folded(character: str) -> str:
    """What one fully decomposed character becomes; nothing of it would change again."""
    category = unicodedata.category(character)
    if character in _IGNORABLE or (category == "Cf" and character not in _ENCLOSING):
        return ""
    if character.isspace() or character in _BLANKS:
        return " "
    if category == "Cc":
        return ""
    if category == "Cs":
        return "\ufffd"
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if unicodedata.combining(character):
        return character  # a mark that became a letter would stand where it happened to be sorted
    alike = _LOOK_ALIKES.get(character) or character.casefold()
    if alike == character:
        return character
    return "".join(map(folded, unicodedata.normalize("NFKD", alike)))


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen: spaces, controls, and what is as wide as nothing."""
    return not any(folded(one).strip() for one in set(text))


class Fold(dict[int, str]):
    """A function of one character as a table for `str.translate`, filled as characters are met.

    What Unicode has not assigned is not kept, so that hostile text cannot make it grow.
    """

    def __init__(self, fold: Callable[[str], str]) -> None:
        super().__init__()
        self._fold = fold

    def __missing__(self, code: int) -> str:
        character = chr(code)
        mapped = self._fold(character)
        if unicodedata.category(character) not in {"Cn", "Co", "Cs"}:
            self[code] = mapped
        return mapped


_FOLD = Fold(folded)

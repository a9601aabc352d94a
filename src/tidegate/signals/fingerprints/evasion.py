"""Evasions undone: letters spelled out or cut apart, digits and signs for letters, stretched letters.

Between `skeleton` and `index.phrases`. A bare text has up to two readings beside the plain one:
with its signs; and with what was spelled out ("k i l l", "k.i.l.l") or cut ("ki-ll") joined. Each is a
marked text: NUL where something was cut, so that a place in it is that place in the bare text. Where
letters are spelled out it is compared without its spaces too (`spelled`).

Which letter a sign stands for is open ("1" is i or l), and so is how often a stretched one counts.
So readings and phrases are compared by a coarse *key*, without repetitions and with one letter for
all that may be taken for one another; `reads_as` then settles each find, strictly. What is undone
must not make words of innocent ones: letters are joined only where three or more stand alone, most
of them parted alike, or where marks without a space cut a word; a sign reads as a letter only among
enough letters ("4tt4ck", not "1st" or "2024"), and digits alone as a word only amid more of them;
"goood" is good, but "good" is not god. What it finds and what it should not is measured by
`benchmarks/evasions.py`.
"""

import re
from collections import Counter
from collections.abc import Container, Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints.quick import AnyOf
from tidegate.signals.fingerprints.skeleton import UNSPACED, dense, plain

# What stands between two letters: all punctuation and pictographs, not the marks of any script.
_BETWEEN = (
    "\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\xa1-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7"
    "\u055a-\u055f\u0589\u05be\u05c0\u05f3\u05f4\u0609-\u060f\u061b-\u061f\u066a-\u066d\u06d4"
    "\u2010-\u206f\u2190-\u2bff\u2e00-\u2e7f\u3001-\u3003\u3008-\u3020\ufffc\ufffd\U0001f000-\U0001faff"
)
_SIGNS = "@$€!|+"
_LETTER, _WORD = r"[^\W\d_]", r"[^\W_]"
# Each begins with what is rare, so that a search passes quickly over the rest.
_THREE_ALONE = re.compile(r" \S \S \S ")
_GAP = rf"[\s{_BETWEEN}]{{1,5}}"
_LONELY = re.compile(  # and not the parts of a number
    rf"(?<!{_WORD}){_WORD}(?!{_WORD})"
    rf"(?:(?:(?<={_LETTER}){_GAP}{_WORD}|{_GAP}{_LETTER})(?!{_WORD})){{2,}}"
)
_LETTERS = re.compile(f"({_WORD})")
_CUT = re.compile(
    rf"[{_BETWEEN}](?<={_LETTER}[^{_SIGNS}])(?!(?<=')(?:[stdm]|re|ve|ll)(?!{_WORD}))"
    rf"[{_BETWEEN}]?(?={_LETTER})(?:(?<={_LETTER}{{2}}.)|(?={_LETTER}{{2}}))"
)
_CUT_UNSPACED = re.compile(rf"[\s{_BETWEEN}](?<={UNSPACED}.)[\s{_BETWEEN}]{{0,2}}(?={UNSPACED})")
_SIGN = re.compile(
    rf"[{_SIGNS}](?<={_WORD}.)[{_SIGNS}]?(?={_WORD})"
    rf"|[@$€+](?<!{_WORD}.)[@$€+]?(?={_WORD})|[@$€+](?<={_WORD}.)[@$€+]?(?!{_WORD})"
)
_ANY_DIGIT = AnyOf("0123456789")
_DIGITS = re.compile("[0-9]+")
_TO_INNER = {ord(sign): chr(number) for number, sign in enumerate(_SIGNS, 1)}  # no text has these

_READS = {
    **dict(zip("\x01\x02\x03\x04\x05\x06", ("a", "s", "e", "il", "il", "t"), strict=True)),
    **{"0": "o", "1": "il", "2": "z", "3": "eз", "4": "aч", "5": "sσ", "6": "bб"},
    **{"7": "t", "8": "bθ", "9": "gя", "σ": "o"},
}
"""The letters, in the bare form, that a sign may stand for."""


def _classes() -> dict[int, str]:
    """For each character the one that stands in keys for all that may be taken for it."""
    first: dict[str, str] = {}
    for sign, letters in _READS.items():
        group = {first.get(one, one) for one in (*letters, sign)}
        chosen = min(group - _READS.keys())
        for one in {*first, *letters, sign}:
            if first.get(one, one) in group:
                first[one] = chosen
    return {ord(one): chosen for one, chosen in first.items()}


_CLASSES = _classes()
_BY_DIGITS = frozenset(_CLASSES[ord(digit)] for digit in "0123456789")
_OPEN = re.compile(r"[0-9σ\x01-\x06]|([^ ])\1\1")


class Reading(NamedTuple):
    """A marked text, its dense form, and the part text[start:end] outside which nothing is that is
    not in the plain text too."""

    marked: str
    text: str
    start: int
    end: int


class Key(NamedTuple):
    """The coarse form of a dense text: `text[i]` is the run that begins at `starts[i]` there."""

    text: str
    starts: NDArray[np.intp]


def key(dense_text: str) -> Key:
    """The key of a dense text, which may hold signs."""
    codes = _codes(dense_text.translate(_CLASSES))
    new = np.ones(len(codes), np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=new[1:])
    starts = np.flatnonzero(new)
    return Key(codes[starts].tobytes().decode("utf-32-le"), starts)


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def as_it_stands(bare_text: str) -> Reading:
    """The plain reading of a bare text."""
    marked = plain(bare_text)
    text = dense(marked)
    return Reading(marked, text, 0, len(text))


def readings(
    bare_text: str,
    plainly: Reading,
    reach: int,
    lonely: list[tuple[int, int]],
    numerals: Container[str] = (),
) -> Iterator[Reading]:
    """The readings of a bare text in which a phrase of `reach` characters may be found that is not
    in its plain one, `plainly`. `lonely`: where letters are spelled out (`spelled_out`). `numerals`: the
    keys of words of phrases that digits alone may be."""
    plain_text = plainly.text
    stretched = _stretched(plain_text)  # then a find may be longer than any phrase
    joined = _CUT.sub(_nuls, _closed(bare_text, lonely) if lonely else bare_text)
    if not joined.isascii():
        joined = _CUT_UNSPACED.sub(_nuls, joined)
    for reading in [bare_text, joined] if joined != bare_text else [bare_text]:
        if reading is bare_text and not _has_signs(bare_text):
            marked, text = plainly.marked, plain_text
        else:
            marked = signed(reading)
            text = dense(marked)
        part = (0, len(text)) if stretched else _open_part(plain_text, text, numerals)
        if part is not None:
            yield Reading(marked, text, max(0, part[0] - reach), part[1] + reach)


def spelled_out(bare_text: str, plainly: Reading) -> list[tuple[int, int]]:
    """Where in a bare text, whose plain reading is `plainly`, letters are spelled out, three at least."""
    if not _THREE_ALONE.search(plainly.text):
        return []
    return [match.span() for match in _LONELY.finditer(bare_text)]


def _open_part(plain_text: str, text: str, numerals: Container[str]) -> tuple[int, int] | None:
    """The part of `text` that is not in `plain_text` or holds what may be read in several ways."""
    if "σ" in text:
        return 0, len(text)
    places = [
        place
        for match in (_DIGITS.finditer(text) if _ANY_DIGIT.within(text) else ())
        if _may_be_letters(text, *match.span(), numerals)
        for place in match.span()
    ]
    if text != plain_text:
        first = _shared(plain_text, text)
        places += (first, len(text) - _shared(plain_text[first:][::-1], text[first:][::-1]))
    return (min(places), max(places)) if places else None


def _may_be_letters(text: str, start: int, end: int, numerals: Container[str]) -> bool:
    """Whether digits lie within a word, or are all of one that a phrase has."""
    if text[start - 1].isalpha() or text[end].isalpha():
        return True
    return bool(numerals) and 1 < end - start <= _LONGEST and _key_of(text[start:end]) in numerals


_LONGEST = 8  # digits of a word


@lru_cache(maxsize=4096)
def _key_of(digits: str) -> str:
    return key(digits).text


def numeral(word: str) -> str | None:
    """The key of a word of several letters that digits alone may stand for; None where they may not."""
    coarse = key(word).text
    return (
        coarse
        if 1 < len(word) <= _LONGEST and word.isalpha() and _BY_DIGITS.issuperset(coarse)
        else None
    )


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _has_signs(text: str) -> bool:
    return any(sign in text for sign in _SIGNS)


def signed(text: str) -> str:
    """A bare text, or a reading of it, marked: with its signs for letters."""
    if _has_signs(text):
        text = _SIGN.sub(lambda match: match[0].translate(_TO_INNER), text)
    return plain(text)


def _stretched(dense_text: str) -> bool:
    codes = _codes(dense_text)
    repeated = codes[1:] == codes[:-1]
    return bool((repeated[1:] & repeated[:-1]).any())


def _nuls(match: re.Match[str]) -> str:
    return "\0" * len(match[0])


def _closed(text: str, lonely: list[tuple[int, int]]) -> str:
    """`text` without what parts lonely letters; what parts the words of them is rarer, and stays."""
    pieces: list[str] = []
    last = 0
    for start, end in lonely:
        parts = _LETTERS.split(text[start:end])[1:-1]  # letter, gap, letter …
        times = Counter(parts[1::2])
        gap = max(times, key=lambda one: (times[one], not one.isspace()))
        cut = "\0" * len(gap) if times[gap] > 1 else gap
        pieces.append(text[last:start])
        pieces += (cut if one == gap else one for one in parts)
        last = end
    return "".join((*pieces, text[last:]))


MIN_BESIDE = 7
"""Letters that must stand for themselves beside a word of digits alone that is read as letters."""


class _Count(NamedTuple):
    """Letters of a phrase that stand for themselves, and those that signs stand for."""

    letters: int
    signs: int


def reads_as(found: str, phrase: str) -> bool:
    """Whether `found`, of the same key, may be read as `phrase`; both dense, with their spaces."""
    if found == phrase or not _OPEN.search(found):
        return found == phrase
    numbers = [
        len(got)
        for got, wanted in zip(found.split(), phrase.split(), strict=True)
        if got != wanted and got.isdecimal()
    ]
    letters = signs = 0
    for got, wanted in zip(_alike(found), _alike(phrase), strict=True):
        if (count := _reads(got, wanted)) is None:
            return False
        letters += count.letters
        signs += count.signs
    inner = signs - sum(numbers)
    few = letters < max(MIN_BESIDE, 3 * sum(numbers)) or len(phrase.split()) < 3
    if numbers and inner < 2 and (few or 1 in numbers):
        return False  # "harvest 15" is not "harvest is", nor "4 man" a man
    first, last = found.strip(" ")[0], found.strip(" ")[-1]
    enclosed = first not in _READS and last not in _READS
    return not signs or (
        letters >= 2 and signs <= 2 * letters and (enclosed or signs + letters > 4)
    )


MOST_BEHIND = 64
_RUNS = re.compile(r"(.)\1+")


def coarse(word: str) -> str:
    """The key of a word, as `key` makes it, without the places: in less time for a single word."""
    return _RUNS.sub(r"\1", word.translate(_CLASSES))


def words_behind(word: str) -> list[str]:
    """The words of letters alone that a word of a reading may stand for, the likeliest first, 64 at most: its
    digits and signs are letters, where enough others stand for themselves, and what is stretched is one or two."""
    if word.isdecimal() or not _OPEN.search(word):
        return []
    signs = sum(one in _READS and one != "σ" for one in word)
    letters = sum(one.isalpha() for one in word)
    enclosed = word[0] not in _READS and word[-1] not in _READS
    if signs and not (letters >= 2 and signs <= 2 * letters and (enclosed or len(word) > 4)):
        return []
    found = [""]
    for one, run in groupby(word):
        times = len(list(run))
        choices = _READS[one] if one in _READS and one != "σ" else one
        if not choices.isalpha():
            return []
        ways = [letter * count for letter in choices for count in _counts(times)]
        found = [before + way for before in found for way in ways][:MOST_BEHIND]
    return [one for one in found if one != word]


def _counts(times: int) -> tuple[int, ...]:
    return (times,) if times < 3 else (1, 2)


def _alike(text: str) -> list[str]:
    """`text` in runs of what keys hold for one letter."""
    return ["".join(run) for _, run in groupby(text, lambda one: _CLASSES.get(ord(one), one))]


def _reads(got: str, wanted: str) -> _Count | None:
    """How a run reads as another: letter by letter, or its own runs with some stretched."""
    if len(got) == len(wanted):
        pairs = [(one, 1, other, 1) for one, other in zip(got, wanted, strict=True)]
    else:
        mine, theirs = ([(k, len(list(g))) for k, g in groupby(text)] for text in (got, wanted))
        if len(mine) != len(theirs):
            return None
        pairs = [(*one, *other) for one, other in zip(mine, theirs, strict=True)]
    letters = signs = 0
    for one, times, other, least in pairs:
        if times != least and (times < 3 or times < least or one.isdecimal()):
            return None
        if one == other:
            letters += least * (other != " ")
        elif other in _READS.get(one, ""):
            signs += least
        else:
            return None
    return _Count(letters, signs)

"""What each code point becomes in the form of which clusters are made: the table that `native/sketch.cpp`
and `slow_sketch` share.

As in the normal form of texts (`signals.fingerprints.normalise`), but marks stay apart from their
letters, and whether a character counts is said by what it was: letters, marks, digits and symbols do,
punctuation does not. The table is filled by pages of 256 as characters are met.
"""

import threading
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints.normalise import folded, without_excess

NOTHING, SPACE, SIGN, WORD, WIDE, SYMBOL = range(6)
"""The kinds. SIGN ends a word; NOTHING does not. WIDE: an ideograph or syllable that says as much as
two letters."""
KIND, POINT = (
    21,
    0x1FFFFF,
)  # of an entry: how far its kind is shifted; its code point or place in MORE
UPPER, SEVERAL, NUMBER = 1 << 24, 1 << 25, 1 << 26
_MADE = 1 << 27  # of every entry: one of 0 is not made yet
UNITS = tuple(word | 1 for word in np.random.PCG64(0x0C1057E5).random_raw(4).tolist())
"""The multiplier of each unit of a shingle."""

_MOST = 4  # characters that one may become
_JOINS = "'\u2019"  # don't and dont are one word
_WIDE = ((0x2E80, 0x3000), (0x3005, 0xA4D0), (0xAC00, 0xFB00), (0x20000, 0xE0000))

FOLD = np.zeros(0x110000, np.uint32)
MORE = np.zeros(1 << 16, np.uint32)
_more_used = 0
_lock = threading.Lock()

_POINTERS = (FOLD.ctypes.data, MORE.ctypes.data)
TABLE = np.array([*_POINTERS, *UNITS], np.uint64).tobytes()
"""As the kernel takes it."""


def decomposed(text: str) -> str:
    """The text as it is folded: in NFKD, without more marks on a letter than one can have."""
    return text if text.isascii() else unicodedata.normalize("NFKD", without_excess(text))


def points(texts: Sequence[str]) -> NDArray[np.uint32]:
    """The code points of texts, one after another."""
    return np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)


def fill(codes: NDArray[np.uint32]) -> None:
    """See to it that the table has entries for these code points."""
    with _lock:
        for page in np.unique(codes >> 8).tolist():
            if not FOLD[page << 8]:
                _fill(page)


def _fill(page: int) -> None:
    # The first entry last: it says that they are made.
    for code in reversed(range(page << 8, (page + 1) << 8)):
        FOLD[code] = _entry(code) | _MADE


def _entry(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)
    if character in _JOINS:
        return NOTHING << KIND
    if category[0] == "P":
        return SIGN << KIND
    became = folded(character)[:_MOST]
    if became in ("", " "):
        return (SPACE if became else NOTHING) << KIND
    symbol = category[0] in "SC"  # what has no meaning yet, or a private one, is seen
    entries = [_one(ord(each), symbol) for each in became if each != " "]
    flags = UPPER * (category in ("Lu", "Lt"))
    if len(entries) == 1:
        return entries[0] | flags
    return _several(entries) | flags | (entries[0] & (7 << KIND))


def _one(code: int, symbol: bool) -> int:
    if symbol:
        return code | SYMBOL << KIND
    if any(first <= code < end for first, end in _WIDE):
        return code | WIDE << KIND
    return code | WORD << KIND | (NUMBER if unicodedata.category(chr(code)) == "Nd" else 0)


def _several(entries: list[int]) -> int:
    """Keeps them in MORE; where that is full only the first counts, which no text is known to need."""
    global _more_used
    if _more_used + len(entries) + 1 > len(MORE):
        return entries[0]
    place = _more_used
    MORE[place : place + len(entries) + 1] = [len(entries), *entries]
    _more_used += len(entries) + 1
    return place | SEVERAL

"""The sketches of texts in Python, where `native/sketch.cpp` could not be compiled: the same, some two
hundred times as slow. What a sketch is stands there.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.sketch import SIZE
from tidegate.triage import folding
from tidegate.triage.folding import KIND, NOTHING, POINT, SPACE, SYMBOL, WIDE, WORD

BINS, TERMS, SHINGLE = 128, 24, 4
_MIX, _PICK, _ALL = 0x9E3779B97F4A7C15, 0x9E3779B1, (1 << 64) - 1
_SECOND = 1 << 31  # the second unit of an ideograph
_BLANK = ord(" ")


def sketches(texts: Sequence[str], codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """The sketches (n, SIZE) of texts in NFKD, whose code points are `codes`."""
    folding.fill(codes)
    made = np.empty((len(texts), SIZE), np.uint8)
    start = 0
    for row, text in enumerate(texts):
        made[row] = np.frombuffer(_sketch(codes[start : start + len(text)].tolist()), np.uint8)
        start += len(text)
    return made


def form(codes: list[int]) -> tuple[list[int], list[int]]:
    """The form of a text in NFKD as units, and its terms."""
    reader = _Reader()
    reader.read(codes)
    return reader.form, reader.terms


def _sketch(codes: list[int]) -> bytes:
    units, terms = form(codes)
    seen = [unit for unit in units if unit != _BLANK and unit < _SECOND]
    digest = hashlib.blake2b(np.array(seen, "<u4").tobytes(), digest_size=16).digest()
    rest = np.array(terms + [0] * (TERMS - len(terms)), "<u4")
    return digest + _bins(units).tobytes() + rest.tobytes()


def _bins(units: list[int]) -> NDArray[np.uint16]:
    least = np.full(BINS, 0xFFFFFFFF, np.uint32)
    if units:
        padded = np.array([*units, *[0] * max(0, SHINGLE - len(units))], np.uint64)
        count = len(padded) - SHINGLE + 1
        mixed = np.zeros(count, np.uint64)
        for place, by in enumerate(folding.UNITS):
            mixed += padded[place : place + count] * np.uint64(by)
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(_MIX)
        hashes = (mixed >> np.uint64(32)).astype(np.uint32)
        np.minimum.at(least, hashes >> np.uint32(25), hashes)
    values = np.maximum((least * np.uint32(_PICK)) >> np.uint32(16), np.uint32(1))
    return np.where(least == 0xFFFFFFFF, 0, values).astype(np.uint16)


class _Reader:
    """Reads one text, as `Reader` and `Terms` of the kernel do."""

    def __init__(self) -> None:
        self.form: list[int] = []
        self.terms: list[int] = []
        self.tag = False
        self._word = 0  # where the present one began in the form
        self._fresh()

    def read(self, codes: list[int]) -> None:
        at, in_word = 0, False
        while at < len(codes):
            code = codes[at]
            if _is_link(codes, at, in_word):
                self._end()
                while at < len(codes) and _kind(codes[at]) != SPACE:
                    at += 1
                in_word = False
            elif code == ord("@") and at + 1 < len(codes) and _of_name(codes[at + 1]):
                self._end()
                at += 1
                while at < len(codes) and _of_name(codes[at]):
                    at += 1
                in_word = False
            else:
                for entry in _entries(code):
                    self._take(entry)
                self.tag = self.tag or code == ord("#")
                if _kind(code) != NOTHING:
                    in_word = _wordy(code)
                at += 1
        self._end()
        del self.form[len(self.form) - 1 :]

    def _take(self, entry: int) -> None:
        kind, point = entry >> KIND & 7, entry & POINT
        if kind == WORD:
            self.form.append(point)
            if not self._letters:
                self._capital = bool(entry & folding.UPPER)
            self._hash = (self._hash ^ point) * _MIX & _ALL
            self._hash ^= self._hash >> 32
            self._letters += 1
            self._number = self._number and bool(entry & folding.NUMBER)
        elif kind == WIDE:
            self.form += [point, point | _SECOND]
            if self._before:
                self._keep((((self._before << 32) ^ point) * _MIX & _ALL) >> 32, 0)
            self._before = point
        elif kind == SYMBOL:
            self._end()
            self.form.append(point)
            self._end()
        elif kind != NOTHING:
            self._end()

    def _end(self) -> None:
        retweet = self.form[self._word :] == [ord("r"), ord("t")]
        if not retweet and self._letters > 1 and not self._number:
            self._keep(self._hash >> 32, 2 if self.tag else int(self._capital))
        self._fresh()
        if retweet:
            del self.form[self._word :]
        if self.form and self.form[-1] != _BLANK:
            self.form.append(_BLANK)
        self._word = len(self.form)

    def _fresh(self) -> None:
        self._hash, self._letters, self._before = 0, 0, 0
        self._capital, self.tag, self._number = False, False, True

    def _keep(self, word: int, how: int) -> None:
        word = (word & 0xFFFFFFFC) or 4
        for place, kept in enumerate(self.terms):
            if kept & 0xFFFFFFFC == word:
                self.terms[place] = word | max(how, kept & 3)
                return
        if len(self.terms) < TERMS:
            self.terms.append(word | how)
        elif how:
            weak = [place for place, kept in enumerate(self.terms) if not kept & 3]
            if weak:
                self.terms[weak[-1]] = word | how


def _kind(code: int) -> int:
    return int(folding.FOLD[code]) >> KIND & 7


def _wordy(code: int) -> bool:
    return _kind(code) in (WORD, WIDE)


def _of_name(code: int) -> bool:
    return code == ord("_") or _wordy(code)


def _entries(code: int) -> Iterator[int]:
    entry = int(folding.FOLD[code])
    if not entry & folding.SEVERAL:
        yield entry
        return
    place = entry & POINT
    yield from map(int, folding.MORE[place + 1 : place + 1 + int(folding.MORE[place])])


def _is_link(codes: list[int], at: int, in_word: bool) -> bool:
    if codes[at] not in _FIRST:
        return False
    ahead = "".join(map(chr, codes[at : at + 8]))
    ahead = "".join(one.lower() if one.isascii() else one for one in ahead)
    if in_word:
        return ahead.startswith(("http://", "https://"))
    return ahead.startswith(("http", "www."))


_FIRST = frozenset(map(ord, "hHwW"))

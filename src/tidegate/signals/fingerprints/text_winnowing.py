"""Anchors of a text's wording, by which a text is found inside a longer one, or a passage of it.

Winnowing (Schleimer, Wilkerson and Aiken 2003). Of the normal form only letters and digits count, so
that quotation marks, line ends and list signs hide nothing; an ideograph or syllable of the wide scripts counts
three times. All runs of 24 of these units are hashed, and of each 64 neighbouring hashes the least is
an anchor: one in 32. Two texts that share a run of 151 units, some 30 words, share two anchors at
least, wherever in them it stands; texts that have two in common are candidates, and `passage` says
which span of which is known. It can ask for review, never restrict.

Texts of fewer than 160 units have no anchors, nor have those that repeat one thing.

`native/winnow.cpp` finds the same anchors some ten times as fast; where it could not be compiled,
numpy does it here.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints.kind import Kind
from tidegate.signals.model import Fingerprint
from tidegate.signals.native import library
from tidegate.signals.native import winnow as native

SHINGLE = 24
WINDOW = 64
LEAST = 160
COMMON = 2
"""Anchors that two texts must have in common to be compared."""
_SPARSEST = (
    3  # the most units of a character: a text of fewer characters than LEAST / 3 has no anchors
)
_BASE, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))
_HALF = np.uint64(32)

Words = NDArray[np.uint64]

_native = library.load()


class Units(NamedTuple):
    """What counts of a text, one unit after another, and the character of it that each is from."""

    codes: NDArray[np.uint32]
    places: NDArray[np.int64]


def units(text: str) -> Units:
    """The units of a text in normal form."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    places = np.repeat(np.arange(len(codes)), _weights()[codes])
    return Units(codes[places], places)


def shingles(codes: NDArray[np.uint32]) -> Words:
    """A number for each run of 24 units, in order."""
    if len(codes) < SHINGLE:
        return np.empty(0, np.uint64)
    # Of a sum over all that came before, what came before the run is taken off.
    powers, inverses = (np.cumprod(np.full(len(codes), one)) for one in (_BASE, _INVERSE))
    totals = np.cumsum(codes * inverses)
    sums = totals[SHINGLE - 1 :].copy()
    sums[1:] -= totals[:-SHINGLE]
    sums *= powers[SHINGLE - 1 :]
    sums ^= sums >> _HALF
    sums *= _MIX
    return sums ^ (sums >> _HALF)


def anchors(texts: Sequence[str]) -> list[Words]:
    """The anchors of each text in normal form, in the order of their places; none where it is short."""
    if _native is not None:
        return native.anchors(_native, texts)
    return [_anchors(text) for text in texts]


def _anchors(text: str) -> Words:
    """The same in numpy."""
    codes = units(text).codes
    least = shingles(codes)
    if len(codes) < LEAST:
        return least[:0]
    reach = 1
    while reach < WINDOW:
        least = np.minimum(least[:-reach], least[reach:])
        reach *= 2
    is_new = np.ones(len(least), np.bool_)
    is_new[1:] = least[1:] != least[:-1]
    return least[is_new][: len(text)]


def _make(texts: Sequence[str]) -> list[Fingerprint | None]:
    found: list[Fingerprint | None] = [None] * len(texts)
    long = [place for place, text in enumerate(texts) if len(text) * _SPARSEST >= LEAST]
    if long:
        for place, made in zip(long, anchors([texts[place] for place in long]), strict=True):
            if len(made) >= COMMON and (made != made[0]).any():
                found[place] = Fingerprint("text_winnowing", made.tobytes())
    return found


@lru_cache(maxsize=1)
def _weights() -> NDArray[np.uint8]:
    """How many units each character of a normal form is: none for marks, punctuation and symbols."""
    weights = np.ones(0x110000, np.uint8)
    for first, end in _NONE:
        weights[first:end] = 0
    for first, end in _WIDE:
        weights[first:end] = 3
    return weights


_NONE = (
    *((0, 0x30), (0x3A, 0x41), (0x5B, 0x61), (0x7B, 0xC0)),
    *((0x300, 0x370), (0x591, 0x5C8), (0x64B, 0x660)),  # marks
    *((0x2000, 0x2C00), (0x3000, 0x3005), (0xFE00, 0xFF00)),
    *((0x1F000, 0x20000), (0xE0000, 0x110000)),
)
_WIDE = ((0x2E80, 0x3000), (0x3005, 0xA4D0), (0xAC00, 0xFB00), (0x20000, 0xE0000))

_VALUE = re.compile(r"(?:[0-9A-Fa-f]{16}){2,}\Z")


def _parse(value: str) -> bytes:
    if not _VALUE.match(value):
        raise ValueError("anchors of 16 hex digits each, two at least")
    return bytes.fromhex(value)


KIND = Kind(
    name="text_winnowing",
    route="text_containment",
    source="text",
    make=_make,
    parse=_parse,
    format=bytes.hex,
    size=8,
    common=COMMON,
)

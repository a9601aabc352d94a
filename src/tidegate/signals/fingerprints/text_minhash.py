"""A 256-bit code of a text's wording: texts that share most of it have near codes.

1-bit MinHash (Li and König 2010) of the set of 5-character shingles of the normal form: for each of
256 pseudo-random orders of all shingles one bit of the text's first shingle in that order. Two
texts whose sets have Jaccard similarity J agree on that shingle with probability J and else on the
bit by chance, so their distance is 128 (1 - J) bits on average, with a standard deviation of
sqrt(64 (1 - J²)): radius 31 stands for J ≥ .76. It can ask for review, never restrict.

What the index finds by the codes is confirmed by J itself where both texts are at hand: `SPREADS`
says when a hit was luck.

Texts of fewer than 32 different shingles (36 characters at least) have no code: greetings and
slogans are near to each other by nature, and their digest serves. Of very long texts the first
32,768 characters count, which bounds the time.

`native/minhash.cpp` makes the same codes some fifty times as fast; where it could not be compiled,
numpy does it here.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints.kind import Kind, hex_parser
from tidegate.signals.model import Fingerprint
from tidegate.signals.native import library
from tidegate.signals.native import minhash as native

SHINGLE = 5
MIN_SHINGLES = 32
MAX_CHARACTERS = 32_768
SPREADS = 2
"""A hit is confirmed unless the distance that its true similarity lets one expect is farther beyond
the radius than so many standard deviations. Of the pairs as unlike as those that are turned away
fewer than one in forty are hits: it was luck. No pair that the radius stands for is turned away."""
ORDERS = 256
_BLOCK = 1024  # shingles a block: 1 MB of ranks, which the cache holds

_native = library.load()

# Raw words of a bit generator are a stream that numpy has frozen.
_WORDS = np.random.PCG64(0x71DE6A7E).random_raw(ORDERS + SHINGLE)
_MULTIPLIERS = (_WORDS[:ORDERS] >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
_CHARACTERS = _WORDS[ORDERS:] | np.uint64(1)
_TABLE = native.multipliers(_CHARACTERS, _MULTIPLIERS)
_MIX = np.uint64(0x9E3779B97F4A7C15)


def _sums(text: str) -> NDArray[np.uint64]:
    """A number for each shingle of `text`, in order, repeated ones too."""
    characters = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)
    count = max(0, len(characters) - SHINGLE + 1)
    sums = characters[:count] * _CHARACTERS[0]
    for place in range(1, SHINGLE):
        sums += characters[place : place + count] * _CHARACTERS[place]
    return sums


def _shingles(text: str) -> NDArray[np.uint32]:
    """32-bit hashes of all shingles of `text`."""
    mixed = _sums(text)
    mixed ^= mixed >> np.uint64(32)
    mixed *= _MIX
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _enough(shingles: NDArray[np.uint32]) -> bool:
    """Whether enough of them are different, which the first few nearly always show."""
    few = shingles[: 2 * MIN_SHINGLES].tolist()
    return len(set(few)) >= MIN_SHINGLES or len(set(shingles.tolist())) >= MIN_SHINGLES


def _first_ranks(shingles: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The least rank, in each order, of a text's shingles: an odd multiplier permutes 32 bits."""
    least = np.full(ORDERS, 0xFFFFFFFF, np.uint32)
    for start in range(0, len(shingles), _BLOCK):
        ranks = shingles[start : start + _BLOCK, None] * _MULTIPLIERS
        np.minimum(least, ranks.min(axis=0), out=least)
    return least


def codes(texts: Sequence[str]) -> list[bytes | None]:
    """The 32 bytes of each text in normal form, or None for one that is too short."""
    beginnings = [text[:MAX_CHARACTERS] for text in texts]
    if _native is not None:
        return native.codes(_native, beginnings, _TABLE)
    return _codes(beginnings)


def _codes(texts: Sequence[str]) -> list[bytes | None]:
    """The same in numpy, of texts of up to MAX_CHARACTERS."""
    found: list[bytes | None] = [None] * len(texts)
    for place, text in enumerate(texts):
        shingles = _shingles(text)
        if _enough(shingles):
            bits = (_first_ranks(shingles) * np.uint32(0x9E3779B1)) >> np.uint32(31)
            found[place] = np.packbits(bits.astype(np.uint8)).tobytes()
    return found


def jaccard(a: str, b: str) -> float:
    """How many of the different shingles of two texts in normal form both have, from 0 to 1.

    Of the same shingles that the codes are made of. Two texts without any are alike if equal.
    """
    left, right = _different(a), _different(b)
    joined = np.concatenate((left, right))
    joined.sort(kind="stable")
    both = int(np.count_nonzero(joined[1:] == joined[:-1]))
    either = len(joined) - both
    return both / either if either else float(a == b)


def confirmed_by_jaccard(item_text: str, entry_text: str, radius: int) -> bool:
    """Whether two texts in normal form whose codes are within `radius` bits are as alike as that
    says, or nearly so (`SPREADS`); False: their codes are near by chance.
    """
    similarity = jaccard(item_text, entry_text)
    expected = 128 * (1 - similarity)
    return expected - radius <= SPREADS * 8 * sqrt(1 - similarity**2)


def _different(text: str) -> NDArray[np.uint64]:
    """The different shingles of `text`, by their sums: two with the same are not to be expected."""
    sums = _sums(text[:MAX_CHARACTERS])
    sums.sort()
    is_first = np.ones(len(sums), np.bool_)
    is_first[1:] = sums[1:] != sums[:-1]
    return sums[is_first]


def _make(texts: Sequence[str]) -> list[Fingerprint | None]:
    return [Fingerprint("text_minhash", code) if code else None for code in codes(texts)]


KIND = Kind(
    name="text_minhash",
    route="text_similarity",
    source="text",
    make=_make,
    parse=hex_parser(32),
    format=bytes.hex,
    bits=256,
    default_radius=31,
    max_radius=64,
    fewest=64,  # bits are fair coins: it would be eight standard deviations out
    version=2,
)

"""A 256-bit code of a text's wording: texts that share most of it have near codes.

1-bit MinHash (Li and König 2010) of the set of 5-character shingles of the normal form: for each of
256 pseudo-random orders of all shingles one bit of the text's first shingle in that order. Two
texts whose sets have Jaccard similarity J agree on that shingle with probability J and else on the
bit by chance, so their distance is 128 (1 - J) bits on average, with a standard deviation of
sqrt(64 (1 - J²)): radius 31 stands for J ≥ .76. It can ask for review, never restrict.

Texts of fewer than 32 different shingles (36 characters at least) have no code: greetings and
slogans are near to each other by nature, and their digest serves. Of very long texts the first
32,768 characters count, which bounds the time.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints.kind import Kind, hex_parser
from tidegate.signals.model import Fingerprint

SHINGLE = 5
MIN_SHINGLES = 32
MAX_CHARACTERS = 32_768
_ORDERS = 256
_BLOCK = 1024  # shingles a block: 1 MB of ranks, which the cache holds

# Raw words of a bit generator are a stream that numpy has frozen.
_WORDS = np.random.PCG64(0x71DE6A7E).random_raw(_ORDERS + SHINGLE)
_MULTIPLIERS = (_WORDS[:_ORDERS] >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
_CHARACTERS = _WORDS[_ORDERS:] | np.uint64(1)
_MIX = np.uint64(0x9E3779B97F4A7C15)


def _shingles(text: str) -> NDArray[np.uint32]:
    """32-bit hashes of all shingles of `text`, in order, repeated ones too."""
    encoded = text[:MAX_CHARACTERS].encode("utf-32-le")
    characters = np.frombuffer(encoded, np.uint32).astype(np.uint64)
    count = len(characters) - SHINGLE + 1
    if count < MIN_SHINGLES:
        return np.empty(0, np.uint32)
    mixed = characters[:count] * _CHARACTERS[0]
    for place in range(1, SHINGLE):
        mixed += characters[place : place + count] * _CHARACTERS[place]
    mixed ^= mixed >> np.uint64(32)
    mixed *= _MIX
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _enough(shingles: NDArray[np.uint32]) -> bool:
    """Whether enough of them are different, which the first few nearly always show."""
    few = shingles[: 2 * MIN_SHINGLES].tolist()
    return len(set(few)) >= MIN_SHINGLES or len(set(shingles.tolist())) >= MIN_SHINGLES


def _first_ranks(shingles: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The least rank, in each order, of a text's shingles: an odd multiplier permutes 32 bits."""
    least = np.full(_ORDERS, 0xFFFFFFFF, np.uint32)
    for start in range(0, len(shingles), _BLOCK):
        ranks = shingles[start : start + _BLOCK, None] * _MULTIPLIERS
        np.minimum(least, ranks.min(axis=0), out=least)
    return least


def codes(texts: Sequence[str]) -> list[bytes | None]:
    """The 32 bytes of each text in normal form, or None for one that is too short."""
    found: list[bytes | None] = [None] * len(texts)
    places: list[int] = []
    least: list[NDArray[np.uint32]] = []
    for place, text in enumerate(texts):
        shingles = _shingles(text)
        if _enough(shingles):
            places.append(place)
            least.append(_first_ranks(shingles))
    if places:
        bits = (np.array(least) * np.uint32(0x9E3779B1)) >> np.uint32(31)
        packed = np.packbits(bits.astype(np.uint8), axis=1)
        for place, row in zip(places, packed, strict=True):
            found[place] = row.tobytes()
    return found


def _make(texts: Sequence[str]) -> list[Fingerprint | None]:
    return [Fingerprint("text_minhash", code) if code else None for code in codes(texts)]


KIND = Kind(
    name="text_minhash",
    route="text_similarity",
    source="text",
    make=_make,
    parse=hex_parser(32),
    format=bytes.hex,
    hamming=True,
    default_radius=31,
    max_radius=64,
)

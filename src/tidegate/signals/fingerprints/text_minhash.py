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

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints.kind import Kind, hex_parser
from tidegate.signals.model import Fingerprint

SHINGLE = 5
MIN_SHINGLES = 32
MAX_CHARACTERS = 32_768
_ORDERS = 256
_BLOCK = 1024  # shingles a block: 1 MB of ranks, which the cache holds

_random = np.random.Generator(np.random.PCG64(0x71DE6A7E))
# A stream that numpy promises for a bit generator, not for its distributions: raw 64-bit words.
_WORDS = _random.bit_generator.random_raw(_ORDERS + SHINGLE)
_MULTIPLIERS = (_WORDS[:_ORDERS] >> np.uint64(32)).astype(np.uint32)[:, None] | np.uint32(1)
_SUMMANDS = _WORDS[:_ORDERS].astype(np.uint32)[:, None]
_CHARACTERS = _WORDS[_ORDERS:] | np.uint64(1)


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
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _first_ranks(shingles: NDArray[np.uint32], starts: NDArray[np.intp]) -> NDArray[np.uint32]:
    """(texts, 256): the least rank of each text's shingles in each order."""
    ranks = _MULTIPLIERS * shingles
    ranks += _SUMMANDS
    return np.minimum.reduceat(ranks, starts, axis=1).T


def _blocks(
    sets: Sequence[NDArray[np.uint32]],
) -> Iterator[tuple[list[int], list[NDArray[np.uint32]]]]:
    """Texts that are hashed together, and one that is long in pieces."""
    owners: list[int] = []
    pieces: list[NDArray[np.uint32]] = []
    size = 0
    for owner, shingles in enumerate(sets):
        for start in range(0, len(shingles), _BLOCK):
            piece = shingles[start : start + _BLOCK]
            if size + len(piece) > _BLOCK and pieces:
                yield owners, pieces
                owners, pieces, size = [], [], 0
            owners.append(owner)
            pieces.append(piece)
            size += len(piece)
    if pieces:
        yield owners, pieces


def codes(texts: Sequence[str]) -> list[bytes | None]:
    """The 32 bytes of each text in normal form, or None for one that is too short."""
    sets = [_shingles(text) for text in texts]
    least = np.full((len(texts), _ORDERS), 0xFFFFFFFF, np.uint32)
    for owners, pieces in _blocks(sets):
        starts = np.cumsum([0, *map(len, pieces[:-1])], dtype=np.intp)
        ranks = _first_ranks(np.concatenate(pieces), starts)
        np.minimum.at(least, owners, ranks)
    bits = (least * np.uint32(0x9E3779B1)) >> np.uint32(31)
    packed = np.packbits(bits.astype(np.uint8), axis=1)
    return [
        row.tobytes() if len(set(shingles.tolist())) >= MIN_SHINGLES else None
        for row, shingles in zip(packed, sets, strict=True)
    ]


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

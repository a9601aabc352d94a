"""A text as features of the learned part: its words, pairs of them and runs of letters, as numbers under the
instance's own key. Pure.

Only what was written counts: no author, no handle, no language tag. Links, handles and numbers are each one sign,
whichever they are. Which number a word has only the key says, so what is learnt tells no words.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

BITS = 17  # of each kind of feature
SIZE = 2 << BITS  # words and pairs below the middle, runs of letters above
LONGEST = 4000  # characters that are read
RUNS = (2, 3, 4, 5)  # letters
PURPOSE = b"learned words 1"  # other numbers for other ways to make features

_SHIFT = np.uint64(64 - BITS)
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_HANDLE = re.compile(r"@[\w.@-]+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_PIECE = re.compile(r"\w+|[^\w\s]")


class Features(msgspec.Struct, frozen=True):
    """What a text has, each number once, ascending, and how often, as 1 + ln; the first `words` of them are words
    and pairs, the others runs of letters."""

    places: NDArray[np.uint32]
    values: NDArray[np.float32]
    words: int


class Numbers:
    """The numbers of features under a key."""

    def __init__(self, key: bytes) -> None:
        seed = hashlib.blake2b(PURPOSE, key=key[:64], digest_size=32).digest()
        self._seed = seed
        drawn = np.random.Generator(np.random.PCG64(int.from_bytes(seed)))
        whole = 1 << 64
        # Odd factors: sums of products with them, of which the highest bits are taken, are spread evenly.
        self._pair = drawn.integers(0, whole, 2, np.uint64) | np.uint64(1)
        self._runs = {n: drawn.integers(0, whole, n + 1, np.uint64) | np.uint64(1) for n in RUNS}

    def of(self, text: str) -> Features:
        """The features of a text; none where it has no letters."""
        pieces: Sequence[str] = _PIECE.findall(plain(text))
        words = np.array([_digest(self._seed, piece) for piece in pieces], np.uint64)
        pairs = words[:-1] * self._pair[0] + words[1:] * self._pair[1]
        of_words = np.concatenate([words, pairs]) >> _SHIFT
        letters = f" {' '.join(pieces)} ".encode("utf-32-le", "surrogatepass")
        of_runs = self._of_runs(np.frombuffer(letters, np.uint32).astype(np.uint64))
        below, often = np.unique(of_words, return_counts=True)
        above, again = np.unique(of_runs, return_counts=True)
        places = np.concatenate([below, above + np.uint64(1 << BITS)]).astype(np.uint32)
        values = (1 + np.log(np.concatenate([often, again]))).astype(np.float32)
        return Features(places, values, len(below))

    def _of_runs(self, codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
        if len(codes) <= 2:  # no letters
            return np.zeros(0, np.uint64)
        found: list[NDArray[np.uint64]] = []
        for length, factors in self._runs.items():
            ends = len(codes) - length + 1
            if ends < 1:
                break
            sums = np.full(ends, factors[length], np.uint64)
            for place in range(length):
                sums += codes[place : place + ends] * factors[place]
            found.append(sums >> _SHIFT)
        return np.concatenate(found)


def plain(text: str) -> str:
    """The text as its features see it: folded, with links, handles and numbers as signs."""
    told = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    told = _LINK.sub(" \u241f ", told)
    told = _HANDLE.sub(" \u241e ", told)
    return _NUMBER.sub("0", told)


@lru_cache(maxsize=1 << 16)
def _digest(seed: bytes, word: str) -> np.uint64:
    data = word.encode("utf-8", "surrogatepass")
    return np.uint64(int.from_bytes(hashlib.blake2b(data, key=seed, digest_size=8).digest()))

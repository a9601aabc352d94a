"""The codes of texts by `minhash.cpp`, bit for bit those that `fingerprints.text_minhash` computes in
numpy, some fifty times as fast.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.library import PATHS, Library

_TOGETHER = 64  # texts a call: what a call costs is spread, and what they need stays in the cache


def multipliers(characters: NDArray[np.uint64], orders: NDArray[np.uint32]) -> bytes:
    """The table that `codes` needs, of the places in a shingle (5,) and of the orders (256,)."""
    return characters.tobytes() + orders.tobytes()


def codes(library: Library, texts: Sequence[str], by: bytes) -> list[bytes | None]:
    """The 32 bytes of each text, or None for one with too few shingles; `by` from `multipliers`."""
    found: list[bytes | None] = []
    for start in range(0, len(texts), _TOGETHER):
        found += _some(library, texts[start : start + _TOGETHER], by)
    return found


def _some(library: Library, texts: Sequence[str], by: bytes) -> list[bytes | None]:
    characters = "".join(texts).encode("utf-32-le")
    ends = np.fromiter(accumulate(map(len, texts)), np.int64, len(texts))
    made = np.empty(len(texts), np.uint8)
    out = np.empty((len(texts), 32), np.uint8)
    library.functions.tidegate_minhash(
        PATHS[library.path],
        by,
        characters,
        ends.ctypes.data,
        len(texts),
        out.ctypes.data,
        made.ctypes.data,
    )
    rows = out.tobytes()
    return [
        rows[32 * row : 32 * row + 32] if is_made else None
        for row, is_made in enumerate(made.tolist())
    ]

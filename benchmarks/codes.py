"""Banks of 256-bit codes as the index meets them, and queries of which one in ten has a neighbour.

*Random*: independent, evenly spread bits. *Skewed*: two codes in five share half of their bits with
very many others, as pictures in the same frame or app screen do; and half of all codes are near-copies
of one another, in families from two to a thousand, as a picture that goes round is.
"""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]  # (n, 4)

RADIUS = 31
_FRAMES = 64
_FAMILY = 1000
_FLIPS = 10


def bank(kind: str, count: int, seed: int) -> Codes:
    """`count` codes of a `random` or `skewed` bank."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 1 << 64, (count, 4), np.uint64, endpoint=False)
    if kind == "random":
        return codes
    frames = np.random.default_rng(1).integers(0, 1 << 64, (_FRAMES, 2), np.uint64)
    framed = np.flatnonzero(rng.random(count) < 0.4)
    codes[framed, :2] = frames[rng.integers(0, _FRAMES, len(framed))]
    sizes = np.minimum(rng.pareto(1.0, count // 4) + 2, _FAMILY).astype(np.int64)
    copies = np.repeat(np.arange(len(sizes)), sizes)[: count // 2]
    rows = count - 1 - np.arange(len(copies))
    codes[rows] = codes[copies]
    for _ in range(_FLIPS):
        some = rows[rng.random(len(rows)) < 0.5]
        bits = rng.integers(0, 256, len(some))
        codes[some, bits // 64] ^= np.uint64(1) << (bits % 64).astype(np.uint64)
    return codes[rng.permutation(count)]


def queries(kind: str, codes: Codes, count: int, seed: int) -> Codes:
    """Fresh codes of the same sort; every tenth is 0 to 31 bits away from one of the bank's."""
    rng = np.random.default_rng(seed)
    asked = bank(kind, count, seed + 1)
    for place in range(0, count, 10):
        asked[place] = codes[rng.integers(0, len(codes))]
        for bit in rng.permutation(256)[: rng.integers(0, RADIUS + 1)].tolist():
            asked[place, bit // 64] ^= np.uint64(1 << (bit % 64))
    return asked

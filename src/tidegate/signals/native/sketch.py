"""The sketches of texts by `sketch.cpp`, to the bit those that `triage.slow_sketch` makes in Python."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.library import Library

SIZE = 368
"""Bytes of a sketch: a digest (16), the bins (128 of 2) and the terms (24 of 4)."""
_UNITS_EACH, _PAD = 12, 8


def sketches(
    library: Library,
    texts: Sequence[str],
    codes: NDArray[np.uint32],
    folding: bytes,
) -> NDArray[np.uint8] | None:
    """The sketches (n, SIZE) of texts in NFKD, whose code points are `codes`; `folding` is the kernel's
    table: the addresses of `fold` and `more`, and the multipliers of the units. None where `fold` has no
    entry yet for one of them."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.cumsum(lengths)
    longest = int(lengths.max(initial=0))
    form = np.empty(longest * _UNITS_EACH + _PAD, np.uint32)
    made = np.empty((len(texts), SIZE), np.uint8)
    done = library.functions.tidegate_sketch(
        folding,
        codes.ctypes.data,
        ends.ctypes.data,
        len(texts),
        form.ctypes.data,
        made.ctypes.data,
    )
    return made if done else None

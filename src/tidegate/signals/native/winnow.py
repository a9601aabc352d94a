"""The anchors of texts by `winnow.cpp`, those that `fingerprints.text_winnowing` finds in numpy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.library import Library


def anchors(library: Library, texts: Sequence[str]) -> list[NDArray[np.uint64]]:
    """The anchors of each text, in the order of their places."""
    characters = "".join(texts).encode("utf-32-le")
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    ends = np.cumsum(lengths)
    made = np.empty(len(texts), np.int64)
    found = np.empty(len(characters) // 4, np.uint64)
    library.functions.tidegate_winnow(
        characters, ends.ctypes.data, len(texts), found.ctypes.data, made.ctypes.data
    )
    starts: list[int] = (ends - lengths).tolist()
    counts: list[int] = made.tolist()
    return [found[at : at + count] for at, count in zip(starts, counts, strict=True)]

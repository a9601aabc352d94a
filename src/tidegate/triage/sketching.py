"""From texts to sketches: all that clusters and stories know of a text, in 368 bytes that can be kept.

`native/sketch.cpp` says what is in a sketch; where it could not be compiled `slow_sketch` makes the same.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native import library, sketch
from tidegate.signals.native.sketch import SIZE as SIZE
from tidegate.triage import folding

VERSION = 1
"""Of what sketches are: those of another are made anew, not compared."""
_MOST_TEXTS, _MOST_CHARACTERS = 1024, 1 << 18  # at once


def sketch_of(texts: Sequence[str]) -> NDArray[np.uint8]:
    """The sketches of texts of any length, one a row: (n, SIZE). `row.tobytes()` can be stored."""
    if not texts:
        return np.empty((0, SIZE), np.uint8)
    made = [_some(some) for some in _parts([folding.decomposed(text) for text in texts])]
    return made[0] if len(made) == 1 else np.concatenate(made)


def digest_of(sketch: bytes) -> bytes:
    """Of a sketch, the 16 bytes that are equal for texts equal after normalisation."""
    return sketch[:16]


def _parts(texts: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    room = _MOST_CHARACTERS
    for text in texts:
        room -= len(text)
        if parts[-1] and (room < 0 or len(parts[-1]) == _MOST_TEXTS):
            parts.append([])
            room = _MOST_CHARACTERS - len(text)
        parts[-1].append(text)
    return parts


def _some(texts: list[str]) -> NDArray[np.uint8]:
    codes = folding.points(texts)
    native = _native()
    if native is None:
        # Imported where it is needed, which is nowhere that the kernels were built.
        from tidegate.triage import slow_sketch

        return slow_sketch.sketches(texts, codes)
    made = sketch.sketches(native, texts, codes, folding.TABLE)
    if made is None:
        folding.fill(codes)
        made = sketch.sketches(native, texts, codes, folding.TABLE)
    assert made is not None
    return made


@cache
def _native() -> library.Library | None:
    return library.load()

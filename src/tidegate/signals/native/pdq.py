"""The floats of PDQ by `pdq.cpp`, bit for bit those that `fingerprints.pdq` computes in numpy."""

import threading

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.library import PATHS, Library

Floats = NDArray[np.float32]

_KEPT = 1 << 20  # floats of scratch memory that a thread keeps: 4 MiB


class _Scratch(threading.local):
    """Memory a thread keeps: clearing fresh pages takes the kernel longer than small pictures us."""

    def __init__(self) -> None:
        self.floats = np.empty(0, np.float32)

    def of(self, size: int) -> Floats:
        if size > _KEPT:
            return np.empty(size, np.float32)
        if size > len(self.floats):
            self.floats = np.empty(size, np.float32)
        return self.floats


_scratch = _Scratch()


def transform(
    library: Library, rgb: NDArray[np.uint8], cosines: Floats
) -> tuple[Floats, Floats, int]:
    """Of `rgb` (height, width, 3), sides of at least 5: the luma scaled to (64, 64), its (16, 16)
    lowest frequencies by `cosines` (16, 64), and the quality, 0 to 100.
    """
    if rgb.strides[1:] != (3, 1):
        rgb = np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    scratch = _scratch.of(library.functions.tidegate_pdq_scratch(height, width))
    small = np.empty((64, 64), np.float32)
    frequencies = np.empty((16, 16), np.float32)
    quality = library.functions.tidegate_pdq(
        PATHS[library.path],
        rgb.ctypes.data,
        height,
        width,
        rgb.strides[0],
        cosines.ctypes.data,
        scratch.ctypes.data,
        small.ctypes.data,
        frequencies.ctypes.data,
    )
    return small, frequencies, quality

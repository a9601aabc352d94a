"""PDQ by `pdq.cpp`, bit for bit what `fingerprints.pdq` computes in numpy."""

import threading

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.library import PATHS, Library

Floats = NDArray[np.float32]

_KEPT = 1 << 20  # floats of scratch memory that a thread keeps: 4 MiB
_ALIGNED = 64  # bytes: vectors that straddle cache lines cost twice


class _Memory(threading.local):
    """Memory a thread keeps: clearing fresh pages takes the kernel longer than small pictures us,
    and asking numpy for an address longer than some."""

    def __init__(self) -> None:
        self.small = np.empty((64, 64), np.float32)
        self.frequencies = np.empty((16, 16), np.float32)
        self.code = np.empty(32, np.uint8)
        self.outputs = tuple(
            array.ctypes.data for array in (self.small, self.frequencies, self.code)
        )
        self._scratch = np.empty(0, np.float32)
        self._address = 0

    def scratch(self, size: int) -> tuple[int, Floats]:
        """The address of so many floats, aligned, and what keeps them alive."""
        if len(self._scratch) - _ALIGNED // 4 >= size:
            return self._address, self._scratch
        scratch = np.empty(size + _ALIGNED // 4, np.float32)
        address = -(-scratch.ctypes.data // _ALIGNED) * _ALIGNED
        if size <= _KEPT:
            self._scratch, self._address = scratch, address
        return address, scratch


_memory = _Memory()


def _run(library: Library, rgb: NDArray[np.uint8], cosines: Floats, as_is: bool) -> int:
    """All outputs into this thread's memory; the quality."""
    if rgb.strides[1:] != (3, 1):
        rgb = np.ascontiguousarray(rgb)
    height, width = rgb.shape[:2]
    address, scratch = _memory.scratch(library.functions.tidegate_pdq_scratch(height, width))
    quality: int = library.functions.tidegate_pdq(
        PATHS[library.path],
        rgb.ctypes.data,
        height,
        width,
        rgb.strides[0],
        as_is,
        cosines.ctypes.data,
        address,
        *_memory.outputs,
    )
    del scratch
    return quality


def code(library: Library, rgb: NDArray[np.uint8], cosines: Floats) -> tuple[bytes, int]:
    """The 32 bytes of `rgb` (height, width, 3), sides of at least 5, and its quality, 0 to 100.
    `cosines` (16, 64) are those of the transform."""
    quality = _run(library, rgb, cosines, True)
    return _memory.code.tobytes(), quality


def transform(
    library: Library, rgb: NDArray[np.uint8], cosines: Floats, as_is: bool = True
) -> tuple[Floats, Floats, int]:
    """The luma scaled to (64, 64), its (16, 16) lowest frequencies, and the quality. Pixels that
    are (64, 64) already are taken `as_is`, else blurred like all others."""
    quality = _run(library, rgb, cosines, as_is)
    return _memory.small.copy(), _memory.frequencies.copy(), quality


def bits(library: Library, frequencies: Floats) -> bytes:
    """The 32 bytes that (16, 16) frequencies make."""
    frequencies = np.ascontiguousarray(frequencies)
    library.functions.tidegate_pdq_bits(frequencies.ctypes.data, _memory.outputs[2])
    return _memory.code.tobytes()

"""Range search over 256-bit codes by `hamming.cpp`: typed arrays in, hits out.

`signals.index.layered` keeps the arrays. They may as well be mapped from a file: nothing here copies
or changes them.
"""

import ctypes
import threading
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.library import PATHS, Library

Codes = NDArray[np.uint64]
"""Shape (n, 4): 32 bytes a code."""

BANDS = 16
SPAN = 65_537


class Hits(NamedTuple):
    """What was found, in no order: which query, which row, and how far it is. Equal lengths."""

    query: NDArray[np.uint32]
    row: NDArray[np.int64]
    distance: NDArray[np.int16]


class Buckets(NamedTuple):
    """The table of inlined multi-index hashing, as `hamming.cpp` describes it."""

    offsets: NDArray[np.uint32]  # (BANDS, SPAN)
    entries: NDArray[np.uint64]  # (BANDS, n, 2)


class _Rows(ctypes.Structure):
    _fields_ = [
        ("codes", ctypes.c_void_p),
        ("radius", ctypes.c_void_p),
        ("gone", ctypes.c_void_p),
        ("offsets", ctypes.c_void_p),
        ("entries", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("max_radius", ctypes.c_int64),
    ]


class _Search(ctypes.Structure):
    _fields_ = [
        ("queries", ctypes.c_void_p),
        ("radius", ctypes.c_void_p),
        ("hits", ctypes.c_void_p),
        ("query", ctypes.c_void_p),
        ("row", ctypes.c_void_p),
        ("distance", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
        ("limit", ctypes.c_int64),
        ("scanned", ctypes.c_int64),
    ]


class _Room(threading.local):
    """Where a thread's hits are written; grown to the most that there were."""

    def __init__(self) -> None:
        self.grow(1024)

    def grow(self, capacity: int) -> None:
        self.capacity = capacity
        self.query = np.empty(capacity, np.uint32)
        self.row = np.empty(capacity, np.uint32)
        self.distance = np.empty(capacity, np.int16)
        self.places = [_address(room) for room in (self.query, self.row, self.distance)]


def _address(array: NDArray[np.generic]) -> int:
    return array.ctypes.data


_room = _Room()
_MOST_KEPT = 1 << 16


class Rows:
    """Rows to be searched: `codes` (n, 4), `radius` int16 (n,), each row's own; `gone`, one bit a row
    in uint64 words, may be set while others search; `buckets` as `build` made them, or None for
    a plain scan. Contiguous arrays; `max_radius` is that of the rows.
    """

    def __init__(
        self,
        codes: Codes,
        radius: NDArray[np.int16],
        gone: NDArray[np.uint64] | None = None,
        buckets: Buckets | None = None,
        max_radius: int | None = None,
    ) -> None:
        if codes.dtype != np.uint64 or codes.shape != (len(radius), 4) or radius.dtype != np.int16:
            raise ValueError("codes must be uint64 of shape (n, 4), radii int16 of shape (n,)")
        if max_radius is None:
            max_radius = int(radius.max(initial=-1))
        self._kept = (codes, radius, gone, buckets)
        self._c = _Rows(
            _address(codes),
            _address(radius),
            None if gone is None else _address(gone),
            None if buckets is None else _address(buckets.offsets),
            None if buckets is None else _address(buckets.entries),
            len(codes),
            max_radius,
        )
        self._reference = ctypes.addressof(self._c)

    def search(
        self,
        library: Library,
        queries: Codes,
        radius: NDArray[np.int16] | None = None,
        limit: int = 0,
    ) -> Hits:
        """The rows within their own radius of each query, and within `radius[query]` where given.

        `limit` > 0 stops a query at so many hits: any of them, not the nearest; 1 asks whether there
        is one at all.
        """
        room = _room
        counts = np.zeros(len(queries), np.uint32)
        while True:
            asked = _Search(
                _address(queries),
                None if radius is None else _address(radius),
                _address(counts),
                *room.places,
                len(queries),
                room.capacity,
                limit,
            )
            found: int = library.functions.tidegate_search(
                PATHS[library.path], self._reference, ctypes.addressof(asked)
            )
            if found <= room.capacity:
                break
            room.grow(found)
            counts[:] = 0
        hits = Hits(
            room.query[:found].copy(),
            room.row[:found].astype(np.int64),
            room.distance[:found].copy(),
        )
        if room.capacity > _MOST_KEPT:
            room.grow(_MOST_KEPT)
        return hits


def build(library: Library, codes: Codes) -> Buckets:
    """The table of these codes; 256 bytes a code and 4 MiB."""
    offsets = np.empty((BANDS, SPAN), np.uint32)
    entries = np.empty((BANDS, len(codes), 2), np.uint64)
    library.functions.tidegate_build(
        _address(codes), len(codes), _address(offsets), _address(entries)
    )
    return Buckets(offsets, entries)

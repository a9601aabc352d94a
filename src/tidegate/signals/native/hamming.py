"""Range search over 256-bit codes by `hamming.cpp`: typed arrays in, hits out.

`signals.index` keeps the arrays, in memory or mapped from a file: nothing here copies or changes
them. Each row belongs to a *group*, and how near a query must come is the group's to say.
"""

import ctypes
import threading
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.library import PATHS, Library

Codes = NDArray[np.uint64]
"""Shape (n, 4): 32 bytes a code."""

BANDS = 16
SPAN = 65_537
GROUPS = 65_536
BLOCK = 65_536
"""Bytes that have a checksum of their own in a guarded file."""


class Hits(NamedTuple):
    """What was found, in no order: which query, which row, and how far it is. Equal lengths.

    `damaged` counts the meetings with a bad block of the file. Where it is not 0, rows may have been
    left out: those that lie in blocks whose `Guard.state` is 2.
    """

    query: NDArray[np.uint32]
    row: NDArray[np.int64]
    distance: NDArray[np.int16]
    damaged: int


class Buckets(NamedTuple):
    """The table of multi-index hashing, as `hamming.cpp` describes it."""

    offsets: NDArray[np.uint32]  # (BANDS, SPAN)
    tags: NDArray[np.uint32]  # (BANDS, n)
    ids: NDArray[np.uint32]  # (BANDS, n)


_A = TypeVar("_A", bound=NDArray[Any])


def _address(array: NDArray[np.generic]) -> int:
    return array.ctypes.data


class _Guard(ctypes.Structure):
    _fields_ = [
        ("base", ctypes.c_void_p),
        ("sums", ctypes.c_void_p),
        ("state", ctypes.c_void_p),
        ("size", ctypes.c_int64),
    ]


class _Rows(ctypes.Structure):
    _fields_ = [
        ("codes", ctypes.c_void_p),
        ("groups", ctypes.c_void_p),
        ("radii", ctypes.c_void_p),
        ("gone", ctypes.c_void_p),
        ("offsets", ctypes.c_void_p),
        ("tags", ctypes.c_void_p),
        ("ids", ctypes.c_void_p),
        ("guard", ctypes.c_void_p),
        ("count", ctypes.c_int64),
    ]


class _Search(ctypes.Structure):
    _fields_ = [
        ("queries", ctypes.c_char_p),
        ("radius", ctypes.c_void_p),
        ("hits", ctypes.c_void_p),
        ("query", ctypes.c_void_p),
        ("row", ctypes.c_void_p),
        ("distance", ctypes.c_void_p),
        ("count", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
        ("limit", ctypes.c_int64),
        ("max_radius", ctypes.c_int64),
        ("scanned", ctypes.c_int64),
        ("damaged", ctypes.c_int64),
    ]


class _Room(threading.local):
    """What a thread asks, and where its hits are written; grown to the most that there were."""

    def __init__(self) -> None:
        self.asked = _Search()
        self.reference = ctypes.addressof(self.asked)
        self.grow(1024)
        self.count(64)

    def grow(self, capacity: int) -> None:
        """Room for so many hits."""
        self.query = np.empty(capacity, np.uint32)
        self.row = np.empty(capacity, np.uint32)
        self.distance = np.empty(capacity, np.int16)
        self.asked.query = _address(self.query)
        self.asked.row = _address(self.row)
        self.asked.distance = _address(self.distance)
        self.capacity = capacity

    def count(self, queries: int) -> None:
        """Room for the numbers of hits of so many queries."""
        self.counts = np.empty(queries, np.uint32)
        self.asked.hits = _address(self.counts)


def _array(array: _A, kind: type[np.generic], shape: tuple[int, ...]) -> _A:
    """The array, which the kernel will read as being just so."""
    whole = array.flags.c_contiguous and array.flags.aligned
    if array.dtype != kind or array.shape != shape or not whole:
        raise ValueError(f"{np.dtype(kind)} of shape {shape} was wanted, in one piece")
    return array


_room = _Room()
_MOST_KEPT = 1 << 16
_NOTHING = Hits(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int16), 0)


class Guard:
    """The checksums of a mapped file, compared block by block before the kernel first reads in one.

    `data` is the file from its first byte on; `checksums` the zlib.crc32 of each BLOCK of it, the
    last of which may be shorter; `state`, one byte a block, what is known of it: 0 unread, 1 sound,
    2 bad. What is mapped elsewhere than in `data` is taken as it is.
    """

    def __init__(self, data: NDArray[np.uint8], checksums: NDArray[np.uint32]) -> None:
        if len(checksums) != -(-len(data) // BLOCK):
            raise ValueError(f"{len(data)} bytes need a checksum for each block of {BLOCK}")
        self.data = _array(data, np.uint8, (len(data),))
        self.checksums = np.require(checksums, np.uint32, ["C", "ALIGNED"])
        self.state = np.zeros(len(checksums), np.uint8)
        self._c = _Guard(
            _address(self.data), _address(self.checksums), _address(self.state), len(data)
        )
        self.reference = ctypes.addressof(self._c)


class Rows:
    """Rows to be searched: `codes` (n, 4); `groups` (n,), or None where all are of group 0; `radii`
    (GROUPS,), the radius of each group, -1 where none of its rows is to be found; `gone`, one bit a
    row in uint64 words; `buckets` as `build` made them, or None for a plain scan; `guard` of the file
    that any of them are mapped from. Contiguous arrays, which are kept; `radii` and `gone` may change
    while others search. Raises ValueError where shapes or types are others.
    """

    def __init__(
        self,
        codes: Codes,
        groups: NDArray[np.uint16] | None,
        radii: NDArray[np.int16],
        gone: NDArray[np.uint64] | None = None,
        buckets: Buckets | None = None,
        guard: Guard | None = None,
    ) -> None:
        count = len(codes)
        _array(codes, np.uint64, (count, 4))
        _array(radii, np.int16, (GROUPS,))
        if groups is not None:
            _array(groups, np.uint16, (count,))
        if gone is not None:
            _array(gone, np.uint64, (max(len(gone), -(-count // 64)),))
        if buckets is not None:
            _array(buckets.offsets, np.uint32, (BANDS, SPAN))
            _array(buckets.tags, np.uint32, (BANDS, count))
            _array(buckets.ids, np.uint32, (BANDS, count))
        self._kept = (codes, groups, radii, gone, buckets, guard)
        self._c = _Rows(
            _address(codes),
            None if groups is None else _address(groups),
            _address(radii),
            None if gone is None else _address(gone),
            None if buckets is None else _address(buckets.offsets),
            None if buckets is None else _address(buckets.tags),
            None if buckets is None else _address(buckets.ids),
            None if guard is None else guard.reference,
            count,
        )
        self._reference = ctypes.addressof(self._c)

    def search(
        self,
        library: Library,
        queries: Codes | bytes,
        max_radius: int,
        radius: NDArray[np.int16] | None = None,
        limit: int = 0,
    ) -> Hits:
        """The rows within their group's radius of each query, within `max_radius`, and within
        `radius[query]` where given. `queries`: (n, 4), or the bytes of that. What is asked for costs,
        not what the groups say: `max_radius` had better be the greatest of `radii`.

        `limit` > 0 stops a query at so many hits: any of them, not the nearest; 1 asks whether there
        is one at all.
        """
        room = _room
        while True:
            found = self._run(library, queries, radius, room.capacity, limit, max_radius)
            if found <= room.capacity:
                break
            room.grow(found)
        damaged = room.asked.damaged
        if not found:
            return _NOTHING._replace(damaged=damaged) if damaged else _NOTHING
        hits = Hits(
            room.query[:found].copy(),
            room.row[:found].astype(np.int64),
            room.distance[:found].copy(),
            damaged,
        )
        if room.capacity > _MOST_KEPT:
            room.grow(_MOST_KEPT)
        return hits

    def count(
        self,
        library: Library,
        queries: Codes | bytes,
        max_radius: int,
        radius: NDArray[np.int16] | None = None,
    ) -> NDArray[np.uint32]:
        """How many hits each query has; no memory for them is needed, however many."""
        self._run(library, queries, radius, 0, 0, max_radius)
        return _room.counts[: _room.asked.count].copy()

    def _run(
        self,
        library: Library,
        queries: Codes | bytes,
        radius: NDArray[np.int16] | None,
        capacity: int,
        limit: int,
        max_radius: int,
    ) -> int:
        if not isinstance(queries, bytes):
            queries = _array(queries, np.uint64, (len(queries), 4)).tobytes()
        room, asked = _room, _room.asked
        count, rest = divmod(len(queries), 32)
        if rest:
            raise ValueError("32 bytes for each query were wanted")
        if count > len(room.counts):
            room.count(count)
        asked.radius = None
        if radius is not None:
            asked.radius = _address(_array(radius, np.int16, (count,)))
        asked.queries, asked.count, asked.capacity = queries, count, capacity
        asked.limit, asked.max_radius = limit, max_radius
        return library.functions.tidegate_search(
            PATHS[library.path], self._reference, room.reference
        )


def build(library: Library, codes: Codes) -> Buckets:
    """The table of these codes; 128 bytes a code and 4 MiB."""
    shape = BANDS, len(codes)
    buckets = Buckets(
        np.empty((BANDS, SPAN), np.uint32), np.empty(shape, np.uint32), np.empty(shape, np.uint32)
    )
    build_into(library, codes, buckets)
    return buckets


def build_into(library: Library, codes: Codes, buckets: Buckets) -> None:
    """Write the table of these codes where it is to be: in a file that is mapped, say."""
    count = len(codes)
    _array(codes, np.uint64, (count, 4))
    shapes = (BANDS, SPAN), (BANDS, count), (BANDS, count)
    for array, shape in zip(buckets, shapes, strict=True):
        if not _array(array, np.uint32, shape).flags.writeable:
            raise ValueError("the table must be writable")
    scratch = np.empty(library.functions.tidegate_build_scratch(), np.uint8)
    library.functions.tidegate_build(
        _address(codes), count, *map(_address, buckets), _address(scratch)
    )

"""Rows of codes that can be searched: by the native kernels, or in numpy where these were not built.

The two give the same answers. Numpy compares every row: some 100,000 codes are its limit for quick
answers, and `tidegate doctor` says so.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native import hamming
from tidegate.signals.native.hamming import Buckets, Codes, Guard, Hits
from tidegate.signals.native.library import Library

_BLOCK = 16_384  # rows compared at a time: their words stay in the cache for all queries


class Rows(Protocol):
    """What a layer asks of its rows."""

    def search(
        self,
        queries: Codes | bytes,
        most: int,
        radius: NDArray[np.int16] | None = None,
        limit: int = 0,
    ) -> Hits:
        """The rows within min(radius of the row's group, radius of the query) of each query; no
        group's radius is above `most`. `queries`: (n, 4), or the bytes of that. `limit`: so many
        hits a query, any of them; 0: all.
        """
        ...

    def count(
        self, queries: Codes | bytes, most: int, radius: NDArray[np.int16] | None = None
    ) -> NDArray[np.uint32]:
        """How many rows `search` would find for each query."""
        ...


def make_rows(
    library: Library | None,
    codes: Codes,
    groups: NDArray[np.uint16],
    radii: NDArray[np.int16],
    gone: NDArray[np.uint64],
    buckets: Buckets | None = None,
    guard: Guard | None = None,
) -> Rows:
    """Rows on the arrays as they are; `radii`, by group, and `gone` may change meanwhile."""
    if library is None:
        return _Scanned(codes, groups, radii, gone)
    return _Native(library, hamming.Rows(codes, groups, radii, gone, buckets, guard))


class _Native:
    def __init__(self, library: Library, rows: hamming.Rows) -> None:
        self._library, self._rows = library, rows

    def search(
        self,
        queries: Codes | bytes,
        most: int,
        radius: NDArray[np.int16] | None = None,
        limit: int = 0,
    ) -> Hits:
        return self._rows.search(self._library, queries, most, radius, limit)

    def count(
        self, queries: Codes | bytes, most: int, radius: NDArray[np.int16] | None = None
    ) -> NDArray[np.uint32]:
        return self._rows.count(self._library, queries, most, radius)


class _Scanned:
    def __init__(
        self,
        codes: Codes,
        groups: NDArray[np.uint16],
        radii: NDArray[np.int16],
        gone: NDArray[np.uint64],
    ) -> None:
        self._codes, self._groups, self._radii, self._gone = codes, groups, radii, gone

    def search(
        self,
        queries: Codes | bytes,
        most: int,
        radius: NDArray[np.int16] | None = None,
        limit: int = 0,
    ) -> Hits:
        if isinstance(queries, bytes):
            queries = np.frombuffer(queries, np.uint64).reshape(-1, 4)
        found: list[tuple[int, int, int]] = []
        counts = [0] * len(queries)
        for start in range(0, len(self._codes), _BLOCK):
            words = self._codes[start : start + _BLOCK]
            allowed = self._radii[self._groups[start : start + _BLOCK]]
            bits = self._gone[start // 64 : (start + _BLOCK) // 64 + 1].view(np.uint8)
            gone = np.unpackbits(bits, bitorder="little")[: len(words)]
            allowed = np.where(gone, np.int16(-1), allowed)
            for place, query in enumerate(queries):
                bound = allowed if radius is None else np.minimum(allowed, radius[place])
                # Half of the bits rule out nearly every row that is not alike.
                near = np.flatnonzero(_distances(words[:, :2], query[:2]) <= bound)
                if not len(near):
                    continue
                far = _distances(words[near], query)
                for row in np.flatnonzero(far <= bound[near]).tolist():
                    if limit and counts[place] >= limit:
                        break
                    counts[place] += 1
                    found.append((place, start + int(near[row]), int(far[row])))
        columns = np.array(found, np.int64).reshape(-1, 3).T
        return Hits(columns[0].astype(np.uint32), columns[1], columns[2].astype(np.int16), 0)

    def count(
        self, queries: Codes | bytes, most: int, radius: NDArray[np.int16] | None = None
    ) -> NDArray[np.uint32]:
        count = len(queries) // (32 if isinstance(queries, bytes) else 1)
        found = self.search(queries, most, radius).query
        return np.bincount(found, minlength=count).astype(np.uint32)


def _distances(words: NDArray[np.uint64], query: NDArray[np.uint64]) -> NDArray[np.int16]:
    """Hamming distances, 0 to 256, of the query to each row."""
    return np.bitwise_count(words ^ query).sum(axis=1, dtype=np.int16)

"""256-bit codes as a plain scan in numpy, for where the native kernels were not built.

Exact by construction, and fast enough for some 100,000 codes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.index.codes import Found

_BLOCK = 16_384  # rows scanned at a time: their four words stay in the cache for all probes
_GONE = -1  # the radius of a removed row: no distance is within it


class ScannedCodes:
    """Codes of one kind as four columns of 64-bit words, grown by doubling."""

    def __init__(self) -> None:
        self.words = np.empty((4, 64), np.uint64)
        self.radius = np.empty(64, np.int16)
        self.owners: list[str] = []
        self.rows: dict[str, list[int]] = {}
        self.gone = 0

    def add(self, owner: str, value: bytes, radius: int) -> None:
        row = len(self.owners)
        if row == len(self.radius):
            self._resize(2 * row)
        self.words[:, row] = np.frombuffer(value, np.uint64)
        self.radius[row] = radius
        self.owners.append(owner)
        self.rows.setdefault(owner, []).append(row)

    def remove(self, owner: str) -> None:
        for row in self.rows.pop(owner, ()):
            self.radius[row] = _GONE
            self.gone += 1
        if self.gone > 64 and 2 * self.gone > len(self.owners):
            self._compact()

    def _resize(self, size: int) -> None:
        used = len(self.owners)
        words, radius = np.empty((4, size), np.uint64), np.empty(size, np.int16)
        words[:, :used], radius[:used] = self.words[:, :used], self.radius[:used]
        self.words, self.radius = words, radius

    def _compact(self) -> None:
        kept = np.flatnonzero(self.radius[: len(self.owners)] != _GONE)
        self.words[:, : len(kept)] = self.words[:, kept]
        self.radius[: len(kept)] = self.radius[kept]
        self.owners = [self.owners[row] for row in kept.tolist()]
        self.rows = {}
        for row, owner in enumerate(self.owners):
            self.rows.setdefault(owner, []).append(row)
        self.gone = 0

    def owner(self, number: int) -> str:
        return self.owners[number]

    def freeze(self) -> "_Scan":
        return _Scan(self.words, self.radius, len(self.owners))


class _Scan(NamedTuple):
    words: NDArray[np.uint64]
    radius: NDArray[np.int16]
    used: int

    def search(self, values: Sequence[bytes]) -> Found:
        queries = np.frombuffer(b"".join(values), np.uint64).reshape(-1, 4)
        hits: list[tuple[int, int, int]] = []
        for start in range(0, self.used, _BLOCK):
            end = min(start + _BLOCK, self.used)
            words, radius = self.words[:, start:end], self.radius[start:end]
            for place, query in enumerate(queries):
                # Half of the bits rule out nearly every row that is not alike.
                near = np.flatnonzero(_distances(words[:2], query[:2]) <= radius)
                if not len(near):
                    continue
                distances = _distances(words[:, near], query)
                hits += [
                    (place, start + int(near[row]), int(distances[row]))
                    for row in np.flatnonzero(distances <= radius[near]).tolist()
                ]
        columns = np.array(hits, np.int64).reshape(-1, 3).T
        return Found(columns[0], columns[1], columns[2].astype(np.int16))


def _distances(words: NDArray[np.uint64], query: NDArray[np.uint64]) -> NDArray[np.int16]:
    """Hamming distances, 0 to 256, of the query to each row."""
    total = np.bitwise_count(words[0] ^ query[0]).astype(np.int16)
    for column, word in zip(words[1:], query[1:], strict=True):
        total += np.bitwise_count(column ^ word)
    return total

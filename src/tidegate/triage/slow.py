"""Clusters in Python, where `native/clusters.cpp` could not be compiled: the same decisions, for tests
and for small numbers. What a cluster is stands there.
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.clusters import FRESH, NEW, Near
from tidegate.triage.model import Manner
from tidegate.triage.slow_stories import Stories

BINS, KEYS, STEPS, LEAST_HEADS = 128, 64, 8, 1 << 16
PLACES = KEYS * 3 // 2  # of keys, for each anchor
_MIX, _ALL = 0x9E3779B97F4A7C15, (1 << 64) - 1


def _walks() -> list[tuple[int, list[int]]]:
    walks: list[tuple[int, list[int]]] = []
    for key in range(KEYS):
        walk = (key + 1) * _MIX & _ALL
        step = (walk >> 40 & 127) | 1
        walks.append((walk, [((walk >> 57) + z * step) & 127 for z in range(BINS)]))
    return walks


_WALKS = _walks()


def keys_of(bins: NDArray[np.uint16]) -> list[int]:
    """The 64 keys of a sketch's bins, by two of which at least an anchor is found."""
    values: list[int] = bins.tolist()
    keys: list[int] = []
    for walk, places in _WALKS:
        mixed, rows = walk, 0
        for place in places:
            if values[place]:
                mixed = (mixed ^ values[place]) * _MIX & _ALL
                mixed ^= mixed >> 32
                rows += 1
                if rows == 2:
                    break
        keys.append((mixed * _MIX & _ALL) >> 32)
    return keys


def similarity(one: NDArray[np.uint16], other: NDArray[np.uint16]) -> float:
    """The share of the shingles of both that they have in common, as the bins tell."""
    either = int(np.count_nonzero(one | other))
    return int(np.count_nonzero((one == other) & (one != 0))) / either if either else 0.0


class SlowClusters:
    """As `NativeClusters`, which says what the methods do."""

    def __init__(self, manner: Manner) -> None:
        self._by = manner
        self._anchors: list[NDArray[np.uint16]] = []
        self._owners: list[int] = []
        self._heads: dict[int, list[tuple[int, int]]] = {}
        self._places = LEAST_HEADS
        self._known: dict[bytes, tuple[int, int]] = {}
        self._into: list[int] = []
        self._story: list[int] = []
        self._stories = Stories(manner)

    def near(self, sketch: bytes, most: int) -> list[Near]:
        known = self._known.get(sketch[:16])
        found = [] if known is None else [Near(1.0, self._root(known[0]), NEW)]
        bins = _bins(sketch)
        if np.count_nonzero(bins) < self._by.least:
            return found[:most]
        times: dict[int, int] = {}
        for key in keys_of(bins):
            for anchor, _ in self._heads.get(self._place(key), [])[-STEPS:]:
                times[anchor] = times.get(anchor, 0) + 1
        alike = [
            Near(like, self._root(self._owners[anchor]), anchor)
            for anchor, count in times.items()
            if count > 1 and (like := similarity(bins, self._anchors[anchor])) >= self._by.near
        ]
        return (found + sorted(alike, key=lambda one: (-one.similarity, one.anchor)))[:most]

    def put(self, sketch: bytes, cluster: int, is_anchor: bool, day: float, beside: int) -> int:
        fresh = cluster == NEW
        if fresh:
            cluster = len(self._into)
            self._into.append(cluster)
            terms = np.frombuffer(sketch, "<u4", offset=16 + 2 * BINS).tolist()
            given = self._story[beside] if beside < FRESH else beside
            self._story.append(self._stories.take(terms, day, given, cluster))
        else:
            cluster = self._root(cluster)
        _, anchor = self._known.get(sketch[:16], (NEW, NEW))
        if anchor != NEW:
            self._owners[anchor] = cluster
        elif fresh or is_anchor:
            anchor = self._anchor(_bins(sketch), cluster)
        self._known[sketch[:16]] = (cluster, anchor)
        return cluster

    def assign(
        self, sketches: NDArray[np.uint8], days: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        clusters, alike = np.empty(len(sketches), np.uint32), np.zeros(len(sketches), np.float64)
        for row, sketch in enumerate(sketches):
            best = self.near(sketch.tobytes(), 1)
            if best:
                alike[row] = best[0].similarity
            cluster = best[0].cluster if best else NEW
            clusters[row] = self.put(sketch.tobytes(), cluster, False, float(days[row]), NEW)
        return clusters, alike

    def now(self, numbers: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        clusters = [self._root(number) for number in numbers.tolist()]
        stories = [self._stories.first(self._story[cluster]) for cluster in clusters]
        return np.array(clusters, np.uint32), np.array(stories, np.uint32)

    def merge(self, into: int, other: int) -> None:
        self._into[self._root(other)] = self._root(into)

    def unmerge(self, cluster: int) -> None:
        self._into[cluster] = cluster

    def forget(self, digest: bytes) -> bool:
        known = self._known.pop(digest, None)
        if known is not None and known[1] != NEW:
            self._anchors[known[1]] = np.zeros(BINS, np.uint16)
        return known is not None

    def moved(self) -> list[tuple[int, int]]:
        moved, self._stories.moved = self._stories.moved, []
        return moved

    @property
    def bytes_held(self) -> int:
        return 8192 * len(self._anchors) + 256 * len(self._known)  # roughly

    def _root(self, cluster: int) -> int:
        while self._into[cluster] != cluster:
            cluster = self._into[cluster]
        return cluster

    def _anchor(self, bins: NDArray[np.uint16], cluster: int) -> int:
        number = len(self._anchors)
        self._anchors.append(bins)
        self._owners.append(cluster)
        while self._places < (number + 1) * PLACES:
            self._part()
        if np.count_nonzero(bins) >= self._by.least:
            for z, key in enumerate(keys_of(bins)):
                self._heads.setdefault(self._place(key), []).append((number, z))
        return number

    def _place(self, key: int) -> int:
        widest = (1 << (self._places - 1).bit_length()) - 1
        place = key & widest
        return place if place < self._places else place & widest >> 1

    def _part(self) -> None:
        """One place more: those that fall into it now are of one place until now."""
        half = 1 << self._places.bit_length() - 1
        chain = self._heads.pop(self._places - half, [])
        self._places += 1
        for anchor, z in chain:
            if self._anchors[anchor].any():
                key = keys_of(self._anchors[anchor])[z]
                self._heads.setdefault(self._place(key), []).append((anchor, z))


def _bins(sketch: bytes) -> NDArray[np.uint16]:
    return np.frombuffer(sketch, "<u2", count=BINS, offset=16)

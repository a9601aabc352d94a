"""Clusters and stories kept by `clusters.cpp`, which decides as `triage.slow` does in Python."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native.library import Library

NEW = 0xFFFFFFFF
"""For a cluster that is to be a new one, a story that its words decide, and the anchor of an equal text."""
FRESH = 0xFFFFFFFE
"""For a story that is to be a new one."""
_AT_ONCE = 4096


class Near(NamedTuple):
    """What a text is like. `anchor` is NEW where an equal text is known."""

    similarity: float
    cluster: int
    anchor: int


_NEAR = np.dtype([("similarity", "f8"), ("cluster", "u4"), ("anchor", "u4")])


class NativeClusters:
    """One thread at a time. Sketches are rows of 368 bytes, days are days since 1970 or NaN. Raises
    MemoryError where there is no room for more; what was kept stays."""

    def __init__(self, library: Library, manner: bytes, logarithms: NDArray[np.float64]) -> None:
        """`manner`: the doubles of `Manner` in clusters.cpp before the table of logarithms, and the
        integer after it."""
        self._functions = library.functions
        self._logarithms = logarithms  # the kernel reads it as long as there are clusters
        table = np.array([logarithms.ctypes.data], np.uint64).tobytes()
        self._all = self._functions.tidegate_clusters_new(manner[:-8] + table + manner[-8:])
        if not self._all:
            raise MemoryError

    def __del__(self) -> None:
        if getattr(self, "_all", None):
            self._functions.tidegate_clusters_free(self._all)

    def _reserve(self, more: int) -> None:
        if not self._functions.tidegate_clusters_reserve(self._all, more):
            raise MemoryError

    def near(self, sketch: bytes, most: int) -> list[Near]:
        """The likest anchors, an equal text first."""
        found = np.empty(most, _NEAR)
        count = self._functions.tidegate_clusters_near(self._all, sketch, found.ctypes.data, most)
        return [Near(*row) for row in found[:count].tolist()]

    def put(self, sketch: bytes, cluster: int, is_anchor: bool, day: float, beside: int) -> int:
        """Record a text of a cluster, or of a NEW one; the cluster. A new one is in the story of the
        cluster `beside`, of a FRESH one, or (NEW) in that which its words say. `is_anchor`: what is like
        this text joins its cluster too."""
        self._reserve(1)
        return self._functions.tidegate_clusters_put(
            self._all, sketch, cluster, is_anchor, day, beside
        )

    def assign(
        self, sketches: NDArray[np.uint8], days: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        """The clusters of arrivals in their order, and how like their anchors they are: 0 if new."""
        clusters, alike = np.empty(len(sketches), np.uint32), np.empty(len(sketches), np.float64)
        for start in range(0, len(sketches), _AT_ONCE):
            some = np.ascontiguousarray(sketches[start : start + _AT_ONCE])
            self._reserve(len(some))
            self._functions.tidegate_clusters_assign(
                self._all,
                some.ctypes.data,
                np.ascontiguousarray(days[start : start + _AT_ONCE]).ctypes.data,
                len(some),
                clusters[start:].ctypes.data,
                alike[start:].ctypes.data,
            )
        return clusters, alike

    def now(self, numbers: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """The clusters that these numbers stand for now, and of their stories the clusters that began
        them."""
        asked = np.ascontiguousarray(numbers, np.uint32)
        clusters, stories = np.empty_like(asked), np.empty_like(asked)
        self._functions.tidegate_clusters_now(
            self._all, asked.ctypes.data, len(asked), clusters.ctypes.data, stories.ctypes.data
        )
        return clusters, stories

    def merge(self, into: int, other: int) -> None:
        """Make another cluster part of one; both must be present ones."""
        self._functions.tidegate_clusters_merge(self._all, into, other)

    def unmerge(self, cluster: int) -> None:
        """Take a cluster out of what it was made part of, with what was its own before."""
        self._functions.tidegate_clusters_unmerge(self._all, cluster)

    def forget(self, digest: bytes) -> bool:
        """Find nothing by that text any more; whether it was known."""
        return bool(self._functions.tidegate_clusters_forget(self._all, digest))

    def moved(self) -> list[tuple[int, int]]:
        """The stories that became part of others since the last call, in that order, by the clusters
        that began them."""
        pairs: list[tuple[int, int]] = []
        some = np.empty((1024, 2), np.uint32)
        while True:
            count = self._functions.tidegate_clusters_moved(self._all, some.ctypes.data, 1024)
            pairs += [(old, into) for old, into in some[:count].tolist()]
            if count < len(some):
                return pairs

    @property
    def bytes_held(self) -> int:
        """Memory, in bytes."""
        return self._functions.tidegate_clusters_bytes(self._all)

"""What keeps clusters: the kernel, or Python where it could not be compiled."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.native import library
from tidegate.signals.native.clusters import NativeClusters, Near
from tidegate.triage.model import LOGARITHMS, Manner


class Engine(Protocol):
    """`NativeClusters` says what the methods do."""

    def near(self, sketch: bytes, most: int) -> list[Near]: ...
    def put(self, sketch: bytes, cluster: int, is_anchor: bool, day: float, beside: int) -> int: ...
    def assign(
        self, sketches: NDArray[np.uint8], days: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint32], NDArray[np.float64]]: ...
    def now(self, numbers: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]: ...
    def merge(self, into: int, other: int) -> None: ...
    def unmerge(self, cluster: int) -> None: ...
    def forget(self, digest: bytes) -> bool: ...
    def moved(self) -> list[tuple[int, int]]: ...
    @property
    def bytes_held(self) -> int: ...


def new_engine(manner: Manner) -> Engine:
    """An empty one."""
    native = library.load()
    if native is not None:
        return NativeClusters(native, manner.packed(), np.array(LOGARITHMS))
    from tidegate.triage.slow import SlowClusters

    return SlowClusters(manner)

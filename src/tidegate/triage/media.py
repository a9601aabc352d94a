"""Which clusters a file or a picture is known in: by the codes that `signals` computes of media."""

from collections.abc import Sequence

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.door import refuse_poor
from tidegate.signals.index import CodeIndex
from tidegate.signals.model import Fingerprint

_SOURCES = ("bytes", "pixels")


class MediaIndex:
    """Codes of media, each of a cluster by its number. Codes of other kinds, and those that say too little
    to be known by, count for nothing."""

    def __init__(self) -> None:
        self._index = CodeIndex()
        self._clusters: list[int] = []  # of each owner in the index
        for name, kind in KINDS.items():
            if kind.hamming:
                self._index.set_radius(name, 0, kind.default_radius)

    def add(self, cluster: int, codes: Sequence[Fingerprint]) -> None:
        """From now on the cluster is found by these. Raises ValueError for a code that is none."""
        if counted := _counted(codes):
            self._index.upsert(len(self._clusters), 0, counted)
            self._clusters.append(cluster)

    def find(self, codes: Sequence[Fingerprint]) -> list[int]:
        """The clusters that have one of these, or one near to it: same files before pictures that look
        alike, of these the nearest first, and then the oldest."""
        counted = _counted(codes)
        if not counted or not self._clusters:
            return []
        hits = {
            (KINDS[code.kind].near, hit.distance, hit.owner)
            for code, found in zip(counted, self._index.search(counted), strict=True)
            for hit in found
        }
        return list(dict.fromkeys(self._clusters[owner] for _, _, owner in sorted(hits)))


def _counted(codes: Sequence[Fingerprint]) -> list[Fingerprint]:
    return [
        code for code in codes if KINDS[code.kind].source in _SOURCES and refuse_poor(code) is None
    ]

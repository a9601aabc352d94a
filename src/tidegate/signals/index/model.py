"""What the index answers with; pure."""

from typing import NamedTuple


class Hit(NamedTuple):
    """An owner found by a probe, at the least distance of its codes (bits; 0 for exact values; of
    anchors, how many of the probe's it has not)."""

    owner: int
    distance: int

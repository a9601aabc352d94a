"""Fingerprints of decoded pixels: what the decoding workers run, apart from the server."""

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.kind import several
from tidegate.signals.model import Fingerprint

HASHER = f"{__name__}:of_pixels"
"""What a `MediaPool` is told to run."""


def can_be(kind: str, value: bytes, quality: int | None) -> bool:
    """Whether pixels can give such a code: what a worker says is asked before it is believed."""
    known = KINDS.get(kind)
    if known is None or known.source != "pixels" or not (known.hamming or known.size):
        return False
    if quality is None:
        return known.can_be(value) and not known.min_quality
    return known.can_be(value) and known.min_quality <= quality <= 100


def of_pixels(rgb: NDArray[np.uint8]) -> list[Fingerprint]:
    """The fingerprints of one picture, (height, width, 3) in uint8; none where it is too flat."""
    made = (kind.make([rgb])[0] for kind in KINDS.values() if kind.source == "pixels")
    return [code for one in made for code in several(one)]

"""The boxes of ISO base media files (ISO/IEC 14496-12, 4.2), which HEIC, AVIF, JPEG XL and JPEG 2000 are
made of: only walked through, nothing in them is believed."""

from collections.abc import Iterator
from typing import NamedTuple

_STEPS = 512  # of a walk; no honest file has so many boxes side by side


class Box(NamedTuple):
    """What a box is, and where its content lies."""

    name: bytes
    start: int
    end: int


def boxes(data: bytes) -> Iterator[Box]:
    """The outermost boxes of `data`, as far as they make sense."""
    at = 0
    for _ in range(_STEPS):
        if at + 8 > len(data):
            return
        size, start = int.from_bytes(data[at : at + 4]), at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16]), at + 16
        end = len(data) if size == 0 else min(at + size, len(data))
        if end < start:
            return
        yield Box(data[at + 4 : at + 8], start, end)
        at = end

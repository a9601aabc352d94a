"""Kinds of fingerprints that only tests have, and what tests ask of all kinds."""

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.kind import Kind, hex_parser, one_by_one
from tidegate.signals.fingerprints.pixels import of_pixels
from tidegate.signals.model import Fingerprint

MoreKinds = Callable[[Kind], None]
"""Registers one more kind until the test ends: the fixture `more_kinds`."""

HEX = [name for name, kind in KINDS.items() if kind.format is bytes.hex and not kind.common]
"""The kinds whose values people write as so many hex digits."""


def size_of(kind: Kind) -> int:
    """How many bytes the values of a kind of `HEX` have."""

    def reads(size: int) -> bool:
        try:
            return bool(kind.parse("00" * size))
        except ValueError:
            return False

    return next(filter(reads, (32, 16, 8, 4)))


def _words(text: str) -> Fingerprint:
    """64 bits of which texts with the same words have most in common."""
    votes = np.zeros(64, np.int64)
    for word in set(text.split()):
        digest = np.frombuffer(hashlib.sha256(word.encode()).digest()[:8], np.uint8)
        votes += np.unpackbits(digest).astype(np.int64) * 2 - 1
    return Fingerprint("words", np.packbits(votes > 0).tobytes() + bytes(24))


WORDS = Kind(
    name="words",
    route="words",
    source="text",
    make=one_by_one(_words),
    parse=hex_parser(32),
    format=bytes.hex,
    bits=64,
    default_radius=4,
    max_radius=8,
    fewest=12,
)


def _grid(rgb: NDArray[np.uint8]) -> Fingerprint:
    return Fingerprint("grid", hashlib.sha256(rgb.tobytes()).digest())


GRID = Kind(
    name="grid",
    size=32,
    route="grid",
    source="pixels",
    make=one_by_one(_grid),
    parse=hex_parser(32),
    format=bytes.hex,
)


def of_pixels_and_grid(rgb: NDArray[np.uint8]) -> list[Fingerprint]:
    """What the decoding workers run where `GRID` is registered: they are processes of their own."""
    return [*of_pixels(rgb), _grid(rgb)]

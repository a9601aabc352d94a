"""Kinds of fingerprints that only tests have, and what tests ask of all kinds."""

from collections.abc import Callable

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.kind import Kind

MoreKinds = Callable[[Kind], None]
"""Registers one more kind until the test ends: the fixture `more_kinds`."""

HEX = [name for name, kind in KINDS.items() if kind.format is bytes.hex]
"""The kinds whose values people write as hex digits."""


def size_of(kind: Kind) -> int:
    """How many bytes the values of a kind of `HEX` have."""

    def reads(size: int) -> bool:
        try:
            return bool(kind.parse("00" * size))
        except ValueError:
            return False

    return next(filter(reads, (32, 16, 8, 4)))

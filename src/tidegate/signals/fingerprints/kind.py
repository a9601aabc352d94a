"""What a kind of fingerprint is: the shape that every file of this package fills in once."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tidegate.signals.model import Fingerprint

Source = Literal["bytes", "text", "url", "address", "pixels"]
Made = Fingerprint | Sequence[Fingerprint] | None
"""What a kind makes of one content: one code, several, or none."""


@dataclass(kw_only=True, frozen=True)
class Kind:
    """One kind of fingerprint.

    `source` says what `make` takes: the bytes of a file, text in normal form, a canonical URL, the
    canonical form of a place without http, or decoded RGB pixels; a sequence of them, and it answers in
    order (`Made`). `exact`: its route may restrict. `bits`: values are codes of so many bits, in 32
    bytes whose rest is zero, and compared by distance, up to a bank's radius; other kinds match when
    equal, and have values of `size` bytes (0: of any size). `contained`: values are looked for inside
    texts, and items have none. `common`: values are sets of 8-byte anchors, and match when they have so
    many in common. `parse` reads what people write for a value and raises
    ValueError with what was expected; `format` is its inverse.

    Codes that say too little to be known by are of a quality below `min_quality`, or have fewer
    than `fewest` bits that are set, or that are not. `version` goes up when `make` gives other codes
    than before: those of kept posts are then made anew, as they are for a kind that is new, and so
    are an entry's that are made of an address. `lost` says of what people wrote for a value what it
    would match, where that is more than was written.
    """

    name: str
    route: str
    source: Source
    make: Callable[[Sequence[Any]], Sequence[Made]]
    parse: Callable[[str], bytes]
    format: Callable[[bytes], str]
    exact: bool = False
    bits: int = 0
    size: int = 0
    contained: bool = False
    common: int = 0
    default_radius: int = 0
    max_radius: int = 0
    min_quality: int = 0
    fewest: int = 0
    version: int = 1
    lost: Callable[[str], str | None] = lambda _: None

    @property
    def hamming(self) -> bool:
        """Whether its codes are compared by distance."""
        return self.bits > 0

    @property
    def near(self) -> bool:
        """Whether different contents may match one value: what quarantine is about. Who finds the same
        bytes, the same text or the same page again has found that, however often."""
        return self.hamming or not self.exact

    def can_be(self, value: bytes) -> bool:
        """Whether a code of this kind can have that value."""
        if self.bits:
            rest = 256 - self.bits
            return len(value) == 32 and not (rest and int.from_bytes(value) & ((1 << rest) - 1))
        if self.common:
            return bool(value) and len(value) % self.size == 0
        return len(value) == self.size if self.size else bool(value)


def several(made: Made) -> Sequence[Fingerprint]:
    """What was made of one content, as a sequence whatever it is."""
    if made is None:
        return ()
    return (made,) if isinstance(made, Fingerprint) else made


def one_by_one(make: Callable[[Any], Made]) -> Callable[[Sequence[Any]], Any]:
    """A `make` for kinds that gain nothing from seeing several contents at once."""
    return lambda contents: [make(content) for content in contents]


def hex_parser(size: int) -> Callable[[str], bytes]:
    """Reads exactly `size` bytes written as hex digits of either case."""
    pattern = re.compile(rf"[0-9A-Fa-f]{{{2 * size}}}\Z")

    def parse(value: str) -> bytes:
        if not pattern.match(value):
            raise ValueError(f"{2 * size} hex digits")
        return bytes.fromhex(value)

    return parse

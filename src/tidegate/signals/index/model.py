"""What goes into the index and what is asked of it; pure."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from tidegate.signals.model import Fingerprint, Match


class IndexedEntry(msgspec.Struct, frozen=True):
    """What the index must know of an entry. `radius` is the bank's, by kind; absent: default."""

    entry: str
    bank: str
    stance: str
    labels: list[str]
    confirmed: bool
    radius: Mapping[str, int]
    fingerprints: list[Fingerprint]


class Probe(msgspec.Struct, frozen=True):
    """A fingerprint of an item, and the part of the item that it speaks of."""

    part: str
    fingerprint: Fingerprint


class Index(Protocol):
    """One writer, many readers; a search sees each entry wholly or not at all."""

    def upsert(self, entry: IndexedEntry) -> None:
        """Add an entry, or replace the one of the same id."""
        ...

    def remove(self, entry_id: str) -> None:
        """Take an entry out; one that is not there is no error."""
        ...

    def search(self, probes: Sequence[Probe]) -> list[list[Match]]:
        """For each probe its matches, nearest first, an entry once; all that there are."""
        ...

    def __len__(self) -> int:
        """How many entries are in."""
        ...

"""The fingerprints of all items that are kept, in an index of the same kind as that of the banks.

The look back asks it: who posted this before it was known? It is fed from the revisions in the order
of transactions. A transaction becomes visible when it commits, not in order; so what is read reaches
from the *horizon* on, below which every transaction has ended, and what was read above it before is
left out. Nothing is missed, and nobody waits for a writer.
"""

from collections.abc import Iterator

from tidegate.content.kept import KeptCodes, codes_between, codes_since
from tidegate.infra.db import Tx
from tidegate.infra.progress import horizon
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index import CodeIndex, Folder, Hit
from tidegate.signals.model import Fingerprint
from tidegate.signals.stored import codes_of_revision

_GROUP = 0
EVERY = 1 << 20
"""Hits of one probe that are looked at: a post may have been copied many times."""


class ItemCodes:
    """The index of the revisions; one thread feeds it."""

    def __init__(self, folder: Folder) -> None:
        self.index = CodeIndex(folder)
        self._folder = folder
        self._stamp = folder.stamp()
        self._reached = 0  # the mark that was seen last
        self._above: dict[int, int] = {}  # number -> xid, of those read at or above the horizon
        for name, kind in KINDS.items():
            if kind.hamming:
                self.index.set_radius(name, _GROUP, kind.max_radius)

    @property
    def is_behind(self) -> bool:
        """Whether items are missing that were in: the files were lost, or others took their place."""
        return self.index.mark < self._reached

    def keep_files(self) -> None:
        """Take over what other processes have sealed, and write the files anew where they are gone.
        Not in a transaction: it may take seconds then."""
        self.index.adopt()
        stamp = self._folder.stamp()
        if stamp != self._stamp and self._stamp is not None and not self._folder.generation():
            self.index.seal()
            stamp = self._folder.stamp()
        self._stamp = stamp

    def catch_up(self, tx: Tx, seen: int) -> Iterator[KeptCodes]:
        """Take in what has committed since; yields what has since transaction `seen`, less what was
        erased: a step that failed, or died, after the index had taken it is so made up for.
        """
        self.index.adopt()
        end = horizon(tx)
        if self.index.mark >= end:  # files of a database that has been set back since
            self.index.clear()
        self.heal(tx)
        above: dict[int, int] = {}
        for one in codes_since(tx, min(self.index.mark, seen) + 1):
            if one.xid >= end:
                above[one.number] = one.xid
            if self._above.get(one.number) != one.xid:
                self._apply(tx, one)
                if one.fingerprints is not None:
                    yield one
            self.index.mark = max(self.index.mark, min(one.xid, end) - 1)
        self.index.mark = self._reached = end - 1
        self._above = above

    def forget_above(self) -> None:
        """Read again what lies above the horizon: whoever took it did not commit."""
        self._above = {}

    def search(self, probes: list[Fingerprint], radius: list[int], tx: Tx) -> list[list[Hit]]:
        """The numbers of the revisions that have fingerprints within `radius` of each probe."""
        found = self.index.search(probes, radius, EVERY)
        while self.heal(tx):
            found = self.index.search(probes, radius, EVERY)
        return found

    def _apply(self, tx: Tx, one: KeptCodes) -> None:
        if one.fingerprints is None:
            self.index.remove(one.number, one.xid)
            return
        self.index.upsert(one.number, _GROUP, _codes(tx, one), one.xid)

    def heal(self, tx: Tx) -> bool:
        """Give the index again what its files have lost; True when there was anything."""
        ranges = self.index.unreadable()
        for first, last in ranges:
            kept = [
                (one.number, _GROUP, _codes(tx, one))
                for one in codes_between(tx, first, last)
                if one.fingerprints
            ]
            self.index.replace(first, last, kept)
        return bool(ranges)


def _codes(tx: Tx, one: KeptCodes) -> list[Fingerprint]:
    return codes_of_revision(tx, one.number, one.fingerprints)

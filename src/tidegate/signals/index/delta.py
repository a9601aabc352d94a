"""The newest rows of an index: in memory, searched whole, changed one owner at a time.

`index` puts it on top of the sealed layers. Everything in it carries the *mark* of its change (a bank
version, say), so that when a sealed file is known to hold all up to some mark, the rest can be told
from what has become superfluous.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.kind import Kind
from tidegate.signals.index.keys import Anchors, as_rows, keys_of
from tidegate.signals.index.layer import Codes, Run, Values
from tidegate.signals.index.rows import Rows, make_rows
from tidegate.signals.model import Fingerprint
from tidegate.signals.native.library import Library

_ROOM = 64  # rows, to begin with
_KEYS_FOR_A_ROW = 8  # looking for a key costs the same among many, they only take room


def _each(owners: int | dict[int, None]) -> Sequence[int]:
    return list(owners) if isinstance(owners, dict) else (owners,)


class _Columns:
    """Codes of one kind in the order of coming, grown by doubling."""

    def __init__(self) -> None:
        self.codes = np.empty((_ROOM, 4), np.uint64)
        self.owners = np.empty(_ROOM, np.int64)
        self.groups = np.empty(_ROOM, np.uint16)
        self.gone = np.zeros(_ROOM // 64, np.uint64)
        self.used = 0

    def append(self, owner: int, group: int, value: bytes) -> int:
        row = self.used
        if row == len(self.owners):  # into new memory: whoever searches keeps the old
            self.codes = np.concatenate((self.codes, self.codes))
            self.owners = np.concatenate((self.owners, self.owners))
            self.groups = np.concatenate((self.groups, self.groups))
            self.gone = np.concatenate((self.gone, np.zeros(row // 64, np.uint64)))
        self.codes[row] = np.frombuffer(value, np.uint64)
        self.owners[row], self.groups[row] = owner, group
        self.used = row + 1
        return row

    def kept(self) -> Codes:
        """The rows that are not gone, by owner."""
        bits = np.unpackbits(self.gone.view(np.uint8), bitorder="little")[: self.used]
        rows = np.flatnonzero(bits == 0)
        rows = rows[np.argsort(self.owners[rows], kind="stable")]
        return Codes(self.codes[rows], self.owners[rows], self.groups[rows])


class Delta:
    """Changes since the last seal. The caller orders all calls under one lock."""

    def __init__(self, library: Library | None, radii: Mapping[str, NDArray[np.int16]]) -> None:
        self._library, self._radii = library, radii
        self._columns = {kind: _Columns() for kind in radii}
        self._held: dict[int, tuple[int, tuple[Fingerprint, ...]]] = {}
        self._rows: dict[int, list[tuple[str, int]]] = {}
        # By key its owner, or its owners where there are several: most keys have one, and there are many.
        self._equal: dict[tuple[int, int], int | dict[int, None]] = {}
        # What is to be in there once anybody looks for a key: whoever only takes in and seals never does.
        self._late: list[tuple[int, Kind, bytes]] = []
        self._keys = 0
        """That are in `_equal` or late; of one that several have each counts while it is late."""
        self.marks: dict[int, int] = {}
        """By owner the mark of its last change, of those removed too."""

    def __len__(self) -> int:
        return sum(one.used for one in self._columns.values()) + self._keys

    def is_full(self, rows: int) -> bool:
        """Whether it has that many rows to be scanned, or the keys that stand for as many."""
        scanned = sum(one.used for one in self._columns.values())
        return scanned >= rows or self._keys >= rows * _KEYS_FOR_A_ROW

    def upsert(self, owner: int, group: int, values: Sequence[Fingerprint], mark: int) -> None:
        self.remove(owner, mark)
        self._held[owner] = group, tuple(values)
        for one in values:
            kind = KINDS[one.kind]
            if kind.hamming:
                row = self._columns[kind.name].append(owner, group, one.value)
                self._rows.setdefault(owner, []).append((kind.name, row))
            elif not kind.contained:
                self._late.append((owner, kind, one.value))
                self._keys += len(one.value) // kind.size if kind.common else 1

    def remove(self, owner: int, mark: int) -> None:
        """An owner that is not here is remembered all the same: older layers may hold it."""
        self.marks[owner] = mark
        _, values = self._held.pop(owner, (0, ()))
        for kind, row in self._rows.pop(owner, ()):
            self._columns[kind].gone[row >> 6] |= np.uint64(1 << (row & 63))
        if values:
            self._settle()
        for one in values:
            kind = KINDS[one.kind]
            if kind.hamming or kind.contained:
                continue
            for key in keys_of(kind, one.value):
                self._disown(key, owner)
        self._keys = len(self._equal) if values else self._keys

    def _settle(self) -> None:
        for owner, kind, value in self._late:
            for key in keys_of(kind, value):
                self._own(key, owner)
        self._late.clear()
        self._keys = len(self._equal)

    def _own(self, key: tuple[int, int], owner: int) -> None:
        owners = self._equal.setdefault(key, owner)
        if isinstance(owners, dict):
            owners[owner] = None
        elif owners != owner:
            self._equal[key] = {owners: None, owner: None}

    def _disown(self, key: tuple[int, int], owner: int) -> None:
        owners = self._equal.get(key)
        if isinstance(owners, dict):
            owners.pop(owner, None)
        if owners == owner or owners == {}:
            del self._equal[key]

    def equal(self, key: tuple[int, int]) -> Sequence[int]:
        """The owners of an exact value."""
        self._settle()
        owners = self._equal.get(key)
        return () if owners is None else _each(owners)

    def sharing(self, asked: Anchors, least: int) -> list[tuple[int, int, int]]:
        """Who has at least `least` anchors of a set: (set, owner, how many)."""
        counts: Counter[tuple[int, int]] = Counter()
        if self._keys:
            for number, anchor in set(
                zip(asked.sets.tolist(), asked.anchors.tolist(), strict=True)
            ):
                for owner in self.equal((anchor, asked.tag)):
                    counts[number, owner] += 1
        return [(*pair, many) for pair, many in counts.items() if many >= least]

    def rows(self, kind: str) -> tuple[Rows, NDArray[np.int64]] | None:
        """The codes of a kind as they are now, and their owners; None where there are none."""
        one = self._columns[kind]
        if not one.used:
            return None
        codes, groups = one.codes[: one.used], one.groups[: one.used]
        found = make_rows(self._library, codes, groups, self._radii[kind], one.gone)
        return found, one.owners

    def phrases(self) -> dict[int, list[bytes]]:
        """The phrases of each owner."""
        found: dict[int, list[bytes]] = {}
        for owner, (_, values) in self._held.items():
            if some := [one.value for one in values if KINDS[one.kind].contained]:
                found[owner] = some
        return found

    def run(self) -> Run:
        """Everything as columns, to be sealed."""
        codes = {kind: [one.kept()] for kind, one in self._columns.items() if one.used}
        removed = np.array(sorted(self.marks), np.int64)
        return Run(codes, self._values(), self.phrases(), removed)

    def _values(self) -> Values:
        """All keys in order, each owner of one once."""
        held = [(*key, owner) for key, one in self._equal.items() for owner in _each(one)]
        pieces = [np.array(held, np.uint64).reshape(-1, 3)]
        for owner, kind, value in self._late:
            pieces.append(as_rows(kind, value, owner))
        rows = np.concatenate(pieces)
        rows = rows[np.lexsort(rows.T[::-1])]
        is_new = np.ones(len(rows), np.bool_)
        is_new[1:] = (rows[1:] != rows[:-1]).any(axis=1)
        rows = rows[is_new]
        return Values(np.ascontiguousarray(rows[:, :2]), rows[:, 2].astype(np.int64))

    def after(self, mark: int) -> "Delta":
        """A delta of the changes whose mark is greater."""
        rest = Delta(self._library, self._radii)
        for owner, own in self.marks.items():
            if own <= mark:
                continue
            if owner in self._held:
                rest.upsert(owner, *self._held[owner], own)
            else:
                rest.marks[owner] = own
        return rest

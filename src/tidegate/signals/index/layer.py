"""One sealed run of rows: the arrays of a segment, or the same in memory, and what was taken out since.

`index` stacks layers, older ones first, and asks each of them. What a layer's rows say never changes;
an owner that comes again, or goes, is *superseded* here: a bit for each of its rows that are codes,
a number in a set for its other values.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.index.keys import Anchors, who_shares
from tidegate.signals.index.rows import Rows, make_rows
from tidegate.signals.index.segment import Segment, Shape
from tidegate.signals.native import hamming
from tidegate.signals.native.library import Library

Arrays = Mapping[str, NDArray[Any]]

TABLE_FROM = 4096  # codes from which on a table pays
_READ = ("codes", "groups")  # columns whose blocks are checked as they are read


class Codes(NamedTuple):
    """Columns of codes of one kind, by ascending owner. Equal lengths."""

    codes: NDArray[np.uint64]  # (n, 4)
    owners: NDArray[np.int64]
    groups: NDArray[np.uint16]


class Values(NamedTuple):
    """Columns of exact values by ascending key. Equal lengths."""

    keys: NDArray[np.uint64]  # (n, 2)
    owners: NDArray[np.int64]


class Run(NamedTuple):
    """All that one layer is made of."""

    codes: dict[str, list[Codes]]  # by kind; pieces, by ascending owner throughout
    values: Values
    phrases: dict[int, list[bytes]]  # by owner
    removed: NDArray[np.int64]  # owners that older layers may still hold, ascending


def shapes_of(run: Run, library: Library | None) -> dict[str, Shape]:
    """The sections that `fill` fills in; tables only where the kernels can build them."""
    shapes: dict[str, Shape] = {}
    for kind, pieces in run.codes.items():
        count = sum(len(one.owners) for one in pieces)
        if not count:
            continue
        shapes[f"{kind}/codes"] = Shape("u8", (count, 4))
        shapes[f"{kind}/owners"] = Shape("i8", (count,))
        shapes[f"{kind}/groups"] = Shape("u2", (count,))
        if library is not None and count >= TABLE_FROM:
            shapes[f"{kind}/offsets"] = Shape("u4", (hamming.BANDS, hamming.SPAN))
            shapes[f"{kind}/tags"] = Shape("u4", (hamming.BANDS, count))
            shapes[f"{kind}/ids"] = Shape("u4", (hamming.BANDS, count))
    phrases = [(owner, one) for owner, some in run.phrases.items() for one in some]
    return shapes | {
        "equal/keys": Shape("u8", (len(run.values.owners), 2)),
        "equal/owners": Shape("i8", (len(run.values.owners),)),
        "phrase/owners": Shape("i8", (len(phrases),)),
        "phrase/ends": Shape("i8", (len(phrases),)),
        "phrase/bytes": Shape("u1", (sum(len(one) for _, one in phrases),)),
        "removed": Shape("i8", (len(run.removed),)),
    }


def fill(arrays: Arrays, run: Run, library: Library | None) -> None:
    """Write a run into arrays of `shapes_of`, building the tables in place: where these lie in a file,
    memory stays flat."""
    for kind, pieces in run.codes.items():
        if f"{kind}/codes" not in arrays:
            continue
        start = 0
        for one in pieces:
            end = start + len(one.owners)
            for name, column in zip(Codes._fields, one, strict=True):
                arrays[f"{kind}/{name}"][start:end] = column
            start = end
        buckets = _buckets_in(arrays, kind)
        if buckets is not None and library is not None:
            hamming.build_into(library, arrays[f"{kind}/codes"], buckets)
    arrays["equal/keys"][...] = run.values.keys
    arrays["equal/owners"][...] = run.values.owners
    end = row = 0
    for owner, some in run.phrases.items():
        for one in some:
            arrays["phrase/bytes"][end : end + len(one)] = np.frombuffer(one, np.uint8)
            end += len(one)
            arrays["phrase/owners"][row], arrays["phrase/ends"][row] = owner, end
            row += 1
    arrays["removed"][...] = run.removed


def _buckets_in(arrays: Arrays, kind: str) -> hamming.Buckets | None:
    """The table of a kind's codes, where there is one."""
    if f"{kind}/offsets" not in arrays:
        return None
    return hamming.Buckets(*(arrays[f"{kind}/{name}"] for name in hamming.Buckets._fields))


class Layer:
    """A sealed run that is searched. `segment` is None for one that lies in memory only."""

    def __init__(
        self,
        arrays: Arrays,
        library: Library | None,
        radii: Mapping[str, NDArray[np.int16]],
        segment: Segment | None = None,
    ) -> None:
        self.arrays, self.segment = arrays, segment
        self.superseded: set[int] = set()
        self.rows: dict[str, Rows] = {}
        self._gone: dict[str, NDArray[np.uint64]] = {}
        self.lost = 0
        for name in arrays:
            kind, _, column = name.partition("/")
            if column != "codes":
                continue
            count = len(arrays[name])
            gone = self._gone[kind] = np.zeros(count // 64 + 1, np.uint64)
            buckets = _buckets_in(arrays, kind)
            guard = None if segment is None else segment.guard
            self.rows[kind] = make_rows(
                library, arrays[name], arrays[f"{kind}/groups"], radii[kind], gone, buckets, guard
            )
        self.size = sum(len(gone) for gone in self.owner_columns())
        self.last_owner = max((int(c.max()) for c in self.owner_columns() if len(c)), default=-1)

    def owner_columns(self) -> list[NDArray[np.int64]]:
        return [array for name, array in self.arrays.items() if name.endswith("/owners")]

    def columns(self, kind: str) -> tuple[Rows, NDArray[np.int64]]:
        """The codes of a kind that is in `rows`, and their owners."""
        return self.rows[kind], self.arrays[f"{kind}/owners"]

    def supersede(self, owners: Iterable[int]) -> None:
        """Take all values of these owners out; those that are not here are no error."""
        wanted = [owner for owner in owners if owner <= self.last_owner]
        wanted = [owner for owner in wanted if owner not in self.superseded]
        if not wanted:
            return
        self.superseded.update(wanted)
        sought = np.array(sorted(wanted), np.int64)
        for kind, gone in self._gone.items():
            column = self.arrays[f"{kind}/owners"]
            starts = np.searchsorted(column, sought, "left")
            ends = np.searchsorted(column, sought, "right")
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                for row in range(start, end):
                    gone[row >> 6] |= np.uint64(1 << (row & 63))
                self.lost += end - start

    def equal(self, keys: Sequence[tuple[int, int]]) -> list[list[int]]:
        """For each key the owners that have it."""
        column, owners = self.arrays["equal/keys"], self.arrays["equal/owners"]
        found: list[list[int]] = [[] for _ in keys]
        if not len(column):
            return found
        first = np.array([key[0] for key in keys], np.uint64)
        starts = np.searchsorted(column[:, 0], first, "left").tolist()
        for place, (start, key) in enumerate(zip(starts, keys, strict=True)):
            row = start
            while row < len(column) and int(column[row, 0]) == key[0]:
                owner = int(owners[row])
                if int(column[row, 1]) == key[1] and owner not in self.superseded:
                    found[place].append(owner)
                row += 1
        return found

    def sharing(self, asked: Anchors, least: int) -> list[tuple[int, int, int]]:
        """Who has at least `least` anchors of a set: (set, owner, how many)."""
        keys, owners = self.arrays["equal/keys"], self.arrays["equal/owners"]
        found = who_shares(keys, owners, asked, least)
        return [one for one in found if one[1] not in self.superseded]

    def phrases(self, but: Container[int]) -> dict[int, list[bytes]]:
        """The phrases of each owner but those in `but`."""
        found: dict[int, list[bytes]] = {}
        text, start = self.arrays["phrase/bytes"].tobytes(), 0
        ends = self.arrays["phrase/ends"].tolist()
        for owner, end in zip(self.arrays["phrase/owners"].tolist(), ends, strict=True):
            if owner not in but:
                found.setdefault(owner, []).append(text[start:end])
            start = end
        return found

    def is_sound(self, but: frozenset[int] = frozenset()) -> bool:
        """Whether all of its codes can be read, those of the owners in `but` excepted."""
        if self.segment is None:
            return True
        self.segment.verify(f"{kind}/{column}" for kind in self.rows for column in _READ)
        return all(
            but.issuperset(self.arrays[f"{kind}/owners"][start:end].tolist())
            for kind in self.rows
            for column in _READ
            for start, end in self.segment.bad_rows(f"{kind}/{column}")
        )

    def run(self, but: frozenset[int]) -> Run:
        """All but what belongs to the owners in `but`, to be merged with others."""
        gone = np.array(sorted(but), np.int64)
        codes: dict[str, list[Codes]] = {}
        for kind in self.rows:
            columns = [self.arrays[f"{kind}/{name}"] for name in Codes._fields]
            if len(gone):
                kept = ~np.isin(self.arrays[f"{kind}/owners"], gone)
                columns = [column[kept] for column in columns]
            codes[kind] = [Codes(*columns)]
        owners = self.arrays["equal/owners"]
        kept = ~np.isin(owners, gone) if len(gone) else slice(None)
        values = Values(self.arrays["equal/keys"][kept], owners[kept])
        return Run(codes, values, self.phrases(but), self.arrays["removed"])

    def unreadable(self) -> list[tuple[int, int]]:
        """Ranges [first, last] of owners whose codes lie in damaged blocks."""
        if self.segment is None:
            return []
        return [
            (int(self.arrays[f"{kind}/owners"][start]), int(self.arrays[f"{kind}/owners"][end - 1]))
            for kind in self.rows
            for column in _READ
            for start, end in self.segment.bad_rows(f"{kind}/{column}")
        ]


def merged(runs: Sequence[Run]) -> Run:
    """Several runs as one, older ones first; an owner is in one of them only, or superseded."""
    kinds = {kind for run in runs for kind in run.codes}
    codes: dict[str, list[Codes]] = {}
    for kind in sorted(kinds):
        pieces = [one for run in runs for one in run.codes.get(kind, ()) if len(one.owners)]
        if any(one.owners[-1] > later.owners[0] for one, later in pairwise(pieces)):
            columns = [np.concatenate(column) for column in zip(*pieces, strict=True)]
            order = np.argsort(columns[1], kind="stable")
            pieces = [Codes(*(column[order] for column in columns))]
        codes[kind] = pieces
    keys = np.concatenate([run.values.keys for run in runs])
    owners = np.concatenate([run.values.owners for run in runs])
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    phrases = {owner: some for run in runs for owner, some in run.phrases.items()}
    removed = np.unique(np.concatenate([run.removed for run in runs]))
    return Run(codes, Values(keys[order], owners[order]), phrases, removed)

"""A bank in one sealed file, for those who only want the matcher: no server, no database.

`matcher` makes the file and asks it. It is a segment of the index (`index.segment`) with the arrays of
one layer (`index.layer`) and the names of its entries beside them. Entries are numbered: first those
made of files and of lists of digests, by name, then those of lists of PDQ codes, whose name is their
code and takes no room.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.infra.parallel import in_order, processors
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index.keys import key_of
from tidegate.signals.index.layer import Codes, Layer, Run, Values, fill, shapes_of
from tidegate.signals.index.segment import (
    BLOCK,
    BadSegment,
    Segment,
    Shape,
    new_segment,
    open_segment,
)
from tidegate.signals.model import Fingerprint
from tidegate.signals.native.hamming import BANDS, SPAN
from tidegate.signals.native.library import load

MAX_RADIUS = 64
LISTED = "pdq"
"""The kind of the codes in lists."""

_BATCH = 1024  # queries that go to the kernel at once
_MANY = 512  # hits after which a query is asked by itself, so that memory stays bounded

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]


class BankFileError(Exception):
    """The file is no bank, or damaged; the text says which."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says of itself. `files` counts the entries with a name, of which `named` came from
    lists; `values` counts the exact values by kind, `low_quality` and `repeated` the lines of lists that
    were left out."""

    bank: str | None  # its name; None: that of the file
    files: int
    listed: int
    values: dict[str, int]
    named: int = 0
    low_quality: int = 0
    repeated: int = 0


class Named(NamedTuple):
    """An entry to be: made of a file, and named by it."""

    name: str
    fingerprints: list[Fingerprint]


class Near(NamedTuple):
    """An entry within the radius of a code."""

    entry: str
    distance: int


_BY_DISTANCE = itemgetter(1, 0)  # then by name


class Hits(NamedTuple):
    """Rows of codes that are near: which query, which row, how far. Equal lengths."""

    query: NDArray[np.uint32]
    row: NDArray[np.int64]
    distance: NDArray[np.int16]


def write_bank(path: Path, files: Sequence[Named], listed: Bytes, about: About) -> None:
    """Make the file, or replace it; on any error what was there before stays.

    `files` by ascending name, `listed` (n, 32) ascending and each once. Raises OSError.
    """
    codes: dict[str, list[Codes]] = {}
    for kind in (name for name, one in KINDS.items() if one.hamming):
        owned = [
            (owner, one.value)
            for owner, entry in enumerate(files)
            for one in entry.fingerprints
            if one.kind == kind
        ]
        values = np.frombuffer(b"".join(value for _, value in owned), "<u8").reshape(-1, 4)
        owners = np.array([owner for owner, _ in owned], np.int64)
        if kind == LISTED:
            values = np.concatenate((values, listed.view("<u8")))
            owners = np.concatenate((owners, len(files) + np.arange(len(listed))))
        codes[kind] = [Codes(values, owners, np.zeros(len(owners), np.uint16))]
    exact = sorted(
        (*key_of(one.kind, one.value), owner)
        for owner, entry in enumerate(files)
        for one in entry.fingerprints
        if not KINDS[one.kind].hamming
    )
    keys = np.array([key[:2] for key in exact], np.uint64).reshape(-1, 2)
    equal = Values(keys, np.array([owner for _, _, owner in exact], np.int64))
    run = Run(codes, equal, {}, np.empty(0, np.int64))
    names = [entry.name.encode() for entry in files]
    library = load()
    shapes = shapes_of(run, library)
    shapes["names/ends"] = Shape("i8", (len(names),))
    shapes["names/bytes"] = Shape("u1", (sum(map(len, names)),))
    with new_segment(path, shapes, msgspec.to_builtins(about)) as arrays:
        fill(arrays, run, library)
        arrays["names/ends"][...] = np.cumsum([len(name) for name in names], dtype=np.int64)
        arrays["names/bytes"][...] = np.frombuffer(b"".join(names), np.uint8)


class BankFile:
    """A bank file, mapped; made by `open`. Safe to be asked by several threads."""

    def __init__(self, path: Path, segment: Segment, about: About) -> None:
        self.path, self.about = path, about
        self.name = about.bank or path.stem
        self._segment = segment
        self._arrays = segment.arrays
        # One group of rows, as wide as can be: each search brings its own radius.
        widest = {name: np.full(1 << 16, MAX_RADIUS, np.int16) for name in KINDS}
        self._native = load()
        self._layer = Layer(segment.arrays, self._native, widest, segment)
        self._listed_from = self.count(LISTED) - about.listed  # the row of the first listed code

    @classmethod
    def open(cls, path: Path | str) -> "BankFile":
        """Map a file that `write_bank` made. Raises BankFileError, and OSError if unreadable."""
        path = Path(path)
        if path.is_fifo():
            raise BankFileError(f"{path} is a pipe: a bank is mapped, and must be a file.")
        try:
            segment = open_segment(path)
        except BadSegment as error:
            raise BankFileError(f"{error}.") from error
        try:
            about = msgspec.convert(segment.attributes, About)
        except msgspec.ValidationError:
            about = None
        if about is None or not _is_whole(segment, about):
            raise BankFileError(f"{path} is a sealed file, but not a bank.")
        return cls(path, segment, about)

    def __len__(self) -> int:
        """How many entries it has."""
        return self.about.files + self.about.listed

    def count(self, kind: str) -> int:
        """How many codes of a 256-bit kind it has."""
        codes = self._arrays.get(f"{kind}/codes")
        return 0 if codes is None else len(codes)

    def equal(self, fingerprints: Sequence[Fingerprint]) -> list[list[str]]:
        """For each fingerprint of an exact kind the entries that have it."""
        self._check_all("equal/keys", "equal/owners")
        keys = [key_of(one.kind, one.value) for one in fingerprints]
        return [self.names(np.array(owners, np.int64)) for owners in self._layer.equal(keys)]

    def near(self, kind: str, values: Bytes, radius: int) -> Iterator[list[Near]]:
        """For each code in `values` (n, 32) the entries within `radius` bits: nearest first, then by
        name. All of them, and no more memory than those of one code take."""
        queries = np.ascontiguousarray(values).view("<u8")
        batches = [queries[start : start + _BATCH] for start in range(0, len(queries), _BATCH)]

        def ask(batch: Words) -> Hits:
            return self.search(kind, batch, radius, _MANY)

        if len(batches) < 2:
            for batch in batches:
                yield from self._nearest(kind, batch, ask(batch), radius)
            return
        threads = processors()
        for batch, hits in in_order(ask, batches, threads, 2 * threads):
            yield from self._nearest(kind, batch, hits, radius)

    def _nearest(self, kind: str, batch: Words, hits: Hits, radius: int) -> Iterator[list[Near]]:
        """What was found by each query, which is asked anew by itself where there may be more."""
        ends = np.searchsorted(hits.query, np.arange(len(batch) + 1)).tolist()
        near = self._named(kind, hits)
        for query, (first, end) in enumerate(pairwise(ends)):
            found = near[first:end]
            if len(found) >= _MANY:
                found = self._named(kind, self.search(kind, batch[query : query + 1], radius))
            yield _nearest_first(found) if len(found) > 1 else found

    def _named(self, kind: str, hits: Hits) -> list[Near]:
        if not len(hits.row):
            return []
        names = self.names(self._checked(f"{kind}/owners", hits.row))
        return list(map(Near, names, hits.distance.tolist()))

    def search(self, kind: str, queries: Words, radius: int, limit: int = 0) -> Hits:
        """The rows within `radius` of each query, by ascending query; of each at most `limit`, or
        all where it is 0."""
        rows = self._layer.rows.get(kind)
        if rows is None:
            none = np.empty(0, np.int64)
            return Hits(none.astype(np.uint32), none, none.astype(np.int16))
        if self._native is None:
            self._check_all(f"{kind}/codes")
        hits = rows.search(queries, radius, np.full(len(queries), radius, np.int16), limit)
        self._whole(hits.damaged)
        order = np.argsort(hits.query, kind="stable")
        return Hits(hits.query[order], hits.row[order], hits.distance[order])

    def names(self, owners: NDArray[np.int64]) -> list[str]:
        """The names of entries by their numbers."""
        files = self.about.files
        listed = owners[owners >= files] - files + self._listed_from
        digits = self._checked(f"{LISTED}/codes", listed).tobytes().hex() if len(listed) else ""
        codes = iter([digits[at : at + 64] for at in range(0, len(digits), 64)])
        return [next(codes) if one >= files else self._file_name(one) for one in owners.tolist()]

    def _file_name(self, owner: int) -> str:
        ends = np.arange(max(0, owner - 1), owner + 1)
        bounds: list[int] = self._checked("names/ends", ends).tolist()
        *before, end = bounds
        start = before[0] if owner else 0
        return self._checked("names/bytes", np.arange(start, end)).tobytes().decode()

    def _checked(self, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Rows of a section, after the blocks that they lie in were found sound."""
        array = self._arrays[name]
        if not len(rows):
            return array[rows]
        guard = self._segment.guard
        width = array.nbytes // len(array)
        places = array.ctypes.data - guard.data.ctypes.data + rows * width
        blocks = np.concatenate((places // BLOCK, (places + width - 1) // BLOCK))
        if (guard.state[blocks] != 1).any():
            self._check_all(name)
        return array[rows]

    def _check_all(self, *names: str) -> None:
        self._whole(not self._segment.verify(names))

    def _whole(self, damaged: int) -> None:
        if damaged:
            raise BankFileError(f"{self.path} is damaged: a checksum does not fit.")

    def codes(self, kind: str) -> Words:
        """All codes of a 256-bit kind, (n, 4), found sound."""
        self._check_all(f"{kind}/codes")
        return self._arrays[f"{kind}/codes"]

    def bytes_of(self, kind: str) -> int:
        """How much room the codes of a kind take, their table included."""
        return sum(
            array.nbytes for name, array in self._arrays.items() if name.startswith(f"{kind}/")
        )


def _nearest_first(found: list[Near]) -> list[Near]:
    """Each entry once, at its least distance: one made of a file may have several codes."""
    first: dict[str, Near] = {}
    for near in sorted(found, key=_BY_DISTANCE):
        first.setdefault(near.entry, near)
    return list(first.values())


def _is_whole(segment: Segment, about: About) -> bool:
    """Whether the sections are those of a bank, of the shapes that go together."""
    arrays = segment.arrays
    shapes = {name: (array.dtype.str[1:], array.shape) for name, array in arrays.items()}
    expected: dict[str, tuple[str, tuple[int, ...]]] = {"names/ends": ("i8", (about.files,))}
    for kind in (name for name, one in KINDS.items() if one.hamming):
        if f"{kind}/codes" not in arrays:
            continue
        count = len(arrays[f"{kind}/codes"])
        expected[f"{kind}/codes"] = ("u8", (count, 4))
        expected[f"{kind}/owners"] = ("i8", (count,))
        expected[f"{kind}/groups"] = ("u2", (count,))
        if f"{kind}/offsets" in arrays:
            expected[f"{kind}/offsets"] = ("u4", (BANDS, SPAN))
            expected[f"{kind}/tags"] = expected[f"{kind}/ids"] = ("u4", (BANDS, count))
    exact = len(arrays["equal/owners"]) if "equal/owners" in arrays else 0
    expected["equal/keys"] = ("u8", (exact, 2))
    expected["equal/owners"] = ("i8", (exact,))
    listed = shapes.get(f"{LISTED}/codes", ("", (0,)))[1][0]
    return (
        all(shapes.get(name) == one for name, one in expected.items())
        and "names/bytes" in arrays
        and 0 <= about.listed <= listed
    )

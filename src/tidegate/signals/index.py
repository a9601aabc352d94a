"""The index: all fingerprints of the banks that are in use, asked with those of an item.

A plain exact scan in numpy stands behind the interface. Equal-or-not kinds live in a dictionary;
256-bit codes lie in columns that are scanned whole, each row with the radius of its own bank.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints import KINDS
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


class ExactScan:
    """The index as a plain scan: exact by construction, fast enough for some 100,000 codes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, IndexedEntry] = {}
        self._equal: dict[tuple[str, bytes], dict[str, None]] = {}
        self._codes = {name: _Codes() for name, kind in KINDS.items() if kind.hamming}

    def __len__(self) -> int:
        return len(self._entries)

    def upsert(self, entry: IndexedEntry) -> None:
        """Raises ValueError, with nothing changed, for a code of another length or kind."""
        _check(entry)
        with self._lock:
            self._remove(entry.entry)
            self._entries[entry.entry] = entry
            for fingerprint in entry.fingerprints:
                kind = KINDS[fingerprint.kind]
                if kind.hamming:
                    radius = entry.radius.get(kind.name, kind.default_radius)
                    self._codes[kind.name].add(entry.entry, fingerprint.value, radius)
                else:
                    key = (kind.name, fingerprint.value)
                    self._equal.setdefault(key, {})[entry.entry] = None

    def remove(self, entry_id: str) -> None:
        with self._lock:
            self._remove(entry_id)

    def _remove(self, entry_id: str) -> None:
        entry = self._entries.pop(entry_id, None)
        if entry is None:
            return
        for fingerprint in entry.fingerprints:
            if KINDS[fingerprint.kind].hamming:
                self._codes[fingerprint.kind].remove(entry_id)
                continue
            key = (fingerprint.kind, fingerprint.value)
            if (owners := self._equal.get(key)) is not None:
                owners.pop(entry_id, None)
                if not owners:
                    del self._equal[key]

    def search(self, probes: Sequence[Probe]) -> list[list[Match]]:
        found: list[list[Match]] = [[] for _ in probes]
        by_kind: dict[str, list[int]] = {}
        with self._lock:
            for place, probe in enumerate(probes):
                kind = probe.fingerprint.kind
                if kind in self._codes:
                    by_kind.setdefault(kind, []).append(place)
                    continue
                owners = self._equal.get((kind, probe.fingerprint.value), ())
                found[place] = [_match(probe, self._entries[owner], 0) for owner in owners]
            for kind, places in by_kind.items():
                values = [probes[place].fingerprint.value for place in places]
                for place, hits in zip(places, self._codes[kind].search(values), strict=True):
                    found[place] = [
                        _match(probes[place], self._entries[owner], distance)
                        for owner, distance in hits.items()
                    ]
        for matches in found:
            matches.sort(key=lambda match: (match.distance, match.entry))
        return found


def _check(entry: IndexedEntry) -> None:
    for fingerprint in entry.fingerprints:
        kind = KINDS.get(fingerprint.kind)
        if kind is None:
            raise ValueError(f"no such kind of fingerprint: {fingerprint.kind}")
        if kind.hamming and len(fingerprint.value) != 32:
            raise ValueError(f"a {kind.name} code has 32 bytes")


def _match(probe: Probe, entry: IndexedEntry, distance: int) -> Match:
    kind = KINDS[probe.fingerprint.kind]
    return Match(
        part=probe.part,
        bank=entry.bank,
        stance=entry.stance,
        entry=entry.entry,
        labels=entry.labels,
        kind=kind.name,
        route=kind.route,
        distance=distance,
        confirmed=entry.confirmed,
        exact=kind.exact,
    )


_BLOCK = 16_384  # rows scanned at a time: their four words stay in the cache for all probes
_GONE = -1  # the radius of a removed row: no distance is within it


class _Codes:
    """Codes of one kind as four columns of 64-bit words, grown by doubling."""

    def __init__(self) -> None:
        self.words = np.empty((4, 64), np.uint64)
        self.radius = np.empty(64, np.int16)
        self.owners: list[str] = []
        self.rows: dict[str, list[int]] = {}
        self.gone = 0

    def add(self, owner: str, value: bytes, radius: int) -> None:
        row = len(self.owners)
        if row == len(self.radius):
            self._resize(2 * row)
        self.words[:, row] = np.frombuffer(value, np.uint64)
        self.radius[row] = radius
        self.owners.append(owner)
        self.rows.setdefault(owner, []).append(row)

    def remove(self, owner: str) -> None:
        for row in self.rows.pop(owner, ()):
            self.radius[row] = _GONE
            self.gone += 1
        if self.gone > 64 and 2 * self.gone > len(self.owners):
            self._compact()

    def _resize(self, size: int) -> None:
        used = len(self.owners)
        words, radius = np.empty((4, size), np.uint64), np.empty(size, np.int16)
        words[:, :used], radius[:used] = self.words[:, :used], self.radius[:used]
        self.words, self.radius = words, radius

    def _compact(self) -> None:
        kept = np.flatnonzero(self.radius[: len(self.owners)] != _GONE)
        self.words[:, : len(kept)] = self.words[:, kept]
        self.radius[: len(kept)] = self.radius[kept]
        self.owners = [self.owners[row] for row in kept.tolist()]
        self.rows = {}
        for row, owner in enumerate(self.owners):
            self.rows.setdefault(owner, []).append(row)
        self.gone = 0

    def search(self, values: Sequence[bytes]) -> list[dict[str, int]]:
        """For each value the owners within their radius, at their least distance."""
        queries = np.frombuffer(b"".join(values), np.uint64).reshape(-1, 4)
        found: list[dict[str, int]] = [{} for _ in values]
        used = len(self.owners)
        for start in range(0, used, _BLOCK):
            end = min(start + _BLOCK, used)
            words, radius = self.words[:, start:end], self.radius[start:end]
            for query, best in zip(queries, found, strict=True):
                # Half of the bits rule out nearly every row that is not alike.
                near = np.flatnonzero(_distances(words[:2], query[:2]) <= radius)
                if not len(near):
                    continue
                distances = _distances(words[:, near], query)
                for place in np.flatnonzero(distances <= radius[near]).tolist():
                    owner, distance = self.owners[start + int(near[place])], int(distances[place])
                    best[owner] = min(distance, best.get(owner, distance))
        return found


def _distances(words: NDArray[np.uint64], query: NDArray[np.uint64]) -> NDArray[np.int16]:
    """Hamming distances, 0 to 256, of the query to each row."""
    total = np.bitwise_count(words[0] ^ query[0]).astype(np.int16)
    for column, word in zip(words[1:], query[1:], strict=True):
        total += np.bitwise_count(column ^ word)
    return total


def resolve_allowed(matches: Sequence[Match]) -> list[Match]:
    """The same matches, in order, with `allowed` set on the `known` ones that an allow match on the
    same part outweighs: one at least as near, where an exact route is nearer than any other at the
    same distance. The stored form and the frames of a picture are one part with it.
    """
    nearest: dict[str, tuple[int, bool]] = {}
    for match in matches:
        if match.stance == "allow":
            part = _base_part(match.part)
            nearest[part] = min(_nearness(match), nearest.get(part, (257, True)))
    return [
        msgspec.structs.replace(match, allowed=True)
        if match.stance == "known"
        and nearest.get(_base_part(match.part), (257, True)) <= _nearness(match)
        else match
        for match in matches
    ]


def _nearness(match: Match) -> tuple[int, bool]:
    return match.distance, not match.exact


def _base_part(part: str) -> str:
    """media/0#12 and media/0@stored are media/0."""
    return part.partition("#")[0].partition("@")[0]

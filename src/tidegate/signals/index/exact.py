"""The index itself: entries with all their fingerprints, changed one at a time, searched by many.

`snapshot` keeps one for the banks of the instance.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index.codes import Codes, Found, nearest_owners
from tidegate.signals.index.layered import LayeredCodes
from tidegate.signals.index.model import IndexedEntry, Probe
from tidegate.signals.index.scan import ScannedCodes
from tidegate.signals.model import Match
from tidegate.signals.native.library import load

_ATTEMPTS = 2  # beside changes; then once more while they wait


class ExactScan:
    """The index in memory. Searches run side by side and wait for no rebuild; one that a change has
    crossed is made again, so that it sees each entry wholly or not at all.

    `codes` makes the collection for a kind; it is given the lock that orders all changes.
    """

    def __init__(self, codes: Callable[[threading.RLock], Codes] | None = None) -> None:
        self._lock = threading.RLock()
        self._changes = 0
        self._entries: dict[str, IndexedEntry] = {}
        self._equal: dict[tuple[str, bytes], dict[str, None]] = {}
        make = codes or best_codes
        self._codes = {name: make(self._lock) for name, kind in KINDS.items() if kind.hamming}

    def __len__(self) -> int:
        return len(self._entries)

    def upsert(self, entry: IndexedEntry) -> None:
        """Raises ValueError, with nothing changed, for a code of another length or kind."""
        _check(entry)
        with self._lock:
            self._changes += 1
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
            self._changes += 1
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
        places: dict[str, list[int]] = {}
        for place, probe in enumerate(probes):
            if probe.fingerprint.kind in self._codes:
                places.setdefault(probe.fingerprint.kind, []).append(place)
        values = {
            kind: [probes[place].fingerprint.value for place in where]
            for kind, where in places.items()
        }
        for _ in range(_ATTEMPTS):
            with self._lock:
                changes = self._changes
                frozen = {kind: self._codes[kind].freeze() for kind in places}
            found = {kind: frozen[kind].search(values[kind]) for kind in places}
            with self._lock:
                if changes == self._changes:
                    return self._matches(probes, places, found)
        with self._lock:
            found = {kind: self._codes[kind].freeze().search(values[kind]) for kind in places}
            return self._matches(probes, places, found)

    def _matches(
        self,
        probes: Sequence[Probe],
        places: Mapping[str, list[int]],
        found: Mapping[str, Found],
    ) -> list[list[Match]]:
        matches: list[list[Match]] = [[] for _ in probes]
        for place, probe in enumerate(probes):
            owners = self._equal.get((probe.fingerprint.kind, probe.fingerprint.value), ())
            matches[place] = [_match(probe, self._entries[owner], 0) for owner in owners]
        for kind, where in places.items():
            nearest = nearest_owners(self._codes[kind], found[kind], len(where))
            for place, owners in zip(where, nearest, strict=True):
                matches[place] = [
                    _match(probes[place], self._entries[owner], distance)
                    for owner, distance in owners.items()
                ]
        for one in matches:
            one.sort(key=lambda match: (match.distance, match.entry))
        return matches


def best_codes(lock: threading.RLock) -> Codes:
    """Those of the native kernels where these are to be had, else the scan in numpy."""
    library = load()
    return ScannedCodes() if library is None else LayeredCodes(library, lock)


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

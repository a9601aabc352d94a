"""256-bit codes in layers for the native kernels: a small delta, and sealed tables beneath it.

A new code goes to the *delta*, which is scanned whole. When the delta has grown to `seal_at`, a
thread in the background *seals* it: together with the layers above it that are not much larger, it
becomes one table, without what was removed meanwhile. Layers so grow by powers of `_GROWTH`, a code
is rebuilt few times, and a search asks few layers. A removed code is a bit in its layer's tombstones
until then. Nobody waits for a rebuild: searches keep what they froze, and the new layer comes in by
one assignment under the lock.

Codes are numbered from 0 in the order of coming, for ever: a layer holds a run of these numbers,
each later layer a later one, so a number leads to its layer and row by bisection.
"""

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.index.codes import Found
from tidegate.signals.native.hamming import Codes, Rows, build
from tidegate.signals.native.library import Library

SEAL_AT = 16_384  # codes that are scanned in the time of one look into a table
_GROWTH = 4
_ROOM = 64  # rows, to begin with


class _Layer:
    """Codes by their numbers, ascending; the delta has room for more."""

    def __init__(self, numbers: NDArray[np.int64], codes: Codes, radius: NDArray[np.int16]) -> None:
        self.numbers, self.codes, self.radius = numbers, codes, radius
        self.gone = np.zeros(len(codes) // 64 + 1, np.uint64)
        self.used = len(codes)
        self.lost = 0

    def lose(self, number: int) -> None:
        row = int(np.searchsorted(self.numbers[: self.used], number))
        self.gone[row >> 6] |= np.uint64(1 << (row & 63))
        self.lost += 1

    def kept(self) -> NDArray[np.bool_]:
        """Which of the rows are not gone, now."""
        bits = np.unpackbits(self.gone.view(np.uint8), bitorder="little")
        return bits[: self.used] == 0


class _Sealed(_Layer):
    """A layer with its table; only tombstones change it."""

    def __init__(
        self,
        library: Library,
        numbers: NDArray[np.int64],
        codes: Codes,
        radius: NDArray[np.int16],
    ) -> None:
        super().__init__(numbers, codes, radius)
        self.rows = Rows(codes, radius, self.gone, build(library, codes))


class _Delta(_Layer):
    """The layer that grows, by doubling. `max_radius` may be that of a row that is gone."""

    def __init__(self, room: int = _ROOM) -> None:
        super().__init__(
            np.empty(room, np.int64), np.empty((room, 4), np.uint64), np.empty(room, np.int16)
        )
        self.used = 0
        self.max_radius = -1

    def append(self, number: int, value: bytes, radius: int) -> None:
        row = self.used
        if row == len(self.codes):  # into new memory: whoever searches keeps the old
            self.numbers = np.concatenate((self.numbers, self.numbers))
            self.codes = np.concatenate((self.codes, self.codes))
            self.radius = np.concatenate((self.radius, self.radius))
            self.gone = np.concatenate((self.gone, np.zeros(row // 64, np.uint64)))
        self.numbers[row] = number
        self.codes[row] = np.frombuffer(value, np.uint64)
        self.radius[row] = radius
        self.max_radius = max(self.max_radius, radius)
        self.used = row + 1

    def after(self, row: int) -> "_Delta":
        """A delta of the rows from `row` on that are not gone."""
        kept = np.flatnonzero(self.kept()[row:]) + row
        used = len(kept)
        rest = _Delta(_ROOM << max(0, (used - 1).bit_length() - _ROOM.bit_length() + 1))
        rest.numbers[:used], rest.radius[:used] = self.numbers[kept], self.radius[kept]
        rest.codes[:used], rest.used, rest.max_radius = self.codes[kept], used, self.max_radius
        return rest

    def rows(self) -> Rows:
        used = self.used
        return Rows(self.codes[:used], self.radius[:used], self.gone, None, self.max_radius)


class _Part(NamedTuple):
    rows: Rows
    numbers: NDArray[np.int64]


class _Layers(NamedTuple):
    """All layers at one moment."""

    library: Library
    parts: list[_Part]

    def search(self, values: Sequence[bytes]) -> Found:
        queries = np.frombuffer(b"".join(values), np.uint64).reshape(-1, 4)
        found: list[Found] = []
        for part in self.parts:
            query, row, distance = part.rows.search(self.library, queries)
            if len(row):
                found.append(Found(query, part.numbers[row], distance))
        if len(found) == 1:
            return found[0]
        if not found:
            return Found(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int16))
        return Found(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


class LayeredCodes:
    """Codes of one kind. `lock` orders all calls; the thread that seals takes it for moments."""

    def __init__(self, library: Library, lock: threading.RLock, seal_at: int = SEAL_AT) -> None:
        self._library, self._lock, self._seal_at = library, lock, seal_at
        self._layers: list[_Sealed] = []
        self._delta = _Delta()
        self._owners: dict[int, str] = {}
        self._numbers: dict[str, list[int]] = {}
        self._next = 0
        self._sealing: threading.Thread | None = None
        self._lost_meanwhile: list[int] = []

    def add(self, owner: str, value: bytes, radius: int) -> None:
        number = self._next
        self._next += 1
        self._delta.append(number, value, radius)
        self._owners[number] = owner
        self._numbers.setdefault(owner, []).append(number)
        self._seal_when_due()

    def remove(self, owner: str) -> None:
        for number in self._numbers.pop(owner, ()):
            del self._owners[number]
            self._layer_of(number).lose(number)
            if self._sealing is not None:
                self._lost_meanwhile.append(number)
        self._seal_when_due()

    def owner(self, number: int) -> str:
        return self._owners[number]

    def freeze(self) -> _Layers:
        parts = [_Part(layer.rows, layer.numbers) for layer in self._layers]
        if self._delta.used:
            parts.append(_Part(self._delta.rows(), self._delta.numbers))
        return _Layers(self._library, parts)

    def settle(self) -> None:
        """Wait until nothing is being sealed. Not to be called under the lock."""
        while (thread := self._sealing) is not None:
            thread.join()

    def _layer_of(self, number: int) -> _Layer:
        if self._delta.used and number >= self._delta.numbers[0]:
            return self._delta
        return next(layer for layer in self._layers if number <= layer.numbers[-1])

    def _seal_when_due(self) -> None:
        halved = any(2 * layer.lost > layer.used for layer in self._layers)
        if self._sealing is None and (self._delta.used >= self._seal_at or halved):
            self._sealing = threading.Thread(target=self._seal, name="index-seal", daemon=True)
            self._sealing.start()

    def _first_to_merge(self) -> int:
        """The layer from which on all are merged: the last ones while they are not much larger than
        what comes after, and down to any that has lost half of itself."""
        first, size = len(self._layers), self._delta.used
        halved = [2 * layer.lost > layer.used for layer in self._layers]
        while first and (any(halved[:first]) or self._layers[first - 1].used < _GROWTH * size):
            first -= 1
            size += self._layers[first].used
        return first

    def _seal(self) -> None:
        try:
            with self._lock:
                first, taken = self._first_to_merge(), self._delta.used
                merged: list[_Layer] = [*self._layers[first:], self._delta]
                # The delta's arrays may be replaced by larger ones; its first rows stay as they are.
                pieces = [
                    (layer.kept(), layer.numbers[: layer.used], layer.codes, layer.radius)
                    for layer in merged
                ]
                self._lost_meanwhile.clear()
            columns = [
                (numbers[kept], codes[: len(kept)][kept], radius[: len(kept)][kept])
                for kept, numbers, codes, radius in pieces
            ]
            numbers, codes, radius = (np.concatenate(one) for one in zip(*columns, strict=True))
            sealed = _Sealed(self._library, numbers, codes, radius)
            with self._lock:
                for number in self._lost_meanwhile:
                    if len(numbers) and numbers[0] <= number <= numbers[-1]:
                        sealed.lose(number)
                self._layers[first:] = [sealed] if len(numbers) else []
                self._delta = self._delta.after(taken)
        finally:  # should it fail (for want of memory), the next change tries again
            with self._lock:
                self._sealing = None

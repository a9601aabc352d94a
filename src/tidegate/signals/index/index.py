"""The index: whose fingerprints are equal to, or within a radius of, those that are asked for?

The flow. Each *owner* (an entry of a bank, a revision of an item: an integer that only grows) brings
fingerprints and a *group* (its bank), by which the radius is set. A change goes to the `delta`, in
memory, and takes the owner's older rows out of the sealed layers below. When the delta has grown to
`seal_at`, a thread in the background seals it: together with those layers above that are not much
larger, less what was taken out, it becomes one new `layer`. Layers so grow by powers of `_GROWTH`,
a row is rewritten few times, and a search asks few layers. Nobody waits for that: searches keep what
they froze, and the new layer comes in by one assignment under the lock.

With a `folder`, layers are sealed files that all processes share. Whichever process first has a delta
that is large enough, and gets the lock file, seals for all; the others `adopt` its manifest, and drop
from their own deltas what the files now hold. Whoever feeds the index sets `mark`, up to which all
changes are in, and the manifest names the mark of its files: a process that starts reads only what
came after it.

Codes are searched by `rows` (see `native/hamming.cpp` for how), exact values by 128-bit keys in sorted
arrays, where each anchor of a text has a key of its own, phrases by an automaton. To change how a layer
is stored, change `layer.shapes_of` and `layer.fill`, and raise `segment._VERSION`: older files are then
rebuilt from PostgreSQL.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index.delta import Delta
from tidegate.signals.index.folder import Folder, Stamp
from tidegate.signals.index.layer import Layer, Run, fill, merged, shapes_of
from tidegate.signals.index.model import Hit
from tidegate.signals.index.nearest import MOST
from tidegate.signals.index.phrases import PhraseTable
from tidegate.signals.index.search import Frozen
from tidegate.signals.index.segment import BadSegment, Segment, new_segment
from tidegate.signals.model import Fingerprint
from tidegate.signals.native.library import Library, load

SEAL_AT = 16_384  # rows: scanning them takes as long as two or three looks into a table
GROUPS = 1 << 16
_GROWTH = 4
_ATTEMPTS = 2  # of a search beside changes; then once more while they wait
_RETRY_SECONDS = 5.0  # after a seal that failed
_FOREVER = 1 << 62  # the mark of rows that stand in for damaged ones


def _log() -> Any:
    # Imported when there is something to say: who only asks a bank file does not wait for it.
    import structlog

    return structlog.get_logger()


class CodeIndex:
    """One writer at a time, many readers; a search sees each owner wholly or not at all.

    `folder`: where sealed files are shared; None keeps all in memory. `mark`: every change up to
    it is in.
    """

    def __init__(
        self,
        folder: Folder | None = None,
        seal_at: int = SEAL_AT,
        library: Library | None = load(),
    ) -> None:
        self.mark = -1
        self._library, self._seal_at, self._folder = library, seal_at, folder
        self._lock = threading.RLock()
        self._changes = 0
        self._frozen: Frozen | None = None
        self._frozen_at = 0  # of the changes
        kinds = [name for name, kind in KINDS.items() if kind.hamming]
        self._radii = {name: np.full(GROUPS, -1, np.int16) for name in kinds}
        self._most = dict.fromkeys(kinds, -1)
        self._layers: list[Layer] = []
        self._delta = Delta(library, self._radii)
        self._phrases, self._phrase_owners = PhraseTable(), set[int]()
        self._sealing: threading.Thread | None = None
        self._retry_at = 0.0
        self._stamp: Stamp | None = None
        self._base = -1  # the mark of the manifest that was adopted last
        self._rewrite = False  # whether the files must be written anew
        self._healed: set[tuple[int, int]] = set()
        self._damaged = False

    @property
    def has_phrases(self) -> bool:
        """Whether texts are worth searching for any."""
        return bool(self._phrase_owners)

    def phrase_spans(self, text: str) -> dict[int, tuple[int, int]]:
        """Where in `text` the first find of each owner's phrase is, of those that are in it."""
        found = reversed(self._phrases.search(text))
        return {owner: (start, end) for owner, start, end in found}

    def __len__(self) -> int:
        """Rows, those that were superseded included."""
        return len(self._delta) + sum(layer.size for layer in self._layers)

    # ------------------------------------------------------------------------------ changes

    def set_radius(self, kind: str, group: int, bits: int) -> None:
        """Up to which distance codes of this kind match in a group; -1: not at all, as at first."""
        with self._lock:
            if self._radii[kind][group] != bits:
                self._changes += 1
                self._radii[kind][group] = bits
                self._most[kind] = int(self._radii[kind].max())

    def upsert(
        self, owner: int, group: int, values: Sequence[Fingerprint], mark: int | None = None
    ) -> None:
        """Add an owner, or replace what it had. `mark`: of this change; where it is left out,
        `self.mark` counts the changes.

        Raises ValueError, with nothing changed, for a code of another length or kind.
        """
        _check(group, values)
        with self._lock:
            self._changes += 1
            self._delta.upsert(owner, group, values, self._next() if mark is None else mark)
            for layer in self._layers:
                layer.supersede([owner])
            self._set_phrase(owner, [one.value for one in values if KINDS[one.kind].contained])
            self._seal_when_due()

    def remove(self, owner: int, mark: int | None = None) -> None:
        """Take an owner out; one that is not in is no error."""
        with self._lock:
            self._changes += 1
            self._delta.remove(owner, self._next() if mark is None else mark)
            for layer in self._layers:
                layer.supersede([owner])
            self._set_phrase(owner, [])
            self._seal_when_due()

    def _set_phrase(self, owner: int, phrases: Sequence[bytes]) -> None:
        if phrases:
            self._phrases.upsert(owner, phrases[0])
            self._phrase_owners.add(owner)
        elif owner in self._phrase_owners:
            self._phrases.remove(owner)
            self._phrase_owners.discard(owner)

    def _next(self) -> int:
        self.mark += 1
        return self.mark

    def clear(self) -> None:
        """Forget everything, as if nothing had ever been in; the files are written anew."""
        with self._lock:
            self._changes += 1
            self._layers, self._delta = [], Delta(self._library, self._radii)
            self._phrases, self._phrase_owners, self._frozen = PhraseTable(), set[int](), None
            self.mark = self._base = -1
            self._rewrite = True

    # ----------------------------------------------------------------------------- searching

    def search(
        self,
        probes: Sequence[Fingerprint],
        radius: Sequence[int] | None = None,
        limit: int = MOST,
    ) -> list[list[Hit]]:
        """For each probe its hits, nearest first, an owner once.

        All that there are within the group's radius and, where given, the probe's own; of more than
        `limit`, the nearest. A probe of a kind that is `contained` is a whole text in UTF-8; one of
        anchors (`common`) finds who shares enough of them, at the distance of those not shared.
        """
        for _ in range(_ATTEMPTS):
            with self._lock:
                changes, frozen = self._changes, self._freeze(probes)
            found = frozen.search(probes, radius, limit)
            if frozen.damaged:
                self._damaged = True
            if changes == self._changes:  # each change is counted before it is made
                return found
        with self._lock:
            frozen = self._freeze(probes)
            found = frozen.search(probes, radius, limit)
            if frozen.damaged:
                self._damaged = True
            return found

    def _freeze(self, probes: Sequence[Fingerprint]) -> Frozen:
        if self._frozen is None or self._frozen_at != self._changes:
            self._frozen = Frozen(self._most, self._layers, self._delta, self._phrases)
            self._frozen_at = self._changes
        self._frozen.prepare(probes)
        return self._frozen

    # -------------------------------------------------------------------------- damaged files

    def unreadable(self) -> list[tuple[int, int]]:
        """Ranges [first, last] of owners that sealed files have lost: to be given again by
        `replace`, then searched again. Empty nearly always, and quick then."""
        if not self._damaged:
            return []
        with self._lock:
            self._damaged, self._rewrite = False, True
            ranges = {one for layer in self._layers for one in layer.unreadable()}
            return sorted(ranges - self._healed)

    def replace(
        self,
        first: int,
        last: int,
        owners: Iterable[tuple[int, int, Sequence[Fingerprint]]],
    ) -> None:
        """Give all owners of a range again, as (owner, group, fingerprints)."""
        with self._lock:
            self._changes += 1
            self._healed.add((first, last))
            for layer in self._layers:
                for column in layer.owner_columns():
                    within = column[(column >= first) & (column <= last)]
                    layer.supersede(set(within.tolist()) - self._delta.marks.keys())
            for owner, group, values in owners:
                self.upsert(owner, group, values, _FOREVER)

    def scrub(self, blocks: int) -> bool:
        """Read so many blocks of the files that were not read before; False when all were."""
        for segment in self._segments().values():
            state = segment.guard.state
            unread = np.flatnonzero(state == 0)[:blocks].tolist()
            if unread:
                segment.verify_blocks(unread)
                self._damaged = self._damaged or bool((state == 2).any())
                return True
        return False

    # -------------------------------------------------------------------------------- sealing

    def adopt(self) -> None:
        """Take over what another process has sealed since; a few microseconds when nothing was."""
        if self._folder is None:
            return
        stamp = self._folder.stamp()
        if stamp == self._stamp:
            return
        try:
            if stamp is None:
                raise BadSegment("the manifest is gone")
            manifest, segments = self._folder.load(self._segments())
        except BadSegment as error:
            _log().warning("index.rebuilding", reason=str(error))
            with self._lock:
                self._stamp, self._rewrite = stamp, True
            return
        layers = [self._layer(segment) for segment in segments]
        with self._lock:
            self._install(layers, manifest.mark)
            self._stamp = stamp

    def seal(self) -> None:
        """Seal what there is, now, and wait for it."""
        self.settle()
        self._seal()

    def purge(self) -> bool:
        """Write the files anew where they hold rows that were superseded; whether there were any."""
        if not any(layer.lost or layer.superseded for layer in self._layers):
            return False
        self._rewrite = True
        self.seal()
        return True

    def settle(self) -> None:
        """Wait until nothing is being sealed. Not to be called under the lock."""
        while (thread := self._sealing) is not None:
            thread.join()

    def _segments(self) -> dict[str, Segment]:
        return {one.segment.path.name: one.segment for one in self._layers if one.segment}

    def _layer(self, segment: Segment) -> Layer:
        known = [layer for layer in self._layers if layer.segment is segment]
        if known:
            return known[0]
        layer = Layer(segment.arrays, self._library, self._radii, segment)
        if self._library is None and not layer.is_sound():  # numpy checks no blocks as it reads
            self._damaged = True
        return layer

    def _install(self, layers: list[Layer], mark: int) -> None:
        """Let `layers`, which hold all up to `mark`, take the place of the present ones."""
        self._changes += (
            1  # before anything changes, as everywhere: searches do not wait for the lock
        )
        for place, layer in enumerate(layers):
            for later in layers[place + 1 :]:
                layer.supersede(later.arrays["removed"].tolist())
        delta = self._delta.after(mark)
        for layer in layers:
            layer.supersede(delta.marks)
        self._layers, self._delta, self._frozen = layers, delta, None
        phrases = delta.phrases()
        for layer in layers:
            phrases |= layer.phrases(layer.superseded)
        for owner in self._phrase_owners | phrases.keys():
            self._set_phrase(owner, phrases.get(owner, []))
        # A manifest that knows less than the last one has lost what our delta let go: read again.
        self.mark = mark if mark < self._base else max(self.mark, mark)
        self._base = mark
        self._healed.clear()

    def _seal_when_due(self) -> None:
        # While the mark stands still (many rows of one change), a seal takes nothing off the delta.
        due = self.mark > self._base and (
            self._delta.is_full(self._seal_at)
            or any(2 * one.lost > one.size for one in self._layers)
        )
        if due and self._sealing is None and time.monotonic() >= self._retry_at:
            self._sealing = threading.Thread(target=self._seal, name="index-seal", daemon=True)
            self._sealing.start()

    def _seal(self) -> None:
        try:
            if self._folder is None:
                self._seal_into(None)
                return
            with self._folder.writing() as mine:
                if mine and self._folder.stamp() == self._stamp:
                    self._seal_into(self._folder)
        except Exception as error:  # no room, say: the rows stay in the delta
            _log().error("index.seal-failed", error=f"{type(error).__name__}: {error}")
            self._retry_at = time.monotonic() + _RETRY_SECONDS
        finally:
            with self._lock:
                self._sealing = None

    def _first_to_merge(self) -> int:
        """The layer from which on all are merged: the last ones while they are not much larger than
        what comes after, and down to any that has lost half of itself."""
        first, size = len(self._layers), len(self._delta)
        halved = [2 * layer.lost > layer.size for layer in self._layers]
        while first and (
            self._rewrite
            or any(halved[:first])
            or self._layers[first - 1].size < _GROWTH * max(size, 1)
        ):
            first -= 1
            size += self._layers[first].size
        return first

    def _seal_into(self, folder: Folder | None) -> None:
        with self._lock:
            first, mark = self._first_to_merge(), self.mark
            kept, taken = self._layers[:first], self._layers[first:]
            newest = self._delta.run()
            superseded = [frozenset(layer.superseded) for layer in taken]
        if not all(layer.is_sound(gone) for layer, gone in zip(taken, superseded, strict=True)):
            self._damaged = True  # whoever searches next gives it again; then we try again
            return
        runs = [layer.run(gone) for layer, gone in zip(taken, superseded, strict=True)]
        run = merged([*runs, newest])
        # Only what an older layer may hold is worth remembering: an owner that is new is in none.
        last = max((layer.last_owner for layer in kept), default=-1)
        run = run._replace(removed=run.removed[run.removed <= last])
        if folder is None:
            shapes = shapes_of(run, self._library)
            arrays = {name: np.empty(one.shape, one.kind) for name, one in shapes.items()}
            fill(arrays, run, self._library)
            layers = [*kept, Layer(arrays, self._library, self._radii)]
        else:
            layers = [*kept, self._written(folder, run, mark)]
            folder.publish(mark, [one.segment.path.name for one in layers if one.segment])
        with self._lock:
            self._install(layers, mark)
            self._stamp = folder.stamp() if folder else None
            self._rewrite = False
            if self._delta.is_full(self._seal_at):  # changes above the mark, which must move first
                self._retry_at = time.monotonic() + _RETRY_SECONDS

    def _written(self, folder: Folder, run: Run, mark: int) -> Layer:
        path = folder.path / folder.new_name(mark)
        shapes = shapes_of(run, self._library)
        with new_segment(path, shapes, {"identity": folder.identity}) as arrays:
            fill(arrays, run, self._library)
        return self._layer(folder.open(path.name))


def _check(group: int, values: Sequence[Fingerprint]) -> None:
    if not 0 <= group < GROUPS:
        raise ValueError(f"a group is a number from 0 to {GROUPS - 1}")
    for one in values:
        kind = KINDS.get(one.kind)
        if kind is None:
            raise ValueError(f"no such kind of fingerprint: {one.kind}")
        if kind.hamming and len(one.value) != 32:
            raise ValueError(f"a {kind.name} code has 32 bytes")
        if kind.common and not kind.can_be(one.value):
            raise ValueError(f"{kind.name} is a set of {kind.size}-byte anchors")

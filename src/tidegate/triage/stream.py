"""Clusters and stories as texts arrive, in memory: whoever keeps them calls this for each arrival.

    known = Clusters()
    sketch = sketch_of([text])[0].tobytes()
    told = known.assign("tip-1", sketch, created=1_700_000_000.0)
    told.cluster, told.story        # ids of arrivals: a cluster is named after its representative

What is promised of a *cluster* (near-duplicates):
- texts that are equal after normalisation share one, until people say otherwise;
- a text joins the cluster whose representative it is most like, if it is like enough (`Manner.near`), and else
  begins one. It is compared with representatives, and with texts that people put somewhere, never with
  what merely joined: unlike texts are not chained by small steps, and any two of a cluster are each as
  like its representative as that says;
- where the text decides nothing, media do: an arrival joins the cluster whose representative has the same file or
  picture. What text and media would put into different clusters goes by the text, and `also` names the others;
- what is assigned is never moved by later arrivals. Stories may: one becomes part of an older one.

A *story* is of clusters, by the words of their representatives and their times (`native/stories.inc`).

The same arrivals in the same order give the same, one by one or many at once, after a restart too if all are
`add`ed in that order (what stories have learnt may then differ a little).
"""

import threading
from collections.abc import Collection, Iterable, Sequence
from math import nan

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.model import Fingerprint
from tidegate.signals.native.clusters import FRESH, NEW, Near
from tidegate.triage.engine import new_engine
from tidegate.triage.media import MediaIndex
from tidegate.triage.model import Assignment, How, Manner
from tidegate.triage.sketching import digest_of

_DAY = 86_400.0
_LIKE = 8  # representatives that are looked at for one arrival


class Clusters:
    """All of an instance, or of a platform. Ids are the caller's, of whatever it clusters; times are
    seconds since 1970. Each call holds a lock, so threads may share it."""

    def __init__(self, manner: Manner | None = None) -> None:
        self._engine = new_engine(manner or Manner())
        self._media = MediaIndex()
        self._lock = threading.Lock()
        self._names: list[str] = []  # of clusters, by number
        self._numbers: dict[str, int] = {}
        self._same: dict[str, int] = {}
        # A story is named after the cluster that began it, unless it was added under another name.
        self._began: dict[str, int] = {}
        self._called: dict[int, str] = {}

    def __len__(self) -> int:
        """Clusters, those included that became part of others."""
        return len(self._names)

    @property
    def bytes_held(self) -> int:
        """Memory of what is searched, in bytes; names and media not counted."""
        return self._engine.bytes_held

    # ---------------------------------------------------------------------------- arrivals

    def candidates(self, sketch: bytes, codes: Sequence[Fingerprint] = ()) -> list[Assignment]:
        """The clusters that an arrival might join, the one that it would join first; changes nothing."""
        with self._lock:
            return [
                Assignment(
                    cluster=self._names[number],
                    story=self._story_of(number),
                    how=how,
                    similarity=similarity,
                )
                for number, how, similarity in self._candidates(sketch, codes)
            ]

    def assign(
        self,
        id: str,
        sketch: bytes,
        created: float | None = None,
        codes: Sequence[Fingerprint] = (),
        never: Collection[str] = (),
    ) -> Assignment:
        """Put an arrival where it belongs. `codes`: of its media, as `signals` computes them. `never`:
        clusters that it must not join, because people took it out of them; those of stories stay.
        Raises MemoryError, with nothing changed."""
        with self._lock:
            barred = {self._number(name) for name in never}
            found = [one for one in self._candidates(sketch, codes) if one[0] not in barred]
            number, how, similarity = found[0] if found else (NEW, "new", 0.0)
            number = self._put(id, sketch, number, False, created, None)
            if how == "new":
                self._media.add(number, codes)
            return Assignment(
                cluster=self._names[number],
                story=self._story_of(number),
                how=how,
                similarity=similarity,
                also=tuple(self._names[other] for other, _, _ in found[1:]),
            )

    def assign_many(
        self, ids: list[str], sketches: NDArray[np.uint8], created: NDArray[np.float64]
    ) -> NDArray[np.uint32]:
        """The numbers of the clusters of texts in their order, as `assign` would give them; `created` is
        NaN where nobody knows. `names` says what they are called."""
        with self._lock:
            before = len(self._names)
            numbers, _ = self._engine.assign(sketches, created / _DAY)
            fresh = np.flatnonzero(numbers >= before)
            _, places = np.unique(numbers[fresh], return_index=True)
            first: list[int] = fresh[places].tolist()
            for place in first:
                self._name(ids[place])
            return numbers

    def names(self, numbers: NDArray[np.uint32]) -> tuple[list[str], list[str]]:
        """The clusters and stories that these numbers stand for now."""
        with self._lock:
            clusters, stories = self._engine.now(numbers)
            return (
                [self._names[one] for one in clusters.tolist()],
                [self._story_name(one) for one in stories.tolist()],
            )

    # -------------------------------------------------------------- what is known already

    def add(
        self,
        id: str,
        sketch: bytes,
        cluster: str,
        *,
        created: float | None = None,
        story: str | None = None,
        codes: Sequence[Fingerprint] = (),
        pinned: bool = False,
    ) -> None:
        """What the caller knows: `id` belongs to `cluster`, whatever it is like. A cluster that nobody
        named yet begins with it, in `story` if that is given. Equal texts follow from now on; `pinned`:
        those that are like it do too, as they follow the representative."""
        with self._lock:
            number = self._numbers.get(cluster, NEW)
            if number == NEW:
                number = self._put(cluster, sketch, NEW, True, created, story)
                self._media.add(number, codes)
            else:
                self._put(id, sketch, self._now(number), pinned, created, None)
                if pinned:
                    self._media.add(self._now(number), codes)

    def split(self, members: Iterable[tuple[str, bytes]]) -> str:
        """Members, by ids and sketches, become a cluster of their own, in the story they were in. Equal texts,
        and those more like one of them than the old representative, follow. Returns its name, the first
        id. Raises ValueError for none, or where that id names a cluster already."""
        some = list(members)
        with self._lock:
            if not some or some[0][0] in self._numbers:
                raise ValueError("a split needs members, and the first names no cluster yet")
            old = self._engine.near(some[0][1], 1)
            story = self._story_of(old[0].cluster) if old else None
            number = NEW
            for id, sketch in some:
                number = self._put(id, sketch, number, True, None, story)
            return self._names[number]

    def merge(self, into: str, other: str) -> None:
        """All of `other`, and what would join it, belongs to `into`. Raises KeyError for an unknown one."""
        with self._lock:
            one, two = self._number(into), self._number(other)
            if one != two:
                self._engine.merge(one, two)

    def unmerge(self, name: str) -> None:
        """Undo a merge: what `name` was before it was made part of another is a cluster again, and what is like
        its texts goes there. What joined since stays where it is. Raises KeyError for an unknown one, ValueError
        for one that is part of no other."""
        with self._lock:
            number = self._numbers[name]
            if self._now(number) == number:
                raise ValueError(f"{name} is part of no other cluster")
            self._engine.unmerge(number)

    def forget(self, sketch: bytes) -> bool:
        """Nothing is found by this text any more; whether it was known. A cluster whose representative
        is forgotten stays, and finds only what is `add`ed as pinned."""
        with self._lock:
            return self._engine.forget(digest_of(sketch))

    def moved_stories(self) -> list[tuple[str, str]]:
        """The stories that became part of others since the last call: (old, what it is part of)."""
        with self._lock:
            return [
                (self._story_name(old), self._story_name(into))
                for old, into in self._engine.moved()
            ]

    def current(self, cluster: str) -> tuple[str, str]:
        """The cluster that this one is part of now, and its story. Raises KeyError."""
        with self._lock:
            number = self._number(cluster)
            return self._names[number], self._story_of(number)

    # ------------------------------------------------------------------------------ within

    def _candidates(
        self, sketch: bytes, codes: Sequence[Fingerprint]
    ) -> list[tuple[int, How, float]]:
        """Each cluster once, in the order of what decides: an equal text, a like one, the media."""
        found: dict[int, tuple[int, How, float]] = {}
        for one in self._engine.near(sketch, _LIKE):
            found.setdefault(one.cluster, (one.cluster, _how(one), one.similarity))
        for number in self._media.find(codes):
            now = self._now(number)
            found.setdefault(now, (now, "media", 0.0))
        return list(found.values())

    def _put(
        self,
        id: str,
        sketch: bytes,
        number: int,
        pinned: bool,
        created: float | None,
        story: str | None,
    ) -> int:
        beside = NEW if story is None else self._began.get(story, FRESH)
        before = len(self._names)
        day = nan if created is None else created / _DAY
        number = self._engine.put(sketch, number, pinned, day, beside)
        if number == before:
            self._name(id)
            if story is not None and beside == FRESH:
                self._began[story] = number
                self._called[number] = story
        return number

    def _name(self, id: str) -> None:
        """The next cluster is called so, or `id#2` where one is that an arrival of the same id began."""
        name = id
        while name in self._numbers:
            self._same[id] = self._same.get(id, 1) + 1
            name = f"{id}#{self._same[id]}"
        self._numbers[name] = self._began[name] = len(self._names)
        self._names.append(name)

    def _number(self, name: str) -> int:
        return self._now(self._numbers[name])

    def _now(self, number: int) -> int:
        return int(self._engine.now(np.array([number], np.uint32))[0][0])

    def _story_of(self, number: int) -> str:
        return self._story_name(int(self._engine.now(np.array([number], np.uint32))[1][0]))

    def _story_name(self, first: int) -> str:
        return self._called.get(first) or self._names[first]


def _how(one: Near) -> How:
    return "equal" if one.anchor == NEW else "near"

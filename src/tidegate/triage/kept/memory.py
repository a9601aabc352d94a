"""The clusters that a process knows: it reads what others have assigned, and assigns what arrives.

Whoever assigns holds one lock until the commit (`lock`), so that no two processes open two clusters for one text,
and the numbers of what is kept are in the order of commits. What a transaction assigned that was rolled back
is noticed by the next, and read anew; so is everything after people changed something.
"""

from collections.abc import Sequence
from functools import cache
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.triage.kept import actions, queries
from tidegate.triage.kept.model import Arrival, Place
from tidegate.triage.sketching import VERSION, digest_of, sketch_of
from tidegate.triage.stream import Clusters


class ClusterMemory:
    """Clusters by platform. One thread at a time: whoever holds the database's lock."""

    def __init__(self) -> None:
        self._of: dict[str, Clusters] = {}
        self._number = 0
        self._changes = -1
        self._unsure: list[UUID] = []

    def assign(self, tx: Tx, arrivals: Sequence[Arrival]) -> list[Place]:
        """Put arrivals where they belong, in their order; what is there already stays there. The caller holds
        the lock."""
        if not arrivals:
            return []
        self._catch_up(tx)
        known = queries.places_of(tx, [one.item_id for one in arrivals])
        fresh = list({one.item_id: one for one in arrivals if one.item_id not in known}.values())
        if fresh:
            known |= self._assign(tx, fresh)
        return [known[one.item_id] for one in arrivals]

    def _assign(self, tx: Tx, fresh: Sequence[Arrival]) -> dict[UUID, Place]:
        rows = sketch_of([one.text for one in fresh])
        sketches = [_own(one, row.tobytes()) for one, row in zip(fresh, rows, strict=True)]
        self._unsure = [one.item_id for one in fresh]
        found: dict[UUID, Place] = {}
        for one, sketch in zip(fresh, sketches, strict=True):
            told = self._clusters(one.platform).assign(
                str(one.item_id), sketch, one.created_at.timestamp(), one.codes
            )
            found[one.item_id] = Place(UUID(told.cluster), UUID(told.story), told.is_new)
        actions.keep(tx, fresh, sketches, found)
        self._number = queries.last_number(tx)
        for of in self._of.values():
            actions.move_stories(tx, [(UUID(old), UUID(new)) for old, new in of.moved_stories()])
        return found

    def _catch_up(self, tx: Tx) -> None:
        """Know what stands in the database at this moment."""
        changes = queries.last_change(tx)
        lost = self._unsure and queries.count_placed(tx, self._unsure) < len(self._unsure)
        if changes != self._changes or lost:
            self._of, self._number, self._changes = {}, 0, changes
        self._unsure = []
        for page in queries.kept_after(tx, self._number, VERSION):
            for one in page:
                self._clusters(one.platform).add(
                    str(one.item_id),
                    one.sketch,
                    str(one.cluster),
                    created=one.created_at.timestamp(),
                    story=str(one.story),
                    codes=one.codes,
                    pinned=one.pinned,
                )
                self._number = one.number

    def _clusters(self, platform: str) -> Clusters:
        if platform not in self._of:
            self._of[platform] = Clusters()
        return self._of[platform]


@cache
def _silence() -> bytes:
    return digest_of(sketch_of([""])[0].tobytes())


def _own(one: Arrival, sketch: bytes) -> bytes:
    """Its sketch; of what says nothing one that no other is equal to: it goes by its media alone."""
    silent = digest_of(sketch) == _silence()
    return one.item_id.bytes + sketch[len(_silence()) :] if silent else sketch

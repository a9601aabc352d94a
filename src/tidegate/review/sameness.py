"""Cases of the same content: by a file, a text or an entry that they share, they are of one group.

What they share is kept as digests under the instance's own key, of waiting cases alone. A group only
grows: a case that shares something with two of them makes them one. It never waits for another
transaction: what somebody holds just then is left, and whoever asked tries again.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.content.model import Content
from tidegate.infra.db import Tx
from tidegate.infra.digests import keyed
from tidegate.infra.ids import uuid7
from tidegate.review.priority import is_near, known_matches
from tidegate.review.queries import WAITING
from tidegate.review.tables import case_keys, cases
from tidegate.signals.fingerprints.normalise import normalised
from tidegate.signals.fingerprints.seen import seen
from tidegate.signals.model import Match

PURPOSE = "same"
SHORT = 30  # characters: under a picture "wow" says nothing of what is posted
_OTHERS = 8  # of those with a key, which are of one group: to ask some is to ask all


def keys_of(
    key: bytes, content: Content | None, matches: Sequence[Match], cluster: UUID | None = None
) -> set[bytes]:
    """What content is the same by, as digests under `key`: its files, its text, its cluster, near entries.
    None of it where the content is gone."""
    if content is None:
        return set()
    shared = {f"file {file.sha256}" for file in content.media if file.sha256}
    if cluster is not None:
        shared.add(f"cluster {cluster}")
    if content.text:
        text = normalised(seen(content.text, content.text_format).text)
        if text and (len(text) >= SHORT or not content.media):
            shared.add(f"text {hashlib.sha256(text.encode()).hexdigest()}")
    near = (one for one in known_matches(matches) if is_near(one) and not one.quarantined)
    shared |= {f"entry {one.entry}" for one in near}
    return {keyed(key, PURPOSE, hashlib.sha256(one.encode()).digest()) for one in shared}


def keep_keys(tx: Tx, kept: Mapping[UUID, set[bytes]], *, fresh: Collection[UUID] = ()) -> None:
    """Have these cases, which the caller holds, known by these keys alone. `fresh` had none before."""
    if before := [case_id for case_id in kept if case_id not in fresh]:
        forget_keys(tx, before)
    rows = [{"key": key, "case_id": case_id} for case_id, keys in kept.items() for key in keys]
    if rows:
        tx.execute(insert(case_keys).values(rows).on_conflict_do_nothing())


def forget_keys(tx: Tx, ids: Sequence[UUID]) -> None:
    """These cases wait no more, or their content has gone."""
    tx.execute(sa.delete(case_keys).where(case_keys.c.case_id.in_(ids)))


def group(tx: Tx, kept: Mapping[UUID, set[bytes]]) -> tuple[dict[UUID, UUID | None], set[UUID]]:
    """The group of each of these cases, None while it is alone, and those for which this must be asked
    again, because somebody holds a case that would have to follow. Their keys are kept already."""
    found = _others(tx, kept)
    groups = Groups()
    for case_id, keys in kept.items():
        for key in keys:
            groups.join(case_id, key)
    for key, case_id, same in found:
        groups.join(key, same or case_id)
    told: dict[UUID, UUID | None] = dict.fromkeys(kept)
    again: set[UUID] = set()
    for members in groups.all():
        mine = members & kept.keys()
        known = sorted({same for _, _, same in found if same is not None and same in members})
        alone = sorted({case_id for _, case_id, _ in found if case_id in members})
        if len(mine) + len(known) + len(alone) == 1:
            continue
        name = known[0] if known else uuid7(tx.now)
        told |= dict.fromkeys(mine, name)
        if (alone or known[1:]) and not _follow(tx, name, alone, known[1:]):
            again |= mine
    return told, again


class Groups:
    """Cases, keys and groups that are joined, and what is connected by that."""

    def __init__(self) -> None:
        self._above: dict[UUID | bytes, UUID | bytes] = {}

    def join(self, one: UUID | bytes, other: UUID | bytes) -> None:
        self._above[self._top(one)] = self._top(other)

    def all(self) -> list[set[UUID]]:
        """Everything that is joined, the keys left out."""
        found: dict[UUID | bytes, set[UUID]] = {}
        for one in list(self._above):
            joined = found.setdefault(self._top(one), set())
            if isinstance(one, UUID):
                joined.add(one)
        return list(found.values())

    def _top(self, one: UUID | bytes) -> UUID | bytes:
        above = self._above.setdefault(one, one)
        while above != self._above[above]:
            above = self._above[above]
        self._above[one] = above
        return above


def _others(tx: Tx, kept: Mapping[UUID, set[bytes]]) -> list[tuple[bytes, UUID, UUID | None]]:
    """(key, case, its group) of some other waiting cases with each of the keys."""
    keys = sorted({key for one in kept.values() for key in one})
    if not keys:
        return []
    rows = tx.execute(_OTHERS_OF, {"keys": keys, "own": list(kept), "most": _OTHERS}).all()
    return [(row.key, row.case_id, row.same) for row in rows]


def _follow(tx: Tx, name: UUID, alone: Sequence[UUID], merged: Sequence[UUID]) -> bool:
    """Have waiting cases, and all of other groups, be of this one. False where somebody holds some."""
    wanted = sa.or_(
        sa.and_(cases.c.id.in_(alone), cases.c.same.is_(None)), cases.c.same.in_(merged)
    )
    free = sa.select(cases.c.id).where(WAITING, wanted).with_for_update(skip_locked=True)
    tx.execute(sa.update(cases).where(cases.c.id.in_(free)).values(same=name))
    left = sa.select(sa.exists().where(WAITING, wanted))
    return not tx.execute(left).scalar_one()


_OTHERS_OF = sa.text(
    "SELECT k.key, o.case_id, c.same FROM unnest(CAST(:keys AS bytea[])) AS k (key)"
    " CROSS JOIN LATERAL (SELECT case_id FROM case_keys WHERE case_keys.key = k.key"
    " AND case_id <> ALL(CAST(:own AS uuid[])) ORDER BY case_id DESC LIMIT :most) AS o"
    " JOIN cases c ON c.id = o.case_id AND c.state <> 'decided'"
)

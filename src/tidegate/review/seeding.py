"""Many cases at once, open and ranked as if each had come by itself, but that the ledger is not told of
each: for benchmarks, by COPY."""

from collections.abc import Sequence
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.review.opening import write
from tidegate.review.ranking import Ranking, Seen, facts_of, told_of
from tidegate.review.sameness import Groups, keys_of
from tidegate.review.tables import case_keys


def open_ranked(tx: Tx, ranking: Ranking, seen: Sequence[Seen]) -> None:
    """Open these cases, whose items are kept and judged and, by reports, told of. They are new, and of the
    same content as none that is there already."""
    told = told_of(tx, ranking, seen)
    facts = {one.case.id: facts_of(one, told) for one in seen}
    keys = {
        one.case.id: keys_of(ranking.key, one.content, facts[one.case.id].matches) for one in seen
    }
    same = _groups(tx, keys)
    shown = {
        one.case.id: {
            "ranked_at": tx.now,
            "same": same.get(one.case.id),
            "language": one.content.language if one.content else None,
        }
        for one in seen
    }
    write(tx, ranking, seen, facts, told, shown)
    tx.copy(case_keys, ("key", "case_id"), [(key, id) for id, own in keys.items() for key in own])


def _groups(tx: Tx, keys: dict[UUID, set[bytes]]) -> dict[UUID, UUID]:
    joined = Groups()
    for case_id, own in keys.items():
        for key in own:
            joined.join(case_id, key)
    found: dict[UUID, UUID] = {}
    for members in joined.all():
        if len(members) > 1:
            found |= dict.fromkeys(members, uuid7(tx.now))
    return found

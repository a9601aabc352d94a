"""Many cases at once, open and ranked as if each had come by itself, but that the ledger is not told of
each: for benchmarks, by COPY."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.review.model import CaseRow
from tidegate.review.ranking import COLUMNS, Ranking, Seen, columns_of, facts_of, told_of
from tidegate.review.sameness import Groups, keys_of
from tidegate.review.tables import case_events, case_keys, cases

_DETAIL = '{"origin":"%s","revision":%d}'
_OF_CASE = tuple(name for name in CaseRow.__struct_fields__ if name != "match")


def open_ranked(tx: Tx, ranking: Ranking, seen: Sequence[Seen]) -> None:
    """Open these cases, whose items are kept and judged and, by reports, told of. They are new, and of the
    same content as none that is there already."""
    told = told_of(tx, ranking, seen)
    facts = {one.case.id: facts_of(one, told.heard) for one in seen}
    keys = {
        one.case.id: keys_of(ranking.key, one.content, facts[one.case.id].matches) for one in seen
    }
    same = _groups(tx, keys)
    rows: list[list[object]] = []
    for one in seen:
        case = one.case
        shown = columns_of(ranking, one, facts[case.id], told, tx.now)
        shown |= {"ranked_at": tx.now, "same": same.get(case.id)}
        shown |= {"language": one.content.language if one.content else None}
        for name in ("because", "scoring"):
            shown[name] = msgspec.json.encode(shown[name]).decode()
        match = None if case.match is None else msgspec.json.encode(case.match).decode()
        own = [getattr(case, name) for name in _OF_CASE]
        rows.append([*own, match, *(shown[name] for name in COLUMNS)])
    tx.copy(cases, (*_OF_CASE, "match", *COLUMNS), rows)
    tx.copy(case_keys, ("key", "case_id"), [(key, id) for id, own in keys.items() for key in own])
    steps = [
        (case.id, case.opened_at, "opened", tx.actor, _DETAIL % (case.origin, case.revision or 1))
        for case in (one.case for one in seen)
    ]
    tx.copy(case_events, ("case_id", "at", "kind", "actor", "detail"), steps)


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

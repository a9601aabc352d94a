"""Cases about items that are new, opened together: written by COPY with their rank, however many there are.

Of an item that its transaction has just made nobody can have a case, so that none is looked for, and no two
can meet. What is written is what `open_case` writes, and `rank` after it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.model import Content, ItemRow
from tidegate.decisions.model import Evaluation
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.intake.queries import Heard
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import NewEntry
from tidegate.review.members import wait_about
from tidegate.review.model import CaseRow, Origin
from tidegate.review.priority import CaseFacts
from tidegate.review.ranking import (
    COLUMNS,
    Ranking,
    Seen,
    Told,
    columns_of,
    facts_of,
    language_by,
    queue_of,
)
from tidegate.review.sameness import group, keys_of
from tidegate.review.tables import case_events, case_keys, cases
from tidegate.signals.model import Match
from tidegate.triage.kept.queries import places_of
from tidegate.triage.records import heard_voices


class NewCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case to be: the item that it is about, what that says, what was said of it, and what was reported
    about it; `match` is the one to look at first, `cluster` that of the item."""

    item: ItemRow
    content: Content
    evaluation: Evaluation
    heard: Heard
    match: Match | None = None
    cluster: UUID | None = None


def open_new(
    tx: Tx, ranking: Ranking, asked: Sequence[NewCase], *, queue: str, origin: Origin
) -> list[CaseRow]:
    """Open a case about each of these items, which this transaction has made; in their order."""
    if not asked:
        return []
    seen = [
        Seen(
            case=_case(tx, one, queue, origin),
            content=one.content,
            evaluations=[one.evaluation],
        )
        for one in asked
    ]
    heard = {one.item.id: one.heard for one in asked}
    given = ranking.scoring.given(tx, [one.case for one in seen])
    told = Told(heard, heard_voices(tx, [id for id, one in heard.items() if one.voices]), given)
    facts = {one.case.id: facts_of(one, told) for one in seen}
    keys = {
        one.case.id: keys_of(ranking.key, one.content, facts[one.case.id].matches, new.cluster)
        for one, new in zip(seen, asked, strict=True)
    }
    groups, again = group(tx, keys)
    shown: dict[UUID, dict[str, Any]] = {}
    for one in seen:
        language, sure = language_by(one, guess=False)
        shown[one.case.id] = {
            "language": language,
            "same": groups[one.case.id],
            "ranked_at": tx.now if sure and one.case.id not in again else None,
        }
    stories = _stories(tx, ranking, asked)
    opened = write(tx, ranking, seen, facts, told, shown, stories)
    tx.copy(case_keys, ("key", "case_id"), [(key, id) for id, own in keys.items() for key in own])
    clusters = [(new.cluster, one.case.id) for one, new in zip(seen, asked, strict=True)]
    wait_about(tx, [(cluster, case_id) for cluster, case_id in clusters if cluster is not None])
    append_many(tx, [_entry(one) for one in opened])
    return opened


def _stories(tx: Tx, ranking: Ranking, asked: Sequence[NewCase]) -> Mapping[UUID, UUID]:
    """The stories of these items, where an open incident asks for one."""
    if not ranking.routing.asks_for_stories:
        return {}
    places = places_of(tx, [one.item.id for one in asked])
    return {item_id: place.story for item_id, place in places.items()}


def write(
    tx: Tx,
    ranking: Ranking,
    seen: Sequence[Seen],
    facts: Mapping[UUID, CaseFacts],
    told: Told,
    shown: Mapping[UUID, dict[str, Any]],
    stories: Mapping[UUID, UUID] = {},
) -> list[CaseRow]:
    """Write new cases with their rank and their first step; they, in their queues. `shown`: what of `COLUMNS` is
    known of each beside what follows from the others; `stories` of their items."""
    rows: list[list[object]] = []
    written: list[CaseRow] = []
    for one in seen:
        values = columns_of(ranking, one, facts[one.case.id], told, tx.now) | shown[one.case.id]
        story = stories.get(one.case.subject_id)
        values |= queue_of(ranking, one, facts[one.case.id], values, story)
        queue, routed_from = values["queue"], values["routed_from"]
        case = msgspec.structs.replace(one.case, queue=queue, routed_from=routed_from)
        written.append(case)
        for name in ("because", "scoring"):
            values[name] = _json.encode(values[name]).decode()
        match = None if case.match is None else _json.encode(case.match).decode()
        own = [getattr(case, name) for name in _OF_CASE]
        rows.append([*own, match, *(values[name] for name in _OF_RANK)])
    tx.copy(cases, (*_OF_CASE, "match", *_OF_RANK), rows)
    steps = [
        (one.id, one.opened_at, "opened", tx.actor, _json.encode(_detail(one)).decode())
        for one in (one.case for one in seen)
    ]
    tx.copy(case_events, ("case_id", "at", "kind", "actor", "detail"), steps)
    return written


def _case(tx: Tx, one: NewCase, queue: str, origin: Origin) -> CaseRow:
    return CaseRow(
        id=uuid7(tx.now),
        subject_kind="item",
        subject_id=one.item.id,
        platform=one.item.platform,
        item_id=one.item.id,
        revision=one.item.revision,
        version=1,
        queue=queue,
        state="open",
        origin=origin,
        match=None if one.match is None else msgspec.to_builtins(one.match),
        claimed_by=None,
        claimant=None,
        claimed_until=None,
        decision_id=None,
        opened_at=tx.now,
        reopened_at=None,
        decided_at=None,
    )


def _detail(case: CaseRow) -> dict[str, object]:
    return {"origin": case.origin, "revision": case.revision}


def _entry(case: CaseRow) -> NewEntry:
    record = {"case": case.id, "subject": case.subject} | _detail(case)
    return NewEntry("case.opened", record, case.subject_id, case.platform)


_json = msgspec.json.Encoder()
_OF_CASE = tuple(name for name in CaseRow.__struct_fields__ if name != "match")
_OF_RANK = tuple(name for name in COLUMNS if name not in _OF_CASE)

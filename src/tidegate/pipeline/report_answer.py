"""What a report is answered with, and the places of what else is said of it: one function each, which takes
all reports of a transaction at once.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.holds.queries import is_closed
from tidegate.content.model import ItemRow
from tidegate.infra.db import Tx
from tidegate.intake.filed import FiledReport, answer_to
from tidegate.intake.model import Filed
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.told import Told
from tidegate.review.listing import priorities_of
from tidegate.review.model import CaseRow
from tidegate.triage.kept.queries import places_of


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What `POST /v1/reports` answers: the report's and the item's ids as the caller knows them, what the
    report brought beside that item, the case that it opened or joined, how many reports the item has now,
    the code for the reporter, and what is to be said of the report itself."""

    id: str
    item: str
    brought: str | msgspec.UnsetType = msgspec.UNSET
    case: UUID
    state: str
    queue: str
    reports: int
    reference: str
    cluster: UUID | None
    threat: dict[str, Any] | None
    priority: dict[str, Any] | None
    problems: list[str]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What else there is to say of a report."""

    cluster: UUID | None = None
    threat: dict[str, Any] | None = None
    priority: dict[str, Any] | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A report that was heard: what it is about, what it brought beside that, and what came of it.
    `voices`: how many have reported the item; `problems` are those of the report itself."""

    told: Told
    filed: Filed
    brought: ItemRow | None
    case: CaseRow
    voices: int
    problems: Sequence[str]


def priority(tx: Tx, instance: Instance, cases: Sequence[UUID]) -> list[dict[str, Any] | None]:
    """The priority of each case. They are ranked by now."""
    found = priorities_of(tx, set(cases))
    return [None if (one := found[id]) is None else msgspec.to_builtins(one) for id in cases]


def said_of(tx: Tx, found: FiledReport) -> Said:
    """The same of a report that was kept before, as it is now."""
    places = places_of(tx, [found.item_id])
    scored = found.case_id and priorities_of(tx, [found.case_id])[found.case_id]
    return Said(
        cluster=places[found.item_id].cluster if places else None,
        threat=_stored_threat(tx, found),
        priority=msgspec.to_builtins(scored) if scored else None,
    )


def _stored_threat(tx: Tx, found: FiledReport) -> dict[str, Any] | None:
    """As it was answered; of what is closed without the words."""
    stored = answer_to(tx, found.id)
    if stored is None:
        return None
    threat: dict[str, Any] | None = msgspec.json.decode(stored).get("threat")
    if threat is None or not is_closed(tx, found.item_id):
        return threat
    return threat | {"because": []}


def answer(one: Answered, said: Said) -> bytes:
    """The answer's JSON, as it is sent and stored."""
    tip = one.told.tip
    return _json.encode(
        ReportAnswer(
            id=one.told.taken.said.id,
            item=one.filed.item.external_id,
            brought=msgspec.UNSET if one.brought is None else one.brought.external_id,
            case=one.case.id,
            state=one.case.state,
            queue=one.case.queue,
            reports=one.voices,
            reference=one.filed.reference,
            cluster=said.cluster,
            threat=said.threat,
            priority=said.priority,
            problems=[*one.problems, *(tip.problems if tip else [])],
        )
    )


_json = msgspec.json.Encoder()

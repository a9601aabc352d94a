"""What happened in a case, step by step, with the names of what its steps are about."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import item_authors, item_names
from tidegate.infra.db import Tx
from tidegate.review.model import CaseEvent
from tidegate.review.tables import case_events

SHOWN_EVENTS = 100


def history(tx: Tx, case_id: UUID) -> list[CaseEvent]:
    """All steps of a case, the first first."""
    query = (
        sa.select(case_events.c.at, case_events.c.kind, case_events.c.actor, case_events.c.detail)
        .where(case_events.c.case_id == case_id)
        .order_by(case_events.c.id)
    )
    return _told(tx, [CaseEvent(*row) for row in tx.execute(query)])


def newest_steps(tx: Tx, case_id: UUID) -> list[CaseEvent]:
    """The newest steps, the newest first; those of reports that joined it are one."""
    steps = case_events.c
    mine = steps.case_id == case_id
    query = sa.select(steps.id, steps.at, steps.kind, steps.actor, steps.detail).where(mine)
    newest = query.where(steps.kind != "reported").order_by(steps.id.desc()).limit(SHOWN_EVENTS)
    found = {
        row.id: CaseEvent(row.at, row.kind, row.actor, row.detail) for row in tx.execute(newest)
    }
    number = sa.select(
        sa.func.count().label("times"),
        sa.func.max(steps.id).label("id"),
        sa.func.min(steps.at).label("first"),
        sa.func.max(steps.at).label("last"),
    ).where(mine, steps.kind == "reported")
    told = tx.execute(number).one()
    if told.times:
        detail = {"count": told.times, "first_at": told.first.isoformat()}
        found[told.id] = CaseEvent(told.last, "reported", "", detail)
    return _told(tx, [found[id] for id in sorted(found, reverse=True)])


def _told(tx: Tx, events: list[CaseEvent]) -> list[CaseEvent]:
    """Steps with the names of the items and the authors that they are about, as far as the reader may
    see these."""
    named = item_names(tx, {item for event in events for item in _named_items(event)})
    posted = [UUID(one["item"]) for event in events for one in event.detail.get("causes", [])]
    authors = item_authors(tx, posted)
    return [_with_authors(_with_names(tx, event, named), authors) for event in events]


def _named_items(event: CaseEvent) -> list[UUID]:
    """The items that a quarantine's evidence names. They are kept by our own ids, so that nothing of
    an erased one is left here; before there were cases about entries, by the platform's."""
    return [UUID(one) for one in event.detail.get("items", []) if isinstance(one, str)]


def _with_names(tx: Tx, event: CaseEvent, names: Mapping[UUID, tuple[str, str]]) -> CaseEvent:
    """A step with the items that it names as their platforms call them, those that the reader may see."""
    if "items" not in event.detail:
        return event
    found = (names[item] for item in _named_items(event) if item in names)
    shown = [{"platform": platform, "id": id} for platform, id in found]
    shown += [
        one
        for one in event.detail["items"]
        if not isinstance(one, str) and tx.sees(one.get("platform", ""))
    ]
    return msgspec.structs.replace(event, detail=event.detail | {"items": shown})


def _with_authors(event: CaseEvent, authors: Mapping[UUID, tuple[str, str | None]]) -> CaseEvent:
    """A quarantine's evidence with who posted what the entry matched: kept by an item of theirs, as
    the items are, and told as far as the reader may see these."""
    if "causes" not in event.detail:
        return event
    shown: list[dict[str, Any]] = []
    for one in event.detail["causes"]:
        if (found := authors.get(UUID(one["item"]))) is not None:
            platform, author = found
            shown.append({"platform": platform, "author": author, "contents": one["contents"]})
    return msgspec.structs.replace(event, detail=event.detail | {"causes": shown})

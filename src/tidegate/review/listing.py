"""Cases as the API lists them: in the order in which people are given them, or the oldest first."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.tables import items
from tidegate.decisions.outcomes import outcomes_of
from tidegate.infra.columns import one_of
from tidegate.infra.cursors import is_cursor, read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.review.filters import bad_filter
from tidegate.review.model import CaseFilter, CaseOrder, CaseView
from tidegate.review.passing import DECIDED
from tidegate.review.places import Place, read_place, write_place
from tidegate.review.queries import NO_LOOK, VIEW, WAITING, view_of
from tidegate.review.routing import case_as_shown
from tidegate.review.scoring import shown_priority
from tidegate.review.sight import in_sight
from tidegate.review.tables import cases
from tidegate.triage.replay import Replayed
from tidegate.triage.score import Kept, Priority

MOST_REPLAYED = 100_000


def list_cases(
    tx: Tx,
    queue: str | None = None,
    state: CaseFilter | None = None,
    cursor: str | None = None,
    limit: int = 50,
    order: CaseOrder | None = None,
) -> tuple[list[CaseView], str | None]:
    """A page of cases, and the cursor of the next page, if there is one. By `priority` they come as people
    are given them, and only such that wait; by `oldest` as they were opened. Where no order is named they come
    by priority, and where no state is either, what is decided comes after all that waits, the last first;
    decided ones alone, and what follows a page by `oldest`, come by `oldest`.

    Raises Refusal (422) for a cursor that no answer in this order gave, and for decided cases by priority.
    """
    if order == "priority" and state == "decided":
        raise bad_filter("order", "oldest, for cases that wait no more", "priority")
    oldest = state == "decided" or (cursor is not None and is_cursor(cursor))
    if order == "priority" or (order is None and not oldest):
        every = order is None and state is None
        return _by_priority(tx, queue, state, cursor, limit, every=every)
    query = VIEW.where(in_sight(tx), NO_LOOK)
    query = query.order_by(cases.c.opened_at, cases.c.id).limit(limit + 1)
    if queue is not None:
        query = query.where(cases.c.queue == queue)
    if state == "waiting":
        query = query.where(WAITING)
    elif state is not None:
        query = query.where(cases.c.state == state)
    if cursor is not None:
        place = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        query = query.where(sa.tuple_(cases.c.opened_at, cases.c.id) > place)
    rows = tx.execute(query).all()
    views = [CaseView(**view_of(row, tx.now)) for row in rows[:limit]]
    more = len(rows) > limit
    return views, write_cursor(views[-1].opened_at, views[-1].id) if more else None


def _by_priority(
    tx: Tx,
    queue: str | None,
    state: CaseFilter | None,
    cursor: str | None,
    limit: int,
    *,
    every: bool,
) -> tuple[list[CaseView], str | None]:
    """A page of what waits, and with `every` of what is decided after it."""
    place = None if cursor is None else read_place(cursor, ranked=None if every else True)
    asked = (
        [in_sight(tx), NO_LOOK]
        if queue is None
        else [in_sight(tx), NO_LOOK, cases.c.queue == queue]
    )
    rows: list[sa.Row[Any]] = []
    if place is None or place.band is not None:
        order = (cases.c.band, cases.c.place_at, cases.c.id)
        query = VIEW.where(WAITING, cases.c.place_at.isnot(None), *asked)
        if state not in (None, "waiting"):
            query = query.where(cases.c.state == state)
        if place is not None:
            query = query.where(sa.tuple_(*order) > sa.tuple_(*map(sa.literal, place.key())))
        rows += tx.execute(query.order_by(*order).limit(limit + 1)).all()
    if every and len(rows) <= limit:
        order = (cases.c.decided_at, cases.c.id)
        query = VIEW.where(cases.c.state == DECIDED, *asked)
        if place is not None and place.band is None:
            query = query.where(sa.tuple_(*order) < sa.tuple_(*map(sa.literal, place.key())))
        last = query.order_by(*(one.desc() for one in order)).limit(limit + 1 - len(rows))
        rows += tx.execute(last).all()
    views = [CaseView(**view_of(row, tx.now)) for row in rows[:limit]]
    return views, _after(rows[limit - 1]) if len(rows) > limit else None


def _after(row: sa.Row[Any]) -> str:
    """The cursor of what comes after a row."""
    if row.state == "decided":
        return write_place(Place(False, None, row.decided_at, row.id, 0))
    return write_place(Place(False, row.band, row.place_at, row.id, 0))


def priorities_of(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, Priority | None]:
    """The scores of cases with their parts, as the answers to reports tell them; None for one that is not
    ranked."""
    columns = (cases.c.id, cases.c.scoring, cases.c.waits_since, cases.c.decided_at)
    rows = tx.execute(sa.select(*columns).where(one_of(cases.c.id, case_ids))).all()
    return {
        row.id: shown_priority(row.scoring, row.waits_since, row.decided_at, tx.now) for row in rows
    }


_ROUTED_BY = (
    *("platform", "origin", "channels", "language", "label", "bank", "severity"),
    *("images", "videos", "others"),
)


def scored_since(tx: Tx, since: datetime) -> list[Replayed]:
    """The cases that wait, or waited, since then and were scored, the first first, as a replay reads them; at most
    a hundred thousand, the newest."""
    query = (
        sa.select(
            cases.c.id,
            items.c.external_id,
            cases.c.base_band,
            cases.c.waits_since,
            cases.c.scoring,
            cases.c.decision_id,
            *(cases.c[name] for name in _ROUTED_BY),
            sa.func.coalesce(cases.c.routed_from, cases.c.queue).label("own_queue"),
        )
        .outerjoin_from(cases, items, items.c.id == cases.c.item_id)
        .where(cases.c.waits_since >= since, cases.c.scoring.isnot(None), in_sight(tx), NO_LOOK)
        .order_by(cases.c.waits_since.desc(), cases.c.id)
        .limit(MOST_REPLAYED)
    )
    rows = tx.execute(query).mappings().all()
    decided = [row["decision_id"] for row in rows if row["decision_id"] is not None]
    acted = outcomes_of(tx, decided)
    return [
        Replayed(
            id=row["id"],
            item=row["external_id"],
            band=row["base_band"],
            since=row["waits_since"],
            kept=msgspec.convert(row["scoring"], Kept),
            urgent=acted.get(row["decision_id"]),
            queue=row["own_queue"],
            case=case_as_shown(row["platform"], row["origin"], dict(row)),
        )
        for row in reversed(rows)
    ]

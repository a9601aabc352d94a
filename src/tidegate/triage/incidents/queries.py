"""Reading incidents and bursts: those of the platforms that the transaction sees."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.triage.bursts import Series
from tidegate.triage.incidents.arrivals import volumes
from tidegate.triage.incidents.model import (
    SHOWN_AFTER,
    SHOWN_BEFORE,
    Evidence,
    IncidentState,
    IncidentView,
    Route,
    Routes,
    Taken,
    Volume,
    incident_unknown,
    surge_title,
)
from tidegate.triage.incidents.tables import bursts, incident_steps, incidents

_I, _B, _S = incidents.c, bursts.c, incident_steps.c
_AS_THEY_ARE = (
    *("id", "state", "scheme", "scheme_version", "platform", "note", "level", "criteria", "queue"),
    *("bank", "proposed_by", "proposed_at", "opened_by", "opened_at", "opening_reason"),
    *("closed_by", "closed_at", "outcome", "closing_reason"),
)


def list_incidents(
    tx: Tx, state: IncidentState | None, cursor: str | None, limit: int
) -> tuple[list[IncidentView], str | None]:
    """A page, those first that were proposed last, and the cursor of the next one. Raises Refusal (422) for
    a cursor that no answer gave."""
    query = sa.select(incidents).where(tx.within(_I.platform))
    if state is not None:
        query = query.where(_I.state == state)
    if cursor is not None:
        place = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        query = query.where(sa.tuple_(_I.proposed_at, _I.id) < place)
    query = query.order_by(_I.proposed_at.desc(), _I.id.desc()).limit(limit + 1)
    rows = tx.execute(query).all()
    following = None
    if len(rows) > limit:
        following = write_cursor(rows[limit - 1].proposed_at, rows[limit - 1].id)
    return _views(tx, rows[:limit]), following


def get_incident(tx: Tx, incident_id: UUID) -> IncidentView:
    """One, its evidence with the volumes around it. Raises Refusal (404)."""
    query = sa.select(incidents).where(_I.id == incident_id, tx.within(_I.platform))
    row = tx.execute(query).one_or_none()
    if row is None:
        raise incident_unknown(incident_id)
    (view,) = _views(tx, [row])
    if view.evidence is None or view.series is None:
        return view
    if row.figures is not None:
        shown = kept_volumes(row.figures)
    else:
        first, last = _around(view.evidence, tx.now)
        shown = volumes(tx, view.series, first, last)
    evidence = msgspec.structs.replace(view.evidence, volumes=shown)
    return msgspec.structs.replace(view, evidence=evidence)


def figures_of(tx: Tx, incident_id: UUID) -> dict[str, Any] | None:
    """What was kept of what was counted when it was closed; None: it is not, or nothing was."""
    query = sa.select(_I.figures).where(_I.id == incident_id, tx.within(_I.platform))
    return tx.execute(query).scalar_one_or_none()


def kept_volumes(figures: dict[str, Any]) -> list[Volume]:
    """What `figures` has of each bin."""
    return [Volume(datetime.fromisoformat(at), count) for at, count in figures["volumes"]]


def _around(evidence: Evidence, now: datetime) -> tuple[datetime, datetime]:
    last = evidence.ended_at or now
    shown = min(last + timedelta(hours=1), evidence.began_at + SHOWN_AFTER, now)
    return evidence.began_at - SHOWN_BEFORE, shown


def open_routes(tx: Tx) -> list[Route]:
    """The queues of incidents that are open, the oldest first."""
    query = (
        sa.select(_I.queue, _I.platform, _I.routes)
        .where(_I.state == "open", _I.queue.isnot(None))
        .order_by(_I.opened_at, _I.id)
    )
    return [
        Route(row.queue, row.platform, msgspec.convert(row.routes or {}, Routes))
        for row in tx.execute(query)
    ]


def lasting(tx: Tx) -> int:
    """How many bursts last."""
    query = sa.select(sa.func.count()).select_from(bursts).where(_B.ended_at.is_(None))
    return int(tx.execute(query).scalar_one())


def live_counts(tx: Tx) -> dict[str, int]:
    """How many incidents are proposed, and how many open."""
    query = sa.select(_I.state, sa.func.count()).where(_I.state != "closed", tx.within(_I.platform))
    rows = tx.execute(query.group_by(_I.state))
    found: list[tuple[str, int]] = [tuple(row) for row in rows]
    return {"proposed": 0, "open": 0} | dict(found)


def _views(tx: Tx, rows: Sequence[sa.Row[Any]]) -> list[IncidentView]:
    ids = [row.id for row in rows]
    evidence, steps = _evidence(tx, ids), _steps(tx, ids)
    found: list[IncidentView] = []
    for row in rows:
        values: dict[str, Any] = {name: getattr(row, name) for name in _AS_THEY_ARE}
        series = None if row.kind is None else Series(row.platform, row.kind, row.key)
        # That of its own series first, whatever was found in the same moment.
        scopes = sorted(
            evidence[row.id], key=lambda one: (one.kind, one.key) != (row.kind, row.key)
        )
        found.append(
            IncidentView(
                **values,
                title=surge_title(series) if series and not row.title else row.title or "",
                routes=msgspec.convert(row.routes or {}, Routes),
                series=series,
                steps=steps[row.id],
                evidence=next(iter(scopes), None),
                scopes=scopes,
            )
        )
    return found


def _steps(tx: Tx, ids: Sequence[UUID]) -> defaultdict[UUID, list[Taken]]:
    found: defaultdict[UUID, list[Taken]] = defaultdict(list)
    if ids:
        query = sa.select(incident_steps).where(_S.incident_id.in_(ids))
        for row in tx.execute(query.order_by(_S.taken_at, _S.step)):
            found[row.incident_id].append(Taken(row.step, row.taken_by, row.taken_at, row.note))
    return found


def _evidence(tx: Tx, ids: Sequence[UUID]) -> defaultdict[UUID, list[Evidence]]:
    """The first burst of each series in which the surge was found, that which proposed the incident first."""
    found: defaultdict[UUID, list[Evidence]] = defaultdict(list)
    if not ids:
        return found
    query = sa.select(bursts).where(_B.incident_id.in_(ids)).order_by(_B.found_at, _B.id)
    for row in tx.execute(query):
        scopes = found[row.incident_id]
        if any((one.kind, one.key) == (row.kind, row.key) for one in scopes):
            continue
        scopes.append(
            Evidence(
                kind=row.kind,
                key=row.key,
                began_at=row.began_at,
                found_at=row.found_at,
                ended_at=row.ended_at,
                minutes=row.scale,
                observed=row.observed,
                expected=row.expected,
                ratio=row.observed / row.expected if row.expected else None,
                p=row.p,
                p_before=row.p_before,
                p_days=row.p_days,
            )
        )
    return found

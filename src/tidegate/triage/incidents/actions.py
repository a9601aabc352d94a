"""The verbs of incidents: a burst or a person proposes one, people open it, take its steps and close it.
Each is in the ledger, as names and numbers.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.access.platforms import refuse_others
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.ids import uuid7
from tidegate.infra.parsing import check_words
from tidegate.ledger.actions import append
from tidegate.policy.queues import OF_INCIDENTS
from tidegate.signals.banks.actions import create_bank
from tidegate.signals.banks.model import BankIn
from tidegate.signals.banks.queries import get_bank
from tidegate.triage.bursts import BIN, Counts, Found, Series, calm_bins, is_one, is_over
from tidegate.triage.incidents.arrivals import count_of, together, volumes
from tidegate.triage.incidents.model import (
    SHOWN_BEFORE,
    CloseIn,
    IncidentIn,
    IncidentView,
    OpenIn,
    Routes,
    Scheme,
    Schemes,
    StepIn,
    Volume,
    activation_refused,
    check_closing,
    check_opening,
    check_step,
    incident_unknown,
    scheme_as_kept,
    scheme_of,
)
from tidegate.triage.incidents.queries import get_incident
from tidegate.triage.incidents.tables import bursts, incident_steps, incidents

_I, _B = incidents.c, bursts.c
May = Callable[[str], bool]


def propose(tx: Tx, said: IncidentIn, schemes: Schemes) -> IncidentView:
    """A person proposes one. Who is bound to a platform proposes for that. Raises Refusal: 403 for another's
    platform, 422 for an unknown scheme."""
    check_words("/title", said.title)
    scheme = scheme_of(schemes, said.scheme)
    platform = _platform_of(tx, said)
    return get_incident(tx, _propose(tx, scheme, platform, title=said.title, note=said.note))


def _platform_of(tx: Tx, said: IncidentIn) -> str | None:
    refuse_others(tx.platforms, said.platform)
    if said.platform is not None or tx.platforms is None:
        return said.platform
    if len(tx.platforms) > 1:
        raise bad_field("/platform", f"one of {', '.join(sorted(tx.platforms))}", "none")
    return min(tx.platforms)


def _propose(tx: Tx, scheme: Scheme, platform: str | None, **values: object) -> UUID:
    incident_id = uuid7(tx.now)
    own: dict[str, Any] = {"id": incident_id, "platform": platform, "state": "proposed"}
    own |= {"scheme": scheme.name, "scheme_version": scheme.version}
    tx.execute(
        sa.insert(incidents).values(**own, proposed_by=tx.actor, proposed_at=tx.now, **values)
    )
    record: dict[str, object] = {"incident": incident_id, "scheme": scheme.name}
    record |= {name: values[name] for name in ("kind", "key") if name in values}
    append(tx, "incident.proposed", record, incident_id, platform)
    return incident_id


def begin_burst(tx: Tx, found: Found, at: datetime, scheme: Scheme, counted: Counts) -> UUID | None:
    """More arrives than usual, as the look at `at` found: the burst lasts from now on, and proposes an
    incident unless one of its series is proposed or open, or the same surge was found in another series: then
    it is more evidence of that. Returns the new incident's id; None where there is none, also because the
    burst lasts already."""
    series = found.series
    lasts = sa.select(bursts).where(_B.platform == series.platform, _B.ended_at.is_(None))
    others = tx.execute(lasts.order_by(_B.found_at, _B.id)).all()
    if any((one.kind, one.key) == (series.kind, series.key) for one in others):
        return None
    lives = sa.select(_I.id).where(
        _I.platform == series.platform,
        _I.kind == series.kind,
        _I.key == series.key,
        _I.state != "closed",
    )
    known = tx.execute(lives).scalar_one_or_none() or next(
        (
            one.incident_id
            for one in others
            if is_one(found, at, Series(one.platform, one.kind, one.key), one.found_at, counted)
        ),
        None,
    )
    proposed = None
    if known is None:
        proposed = _propose(tx, scheme, series.platform, kind=series.kind, key=series.key)
    tx.execute(
        sa.insert(bursts).values(
            id=uuid7(tx.now),
            platform=series.platform,
            kind=series.kind,
            key=series.key,
            began_at=at - timedelta(minutes=found.scale),
            found_at=tx.now,
            scale=found.scale,
            observed=found.observed,
            expected=found.expected,
            p=found.p,
            p_before=found.p_before,
            p_days=found.p_days,
            calm=found.calm,
            incident_id=known or proposed,
        )
    )
    return proposed


def end_bursts(tx: Tx, at: datetime) -> int:
    """End the bursts that are over at this look; returns how many."""
    ended = 0
    for row in tx.execute(sa.select(bursts).where(_B.ended_at.is_(None))).all():
        series = Series(row.platform, row.kind, row.key)
        lately = count_of(tx, series, at - calm_bins(row.scale) * BIN, at)
        if is_over(row.began_at, row.scale, row.calm, lately, at):
            tx.execute(sa.update(bursts).where(_B.id == row.id).values(ended_at=at))
            ended += 1
    return ended


def open_incident(
    tx: Tx, incident_id: UUID, said: OpenIn, schemes: Schemes, may: May
) -> IncidentView:
    """Open what is proposed: it gets a queue, and a bank where one is named. Raises Refusal: 403 for whom
    the scheme does not name, 404, 409, 422."""
    row = _lock(tx, incident_id)
    name = said.scheme or row.scheme
    scheme = scheme_of(schemes, name)
    if not may(scheme.activates):
        raise activation_refused(scheme)
    check_words("/reason", said.reason)
    check_opening(row.state, scheme, said)
    if said.bank is not None:
        _have_bank(tx, said.bank, row.platform, may)
    queue = f"{OF_INCIDENTS}{incident_id.hex[-8:]}"
    routes = said.routes
    if routes == Routes() and (story := _story_of(tx, incident_id)):
        routes = Routes(story=story)  # what surged goes there
    values: dict[str, Any] = {
        "state": "open",
        "scheme": scheme.name,
        "scheme_version": scheme.version,
        "level": said.level,
        "criteria": list(dict.fromkeys(said.criteria)),
        "queue": queue,
        "routes": msgspec.to_builtins(routes),
        "bank": said.bank,
        "opened_by": tx.actor,
        "opened_at": tx.now,
        "opening_reason": said.reason,
    }
    _change(tx, incident_id, values)
    record = {"incident": incident_id, "scheme": scheme.name, "version": scheme.version}
    record |= {"level": said.level, "criteria": values["criteria"], "queue": queue}
    append(tx, "incident.opened", record | {"bank": said.bank}, incident_id, row.platform)
    return get_incident(tx, incident_id)


def take_step(tx: Tx, incident_id: UUID, said: StepIn, schemes: Schemes) -> IncidentView:
    """A step of its scheme is done, once. Raises Refusal: 404, 409, 422."""
    row = _lock(tx, incident_id)
    scheme = scheme_as_kept(schemes, row.scheme, row.scheme_version)
    before = get_incident(tx, incident_id)
    check_step(row.state, scheme, said.step, (one.step for one in before.steps))
    tx.execute(
        sa.insert(incident_steps).values(
            incident_id=incident_id,
            step=said.step,
            note=said.note,
            taken_by=tx.actor,
            taken_at=tx.now,
        )
    )
    record = {"incident": incident_id, "step": said.step}
    append(tx, "incident.stepped", record, incident_id, row.platform)
    return get_incident(tx, incident_id)


def close_incident(tx: Tx, incident_id: UUID, said: CloseIn) -> IncidentView:
    """Close what is open, or dismiss what is proposed; what was counted around it is kept with it. Raises
    Refusal: 404, 409."""
    row = _lock(tx, incident_id)
    check_words("/reason", said.reason)
    check_closing(row.state, said.outcome)
    view = get_incident(tx, incident_id)
    values: dict[str, Any] = {
        "state": "closed",
        "outcome": said.outcome,
        "closed_by": tx.actor,
        "closed_at": tx.now,
        "closing_reason": said.reason,
        "figures": {"volumes": [[one.at.isoformat(), one.count] for one in counted(tx, view)]},
    }
    _change(tx, incident_id, values)
    record = {"incident": incident_id, "outcome": said.outcome, "before": row.state}
    append(tx, "incident.closed", record, incident_id, row.platform)
    return get_incident(tx, incident_id)


def counted(tx: Tx, view: IncidentView) -> list[Volume]:
    """What arrived from twelve hours before an incident until now: of its series, or of its platform."""
    began = view.evidence.began_at if view.evidence else view.proposed_at
    first, last = began - SHOWN_BEFORE, tx.now
    if view.series is not None:
        return volumes(tx, view.series, first, last)
    return together(tx, view.platform, first, last)


def _lock(tx: Tx, incident_id: UUID) -> sa.Row[Any]:
    """The incident, held until the commit. Raises Refusal (404)."""
    columns = (_I.state, _I.scheme, _I.scheme_version, _I.platform, _I.kind, _I.key)
    query = sa.select(*columns).where(_I.id == incident_id, tx.within(_I.platform))
    row = tx.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise incident_unknown(incident_id)
    return row


def _story_of(tx: Tx, incident_id: UUID) -> str | None:
    """The one story that surged; None where there was none, or several."""
    query = sa.select(_B.key).where(_B.incident_id == incident_id, _B.kind == "story").distinct()
    stories = tx.execute(query).scalars().all()
    return stories[0] if len(stories) == 1 else None


def _change(tx: Tx, incident_id: UUID, values: Mapping[str, Any]) -> None:
    tx.execute(sa.update(incidents).where(_I.id == incident_id).values(**values))


def _have_bank(tx: Tx, name: str, platform: str | None, may: May) -> None:
    """The bank of known content that an incident names, made where there is none. Raises Refusal: 403 for
    who may make none, 409 for one that is of another kind."""
    try:
        bank = get_bank(tx, name)
    except Refusal as refusal:
        if refusal.status != 404:
            raise
        if not may("banks:write"):
            raise Refusal(
                "scope-missing",
                403,
                "The key may not do this",
                "There is no such bank, and making one needs the scope 'banks:write'.",
                scope="banks:write",
            ) from None
        create_bank(tx, BankIn(name=name, stance="known", platform=platform))
        return
    if bank.stance != "known" or bank.platform not in (None, platform):
        raise Refusal(
            "bank-not-of-incident",
            409,
            "This bank cannot be the incident's",
            "Nothing was changed. It takes a bank of stance known, everybody's or of its platform.",
        )

"""What is known of an incident at a moment: what comes, what waits, who is needed. And what it came to, once one
looks back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

import msgspec

from tidegate.infra.db import Tx
from tidegate.ledger.model import EntryView
from tidegate.ledger.queries import entries_about
from tidegate.review.alert_lists import Ringing, ringing
from tidegate.review.figures import QueueFigures, queue_figures
from tidegate.review.handling import decided_in, handled, opened_since
from tidegate.triage.bursts import BIN, bin_of
from tidegate.triage.incidents.actions import counted
from tidegate.triage.incidents.arrivals import foremost
from tidegate.triage.incidents.model import (
    SHOWN_BEFORE,
    IncidentView,
    Scheme,
    Schemes,
    Volume,
    scheme_as_kept,
)
from tidegate.triage.incidents.queries import figures_of, kept_volumes
from tidegate.triage.staffing import FEWEST, Need, need

HOUR = timedelta(hours=1)
MEASURED = timedelta(days=7)  # of decided cases
MOST_ENTRIES = 1000


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it stands. `volumes` are bins from `first` to before `last`; `languages` and `stories` with
    how many came of each since it began. `need` is by the cases that came into its queue in the last hour;
    before it has one, or where none did, by the reports (`by_reports`): then each is taken for a case."""

    incident: IncidentView
    scheme: Scheme
    first: datetime
    last: datetime
    volumes: list[Volume]
    languages: list[tuple[str, int]]
    stories: list[tuple[str, int]]
    alerts: list[Ringing]
    queue: QueueFigures
    need: Need
    by_reports: bool


class Debrief(msgspec.Struct, frozen=True, kw_only=True):
    """What an incident came to. `handled` is how many decided cases of its queue were timed, and how long half
    of them took at most; `timeline` is what the ledger has of it, in order."""

    incident: IncidentView
    scheme: Scheme
    first: datetime
    last: datetime
    volumes: list[Volume]
    total: int
    most: Volume | None
    languages: list[tuple[str, int]]
    decided: int
    handled: int
    half_within: float | None
    timeline: list[EntryView]
    made_at: datetime


def situation_of(tx: Tx, incident: IncidentView, schemes: Schemes) -> Situation:
    """As of now."""
    first, last, bins = _span(tx, incident)
    queue = _queue(tx, incident.queue)
    per_hour, by_reports = _rate(tx, incident, bins)
    return Situation(
        incident=incident,
        scheme=scheme_as_kept(schemes, incident.scheme, incident.scheme_version),
        first=first,
        last=last,
        volumes=bins,
        languages=foremost(tx, incident.platform, "language", began_at(incident), last),
        stories=foremost(tx, incident.platform, "story", began_at(incident), last),
        alerts=[one for one in ringing(tx) if incident.platform in (None, one.platform)],
        queue=queue,
        need=need(queue.waiting, per_hour, _handled(tx, incident.queue)),
        by_reports=by_reports,
    )


def debrief_of(tx: Tx, incident: IncidentView, schemes: Schemes) -> Debrief:
    """What it came to, as of now or as it was closed."""
    first, last, bins = _span(tx, incident)
    spans = handled(tx, incident.proposed_at, incident.queue) if incident.queue else []
    return Debrief(
        incident=incident,
        scheme=scheme_as_kept(schemes, incident.scheme, incident.scheme_version),
        first=first,
        last=last,
        volumes=bins,
        total=sum(one.count for one in bins if one.at >= began_at(incident)),
        most=max(bins, key=lambda one: one.count, default=None),
        languages=foremost(tx, incident.platform, "language", began_at(incident), last),
        decided=decided_in(tx, incident.queue) if incident.queue else 0,
        handled=len(spans),
        half_within=median(spans) if spans else None,
        timeline=entries_about(tx, incident.id, MOST_ENTRIES),
        made_at=tx.now,
    )


def began_at(incident: IncidentView) -> datetime:
    """When what it is about began: its burst, or its proposal."""
    return incident.evidence.began_at if incident.evidence else incident.proposed_at


def _span(tx: Tx, incident: IncidentView) -> tuple[datetime, datetime, list[Volume]]:
    first = bin_of(began_at(incident) - SHOWN_BEFORE)
    figures = figures_of(tx, incident.id)
    if figures is not None and incident.closed_at is not None:
        return first, bin_of(incident.closed_at) + BIN, kept_volumes(figures)
    last = bin_of(tx.now)
    return first, last, [one for one in counted(tx, incident) if one.at < last]


def _rate(tx: Tx, incident: IncidentView, bins: Sequence[Volume]) -> tuple[float, bool]:
    """How many come in an hour: what came in the last one, and whether that are reports."""
    if incident.queue is not None:
        opened = opened_since(tx, incident.queue, tx.now - HOUR)
        if opened:
            return float(opened), False
    if incident.state == "closed":
        return 0.0, False
    since = bin_of(tx.now) - HOUR
    return float(sum(one.count for one in bins if one.at >= since)), True


def _queue(tx: Tx, name: str | None) -> QueueFigures:
    nothing = QueueFigures(queue=name or "", waiting=0, held=0, oldest=None)
    if name is None:
        return nothing
    return next((one for one in queue_figures(tx) if one.queue == name), nothing)


def _handled(tx: Tx, queue: str | None) -> list[float]:
    """What cases took: those of its queue, or where these are few, all of a week."""
    since = tx.now - MEASURED
    own = handled(tx, since, queue) if queue else []
    return own if len(own) >= FEWEST else handled(tx, since)

"""`/v1/incidents`: what surged, or was proposed, and the protocol that was opened for it."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.db import Tx
from tidegate.triage.incidents.actions import close_incident, open_incident, propose, take_step
from tidegate.triage.incidents.model import (
    CloseIn,
    IncidentIn,
    IncidentState,
    IncidentView,
    OpenIn,
    StepIn,
    incident_unknown,
)
from tidegate.triage.incidents.queries import get_incident, list_incidents
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import DEFAULT_LIMIT, Page

READS, OR_READS, WRITES = "cases:read", "reports:write", "incidents:write"


class IncidentsQuery(msgspec.Struct, frozen=True):
    state: IncidentState | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = DEFAULT_LIMIT


def list_all(tx: Tx, call: Call[object, IncidentsQuery]) -> Page:
    q = call.query
    return Page(*list_incidents(tx, q.state, q.cursor, q.limit))


def list_schemes(tx: Tx, call: Call) -> Page:
    schemes = call.instance.schemes
    return Page([schemes[name] for name in sorted(schemes)])


def get(tx: Tx, call: Call) -> IncidentView:
    return get_incident(tx, _id(call))


def create(tx: Tx, call: Call[IncidentIn]) -> IncidentView:
    return propose(tx, call.body, call.instance.schemes)


def open_(tx: Tx, call: Call[OpenIn]) -> IncidentView:
    may = call.principal.may
    return open_incident(tx, _id(call), call.body, call.instance.schemes, may)


def step(tx: Tx, call: Call[StepIn]) -> IncidentView:
    return take_step(tx, _id(call), call.body, call.instance.schemes)


def close(tx: Tx, call: Call[CloseIn]) -> IncidentView:
    return close_incident(tx, _id(call), call.body)


def _id(call: Call) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise incident_unknown(call.path["id"]) from None


_INCIDENT = "/v1/incidents/{id}"

endpoints = [
    Endpoint(
        method="GET",
        path="/v1/incidents",
        scope=READS,
        or_scope=OR_READS,
        summary="List incidents, the last proposed first",
        handler=list_all,
        query=IncidentsQuery,
        answer=Page,
    ),
    Endpoint(
        method="POST",
        path="/v1/incidents",
        scope=WRITES,
        summary="Propose an incident",
        handler=create,
        body=IncidentIn,
        answer=IncidentView,
        status=201,
        idempotent=True,
        refusals=(403, 422),
    ),
    Endpoint(
        method="GET",
        path="/v1/incidents/schemes",
        scope=READS,
        or_scope=OR_READS,
        summary="List the schemes of incidents",
        handler=list_schemes,
        answer=Page,
    ),
    Endpoint(
        method="GET",
        path=_INCIDENT,
        scope=READS,
        or_scope=OR_READS,
        summary="Read an incident, with the volumes of its evidence",
        handler=get,
        answer=IncidentView,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_INCIDENT}/open",
        scope=WRITES,
        summary="Open what is proposed: it gets a queue, and a bank where one is named",
        handler=open_,
        body=OpenIn,
        answer=IncidentView,
        idempotent=True,
        refusals=(403, 404, 409, 422),
    ),
    Endpoint(
        method="POST",
        path=f"{_INCIDENT}/step",
        scope=WRITES,
        summary="Say that a step of the scheme was taken",
        handler=step,
        body=StepIn,
        answer=IncidentView,
        idempotent=True,
        refusals=(404, 409, 422),
    ),
    Endpoint(
        method="POST",
        path=f"{_INCIDENT}/close",
        scope=WRITES,
        summary="Close an incident, or dismiss what is proposed",
        handler=close,
        body=CloseIn,
        answer=IncidentView,
        idempotent=True,
        refusals=(404, 409),
    ),
]

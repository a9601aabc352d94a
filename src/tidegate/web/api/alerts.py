"""`/v1/alerts`: what cannot wait, who has it, and how it ended."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.db import Tx
from tidegate.pipeline import alerts as paths
from tidegate.review import alert_lists as alerts
from tidegate.review.alert_model import AlertDetail, AlertState, CloseIn
from tidegate.review.alerts import alert_unknown
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import DEFAULT_LIMIT, Page, PageQuery, decode_uuid, encode_cursor


class AlertsQuery(msgspec.Struct, frozen=True):
    state: AlertState | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = DEFAULT_LIMIT


def list_alerts(tx: Tx, call: Call[object, AlertsQuery]) -> Page:
    q = call.query
    found, following = alerts.list_alerts(tx, q.state, decode_uuid(q.cursor), q.limit)
    return Page(found, following and encode_cursor(following))


def _alert_id(call: Call) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise alert_unknown(call.path["id"]) from None


def get_alert(tx: Tx, call: Call) -> AlertDetail:
    return alerts.get_alert(tx, _alert_id(call))


def list_reports(tx: Tx, call: Call[object, PageQuery]) -> Page:
    q = call.query
    after = decode_uuid(q.cursor)
    found, following = alerts.reports_of_alert(tx, _alert_id(call), after, q.limit)
    return Page(found, following and encode_cursor(following))


def acknowledge(tx: Tx, call: Call) -> AlertDetail:
    alert_id = _alert_id(call)
    call.subject = paths.acknowledge(tx, alert_id).alert.item_id
    return alerts.get_alert(tx, alert_id)


def close(tx: Tx, call: Call[CloseIn]) -> AlertDetail:
    alert_id = _alert_id(call)
    call.subject = alerts.item_of(tx, alert_id)
    return paths.close(tx, alert_id, call.body)


_ALERT = "/v1/alerts/{id}"

endpoints = [
    Endpoint(
        method="GET",
        path="/v1/alerts",
        scope="alerts:read",
        summary="List alerts, the latest first",
        handler=list_alerts,
        query=AlertsQuery,
        answer=Page,
    ),
    Endpoint(
        method="GET",
        path=_ALERT,
        scope="alerts:read",
        summary="Read an alert",
        handler=get_alert,
        answer=AlertDetail,
        refusals=(404,),
    ),
    Endpoint(
        method="GET",
        path=f"{_ALERT}/reports",
        scope="alerts:read",
        summary="List the reports that an alert names, the first first",
        handler=list_reports,
        query=PageQuery,
        answer=Page,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_ALERT}/acknowledge",
        scope="alerts:write",
        summary="Acknowledge an alert: somebody has it, and it rings no more",
        handler=acknowledge,
        answer=AlertDetail,
        idempotent=True,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_ALERT}/close",
        scope="alerts:write",
        summary="Close an alert: how it ended, and why",
        handler=close,
        body=CloseIn,
        answer=AlertDetail,
        idempotent=True,
        refusals=(404, 409),
    ),
]

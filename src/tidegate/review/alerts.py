"""Alerts: a threat to life was reported, or something was escalated. One rings on every open page until
somebody says that they have it. It is kept as ids and times alone, and outlives what it is about.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.review.queries import WAITING
from tidegate.review.sight import in_sight, refuse_out_of_sight
from tidegate.review.tables import alerts, cases

AlertKind = Literal["threat_to_life", "escalation"]
THREAT: AlertKind = "threat_to_life"  # also the reason of the report that it comes by
MOST = 200  # of a list

_STEP = sa.func.nextval("case_events_id_seq")  # the numbers of cases' steps: one order for both
_RINGS = alerts.c.acknowledged_at.is_(None)


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert; it rings as long as nobody has acknowledged it. `item` is an id of ours."""

    id: UUID
    kind: AlertKind
    platform: str | None
    item: UUID | None
    case: UUID | None
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class Acknowledged(msgspec.Struct, frozen=True):
    """An alert that somebody has acknowledged; `before`: when it was asked to, that was done already."""

    alert: Alert
    before: bool


def _shown(tx: Tx) -> list[sa.ColumnElement[Any]]:
    """What is shown of an alert. It rings for everybody on its platform; its case is named to who sees
    that."""
    seen = sa.exists().where(cases.c.id == alerts.c.case_id, in_sight(tx))
    return [
        alerts.c.id,
        alerts.c.kind,
        alerts.c.platform,
        alerts.c.item_id.label("item"),
        sa.case((seen, alerts.c.case_id)).label("case"),
        alerts.c.opened_at,
        alerts.c.acknowledged_at,
        alerts.c.acknowledged_by,
    ]


def open_alert(
    tx: Tx,
    kind: AlertKind,
    *,
    item_id: UUID | None,
    case_id: UUID | None = None,
    platform: str | None,
) -> UUID | None:
    """Let an alert ring about an item, or a case without one; None where one of its kind rings already.
    Without a case it is about that of the item which waits. The caller holds the subject."""
    if case_id is None and item_id is not None:
        waits = sa.select(cases.c.id).where(cases.c.item_id == item_id, WAITING)
        case_id = tx.execute(waits.limit(1)).scalar_one_or_none()
    if item_id is None and _rings_for_case(tx, kind, case_id):
        return None
    values = {"id": uuid7(tx.now), "kind": kind, "platform": platform, "item_id": item_id}
    values |= {"case_id": case_id, "opened_at": tx.now, "step": _STEP}
    query = insert(alerts).values(values)
    query = query.on_conflict_do_nothing(
        index_elements=[alerts.c.kind, alerts.c.item_id], index_where=_RINGS
    )
    opened: UUID | None = tx.execute(query.returning(alerts.c.id)).scalar_one_or_none()
    if opened is not None:
        record = {"alert": opened, "kind": kind}
        append(tx, "alert.opened", record, item_id or case_id, platform)
    return opened


def alert_about(tx: Tx, alert_id: UUID, case_id: UUID) -> None:
    """The alert, which rang before there was one, is about this case."""
    tx.execute(sa.update(alerts).where(alerts.c.id == alert_id).values(case_id=case_id))


def rings_about(tx: Tx, item_id: UUID) -> bool:
    """Whether an alert of any kind rings about an item."""
    query = sa.select(alerts.c.id).where(_RINGS, alerts.c.item_id == item_id)
    return tx.execute(query.limit(1)).first() is not None


def acknowledge(tx: Tx, alert_id: UUID) -> Acknowledged:
    """The actor has it: the alert rings no more. Who comes second is told who was first. Raises Refusal:
    404; 403 "case-of-others" for who could not go and look."""
    mine = sa.and_(alerts.c.id == alert_id, tx.within(alerts.c.platform))
    lock = sa.select(alerts.c.case_id).where(mine).with_for_update()
    if (locked := tx.execute(lock).one_or_none()) is None:
        raise alert_unknown(alert_id)
    if locked.case_id is not None:
        refuse_out_of_sight(tx, locked.case_id)
    alert = Alert(**tx.execute(sa.select(*_shown(tx)).where(mine)).mappings().one())
    if alert.acknowledged_at is not None:
        return Acknowledged(alert, before=True)
    said = {"acknowledged_at": tx.now, "acknowledged_by": tx.actor}
    change = sa.update(alerts).where(alerts.c.id == alert_id).values(**said, step=_STEP)
    tx.execute(change)
    record = {"alert": alert_id, "kind": alert.kind}
    append(tx, "alert.acknowledged", record, alert.item or alert.case, alert.platform)
    return Acknowledged(msgspec.structs.replace(alert, **said), before=False)


def ringing(tx: Tx, limit: int = MOST) -> list[Alert]:
    """The alerts that ring for the actor, a threat to life first, then the oldest."""
    query = sa.select(*_shown(tx)).where(_RINGS, tx.within(alerts.c.platform))
    query = query.order_by(alerts.c.kind != THREAT, alerts.c.opened_at, alerts.c.id).limit(limit)
    return [Alert(**row) for row in tx.execute(query).mappings()]


def recent_alerts(tx: Tx, limit: int = 50) -> list[Alert]:
    """Those that were acknowledged, the latest first."""
    query = sa.select(*_shown(tx)).where(sa.not_(_RINGS), tx.within(alerts.c.platform))
    query = query.order_by(alerts.c.step.desc()).limit(limit)
    return [Alert(**row) for row in tx.execute(query).mappings()]


def ringing_since(tx: Tx) -> tuple[int, float]:
    """How many ring, and for how many seconds the oldest has."""
    columns = sa.func.count().label("total"), sa.func.min(alerts.c.opened_at).label("oldest")
    row = tx.execute(sa.select(*columns).where(_RINGS)).one()
    return row.total, 0.0 if row.oldest is None else (tx.now - row.oldest).total_seconds()


def alert_unknown(alert_id: object) -> Refusal:
    return Refusal(
        "alert-unknown", 404, "There is no such alert", f"No alert {str(alert_id)[:64]}."
    )


def _rings_for_case(tx: Tx, kind: AlertKind, case_id: UUID | None) -> bool:
    """The index that keeps one alert a kind and item knows nothing of what has no item."""
    query = sa.select(alerts.c.id).where(_RINGS, alerts.c.kind == kind, alerts.c.case_id == case_id)
    return tx.execute(query.limit(1)).first() is not None

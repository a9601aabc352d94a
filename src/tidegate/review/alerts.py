"""Alerts: a threat to life was reported, or something was escalated. One rings on every open page until
somebody says that they have it, and stands until somebody says how it ended. It is kept as ids and times, and
outlives what it is about. Who asks for a row of it here holds its subject's already.

Each verb takes the row's lock first: of two who do something at once, one comes second.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.review.alert_model import (
    AlertKind,
    AlertOutcome,
    CloseIn,
    Rung,
    check_close,
    higher,
    state_of,
)
from tidegate.review.queries import WAITING
from tidegate.review.sight import refuse_out_of_sight
from tidegate.review.tables import alert_acknowledgements, alert_reports, alerts, cases

THREAT: AlertKind = "threat_to_life"  # also the reason of the report that it comes by

_STEP = sa.func.nextval("case_events_id_seq")  # the numbers of cases' steps: one order for both
RINGS = alerts.c.acknowledged_at.is_(None)
STANDS = alerts.c.closed_at.is_(None)
# Since when nobody has it, or was told so.
_UNTOLD_SINCE = sa.func.coalesce(alerts.c.reminded_at, alerts.c.unheard_since, alerts.c.opened_at)


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as its row says it; `item_id` is an id of ours."""

    id: UUID
    kind: AlertKind
    level: str | None
    platform: str | None
    item_id: UUID | None
    case_id: UUID | None
    opened_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    outcome: AlertOutcome | None
    reminders: int

    @property
    def subject(self) -> UUID | None:
        """What the ledger knows it by."""
        return self.item_id or self.case_id


class Acknowledged(msgspec.Struct, frozen=True):
    """An alert that somebody has acknowledged; `before`: when it was asked to, that was done already."""

    alert: AlertRow
    before: bool


_ROW = tuple(alerts.c[name] for name in AlertRow.__struct_fields__)


def ring(
    tx: Tx,
    kind: AlertKind,
    *,
    item_id: UUID | None,
    case_id: UUID | None = None,
    platform: str | None,
    report: UUID | None = None,
    level: str | None = None,
) -> Rung:
    """Let an alert ring about an item, or a case without one. The one that stands about it rings anew, for
    whoever had acknowledged it too, and names the `report`; where it rings already and there is none to
    name, nothing happens. Without a case it is about that of the item which waits. The caller holds the
    subject."""
    if case_id is None and item_id is not None:
        waits = sa.select(cases.c.id).where(cases.c.item_id == item_id, WAITING)
        case_id = tx.execute(waits.limit(1)).scalar_one_or_none()
    standing = _standing(tx, kind, item_id, case_id)
    if standing is None:
        about = {"kind": kind, "platform": platform, "item_id": item_id, "case_id": case_id}
        opened = _open(tx, about, report, level)
        return Rung(opened, opened=True, rang=True, report=report)
    if report is None and standing.acknowledged_at is None:
        return Rung(standing.id, opened=False, rang=False)
    _ring_anew(tx, standing, case_id, report, level)
    return Rung(standing.id, opened=False, rang=True, report=report)


def alert_about(tx: Tx, alert_id: UUID, case_id: UUID) -> None:
    """The alert, which rang before there was one, is about this case."""
    tx.execute(sa.update(alerts).where(alerts.c.id == alert_id).values(case_id=case_id))


def rings_about(tx: Tx, item_id: UUID) -> bool:
    """Whether an alert of any kind rings about an item."""
    query = sa.select(alerts.c.id).where(RINGS, alerts.c.item_id == item_id)
    return tx.execute(query.limit(1)).first() is not None


def acknowledge(tx: Tx, alert_id: UUID) -> Acknowledged:
    """The actor has it: the alert rings no more, unless it does so anew. Who comes second is told who was
    first. Raises Refusal: 404; 403 "case-of-others" for who could not go and look."""
    alert = _lock(tx, alert_id)
    if alert.acknowledged_at is not None:
        return Acknowledged(alert, before=True)
    _change(tx, alert_id, _hear(tx, alert))
    return Acknowledged(_lock(tx, alert_id), before=False)


def close(tx: Tx, alert_id: UUID, given: CloseIn) -> AlertRow:
    """The actor says how it ended; one that rings is acknowledged by that too. What is reported about the
    same later is another alert. Raises Refusal: 422; 404; 403 "case-of-others"; 409 "alert-closed" with how
    it ended already."""
    check_close(given)
    alert = _lock(tx, alert_id)
    if alert.closed_at is not None:
        raise _closed(alert)
    heard = _hear(tx, alert) if alert.acknowledged_at is None else {}
    said = {"closed_at": tx.now, "closed_by": tx.actor, "outcome": given.outcome}
    words = {"reason": given.reason.strip(), "referred_to": (given.referred_to or "").strip()}
    _change(tx, alert_id, heard | said | {name: one or None for name, one in words.items()})
    record = {"alert": alert_id, "kind": alert.kind, "outcome": given.outcome}
    append(tx, "alert.closed", record, alert.subject, alert.platform)
    if alert.case_id is not None:
        _rank_anew(tx, alert.case_id)
    return _lock(tx, alert_id)


def unheard(tx: Tx, seconds: float, limit: int) -> list[AlertRow]:
    """Locked: alerts that nobody has acknowledged for that long, since they began to ring or since it was
    told last, those first that have waited longest. What another process has in hand is left to it."""
    since = tx.now - timedelta(seconds=seconds)
    query = sa.select(*_ROW).where(RINGS, since >= _UNTOLD_SINCE)
    query = query.order_by(_UNTOLD_SINCE, alerts.c.id).limit(limit)
    rows = tx.execute(query.with_for_update(skip_locked=True)).mappings()
    return [AlertRow(**row) for row in rows]


def remind(tx: Tx, alert: AlertRow, *, record: bool, targets: int) -> int:
    """Note that it is told, to so many targets, that nobody has the alert; the caller has locked it. How
    often that was done since it rings, this time included; `record`: the ledger is told of it."""
    step = alert.reminders + 1
    values = {"reminders": step, "reminded_at": tx.now}
    tx.execute(sa.update(alerts).where(alerts.c.id == alert.id).values(values))
    if record:
        told = {"alert": alert.id, "kind": alert.kind, "step": step, "targets": targets}
        append(tx, "alert.unacknowledged", told, alert.subject, alert.platform)
    return step


def forget_words(tx: Tx, item_id: UUID) -> None:
    """Erasure: what was written about how alerts about the item ended goes; they stay, as ids and times."""
    words = {"reason": None, "referred_to": None}
    tx.execute(sa.update(alerts).where(alerts.c.item_id == item_id).values(words))


def alert_unknown(alert_id: object) -> Refusal:
    return Refusal(
        "alert-unknown", 404, "There is no such alert", f"No alert {str(alert_id)[:64]}."
    )


def _closed(alert: AlertRow) -> Refusal:
    told = {
        "id": alert.id,
        "state": state_of(alert.acknowledged_at, alert.closed_at),
        "outcome": alert.outcome,
        "closed_by": alert.closed_by,
        "closed_at": alert.closed_at,
    }
    return Refusal(
        "alert-closed",
        409,
        "Somebody has closed the alert already",
        f"Nothing was changed. {alert.closed_by} closed it.",
        alert=told,
    )


def _standing(
    tx: Tx, kind: AlertKind, item_id: UUID | None, case_id: UUID | None
) -> AlertRow | None:
    """The alert of that kind about it that is not closed, locked; the one that rings, else the newest."""
    about = alerts.c.item_id == item_id
    if item_id is None:
        about = sa.and_(alerts.c.item_id.is_(None), alerts.c.case_id == case_id)
    query = sa.select(*_ROW).where(STANDS, alerts.c.kind == kind, about)
    query = query.order_by(alerts.c.acknowledged_at.isnot(None), alerts.c.id.desc()).limit(1)
    row = tx.execute(query.with_for_update()).mappings().one_or_none()
    return None if row is None else AlertRow(**row)


def _open(tx: Tx, about: dict[str, Any], report: UUID | None, level: str | None) -> UUID:
    alert_id = uuid7(tx.now)
    values = about | {"id": alert_id, "level": level, "reports": 0 if report is None else 1}
    times = dict.fromkeys(("opened_at", "rang_at", "unheard_since"), tx.now)
    tx.execute(sa.insert(alerts).values(values | times | {"step": _STEP}))
    _name(tx, alert_id, report, level)
    record = {"alert": alert_id, "kind": about["kind"]} | _told(report, level)
    append(tx, "alert.opened", record, about["item_id"] or about["case_id"], about["platform"])
    return alert_id


def _ring_anew(
    tx: Tx, alert: AlertRow, case_id: UUID | None, report: UUID | None, level: str | None
) -> None:
    values: dict[str, Any] = {
        "rang_at": tx.now,
        "rings": alerts.c.rings + 1,
        "level": higher(alert.level, level),
        "case_id": case_id or alert.case_id,
    }
    if _name(tx, alert.id, report, level):
        values["reports"] = alerts.c.reports + 1
    if alert.acknowledged_at is not None:
        values |= dict.fromkeys(("acknowledged_at", "acknowledged_by", "reminded_at"))
        values |= {"unheard_since": tx.now, "reminders": 0}
    _change(tx, alert.id, values)
    record = {"alert": alert.id, "kind": alert.kind} | _told(report, level)
    append(tx, "alert.rang", record, alert.subject or case_id, alert.platform)


def _told(report: UUID | None, level: str | None) -> dict[str, Any]:
    given = {"report": report, "level": level}
    return {name: one for name, one in given.items() if one is not None}


def _name(tx: Tx, alert_id: UUID, report: UUID | None, level: str | None) -> bool:
    """Let the alert name a report; whether it did not before."""
    if report is None:
        return False
    row = {"alert_id": alert_id, "report_id": report, "level": level, "at": tx.now}
    query = insert(alert_reports).values(row).on_conflict_do_nothing()
    return tx.execute(query.returning(alert_reports.c.report_id)).first() is not None


def _lock(tx: Tx, alert_id: UUID) -> AlertRow:
    """Raises Refusal: 404; 403 "case-of-others"."""
    mine = sa.and_(alerts.c.id == alert_id, tx.within(alerts.c.platform))
    row = tx.execute(sa.select(*_ROW).where(mine).with_for_update()).mappings().one_or_none()
    if row is None:
        raise alert_unknown(alert_id)
    if row["case_id"] is not None:
        refuse_out_of_sight(tx, row["case_id"])
    return AlertRow(**row)


def _hear(tx: Tx, alert: AlertRow) -> dict[str, Any]:
    """Note that the actor has it; what its row says then."""
    row = {"id": uuid7(tx.now), "alert_id": alert.id, "by": tx.actor, "at": tx.now}
    tx.execute(sa.insert(alert_acknowledgements).values(row))
    record = {"alert": alert.id, "kind": alert.kind}
    append(tx, "alert.acknowledged", record, alert.subject, alert.platform)
    return {"acknowledged_at": tx.now, "acknowledged_by": tx.actor}


def _change(tx: Tx, alert_id: UUID, values: dict[str, Any]) -> None:
    tx.execute(sa.update(alerts).where(alerts.c.id == alert_id).values(**values, step=_STEP))


def _rank_anew(tx: Tx, case_id: UUID) -> None:
    """What its rank says of the alert is over. Whoever has the case in hand at this moment is not waited
    for: they hold their subject, and may be about to ring."""
    mine = sa.select(cases.c.id).where(cases.c.id == case_id).with_for_update(skip_locked=True)
    tx.execute(sa.update(cases).where(cases.c.id.in_(mine)).values(ranked_at=None))


def levels_about(tx: Tx, item_ids: Sequence[UUID], case_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What is known of the threats about items: the highest level of each, by alerts that stand, and by those
    about these cases that ended while they waited, unless as a false alarm: that decides no case."""
    since = sa.func.coalesce(cases.c.reopened_at, cases.c.opened_at)
    waits = sa.exists().where(
        cases.c.id == alerts.c.case_id,
        one_of(cases.c.id, case_ids),
        since <= alerts.c.closed_at,
    )
    holds = sa.or_(STANDS, sa.and_(alerts.c.outcome != "false_alarm", waits))
    query = sa.select(alerts.c.item_id, alerts.c.level).where(
        holds, one_of(alerts.c.item_id, item_ids), alerts.c.level.isnot(None)
    )
    found: dict[UUID, str] = {}
    for row in tx.execute(query):
        level = higher(found.get(row.item_id), row.level)
        assert level is not None
        found[row.item_id] = level
    return found

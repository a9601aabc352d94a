"""Reading alerts: those that ring, lists of them, one with all that is known of it, and what they name.

An alert shows to everybody on its platform; its case is named to who sees that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import item_names
from tidegate.infra.db import Tx
from tidegate.intake.queries import report_names
from tidegate.review.alert_model import (
    Acknowledgement,
    Alert,
    AlertDetail,
    AlertKind,
    AlertState,
    NamedReport,
    Threatening,
    state_of,
)
from tidegate.review.alerts import RINGS, STANDS, THREAT, alert_unknown
from tidegate.review.sight import in_sight
from tidegate.review.tables import alert_acknowledgements, alert_reports, alerts, cases

MOST = 200  # of those that ring, on a page
NAMED_IN_LISTS = 100  # reports, of each alert
NAMED = 1_000  # of one

_IN_STATE = {
    "open": sa.and_(RINGS, STANDS),
    "acknowledged": sa.and_(~RINGS, STANDS),
    "closed": ~STANDS,
}
_RANG_AT = sa.func.coalesce(alerts.c.rang_at, alerts.c.opened_at)


class Ringing(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as the bar of every page shows it. It has rung `rings` times, last at `rang_at`; `words` are
    how what it is about begins, for who may read that."""

    id: UUID
    kind: AlertKind
    level: str | None
    platform: str | None
    case: UUID | None
    rings: int
    opened_at: datetime
    rang_at: datetime
    words: str | None = None


# The gravest first. Where nobody took words for anything, somebody says outright that a life is at stake.
_GRAVITY = {"high_specific": 0, "high_unspecific": 1, None: 2, "medium": 3, "low": 4}


def gravity(kind: AlertKind, level: str | None) -> tuple[bool, int]:
    """What alerts are ordered by: threats to life first, of these the gravest."""
    return kind != THREAT, _GRAVITY.get(level, len(_GRAVITY))


def ringing(tx: Tx, limit: int = MOST) -> list[Ringing]:
    """The alerts that ring for the actor: threats to life first, of these the gravest, then what rang last."""
    query = sa.select(
        *(alerts.c[name] for name in ("id", "kind", "level", "platform", "rings", "opened_at")),
        _case(tx),
        _RANG_AT.label("rang_at"),
    ).where(RINGS, tx.within(alerts.c.platform))
    known = {level: place for level, place in _GRAVITY.items() if level is not None}
    graver = sa.case(known, value=alerts.c.level, else_=len(_GRAVITY))
    graver = sa.case((alerts.c.level.is_(None), _GRAVITY[None]), else_=graver)
    order = alerts.c.kind != THREAT, graver, _RANG_AT.desc(), alerts.c.id.desc()
    query = query.order_by(*order).limit(limit)
    return [Ringing(**row) for row in tx.execute(query).mappings()]


def ringing_since(tx: Tx) -> tuple[int, float]:
    """How many ring, and for how many seconds the oldest has."""
    columns = sa.func.count().label("total"), sa.func.min(alerts.c.opened_at).label("oldest")
    row = tx.execute(sa.select(*columns).where(RINGS)).one()
    return row.total, 0.0 if row.oldest is None else (tx.now - row.oldest).total_seconds()


def list_alerts(
    tx: Tx, state: AlertState | None, after: UUID | None = None, limit: int = 50
) -> tuple[list[Alert], UUID | None]:
    """A page of alerts, the latest opened first, and where the next one goes on, if there is one."""
    query = _select(tx).order_by(alerts.c.id.desc()).limit(limit + 1)
    if state is not None:
        query = query.where(_IN_STATE[state])
    if after is not None:
        query = query.where(alerts.c.id < after)
    rows = tx.execute(query).mappings().all()
    following = rows[limit - 1]["id"] if len(rows) > limit else None
    return [Alert(**one) for one in _told(tx, rows[:limit], NAMED_IN_LISTS)], following


def rang_of_late(tx: Tx, state: AlertState, limit: int = 50) -> list[Alert]:
    """Those in that state, the last to change first."""
    query = _select(tx).where(_IN_STATE[state]).order_by(alerts.c.step.desc()).limit(limit)
    return [Alert(**one) for one in _told(tx, tx.execute(query).mappings().all(), 1)]


def get_alert(tx: Tx, alert_id: UUID) -> AlertDetail:
    """One alert. Raises Refusal (404)."""
    query = sa.select(
        *(alert_acknowledgements.c[name] for name in Acknowledgement.__struct_fields__)
    ).where(alert_acknowledgements.c.alert_id == alert_id)
    (told,) = _told(tx, [_one(tx, alert_id)], NAMED)
    heard = tx.execute(query.order_by(alert_acknowledgements.c.at, alert_acknowledgements.c.id))
    return AlertDetail(**told, acknowledgements=[Acknowledgement(*row) for row in heard])


def said_of(tx: Tx, alert_id: UUID, reports: int) -> Alert:
    """One alert with so many of its reports, for the message about it: whole, whoever made it ring."""
    query = sa.select(alerts, alerts.c.case_id.label("case")).where(alerts.c.id == alert_id)
    row = dict(tx.execute(query).mappings().one())
    (told,) = _told(tx, [row | {"rang_at": row["rang_at"] or row["opened_at"]}], reports)
    return Alert(**told)


def item_of(tx: Tx, alert_id: UUID) -> UUID | None:
    """Our id of the item that an alert is about. Raises Refusal (404)."""
    return _one(tx, alert_id)["item_id"]


def reports_of_alert(
    tx: Tx, alert_id: UUID, after: UUID | None, limit: int
) -> tuple[list[NamedReport], UUID | None]:
    """A page of the reports that an alert names, the first first, and where the next one goes on. Raises
    Refusal (404)."""
    _one(tx, alert_id)
    query = sa.select(alert_reports).where(alert_reports.c.alert_id == alert_id)
    if after is not None:
        query = query.where(alert_reports.c.report_id > after)
    rows = tx.execute(query.order_by(alert_reports.c.report_id).limit(limit + 1)).all()
    following = rows[limit - 1].report_id if len(rows) > limit else None
    names = report_names(tx, [row.report_id for row in rows[:limit]])
    return [
        NamedReport(names[row.report_id], row.level, row.at)
        for row in rows[:limit]
        if row.report_id in names
    ], following


def threatening_in(tx: Tx, case_id: UUID, limit: int) -> list[Threatening]:
    """The latest reports whose words rang an alert about this case, the latest first; the caller sees it."""
    return _threatening(tx, alerts.c.case_id == case_id, limit)


def threatening_of(tx: Tx, alert_id: UUID, limit: int) -> list[Threatening]:
    """The same of one alert."""
    return _threatening(tx, alerts.c.id == alert_id, limit)


def _threatening(tx: Tx, where: sa.ColumnElement[bool], limit: int) -> list[Threatening]:
    columns = alert_reports.c.report_id, alert_reports.c.level, alert_reports.c.at
    query = sa.select(*columns).join(alerts, alerts.c.id == alert_reports.c.alert_id)
    query = query.where(where, alert_reports.c.level.isnot(None), tx.within(alerts.c.platform))
    query = query.order_by(alert_reports.c.report_id.desc()).limit(limit)
    return [Threatening(*row) for row in tx.execute(query)]


def alerts_naming(tx: Tx, report_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The alert that names each of these reports, by our ids; those that none names are left out."""
    query = sa.select(alert_reports.c.report_id, alert_reports.c.alert_id)
    query = query.join(alerts, alerts.c.id == alert_reports.c.alert_id)
    query = query.where(alert_reports.c.report_id.in_(report_ids), tx.within(alerts.c.platform))
    return {row.report_id: row.alert_id for row in tx.execute(query)}


def _case(tx: Tx) -> sa.ColumnElement[Any]:
    seen = sa.exists().where(cases.c.id == alerts.c.case_id, in_sight(tx))
    return sa.case((seen, alerts.c.case_id)).label("case")


def _select(tx: Tx) -> sa.Select[Any]:
    own = [one for one in alerts.c if one.name not in ("case_id", "rang_at")]
    query = sa.select(*own, _case(tx), _RANG_AT.label("rang_at"))
    return query.where(tx.within(alerts.c.platform))


def _one(tx: Tx, alert_id: UUID) -> Any:
    row = tx.execute(_select(tx).where(alerts.c.id == alert_id)).mappings().one_or_none()
    if row is None:
        raise alert_unknown(alert_id)
    return row


_AS_THEY_ARE = frozenset(Alert.__struct_fields__) - {"state", "item", "reports", "reports_total"}


def _told(tx: Tx, rows: Sequence[Any], reports: int) -> list[dict[str, Any]]:
    """Rows as they are told: by the platforms' ids, each with the latest of its reports."""
    items = item_names(tx, {row["item_id"] for row in rows if row["item_id"] is not None})
    named = _named(tx, [row["id"] for row in rows if row["reports"]], reports)
    names = report_names(tx, [one for ids in named.values() for one in ids])
    return [
        {name: row[name] for name in _AS_THEY_ARE}
        | {
            "state": state_of(row["acknowledged_at"], row["closed_at"]),
            "item": items.get(row["item_id"], (None, None))[1],
            "reports": [names[one] for one in named.get(row["id"], ()) if one in names],
            "reports_total": row["reports"],
        }
        for row in rows
    ]


def _named(tx: Tx, alert_ids: Sequence[UUID], most: int) -> dict[UUID, list[UUID]]:
    """The latest reports of each of these alerts, the latest first."""
    if not alert_ids:
        return {}
    latest = (
        sa.select(alert_reports.c.report_id)
        .where(alert_reports.c.alert_id == alerts.c.id)
        .order_by(alert_reports.c.report_id.desc())
        .limit(most)
        .lateral("latest")
    )
    query = sa.select(alerts.c.id, latest.c.report_id).join(latest, sa.true())
    query = query.where(alerts.c.id.in_(alert_ids)).order_by(latest.c.report_id.desc())
    found: dict[UUID, list[UUID]] = {}
    for row in tx.execute(query):
        found.setdefault(row.id, []).append(row.report_id)
    return found

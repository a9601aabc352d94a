"""Trusted flaggers: registered, suspended and resumed, each report of theirs known by the key it came with;
and what became of these."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.access.platforms import everybodys
from tidegate.decisions.agreement import share
from tidegate.decisions.tables import decisions
from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.intake.flagging import (
    FlaggerDetail,
    FlaggerIn,
    FlaggerView,
    MonthOfQuality,
    Quality,
    check_flagger,
    check_reason,
    flagger_suspended,
)
from tidegate.intake.tables import flagger_keys, flaggers, reports
from tidegate.ledger.actions import append

CHANNEL = "trusted_flagger"
MONTHS = 12  # that a flagger shows


def create_flagger(tx: Tx, given: FlaggerIn) -> FlaggerView:
    """Register an organisation; whoever is bound to a platform registers it for that one. Raises Refusal:
    422; 403 for everybody's by who is bound; 409 "flagger-exists"."""
    given = check_flagger(given)
    _may_change(tx, given.platform)
    query = (
        insert(flaggers)
        .values(
            id=uuid7(tx.now),
            name=given.name,
            contact=given.contact,
            areas=given.areas,
            platform=given.platform,
            created_at=tx.now,
            created_by=tx.actor,
        )
        .on_conflict_do_nothing()
        .returning(flaggers)
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        raise Refusal(
            "flagger-exists",
            409,
            "There is such a flagger already",
            "Nothing was written: a trusted flagger of this platform has this name.",
        )
    record = {"flagger": row.id, "areas": given.areas, "platform": given.platform}
    append(tx, "flagger.created", record, row.id, given.platform)
    return _view(row)


def list_flaggers(
    tx: Tx, cursor: str | None = None, limit: int = 50
) -> tuple[list[FlaggerView], str | None]:
    """A page of the flaggers that the reader may see, the eldest first, and the cursor of the next page.
    Raises Refusal (422) for a cursor that no answer gave."""
    query = sa.select(flaggers).where(_seen(tx)).order_by(flaggers.c.created_at, flaggers.c.id)
    if cursor is not None:
        place = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        query = query.where(sa.tuple_(flaggers.c.created_at, flaggers.c.id) > place)
    rows = tx.execute(query.limit(limit + 1)).all()
    views = [_view(row) for row in rows[:limit]]
    more = len(rows) > limit
    return views, write_cursor(views[-1].created_at, views[-1].id) if more else None


def get_flagger(tx: Tx, flagger_id: UUID) -> FlaggerDetail:
    """A flagger with what became of its reports that the reader may see. Raises Refusal (404)."""
    view = _find(tx, flagger_id)
    of = reports.c.flagger_id == flagger_id
    total, months = quality(tx, of), monthly_quality(tx, of, MONTHS)
    return FlaggerDetail(
        **{name: getattr(view, name) for name in FlaggerView.__struct_fields__},
        quality=total,
        months=months,
    )


def suspend_flagger(tx: Tx, flagger_id: UUID, reason: str) -> FlaggerView:
    """Take the status away for as long as it is looked into. Raises Refusal: 422, 404, 403, 409
    "flagger-suspended-already"."""
    check_reason(reason)
    values: dict[str, Any] = {"suspended_at": tx.now, "suspended_reason": reason}
    return _change(tx, flagger_id, "suspended", values)


def resume_flagger(tx: Tx, flagger_id: UUID, reason: str) -> FlaggerView:
    """Give it back. Raises Refusal: 422, 404, 403, 409 "flagger-active"."""
    check_reason(reason)
    values: dict[str, Any] = {"suspended_at": None, "suspended_reason": None}
    return _change(tx, flagger_id, "resumed", values, reason)


def bind_key(tx: Tx, key_id: str, platform: str | None, flagger_id: UUID) -> None:
    """What comes with this key, which is bound to `platform` or to none, is the flagger's. Raises Refusal:
    404; 422 for a key of another platform than the flagger is of."""
    view = _find(tx, flagger_id)
    if view.platform is not None and view.platform != platform:
        raise Refusal(
            "flagger-of-another",
            422,
            "The flagger is of another platform",
            f"It is registered for {view.platform}: its keys are bound to that (--platform).",
        )
    tx.execute(sa.insert(flagger_keys).values(key_id=key_id, flagger_id=flagger_id))
    append(
        tx, "flagger.key_bound", {"flagger": flagger_id, "key": key_id}, flagger_id, view.platform
    )


def flagger_of(tx: Tx, key_id: str | None, *, threat: bool = False) -> UUID | None:
    """The flagger whose key this is, for a report over the channel `trusted_flagger`; None where it is
    nobody's. Raises Refusal (403) while it is suspended, unless it reports a threat to life."""
    if key_id is None:
        return None
    query = (
        sa.select(flaggers.c.id, flaggers.c.suspended_at)
        .join(flagger_keys, flagger_keys.c.flagger_id == flaggers.c.id)
        .where(flagger_keys.c.key_id == key_id)
    )
    row = tx.execute(query).one_or_none()
    if row is not None and row.suspended_at is not None and not threat:
        raise flagger_suspended()
    return None if row is None else row.id


def attribute(tx: Tx, report_id: UUID, flagger_id: UUID | None) -> None:
    """A report that was just recorded is this flagger's."""
    if flagger_id is not None:
        of = reports.c.id == report_id
        tx.execute(sa.update(reports).where(of).values(flagger_id=flagger_id))


def quality(tx: Tx, of: sa.ColumnElement[bool], since: datetime | None = None) -> Quality:
    """What became of the reports `of` this condition that the reader may see, from `since` on."""
    told = _outcomes(tx, of, since).subquery()
    row = tx.execute(sa.select(*_counts(told))).one()
    return _quality(row)


def quality_of_flaggers(tx: Tx, flagger_ids: Sequence[UUID]) -> dict[UUID, Quality]:
    """The same of each of these flaggers that has reported anything."""
    told = _outcomes(tx, reports.c.flagger_id.in_(flagger_ids), None).subquery()
    query = sa.select(told.c.flagger_id, *_counts(told)).group_by(told.c.flagger_id)
    return {row.flagger_id: _quality(row) for row in tx.execute(query)}


def monthly_quality(tx: Tx, of: sa.ColumnElement[bool], months: int) -> list[MonthOfQuality]:
    """The same by the month in which they came, the last first."""
    told = _outcomes(tx, of, tx.now - timedelta(days=31 * months)).subquery()
    month = sa.func.to_char(sa.func.timezone("UTC", told.c.received_at), "YYYY-MM").label("month")
    query = sa.select(month, *_counts(told)).group_by(month).order_by(month.desc()).limit(months)
    return [_month(row) for row in tx.execute(query)]


def _outcomes(
    tx: Tx, of: sa.ColumnElement[bool], since: datetime | None
) -> sa.Select[Any, Any, Any]:
    """Each report with the last decision that was made on its item after it came."""
    last = (
        sa.select(decisions.c.outcome)
        .where(decisions.c.item_id == reports.c.item_id)
        .where(decisions.c.created_at >= reports.c.received_at, decisions.c.state == "left")
        .order_by(decisions.c.created_at.desc(), decisions.c.id.desc())
        .limit(1)
        .lateral()
    )
    query = (
        sa.select(reports.c.received_at, reports.c.flagger_id, last.c.outcome)
        .outerjoin(last, sa.true())
        .where(of, tx.within(reports.c.platform))
    )
    return query if since is None else query.where(reports.c.received_at >= since)


def _counts(told: sa.Subquery) -> list[sa.ColumnElement[int]]:
    number = sa.func.count()
    acted = told.c.outcome.in_(["restrict", "escalate"])
    return [
        number.label("reports"),
        number.filter(told.c.outcome.isnot(None)).label("decided"),
        number.filter(acted).label("acted"),
    ]


def _quality(row: sa.Row[Any]) -> Quality:
    precision = share(row.acted, row.decided)
    return Quality(reports=row.reports, decided=row.decided, acted=row.acted, precision=precision)


def _month(row: sa.Row[Any]) -> MonthOfQuality:
    precision = share(row.acted, row.decided)
    counts = {"reports": row.reports, "decided": row.decided, "acted": row.acted}
    return MonthOfQuality(month=row.month, precision=precision, **counts)


def _change(
    tx: Tx, flagger_id: UUID, what: str, values: dict[str, Any], reason: str | None = None
) -> FlaggerView:
    view = _find(tx, flagger_id, lock=True)
    _may_change(tx, view.platform)
    if (view.state == "suspended") == (what == "suspended"):
        raise Refusal(
            "flagger-suspended-already" if what == "suspended" else "flagger-active",
            409,
            "It stands so already",
            f"Nothing was written: the flagger is {view.state}.",
        )
    mine = flaggers.c.id == flagger_id
    row = tx.execute(sa.update(flaggers).where(mine).values(values).returning(flaggers)).one()
    reason = reason or values.get("suspended_reason")
    record = {"flagger": flagger_id, "reason": reason}
    append(tx, f"flagger.{what}", record, flagger_id, view.platform)
    return _view(row)


def _find(tx: Tx, flagger_id: UUID, *, lock: bool = False) -> FlaggerView:
    query = sa.select(flaggers).where(flaggers.c.id == flagger_id, _seen(tx))
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise flagger_unknown()
    return _view(row)


def flagger_unknown() -> Refusal:
    return Refusal(
        "flagger-unknown",
        404,
        "There is no such flagger",
        "GET /v1/flaggers lists them.",
    )


def _seen(tx: Tx) -> sa.ColumnElement[bool]:
    """Everybody's are seen by all."""
    return sa.or_(flaggers.c.platform.is_(None), tx.within(flaggers.c.platform))


def _may_change(tx: Tx, platform: str | None) -> None:
    if tx.platforms is not None and (platform is None or not tx.sees(platform)):
        raise everybodys("the flagger is not this platform's alone")


def _view(row: sa.Row[Any]) -> FlaggerView:
    return FlaggerView(
        id=row.id,
        name=row.name,
        contact=row.contact,
        areas=row.areas,
        platform=row.platform,
        state="active" if row.suspended_at is None else "suspended",
        suspended_reason=row.suspended_reason,
        suspended_at=row.suspended_at,
        created_at=row.created_at,
        created_by=row.created_by,
    )

"""Waiting lifts a case from band to band, within the bound that the priority states."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.settings import Settings
from tidegate.review.priority import aged
from tidegate.review.queries import WAITING
from tidegate.review.tables import cases

PAGE = 200
_MOST_AGEING = 24 * 365 * 100.0  # hours: beyond is never


def ageing_of(settings: Settings) -> timedelta:
    """How long a case waits for each band that it moves up."""
    found = timedelta(hours=min(settings.ageing_hours, _MOST_AGEING))
    return max(found, timedelta(microseconds=1))


def lift_aged(tx: Tx, ageing: timedelta, limit: int = PAGE) -> int:
    """Lift those that have waited long enough to; returns how many. For the worker."""
    due = (
        sa.select(cases.c.id, cases.c.base_band, cases.c.waits_since)
        .where(WAITING, cases.c.ages_at <= tx.now)
        .order_by(cases.c.ages_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows: list[dict[str, Any]] = []
    for one in tx.execute(due).all():
        band, ages_at = aged(one.base_band, one.waits_since, tx.now, ageing)
        rows.append({"of_case": one.id, "to_band": band, "to_ages_at": ages_at})
    if rows:
        tx.execute(_LIFT, rows)
    return len(rows)


_LIFT = (
    sa.update(cases)
    .where(cases.c.id == sa.bindparam("of_case"))
    .values(band=sa.bindparam("to_band"), ages_at=sa.bindparam("to_ages_at"))
)

"""What threat packs in shadow would have said otherwise, so that people can see it before they put one live: levels
and names of patterns, and no words.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.intake.tables import reports
from tidegate.intake.threats.model import Level
from tidegate.intake.threats.screen import Shadowed
from tidegate.intake.threats.tables import threat_trials

KEPT = timedelta(days=90)
MOST = 10_000  # of the last are counted


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A text of a report, by its `field`, of which packs in shadow would have said something else: `live` is the
    level that was told, `level` the one that it would have been; None is no threat."""

    report: str
    platform: str
    field: str
    packs: list[str]
    live: Level | None
    level: Level | None
    patterns: list[str]
    at: datetime


def note_trials(
    tx: Tx, item_id: UUID, report_id: UUID, packs: Sequence[str], tried: Mapping[str, Shadowed]
) -> None:
    """Keep what packs in shadow say otherwise of a report's texts, by field; nearly always nothing."""
    rows = [
        {
            "item_id": item_id,
            "report_id": report_id,
            "field": field,
            "packs": list(packs),
            "live": one.live,
            "level": one.level,
            "patterns": sorted({fired.pattern for fired in one.because}),
            "at": tx.now,
        }
        for field, one in tried.items()
    ]
    if rows:
        tx.execute(sa.insert(threat_trials), rows)


def list_trials(tx: Tx, pack: str | None = None, limit: int = MOST) -> list[Trial]:
    """The last of them, the newest first; of a `pack` in shadow (`NAME@VERSION`) alone."""
    kept = threat_trials.c
    query = (
        sa.select(
            reports.c.external_id.label("report"),
            reports.c.platform,
            *(kept[name] for name in ("field", "packs", "live", "level", "patterns", "at")),
        )
        .join(reports, reports.c.id == kept.report_id)
        .where(tx.within(reports.c.platform))
        .order_by(kept.number.desc())
        .limit(limit)
    )
    if pack is not None:
        query = query.where(sa.literal(pack) == sa.any_(kept.packs))
    return [Trial(**row) for row in tx.execute(query).mappings()]


def forget_trials(tx: Tx, item_ids: Collection[UUID]) -> None:
    """Erasure, and the end of retention."""
    tx.execute(sa.delete(threat_trials).where(one_of(threat_trials.c.item_id, item_ids)))


def sweep_trials(tx: Tx) -> int:
    """Forget what is older than 90 days; returns how many. For the worker."""
    return tx.execute(sa.delete(threat_trials).where(threat_trials.c.at <= tx.now - KEPT)).rowcount

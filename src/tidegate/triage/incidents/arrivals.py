"""Arrivals as they are counted: kept by bin, summed for a look, and shown over time.

What is counted comes from whoever sees reports and their cases (`review/arrivals.py`). A bin is always counted
anew as a whole, so that whatever is counted twice is the same as once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.triage.bursts import (
    BIN,
    REACH,
    SCALES,
    Arrived,
    Counted,
    Series,
    SeriesKind,
    Sums,
    windows,
)
from tidegate.triage.incidents.model import Volume
from tidegate.triage.incidents.tables import arrival_marks, arrivals, bursts
from tidegate.triage.kept.tables import clusters

KEPT = timedelta(days=60)
COUNTED, LOOKED = "counted", "looked"  # the marks

_TRY = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended('arrivals', 0))")
_A = arrivals.c


def alone(tx: Tx) -> bool:
    """Whether this transaction is the one that counts: the others let it be until it has committed."""
    return bool(tx.execute(_TRY).scalar_one())


def mark(tx: Tx, name: str) -> datetime | None:
    """How far it has come."""
    query = sa.select(arrival_marks.c.at).where(arrival_marks.c.name == name)
    return tx.execute(query).scalar_one_or_none()


def move_mark(tx: Tx, name: str, at: datetime) -> None:
    query = insert(arrival_marks).values(name=name, at=at)
    tx.execute(query.on_conflict_do_update(index_elements=["name"], set_={"at": at}))


def keep_arrivals(tx: Tx, bins: Collection[datetime], arrived: Iterable[Arrived]) -> None:
    """These bins are as they were counted just now, whatever was kept of them before."""
    if not bins:
        return
    tx.execute(sa.delete(arrivals).where(_A.bin.in_(sorted(bins))))
    _copy(tx, arrived)


def _copy(tx: Tx, arrived: Iterable[Arrived]) -> None:
    rows = [
        (one.series.platform, one.series.kind, one.series.key[:64], one.bin, one.count)
        for one in arrived
    ]
    tx.copy(arrivals, ("platform", "kind", "key", "bin", "count"), rows)


def keep_stories(tx: Tx, stories: Collection[UUID], arrived: Iterable[Arrived]) -> None:
    """These stories are as they were counted just now, in all bins; what was kept under a story that is part
    of one of them by now goes."""
    if not stories:
        return
    of = sa.select(sa.cast(clusters.c.id, sa.Text)).where(clusters.c.story.in_(stories))
    tx.execute(sa.delete(arrivals).where(_A.kind == "story", _A.key.in_(of)))
    _copy(tx, arrived)


def counted_at(tx: Tx, at: datetime) -> list[Counted]:
    """What a look at a moment, the end of a bin, compares: every series that anything came of in eight
    days."""
    sums = [
        sa.func.coalesce(sa.func.sum(_A.count).filter(_within(at, window)), 0)
        for scale in SCALES
        for window in windows(scale)
    ]
    first = at - REACH * BIN
    query = (
        sa.select(_A.platform, _A.kind, _A.key, sa.func.sum(_A.count), *sums)
        .where(_A.bin >= first, _A.bin < at, tx.within(_A.platform))
        .group_by(_A.platform, _A.kind, _A.key)
    )
    known, rested = _known(tx, at), _rested(tx, at)
    return [
        Counted(
            series := Series(platform, kind, key),
            [Sums(*map(int, said[n : n + 3])) for n in range(0, len(said), 3)],
            int(total),
            known[platform],
            rested.get(series, REACH),
        )
        for platform, kind, key, total, *said in map(tuple, tx.execute(query))
    ]


def _within(at: datetime, window: list[tuple[int, int]]) -> sa.ColumnElement[bool]:
    return sa.or_(
        *(sa.and_(_A.bin >= at - last * BIN, _A.bin < at - first * BIN) for first, last in window)
    )


def _known(tx: Tx, at: datetime) -> dict[str, int]:
    """Since how many bins each platform is counted."""
    query = sa.select(_A.platform, sa.func.min(_A.bin)).where(_A.kind == "all", _A.bin < at)
    rows = tx.execute(query.group_by(_A.platform))
    found: defaultdict[str, int] = defaultdict(int)
    found.update({platform: (at - first) // BIN for platform, first in map(tuple, rows)})
    return found


def _rested(tx: Tx, at: datetime) -> dict[Series, int]:
    """How many bins ago the last burst of each series ended."""
    of = bursts.c
    query = (
        sa.select(of.platform, of.kind, of.key, sa.func.max(of.ended_at))
        .where(of.ended_at > at - REACH * BIN)
        .group_by(of.platform, of.kind, of.key)
    )
    rows = map(tuple, tx.execute(query))
    return {Series(*series): (at - ended) // BIN for *series, ended in rows}


def volumes(tx: Tx, series: Series, first: datetime, last: datetime) -> list[Volume]:
    """The bins of a series in which anything came, from `first` to before `last`."""
    return [Volume(*row) for row in map(tuple, tx.execute(_of(tx, series, first, last)))]


def count_of(tx: Tx, series: Series, first: datetime, last: datetime) -> int:
    """How many came."""
    counts = _of(tx, series, first, last).subquery()
    return int(tx.execute(sa.select(sa.func.coalesce(sa.func.sum(counts.c.count), 0))).scalar_one())


def together(tx: Tx, platform: str | None, first: datetime, last: datetime) -> list[Volume]:
    """The same of all reports, on a platform or on all that are seen."""
    query = (
        sa.select(_A.bin, sa.func.sum(_A.count))
        .where(_A.kind == "all", _A.bin >= first, _A.bin < last, _on(tx, platform))
        .group_by(_A.bin)
        .order_by(_A.bin)
    )
    return [Volume(at, int(count)) for at, count in map(tuple, tx.execute(query))]


def foremost(
    tx: Tx, platform: str | None, kind: SeriesKind, first: datetime, last: datetime, most: int = 10
) -> list[tuple[str, int]]:
    """Of which languages, or stories, most came, and how many of each."""
    total = sa.func.sum(_A.count)
    query = (
        sa.select(_A.key, total)
        .where(_A.kind == kind, _A.bin >= first, _A.bin < last, _on(tx, platform))
        .group_by(_A.key)
        .order_by(total.desc(), _A.key)
        .limit(most)
    )
    return [(key, int(count)) for key, count in map(tuple, tx.execute(query))]


def sweep_arrivals(tx: Tx) -> int:
    """Forget what is older than `KEPT`; returns how many rows."""
    query = sa.delete(arrivals).where(_A.bin < tx.now - KEPT)
    return tx.execute(query).rowcount


def _on(tx: Tx, platform: str | None) -> sa.ColumnElement[bool]:
    seen = tx.within(_A.platform)
    return seen if platform is None else sa.and_(seen, _A.platform == platform)


def _of(tx: Tx, series: Series, first: datetime, last: datetime) -> sa.Select[Any, Any]:
    return (
        sa.select(_A.bin, _A.count)
        .where(_A.platform == series.platform, _A.kind == series.kind, _A.key == series.key)
        .where(_A.bin >= first, _A.bin < last, tx.within(_A.platform))
        .order_by(_A.bin)
    )

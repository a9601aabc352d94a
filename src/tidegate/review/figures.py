"""The queues in figures: how many cases wait, since when, and whether they become more or fewer."""

from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.infra.db import Tx
from tidegate.review.queries import CLAIMED, WAITING
from tidegate.review.sight import in_sight
from tidegate.review.tables import cases

HOURS = 24  # that a trend looks back
_DECIDED: sa.ColumnElement[bool] = cases.c.state == sa.literal_column("'decided'")
_OPEN: sa.ColumnElement[bool] = cases.c.state == sa.literal_column("'open'")
_REOPENED: sa.ColumnElement[bool] = cases.c.state == sa.literal_column("'reopened'")


class QueueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One queue: how many wait, how many of these somebody holds, and since when the first of those that
    nobody has begun waits."""

    queue: str
    waiting: int
    held: int
    oldest: datetime | None


class Trend(msgspec.Struct, frozen=True):
    """How many cases of a queue were opened and decided in each hour, the last hour last."""

    opened: list[int]
    decided: list[int]


def queue_figures(tx: Tx) -> list[QueueFigures]:
    """The queues in which something waits that the actor may see, by name. An index alone tells, but for
    the few that were reopened."""
    query = (
        sa.select(
            cases.c.queue,
            sa.func.count().label("waiting"),
            sa.func.count().filter(CLAIMED).label("held"),
            sa.func.min(cases.c.opened_at).filter(_OPEN).label("oldest"),
        )
        .where(WAITING, in_sight(tx))
        .group_by(cases.c.queue)
        .order_by(cases.c.queue)
    )
    again = (
        sa.select(cases.c.queue, sa.func.min(cases.c.reopened_at).label("oldest"))
        .where(_REOPENED, in_sight(tx))
        .group_by(cases.c.queue)
    )
    reopened = {row.queue: row.oldest for row in tx.execute(again)}
    found: list[QueueFigures] = []
    for row in tx.execute(query):
        times = [one for one in (row.oldest, reopened.get(row.queue)) if one is not None]
        oldest = min(times, default=None)
        found.append(
            QueueFigures(queue=row.queue, waiting=row.waiting, held=row.held, oldest=oldest)
        )
    return found


def trends(tx: Tx) -> dict[str, Trend]:
    """By queue, where anything was opened or decided of late."""
    found: dict[str, Trend] = {}
    began = [tx.now - timedelta(hours=HOURS - n) for n in range(HOURS)]
    hours = sa.cast(began, ARRAY(sa.TIMESTAMP(timezone=True)))
    for name, at, which in (
        ("opened", cases.c.opened_at, sa.true()),
        ("decided", cases.c.decided_at, _DECIDED),
    ):
        hour = sa.func.width_bucket(at, hours)
        query = (
            sa.select(cases.c.queue, hour.label("hour"), sa.func.count().label("total"))
            .where(which, at >= began[0], at <= tx.now, in_sight(tx))
            .group_by(cases.c.queue, sa.text("hour"))
        )
        for row in tx.execute(query):
            trend = found.setdefault(row.queue, Trend([0] * HOURS, [0] * HOURS))
            getattr(trend, name)[row.hour - 1] = row.total
    return found

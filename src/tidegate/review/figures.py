"""The queues in figures: how many cases wait, since when, and whether they become more or fewer. And what
on the desk is a person's own.
"""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.infra.db import Tx
from tidegate.review.queries import CLAIMED, WAITING
from tidegate.review.tables import case_notes, cases, drafts, mentions

HOURS = 24  # that a trend looks back
MOST_OWN = 50
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


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is somebody's own: they hold it, have begun its decision, or were asked to look at it,
    then `by` whom. `at` is until when, or when that was."""

    case: UUID
    kind: Literal["held", "draft", "asked"]
    at: datetime
    by: str | None


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
        .where(WAITING, tx.within(cases.c.platform))
        .group_by(cases.c.queue)
        .order_by(cases.c.queue)
    )
    again = (
        sa.select(cases.c.queue, sa.func.min(cases.c.reopened_at).label("oldest"))
        .where(_REOPENED, tx.within(cases.c.platform))
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
            .where(which, at >= began[0], at <= tx.now, tx.within(cases.c.platform))
            .group_by(cases.c.queue, sa.text("hour"))
        )
        for row in tx.execute(query):
            trend = found.setdefault(row.queue, Trend([0] * HOURS, [0] * HOURS))
            getattr(trend, name)[row.hour - 1] = row.total
    return found


def own_cases(tx: Tx) -> list[Own]:
    """What is the actor's own: held, what ends first first, then begun and asked for, the last first."""
    me, nobody = tx.identity, sa.cast(sa.null(), sa.Text)
    held = sa.select(
        sa.literal("held").label("kind"),
        cases.c.id.label("case"),
        cases.c.claimed_until.label("at"),
        nobody.label("by"),
    ).where(CLAIMED, cases.c.claimant == me, cases.c.claimed_until > tx.now)
    begun = (
        sa.select(sa.literal("draft"), drafts.c.case_id, drafts.c.saved_at, nobody)
        .join(cases, cases.c.id == drafts.c.case_id)
        .where(drafts.c.person == me)
    )
    asked = (
        sa.select(sa.literal("asked"), cases.c.id, case_notes.c.created_at, case_notes.c.by)
        .join(mentions, mentions.c.note_id == case_notes.c.id)
        .join(cases, cases.c.id == case_notes.c.case_id)
        .where(mentions.c.person == me)
    )
    bounded = [one.where(tx.within(cases.c.platform)) for one in (held, begun, asked)]
    query = sa.union_all(*bounded).subquery()
    rows = tx.execute(sa.select(query).order_by(query.c.at.desc()).limit(MOST_OWN)).mappings()
    found = [Own(**row) for row in rows]
    return sorted((one for one in found if one.kind == "held"), key=lambda one: one.at) + [
        one for one in found if one.kind != "held"
    ]

"""Home: what needs the person who looks, in the order in which it does. Each part only for those who can
do something about it."""

from datetime import datetime, timedelta

import msgspec

from tidegate.decisions.looks import proposed_by, returned_to
from tidegate.infra.db import Tx
from tidegate.pipeline.oversight.shown_measures import MeasureLine
from tidegate.review.drafts import drafts_of
from tidegate.review.figures import (
    HOURS,
    QueueFigures,
    Trend,
    queue_figures,
    trends,
)
from tidegate.review.filters import Filter
from tidegate.review.holding import held_on_pages
from tidegate.review.notes import mentions_of
from tidegate.review.rows import page_of, rows_of
from tidegate.review.work.model import Task
from tidegate.review.work.queries import tasks_for
from tidegate.web.kept import Kept
from tidegate.web.pages.broken import Broken, broken
from tidegate.web.pages.home_measures import measures_at_home
from tidegate.web.pages.home_orders import OrdersAtHome, orders_at_home
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.rows import RowView, row_view
from tidegate.web.pages.visit import Visit

MOST_URGENT = 5
RETURNED = timedelta(days=14)  # for which it says how something was settled
URGENT = Filter(band="0,1")
_NOTHING = Trend([0] * HOURS, [0] * HOURS)


class Urgent(msgspec.Struct, frozen=True):
    """The cases that cannot wait: how many, and the first of them. `filter` lists them all."""

    total: int
    cases: list[RowView]
    filter: str


class OwnCase(msgspec.Struct, frozen=True):
    """A case of one's own; `at` is until when it is held, or when it was begun or asked about, `by` whom
    and with which words."""

    case: RowView
    at: datetime
    by: str | None = None
    text: str | None = None


class OwnTask(msgspec.Struct, frozen=True):
    """Something that one is asked to do, and the case that it is about."""

    case: RowView
    task: Task


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """What is one's own. `proposed` waits for another person; `returned` is what a senior settled between
    two of whom one was: `by` whom, and why."""

    held: list[OwnCase]
    drafts: list[OwnCase]
    asked: list[OwnCase]
    tasks: list[OwnTask]
    proposed: list[OwnCase]
    returned: list[OwnCase]


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """One queue. `opened` and `decided` count by hour, the last 24, the last hour last."""

    queue: str
    waiting: int
    held: int
    oldest: datetime | None
    opened: list[int]
    decided: list[int]

    @property
    def most(self) -> int:
        return max(*self.opened, *self.decided, 1)

    @property
    def hours(self) -> list[tuple[int, int, int]]:
        """The hours in which anything happened: how many hours ago they began, opened, decided."""
        both = zip(range(HOURS, 0, -1), self.opened, self.decided, strict=True)
        return [one for one in both if one[1] or one[2]]

    def points(self, counts: list[int], width: int = 120, height: int = 32) -> str:
        """A line through counts, for a picture of that size; more is higher."""
        step, top = width / (HOURS - 1), self.most
        heights = (height - 1 - count * (height - 2) / top for count in counts)
        return " ".join(f"{n * step:.1f},{y:.1f}" for n, y in enumerate(heights))


class HomePage(msgspec.Struct, frozen=True, kw_only=True):
    """What needs somebody; a part is null for whom it is not."""

    now: datetime
    urgent: Urgent | None
    mine: Mine | None
    queues: list[QueueView] | None
    orders: OrdersAtHome | None
    measures: list[MeasureLine] | None
    broken: list[Broken]


def show(visit: Visit) -> HomePage:
    with visit.begin() as tx:
        reads = visit.may("cases:read")
        return HomePage(
            now=tx.now,
            urgent=_urgent(visit, tx) if reads else None,
            mine=_mine(visit, tx) if reads else None,
            queues=_queues(visit, tx) if reads else None,
            orders=orders_at_home(visit, tx),
            measures=measures_at_home(visit, tx),
            broken=broken(visit, tx),
        )


def _urgent(visit: Visit, tx: Tx) -> Urgent:
    found = page_of(tx, URGENT, None, MOST_URGENT)
    rows = [row_view(row, visit.names.called) for row in found.rows]
    return Urgent(found.total, rows, URGENT.address())


def _mine(visit: Visit, tx: Tx) -> Mine:
    held, begun, asked = held_on_pages(tx), drafts_of(tx), mentions_of(tx, tx.identity)
    proposed, tasks = proposed_by(tx, tx.identity), tasks_for(tx, tx.identity)
    returned = returned_to(tx, tx.identity, tx.now - RETURNED)
    waiting = {one.case_id for one in proposed}
    begun = [one for one in begun if one.case not in {*waiting, *held}]
    named = {*held, *(one.case for one in begun), *(one.case for one in asked), *waiting}
    named |= {one.case_id for one in returned} | {one.case for one in tasks}
    called = visit.names.called
    rows = {row.id: row_view(row, called) for row in rows_of(tx, list(named))}
    return Mine(
        held=[
            OwnCase(rows[id], until) for id in held if id in rows and (until := rows[id].held_until)
        ],
        drafts=[OwnCase(rows[one.case], one.saved_at) for one in begun],
        tasks=[OwnTask(rows[one.case], one) for one in tasks if one.case in rows],
        asked=[OwnCase(rows[one.case], one.created_at, called(one.by), one.text) for one in asked],
        proposed=[
            OwnCase(rows[one.case_id], one.created_at) for one in proposed if one.case_id in rows
        ],
        returned=[
            OwnCase(rows[one.case_id], last.at, called(last.by), last.reason)
            for one in returned
            if one.case_id in rows and (last := next(iter(one.answers[-1:]), None)) is not None
        ],
    )


def _queues(visit: Visit, tx: Tx) -> list[QueueView]:
    """The queues, also those in which nothing waits now but something did of late."""
    kept: Kept = visit.request.app.state.kept
    lately = kept.get(("trends", tx.sight), lambda: trends(tx))
    figures = {one.queue: one for one in queue_figures(tx)}
    return [
        _queue(figures.get(name) or _empty(name), lately.get(name, _NOTHING))
        for name in sorted(figures.keys() | lately.keys())
    ]


def _empty(queue: str) -> QueueFigures:
    return QueueFigures(queue=queue, waiting=0, held=0, oldest=None)


def _queue(figures: QueueFigures, trend: Trend) -> QueueView:
    return QueueView(
        queue=figures.queue,
        waiting=figures.waiting,
        held=figures.held,
        oldest=figures.oldest,
        opened=trend.opened,
        decided=trend.decided,
    )


pages = [PageRoute(path="/", handler=show, scope=None, query=Query, template="home.html")]

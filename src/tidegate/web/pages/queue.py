"""The queues: cases oldest first, and taking the next one."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tidegate.review.model import CaseView
from tidegate.review.queries import list_cases, waiting_counts
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.visit import Visit

PAGE = 50


class QueueQuery(Query, frozen=True):
    queue: Annotated[str, Meta(max_length=64)] | None = None
    state: Literal["waiting", "open", "claimed", "reopened", "decided"] = "waiting"
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class QueuePage(msgspec.Struct, frozen=True):
    """A page of cases. `counts` says how many wait, by queue and state."""

    queue: str | None
    state: str
    counts: dict[str, dict[str, int]]
    cases: list[CaseView]
    next: str | None


def show(visit: Visit) -> QueuePage:
    query: QueueQuery = visit.query
    with visit.begin() as tx:
        found, following = list_cases(tx, query.queue, query.state, query.cursor, PAGE)
        return QueuePage(query.queue, query.state, waiting_counts(tx), found, following)


pages = [
    PageRoute(
        path="/cases", handler=show, scope="cases:read", query=QueueQuery, template="queue.html"
    ),
]

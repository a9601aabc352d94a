"""The queue: the cases that pass a filter, in their order, fifty a page; and filters that are kept."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.intake.channels import CHANNELS
from tidegate.review.filters import HELD, MEDIA, ORDERS, STATES, Filter
from tidegate.review.priority import LAST
from tidegate.review.rows import page_of, queues
from tidegate.review.saved_filters import (
    SavedFilter,
    filter_unknown,
    forget_filter,
    not_to_share,
    save_filter,
    saved_of,
)
from tidegate.web.formats import facts
from tidegate.web.pages.filtered import FilterQuery
from tidegate.web.pages.names import said
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.rows import RowView, row_view
from tidegate.web.pages.visit import Visit
from tidegate.web.words import gettext as _


class QueueQuery(FilterQuery, frozen=True, kw_only=True):
    cursor: Annotated[str, Meta(max_length=64)] | None = None


class Chip(msgspec.Struct, frozen=True):
    """A part of the filter in words, and the address of the list without it."""

    name: str
    text: str
    without: str


class QueuePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of rows. `total` counts the cases, and these rows stand for the cases `from` … `to` of them: a
    row for all of the same content. `next` and `previous` are cursors, `queues` those in which something
    waits, `labels` the pack's, `now` when this was so."""

    cases: list[RowView]
    total: int
    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")
    filters: dict[str, str]
    next: str | None
    previous: str | None
    queues: list[str]
    labels: list[str]
    saved: list[SavedFilter]
    now: datetime

    @property
    def filter(self) -> Filter:
        return Filter.read(self.filters)

    @property
    def chips(self) -> list[Chip]:
        """What the list is narrowed to."""
        filter = self.filter
        return [
            Chip(name, _in_words(name, value), to(filter.without(name)))
            for name, value in self.filters.items()
        ]

    @property
    def name(self) -> str:
        """The list in words: "Cases: queue: reports, language: ar"."""
        if not self.filters:
            return _("Cases that wait")
        return _("Cases: %(filter)s") % {"filter": facts(chip.text for chip in self.chips)}

    @property
    def query(self) -> str:
        """What the address of a case ends with, so that what is next stays within the list."""
        return f"?{address}" if (address := self.filter.address()) else ""

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The parts of a filter that are one of a few words."""
        return _CHOICES

    def called(self, part: str) -> str:
        """What a part of a filter is called."""
        return part_name(part)

    def page_at(self, cursor: str) -> str:
        """The address of another page of the list."""
        return f"/cases?{urlencode(self.filters | {'cursor': cursor})}"

    def of(self, **parts: str) -> str:
        """The address of the list with these parts in place of its own."""
        return to(msgspec.structs.replace(self.filter, **parts))


def to(filter: Filter) -> str:
    """The address of a list."""
    query = filter.address()
    return f"/cases?{query}" if query else "/cases"


def _in_words(name: str, value: str) -> str:
    """A part of a filter: its name, and its value, in words where that is one of ours."""
    words = facts(said(one) for one in value.split(",")) if name in _CHOICES else value
    return _("%(part)s: %(value)s") % {"part": part_name(name), "value": words}


def part_name(name: str) -> str:
    """What a part of a filter is called."""
    return {
        "state": _("state"),
        "queue": _("queue"),
        "band": _("band"),
        "lang": _("language"),
        "channel": _("channel"),
        "label": _("label"),
        "bank": _("bank"),
        "media": _("media"),
        "held": _("held by"),
        "since": _("since"),
        "q": _("id"),
        "same": _("same content as"),
        "order": _("order"),
    }[name]


_CHOICES: dict[str, tuple[str, ...]] = {
    "state": STATES,
    "band": tuple(map(str, range(LAST + 1))),
    "channel": CHANNELS,
    "media": MEDIA,
    "held": HELD,
    "order": ORDERS,
}


def show(visit: Visit) -> QueuePage:
    query: QueueQuery = visit.query
    filter = query.filter
    with visit.begin() as tx:
        found = page_of(tx, filter, query.cursor, counting=visit.instance.totals)
        return QueuePage(
            cases=[row_view(row, visit.names.called) for row in found.rows],
            total=found.total,
            first=found.first,
            last=found.last,
            filters=filter.chosen(),
            next=found.next,
            previous=found.previous,
            queues=queues(tx),
            labels=sorted(visit.instance.pack(tx).labels),
            saved=saved_of(tx),
            now=tx.now,
        )


def keep(visit: Visit) -> str:
    """Save a filter under a name, for oneself or for all."""
    filter = Filter.of_address(visit.field("filter"))
    shared = visit.field("shared") == "yes"
    if shared and not visit.may("cases:senior"):
        raise not_to_share()
    with visit.begin() as tx:
        save_filter(tx, visit.field("name"), filter, shared=shared)
    return with_query("/cases", done="filter-saved", **filter.chosen())


def forget(visit: Visit) -> str:
    filter_id: UUID = visit.uuid("filter", filter_unknown)
    filter = Filter.of_address(visit.field("filter"))
    with visit.begin() as tx:
        forget_filter(tx, filter_id, shares=visit.may("cases:senior"))
    return with_query("/cases", done="filter-forgotten", **filter.chosen())


_page = PageRoute(
    path="/cases", handler=show, scope="cases:read", query=QueueQuery, template="queue.html"
)
pages = [
    _page,
    PageRoute(method="POST", path="/cases/filters", handler=keep, scope="cases:read", again=_page),
    PageRoute(
        method="POST",
        path="/cases/filters/{filter}/delete",
        handler=forget,
        scope="cases:read",
    ),
]

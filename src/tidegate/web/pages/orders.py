"""Legal orders on the desk: those whose hour runs first, and one of them with all that is known of it and what
can be done. What is done stands in `order_verbs`.
"""

from datetime import datetime
from typing import Annotated, cast, get_args
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.clocks.views import ClockView
from tidegate.orders.model import LIVE, Direction, OrderRow, State, Verb, after
from tidegate.orders.queries import list_orders, order_of, order_unknown
from tidegate.pipeline.orders.shown import OrderItem, OrderLine, OrderView, order_line, order_view
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.ringing import ringing_orders
from tidegate.web.pages.visit import Visit

PAGE = 50


class OrdersQuery(Query, frozen=True, kw_only=True):
    direction: Direction | None = None
    live: Annotated[str, Meta(pattern="^yes$")] | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class OrdersPage(msgspec.Struct, frozen=True, kw_only=True):
    """The orders, with an hour that runs first."""

    orders: list[OrderLine]
    next: str | None
    direction: Direction | None
    live: bool


class Clocks(msgspec.Struct, frozen=True):
    """The clocks of an order: of duties that are ours, and of others'."""

    ours: list[ClockView]
    theirs: list[ClockView]


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """One order. `allowed` says of each verb which items it can be done to; `due_at` is the first end of an hour
    that runs."""

    order: OrderView
    annex: dict[str, object]
    clocks: Clocks
    allowed: dict[Verb, list[OrderItem]]
    rings: bool
    due_at: datetime | None


VERBS: tuple[Verb, ...] = get_args(Verb)


def show_all(visit: Visit) -> OrdersPage:
    query: OrdersQuery = visit.query
    states = LIVE if query.live else None
    with visit.begin() as tx:
        found, following = list_orders(
            tx, direction=query.direction, states=states, cursor=query.cursor, limit=PAGE
        )
    given = {
        name: value
        for name, value in (("direction", query.direction), ("live", query.live))
        if value is not None
    }
    return OrdersPage(
        orders=[order_line(one) for one in found],
        next=following and with_query("/orders", **given, cursor=following),
        direction=query.direction,
        live=query.live is not None,
    )


def show(visit: Visit) -> OrderPage:
    with visit.begin() as tx:
        row = order_of(tx, order_id_of(visit))
        view = order_view(tx, row)
        rings = any(one.id == row.id for one in ringing_orders(tx))
    return OrderPage(
        order=view,
        annex=row.annex or {},
        clocks=Clocks(
            [one for one in view.clocks if one.bearer == "us"],
            [one for one in view.clocks if one.bearer == "them"],
        ),
        allowed=_allowed(row, view.items),
        rings=rings,
        due_at=row.due_at,
    )


def _allowed(order: OrderRow, items: list[OrderItem]) -> dict[Verb, list[OrderItem]]:
    if order.direction == "out":
        return {verb: [] for verb in VERBS}
    return {
        verb: [one for one in items if after(cast("State", one.state), verb) is not None]
        for verb in VERBS
    }


def order_id_of(visit: Visit) -> UUID:
    return visit.uuid("order", order_unknown)


one_page = PageRoute(
    path="/orders/{order}", handler=show, scope="orders:read", template="order.html"
)

pages = [
    PageRoute(
        path="/orders",
        handler=show_all,
        scope="orders:read",
        query=OrdersQuery,
        template="orders.html",
    ),
    one_page,
]

"""Legal orders on the desk: those whose hour runs first, and one of them with all that is known of it and what
can be done. What is done stands in `order_verbs`.
"""

from datetime import datetime
from typing import Annotated, cast, get_args
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.clocks.views import ClockView
from tidegate.exchange.queries import organisation
from tidegate.orders.annex_rules import read_annex1
from tidegate.orders.annexes import Annex1
from tidegate.orders.messages.queries import message_jws, messages_of
from tidegate.orders.model import LIVE, Direction, OrderRow, State, Verb, after
from tidegate.orders.queries import list_orders, order_numbered, order_of, order_unknown
from tidegate.pipeline.orders.answers import crosses_borders
from tidegate.pipeline.orders.papers import annex_json, annex_pdf
from tidegate.pipeline.orders.shown import OrderItem, OrderLine, OrderView, order_line, order_view
from tidegate.pipeline.orders.shown_drafts import NotYet, OutMembers, items_not_yet, out_members
from tidegate.pipeline.own import own_of
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.ringing import ringing_orders
from tidegate.web.pages.visit import Visit

PAGE = 50


class OrdersQuery(Query, frozen=True, kw_only=True):
    direction: Direction | None = None
    live: Annotated[str, Meta(pattern="^yes$")] | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class OrdersPage(msgspec.Struct, frozen=True, kw_only=True):
    """The orders, with an hour that runs first; `platform`: we are one, to which orders come."""

    orders: list[OrderLine]
    next: str | None
    direction: Direction | None
    live: bool
    platform: bool


class Clocks(msgspec.Struct, frozen=True):
    """The clocks of an order: of duties that are ours, and of others'."""

    ours: list[ClockView]
    theirs: list[ClockView]


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """One order. `allowed` says of each verb which items it can be done to; `due_at` is the first end of an hour
    that runs. `annex` is Annex I as far as it can be read; `crosses`: it comes from another state. `drafted`: how
    one of ours came about."""

    order: OrderView
    items: list[OrderItem | NotYet]
    annex: Annex1 | None
    clocks: Clocks
    allowed: dict[Verb, list[OrderItem]]
    rings: bool
    crosses: bool
    due_at: datetime | None
    drafted: OutMembers | None


VERBS: tuple[Verb, ...] = get_args(Verb)


def show_all(visit: Visit) -> OrdersPage:
    query: OrdersQuery = visit.query
    states = LIVE if query.live else None
    with visit.begin() as tx:
        found, following = list_orders(
            tx, direction=query.direction, states=states, cursor=query.cursor, limit=PAGE
        )
        ours = organisation(tx)
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
        platform=ours is not None and ours.kind == "platform",
    )


def show(visit: Visit) -> OrderPage:
    with visit.begin() as tx:
        row = order_of(tx, order_numbered(tx, order_id_of(visit)))
        view = order_view(tx, row)
        rings = any(one.id == row.id for one in ringing_orders(tx))
        own = out_members(tx, row)
        crosses = row.direction == "in" and crosses_borders(tx, own_of(tx, visit.instance), row)
    return OrderPage(
        order=view,
        items=list(view.items or items_not_yet(row)),
        annex=None if row.annex is None else read_annex1(row.annex)[0],
        clocks=Clocks(
            [one for one in view.clocks if one.bearer == "us"],
            [one for one in view.clocks if one.bearer == "them"],
        ),
        allowed=_allowed(row, view.items),
        rings=rings,
        crosses=crosses,
        due_at=row.due_at,
        drafted=own,
    )


def _allowed(order: OrderRow, items: list[OrderItem]) -> dict[Verb, list[OrderItem]]:
    if order.direction == "out":
        return {verb: [] for verb in VERBS}
    return {verb: [one for one in items if _may(one, verb)] for verb in VERBS}


def _may(item: OrderItem, verb: Verb) -> bool:
    """Whether a verb can be done to an item; what is down provisionally is confirmed by executing it."""
    state = cast("State", item.state)
    confirms = verb == "execute" and item.provisional and state in ("executed", "final")
    return confirms or after(state, verb) is not None


def show_document(visit: Visit) -> Response:
    """An annex as a file: PDF or JSON."""
    name, _, ending = visit.path["document"].partition(".")
    with visit.begin() as tx:
        order = order_of(tx, order_id_of(visit))
        if ending == "json":
            return Response(annex_json(tx, order, name).body, media_type="application/json")
        if ending != "pdf":
            raise order_unknown()
        pdf = annex_pdf(tx, visit.instance, order, name)
    shown = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=shown)


def show_message(visit: Visit) -> Response:
    """An order of ours as it went, to be carried by hand."""
    with visit.begin() as tx:
        order = order_of(tx, order_id_of(visit))
        sent = [one for one in messages_of(tx, order.id) if one.type == "order.issued"]
        if not sent:
            raise order_unknown()
        jws = message_jws(tx, sent[0].id, order_id=order.id)
    shown = {"Content-Disposition": 'attachment; filename="order.jws"'}
    return Response(jws, media_type="application/jose+json", headers=shown)


def order_id_of(visit: Visit) -> UUID:
    return visit.uuid("order", order_unknown)


one_page = PageRoute(
    path="/orders/{order}", handler=show, scope="orders:read", template="order.html", whole=True
)

pages = [
    PageRoute(
        path="/orders",
        handler=show_all,
        scope="orders:read",
        query=OrdersQuery,
        template="orders.html",
        whole=True,
    ),
    one_page,
    PageRoute(
        path="/orders/{order}/documents/{document}",
        handler=show_document,
        scope="orders:read",
        whole=True,
    ),
    PageRoute(
        path="/orders/{order}/message.jws",
        handler=show_message,
        scope="orders:read",
        whole=True,
    ),
]

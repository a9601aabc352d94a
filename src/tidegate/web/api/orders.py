"""`/v1/orders`: legal orders that came, with all that is known of each, and what people do about them. They are
addressed to the whole organisation: nothing for keys that are bound to a platform. What binds takes a person."""

from collections.abc import Callable
from datetime import datetime
from types import NoneType
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.orders.messages.queries import message_jws
from tidegate.orders.model import Direction, OrderRow
from tidegate.orders.queries import list_orders, order_numbered, order_of, order_unknown
from tidegate.pipeline.orders import authors, verbs
from tidegate.pipeline.orders import execute as executing
from tidegate.pipeline.orders.papers import annex_json, annex_pdf
from tidegate.pipeline.orders.shown import OrderView, order_line, shown_order
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.orders_taken import post_upload
from tidegate.web.api.paging import Page, PageQuery

READS, ACTS = "orders:read", "orders:execute"
_ORDER = "/v1/orders/{id}"
_ITEM = _ORDER + "/items/{n}"
_JOSE = "application/jose+json"


class OrdersQuery(PageQuery, frozen=True, kw_only=True):
    """Which orders: the way that they go, the states that they are in, an end of the hour before a time."""

    direction: Direction | None = None
    state: str | None = None
    due_before: Annotated[datetime, Meta(tz=True)] | None = None


class Proposed(msgspec.Struct, frozen=True):
    """That something waits for a second person."""

    state: str


def _order_id(tx: Tx, call: Call[Any, Any]) -> UUID:
    """The order that the path names, by its id or by that of a receipt. Raises Refusal (404)."""
    return order_numbered(tx, _id(call, "id"))


def _id(call: Call[Any, Any], name: str) -> UUID:
    try:
        return UUID(call.path[name])
    except ValueError:
        raise order_unknown() from None


def _number(call: Call[Any, Any]) -> int | None:
    """Which item of the order; None: all. Raises Refusal (404)."""
    n = call.path.get("n")
    if n is None:
        return None
    if not (n.isascii() and n.isdigit() and len(n) < 6):
        raise order_unknown()
    return int(n)


def list_all(tx: Tx, call: Call[object, OrdersQuery]) -> Page:
    asked = call.query
    found, following = list_orders(
        tx,
        direction=asked.direction,
        states=None if asked.state is None else asked.state.split(","),
        due_before=asked.due_before,
        cursor=asked.cursor,
        limit=asked.limit,
    )
    return Page([told(order_line(one)) for one in found], following)


def show(tx: Tx, call: Call) -> Any:
    return shown_order(tx, order_of(tx, _order_id(tx, call)))


def get_document(tx: Tx, call: Call) -> Response:
    """An annex, as it came or went: `annex-2.json`, `annex-2.pdf`."""
    name, _, ending = call.path["document"].partition(".")
    order = order_of(tx, _order_id(tx, call))
    if ending == "json":
        return Response(annex_json(tx, order, name).body, media_type="application/json")
    if ending != "pdf":
        raise order_unknown()
    pdf = annex_pdf(tx, call.instance, order, name)
    shown = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=shown)


def get_message(tx: Tx, call: Call) -> Response:
    """A message as it came or went, to the byte: it can be carried by hand."""
    order = order_of(tx, _order_id(tx, call))
    jws = message_jws(tx, _id(call, "message"), order_id=order.id)
    return Response(jws, media_type=_JOSE)


def execute(tx: Tx, call: Call[executing.ExecuteIn]) -> Any:
    id, n = _order_id(tx, call), _number(call)
    return shown_order(tx, executing.execute(tx, call.instance, id, n, call.body))


def resume(tx: Tx, call: Call) -> Any:
    return shown_order(tx, verbs.resume(tx, call.instance, _order_id(tx, call), _number(call)))


def author_asked(tx: Tx, call: Call) -> Any:
    return shown_order(
        tx, authors.author_asked(tx, call.instance, _order_id(tx, call), _number(call))
    )


def acknowledge(tx: Tx, call: Call) -> Any:
    return shown_order(tx, verbs.acknowledge(tx, _order_id(tx, call)))


def ask_scrutiny(tx: Tx, call: Call[verbs.ScrutinyIn]) -> Any:
    return shown_order(tx, verbs.ask_scrutiny(tx, call.instance, _order_id(tx, call), call.body))


def _doing(work: Callable[..., OrderRow | None]) -> Callable[[Tx, Call[Any]], Any]:
    """The handler of a verb with a body; what one person only proposes is answered 202."""

    def handler(tx: Tx, call: Call[Any]) -> Any:
        order = work(tx, call.instance, _order_id(tx, call), _number(call), call.body)
        if order is None:
            return Response(b'{"state":"proposed"}', 202, media_type="application/json")
        return shown_order(tx, order)

    return handler


def _verb(
    name: str,
    summary: str,
    handler: Callable[[Tx, Call[Any]], Any],
    body: type[Any] = NoneType,
    *,
    whole: bool = True,
    item: bool = True,
    two: bool = False,
    refusals: tuple[int, ...] = (404, 409),
) -> list[Endpoint[Any, Any]]:
    """The routes of a verb: on the order, and on one item of it."""
    paths = [_ORDER] * whole + [_ITEM] * item
    return [
        Endpoint(
            method="POST",
            path=f"{path}/{name}",
            scope=ACTS,
            summary=summary + ("" if path == _ORDER else ": one item"),
            handler=handler,
            body=body,
            answer=OrderView,
            accepted=Proposed if two else None,
            idempotent=True,
            whole=True,
            person=True,
            refusals=refusals,
        )
        for path in paths
    ]


endpoints: list[Endpoint[Any, Any]] = [
    Endpoint(
        method="GET",
        path="/v1/orders",
        scope=READS,
        summary="Legal orders: those whose hour runs, the first that ends first, then the others",
        handler=list_all,
        query=OrdersQuery,
        answer=Page,
        whole=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/orders/upload",
        scope=ACTS,
        summary="Write down an order that came another way (a form with the parts `file`, `channel`,"
        " `received_at`, `annex`, `issuer`), or bring a signed message",
        handler=post_upload,
        answer=OrderView,
        status=201,
        whole=True,
        person=True,
        multipart=True,
        refusals=(400, 409, 413, 415, 503),
    ),
    Endpoint(
        method="GET",
        path=_ORDER,
        scope=READS,
        summary="All that is known of an order: items, clocks, messages both ways, documents",
        handler=show,
        answer=OrderView,
        refusals=(404,),
        whole=True,
    ),
    Endpoint(
        method="GET",
        path=_ORDER + "/documents/{document}",
        scope=READS,
        summary="An annex as it came or went: `annex-1`, `annex-2` or `annex-3`, as `.json` or `.pdf`",
        handler=get_document,
        refusals=(404,),
        whole=True,
    ),
    Endpoint(
        method="GET",
        path=_ORDER + "/messages/{message}/message.jws",
        scope=READS,
        summary="A signed message about an order, to the byte",
        handler=get_message,
        refusals=(404,),
        whole=True,
    ),
    *_verb(
        "execute",
        "Execute an order: what it names is down in all Member States and held, Annex II goes back",
        execute,
        executing.ExecuteIn,
        refusals=(403, 404, 409, 410),
    ),
    *_verb(
        "impede",
        "Say that an order cannot be executed now: Annex III goes back, its hour stops",
        _doing(verbs.impede),
        verbs.ImpedeIn,
    ),
    *_verb("resume", "Say that what was in the way is gone: a fresh hour runs", resume),
    *_verb(
        "ask",
        "Ask for what is wrong or missing: Annex III goes back, the hour stops",
        _doing(verbs.ask),
        verbs.AskIn,
    ),
    *_verb(
        "authenticate",
        "Write down how it was found that a doubtful order is its issuer's",
        _doing(verbs.authenticate),
        verbs.AuthenticateIn,
    ),
    *_verb(
        "reject",
        "Turn a doubtful order down, as two persons",
        _doing(verbs.reject),
        verbs.RejectIn,
        two=True,
    ),
    *_verb(
        "annul",
        "Write down that a court annulled an order, as two persons: what stood by it ends",
        _doing(verbs.annul),
        verbs.AnnulIn,
        two=True,
    ),
    *_verb("author-asked", "Write down that an author asks for reasons or a copy", author_asked),
    *_verb(
        "author-answered",
        "Write down that an author was given the reasons, or a copy, of the order",
        _doing(authors.author_answered),
        authors.AnswerIn,
    ),
    *_verb("acknowledge", "Have an order: it rings no more", acknowledge, item=False),
    *_verb(
        "scrutiny",
        "Ask the authority of our establishment to look into an order",
        ask_scrutiny,
        verbs.ScrutinyIn,
        item=False,
    ),
]

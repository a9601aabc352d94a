"""`/v1/clocks` and `/v1/rings`: what has to be done by when, what rings, and who has it."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.clocks import actions as clocks
from tidegate.clocks import queries
from tidegate.clocks import rings as ringing
from tidegate.clocks.model import State
from tidegate.clocks.queries import Filter, clock_unknown
from tidegate.clocks.rings import Ring, ring_unknown
from tidegate.clocks.views import ClockView, clock_view
from tidegate.content.model import Moment
from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.pipeline.orders.verbs import SILENCES, who_silences
from tidegate.web.api.endpoint import Call, Endpoint, forbidden
from tidegate.web.api.paging import DEFAULT_LIMIT, Page


class ClocksQuery(msgspec.Struct, frozen=True, kw_only=True):
    bearer: Literal["us", "them"] | None = None
    state: State | None = None
    subject: Annotated[str, Meta(max_length=300)] | None = None
    name: Annotated[str, Meta(max_length=100)] | None = None
    order: UUID | None = None
    due_before: Moment | None = None
    ringing: bool | None = None
    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=500)] = DEFAULT_LIMIT


def _id(call: Call) -> UUID | None:
    try:
        return UUID(call.path["id"])
    except ValueError:
        return None


def list_clocks(tx: Tx, call: Call[object, ClocksQuery]) -> Page:
    q = call.query
    names = Filter.__struct_fields__
    wanted = Filter(**{name: getattr(q, name) for name in names})
    found, following = queries.list_clocks(tx, wanted, q.cursor, q.limit)
    return Page(told([clock_view(one, tx.now) for one in found]), following)


def get_clock(tx: Tx, call: Call) -> object:
    if (clock_id := _id(call)) is None:
        raise clock_unknown(call.path["id"])
    return told(clock_view(queries.get_clock(tx, clock_id), tx.now))


def acknowledge(tx: Tx, call: Call) -> object:
    if (clock_id := _id(call)) is None:
        raise clock_unknown(call.path["id"])
    clock = clocks.acknowledge(tx, clock_id)
    _refuse_readers(tx, call, clock.order)
    return told(clock_view(clock, tx.now))


def list_rings(tx: Tx, call: Call) -> Page:
    return Page(told(ringing.list_rings(tx)))


def acknowledge_ring(tx: Tx, call: Call) -> object:
    if (ring_id := _id(call)) is None:
        raise ring_unknown(call.path["id"])
    ring = ringing.acknowledge_ring(tx, ring_id)
    _refuse_readers(tx, call, ring.order_id)
    return told(ring)


def _refuse_readers(tx: Tx, call: Call, order_id: UUID | None) -> None:
    """Nothing stays written of what somebody silences that is not theirs. Raises Refusal (403)."""
    needed = who_silences(tx, order_id)
    if not any(map(call.principal.may, needed)):
        raise forbidden(needed[0])


_READ = "orders:read"
_OR = "oversight:read"
_CLOCK = "/v1/clocks/{id}"

endpoints = [
    Endpoint(
        method="GET",
        path="/v1/clocks",
        scope=_READ,
        or_scope=_OR,
        summary="List clocks, those first that are due first",
        handler=list_clocks,
        query=ClocksQuery,
        answer=Page,
    ),
    Endpoint(
        method="GET",
        path=_CLOCK,
        scope=_READ,
        or_scope=_OR,
        summary="Read a clock",
        handler=get_clock,
        answer=ClockView,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_CLOCK}/acknowledge",
        scope=SILENCES[0],
        any_of=SILENCES[1:],
        summary="Say that somebody has it: a clock, and all that is about its order, rings no more",
        handler=acknowledge,
        answer=ClockView,
        person=True,
        idempotent=True,
        refusals=(404,),
    ),
    Endpoint(
        method="GET",
        path="/v1/rings",
        scope=_READ,
        or_scope=_OR,
        summary="List what rings beside clocks, the last first",
        handler=list_rings,
        answer=Page,
        whole=True,
    ),
    Endpoint(
        method="POST",
        path="/v1/rings/{id}/acknowledge",
        scope=SILENCES[0],
        any_of=SILENCES[1:],
        summary="Say that somebody has what rings",
        handler=acknowledge_ring,
        answer=Ring,
        person=True,
        whole=True,
        idempotent=True,
        refusals=(404,),
    ),
]

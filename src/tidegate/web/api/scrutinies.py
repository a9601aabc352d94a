"""`/v1/scrutinies`: the scrutiny desk of an authority, about other authorities' orders to providers established
here."""

from typing import Any, Literal
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.orders.drafts.model import CarriedIn
from tidegate.orders.scrutinies.model import DecisionIn, IntentionIn, State
from tidegate.orders.scrutinies.queries import list_scrutinies, scrutiny_of, scrutiny_unknown
from tidegate.pipeline.orders import desk
from tidegate.pipeline.orders.shown_desk import (
    ScrutinyView,
    scrutiny_line,
    shown_scrutiny,
)
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import Page, PageQuery

_DESK = "orders:approve"
_ONE = "/v1/scrutinies/{id}"
_OPEN: list[State] = ["received", "intention_notified", "decided"]


class ScrutinyQuery(PageQuery, frozen=True, kw_only=True):
    """What the desk is filtered by; `open`: not communicated yet."""

    state: State | Literal["open"] | None = None


def _states(asked: State | Literal["open"] | None) -> list[State] | None:
    if asked is None:
        return None
    return _OPEN if asked == "open" else [asked]


def _id(call: Call[Any, Any]) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise scrutiny_unknown() from None


def list_all(tx: Tx, call: Call[object, ScrutinyQuery]) -> Page:
    asked = call.query
    found, following = list_scrutinies(
        tx, states=_states(asked.state), cursor=asked.cursor, limit=asked.limit
    )
    return Page(told([scrutiny_line(tx, one) for one in found]), following)


def show(tx: Tx, call: Call) -> dict[str, Any]:
    return shown_scrutiny(tx, scrutiny_of(tx, _id(call)))


def intend(tx: Tx, call: Call[IntentionIn]) -> dict[str, Any]:
    return shown_scrutiny(tx, desk.intend(tx, call.instance, _id(call), call.body))


def decide(tx: Tx, call: Call[DecisionIn]) -> dict[str, Any]:
    return shown_scrutiny(tx, desk.decide(tx, call.instance, _id(call), call.body))


def communicate(tx: Tx, call: Call) -> dict[str, Any]:
    return shown_scrutiny(tx, desk.communicate(tx, call.instance, _id(call)))


def carry(tx: Tx, call: Call[CarriedIn]) -> dict[str, Any]:
    return shown_scrutiny(tx, desk.carry_copy(tx, call.instance, _id(call), call.body))


def _verb(name: str, summary: str, handler: Any, body: Any = None) -> Endpoint[Any, Any]:
    more: dict[str, Any] = {} if body is None else {"body": body}
    return Endpoint(
        method="POST",
        path=f"{_ONE}/{name}",
        scope=_DESK,
        summary=summary,
        handler=handler,
        answer=ScrutinyView,
        idempotent=True,
        whole=True,
        person=True,
        refusals=(404, 409),
        **more,
    )


endpoints: list[Endpoint[Any, Any]] = [
    Endpoint(
        method="GET",
        path="/v1/scrutinies",
        scope="orders:read",
        summary="List the orders of other authorities at the scrutiny desk, the newest first",
        handler=list_all,
        query=ScrutinyQuery,
        answer=Page,
        whole=True,
    ),
    Endpoint(
        method="GET",
        path=_ONE,
        scope="orders:read",
        summary="Read an order at the scrutiny desk, with who asked and what was decided",
        handler=show,
        answer=ScrutinyView,
        whole=True,
        refusals=(404,),
    ),
    _verb(
        "intention",
        "Tell the issuer that an infringement is going to be found",
        intend,
        IntentionIn,
    ),
    _verb("decide", "Decide, with reasons, whether there is an infringement", decide, DecisionIn),
    _verb(
        "communicate", "Tell the decision to the issuer, the provider and who asked", communicate
    ),
    _verb(
        "carried",
        "Write down that Europol's copy of the decision was brought by hand",
        carry,
        CarriedIn,
    ),
]

"""`/v1/orders` as an authority uses it: draft, submit, approve, issue, and what is said of an order after that."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.orders.drafts.model import (
    AccessIn,
    AnswerIn,
    CarriedIn,
    ClaimedIn,
    DraftIn,
    ExtendIn,
    IssueIn,
    PreserveIn,
    PriorIn,
    ReasonIn,
)
from tidegate.orders.messages.model import StoredMessage
from tidegate.orders.model import OrderRow
from tidegate.orders.queries import order_of, order_unknown
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders import drafted, following
from tidegate.pipeline.orders.informing import inform
from tidegate.pipeline.orders.shown import OrderView, shown_order
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.gate import segment

B = TypeVar("B")
_ORDER = "/v1/orders/{id}"
_DRAFT, _APPROVE = "orders:draft", "orders:approve"


def order_id(call: Call[Any, Any]) -> UUID:
    """The order that the path names. Raises Refusal (404)."""
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise order_unknown() from None


def begin(tx: Tx, call: Call[DraftIn]) -> dict[str, Any]:
    return shown_order(tx, drafted.begin(tx, call.instance, call.body))


def submit(tx: Tx, call: Call) -> dict[str, Any]:
    return shown_order(tx, drafted.submit(tx, call.instance, order_id(call)))


def approve(tx: Tx, call: Call) -> dict[str, Any]:
    return shown_order(tx, drafted.approve(tx, call.instance, order_id(call)))


def issue(tx: Tx, call: Call[IssueIn]) -> dict[str, Any]:
    return shown_order(tx, drafted.send_out(tx, call.instance, order_id(call), call.body))


def finalise(tx: Tx, call: Call) -> dict[str, Any]:
    return shown_order(tx, following.finalise(tx, call.instance, order_id(call)))


def inform_party(tx: Tx, call: Call[PriorIn]) -> Any:
    return told(inform(tx, call.instance, segment(call.path["id"]), call.body))


def _said(
    verb: Callable[[Tx, Instance, UUID, B], object],
) -> Callable[[Tx, Call[B]], dict[str, Any]]:
    """The handler of a verb that takes a body; the answer is the order."""

    def handle(tx: Tx, call: Call[B]) -> dict[str, Any]:
        order = verb(tx, call.instance, order_id(call), call.body)
        found = order if isinstance(order, OrderRow) else order_of(tx, order_id(call))
        return shown_order(tx, found)

    return handle


def _verb(
    name: str,
    summary: str,
    handler: Callable[..., object],
    body: type[msgspec.Struct] | None = None,
    *,
    scope: str = _DRAFT,
    or_scope: str | None = _APPROVE,
    refusals: tuple[int, ...] = (404, 409),
) -> Endpoint[Any, Any]:
    more: dict[str, Any] = {} if body is None else {"body": body}
    return Endpoint(
        method="POST",
        path=f"{_ORDER}/{name}",
        scope=scope,
        or_scope=or_scope,
        summary=summary,
        handler=handler,
        answer=OrderView,
        idempotent=True,
        whole=True,
        person=True,
        refusals=refusals,
        **more,
    )


endpoints: list[Endpoint[Any, Any]] = [
    Endpoint(
        method="POST",
        path="/v1/orders",
        scope=_DRAFT,
        summary="Draft an order: what Annex I takes and is not derived, and why",
        handler=begin,
        body=DraftIn,
        answer=OrderView,
        status=201,
        idempotent=True,
        whole=True,
        person=True,
    ),
    _verb("submit", "Say that a draft is complete", submit, or_scope=None),
    _verb(
        "approve",
        "Approve what somebody else drafted",
        approve,
        scope=_APPROVE,
        or_scope=None,
    ),
    _verb("issue", "Issue an approved order: it goes out signed, with its copy", issue, IssueIn),
    _verb(
        "clarify",
        "Answer what the provider asked; a fresh hour runs from its receipt",
        _said(following.clarify),
        AnswerIn,
    ),
    _verb("revoke", "End an order, or withdraw a draft", _said(following.revoke), ReasonIn),
    _verb(
        "extend",
        "Leave the author uninformed for longer, once",
        _said(following.extend),
        ExtendIn,
    ),
    _verb(
        "preserve",
        "Ask for what was taken down to be kept for longer, for an ongoing review",
        _said(following.preserve),
        PreserveIn,
    ),
    _verb(
        "access",
        "Ask to see what is kept; a person at the provider opens it, or not",
        _said(following.ask_access),
        AccessIn,
    ),
    _verb("final", "Say that an executed order is final", finalise),
    _verb(
        "carried",
        "Write down that somebody brought an order by hand",
        _said(following.carried),
        CarriedIn,
    ),
    _verb(
        "claimed",
        "Write down what is said to have become of an order; nobody signed it",
        _said(following.claimed),
        ClaimedIn,
    ),
    Endpoint(
        method="POST",
        path="/v1/registry/{id}/prior-information",
        scope=_DRAFT,
        or_scope=_APPROVE,
        summary="Tell a provider how we work, twelve hours before our first order to it",
        handler=inform_party,
        body=PriorIn,
        answer=StoredMessage,
        status=201,
        idempotent=True,
        whole=True,
        person=True,
        refusals=(404, 409),
    ),
]

"""The scrutiny of another authority's order, and the machine that its state follows. Pure.

received → intention_notified → decided → communicated. Who may still ask, and until when the desk may decide
unasked, are clocks; a request that comes late is marked, and not lost.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.errors import Refusal
from tidegate.orders.bodies import Finding

State = Literal["received", "intention_notified", "decided", "communicated"]
Verb = Literal["intend", "decide", "communicate"]
OrderState = Literal["live", "revoked", "final", "void"]
_Reasons = Annotated[str, Meta(min_length=1, max_length=10_000)]


class IntentionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an infringement is going to be found."""

    reasons: _Reasons


class DecisionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is found, and why."""

    finding: Finding
    reasons: _Reasons


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for scrutiny, and when that came; `late`: after the time that the law gives."""

    id: UUID
    by: Literal["provider", "author"]
    sender: str
    reasons: str
    received_at: datetime
    late: bool


class Scrutiny(msgspec.Struct, frozen=True, kw_only=True):
    """An order of another authority at our desk. Until a copy of it comes there is no `recipient` and no
    `annex`, only who asked."""

    id: UUID
    issuer: str
    order_ref: str
    reference: str | None
    recipient: str | None
    annex: dict[str, Any] | None
    state: State
    order_state: OrderState
    received_at: datetime | None
    intention: str | None
    intention_by: str | None
    intention_at: datetime | None
    finding: Finding | None
    reasons: str | None
    decided_by: str | None
    decided_at: datetime | None
    communicated_by: str | None
    communicated_at: datetime | None
    created_at: datetime


def after(state: State, verb: Verb, finding: Finding | None = None) -> State:
    """The state after a verb. Raises Refusal (409), "intention-first" where an infringement is decided of which
    the issuer was not told before."""
    if verb == "intend" and state == "received":
        return "intention_notified"
    if verb == "decide" and state == "received" and finding == "infringement":
        raise Refusal(
            "intention-first",
            409,
            "The issuer has not been told that an infringement is to be found",
            "Send it the intention with its reasons first.",
        )
    if verb == "decide" and state in ("received", "intention_notified"):
        return "decided"
    if verb == "communicate" and state == "decided":
        return "communicated"
    raise not_now(state)


def not_now(state: State) -> Refusal:
    return Refusal(
        "order-not-open",
        409,
        "The scrutiny does not allow that now",
        f"It is {state}.",
        state=state,
    )

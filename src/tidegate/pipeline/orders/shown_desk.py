"""An order of another authority as the scrutiny desk shows it. Times go out in full."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.clocks.queries import clocks_of
from tidegate.clocks.views import ClockView, clock_view
from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.orders.drafts.model import Claim
from tidegate.orders.drafts.queries import claims_of
from tidegate.orders.messages.queries import messages_of
from tidegate.orders.scrutinies.model import Requested, Scrutiny
from tidegate.orders.scrutinies.queries import requests_of
from tidegate.pipeline.orders.shown import MessageView, shown_message


class ScrutinyLine(msgspec.Struct, frozen=True, kw_only=True):
    """An order at the desk, in a list. `order` is its issuer's id of it, `to` the provider that was ordered;
    `order_state` says what became of the order itself."""

    id: UUID
    issuer: str
    order: str
    reference: str | None
    to: str | None
    state: str
    order_state: str
    finding: str | None
    received_at: datetime | None
    requests: list[Requested]
    clocks: list[ClockView]


class ScrutinyView(ScrutinyLine, frozen=True, kw_only=True):
    """An order at the desk with all that is known of it."""

    annex: dict[str, Any] | None
    intention: str | None
    intention_by: str | None
    intention_at: datetime | None
    reasons: str | None
    decided_by: str | None
    decided_at: datetime | None
    communicated_by: str | None
    communicated_at: datetime | None
    messages: list[MessageView]
    claims: list[Claim]


def scrutiny_line(tx: Tx, scrutiny: Scrutiny) -> ScrutinyLine:
    return ScrutinyLine(**_line(tx, scrutiny))


def shown_scrutiny(tx: Tx, scrutiny: Scrutiny) -> dict[str, Any]:
    """All of it, as JSON says it."""
    more = (name for name in ScrutinyView.__struct_fields__ if name in Scrutiny.__struct_fields__)
    known = {name: getattr(scrutiny, name) for name in more}
    view = ScrutinyView(
        **(known | _line(tx, scrutiny)),
        messages=[shown_message(one) for one in messages_of(tx, scrutiny.id)],
        claims=claims_of(tx, scrutiny.id),
    )
    return told(view)


def _line(tx: Tx, scrutiny: Scrutiny) -> dict[str, Any]:
    return {
        "id": scrutiny.id,
        "issuer": scrutiny.issuer,
        "order": scrutiny.order_ref,
        "reference": scrutiny.reference,
        "to": scrutiny.recipient,
        "state": scrutiny.state,
        "order_state": scrutiny.order_state,
        "finding": scrutiny.finding,
        "received_at": scrutiny.received_at,
        "requests": requests_of(tx, scrutiny.id),
        "clocks": [clock_view(one, tx.now) for one in clocks_of(tx, order=scrutiny.id)],
    }

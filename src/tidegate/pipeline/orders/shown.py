"""An order as it is shown: with its items, clocks, messages and documents. Times go out in full."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tidegate.clocks.queries import clocks_of
from tidegate.clocks.views import ClockView, clock_view
from tidegate.content.holds.queries import ends_of_holds
from tidegate.content.queries import items_by_ids
from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.ledger.model import EntryName
from tidegate.ledger.queries import names_about
from tidegate.orders.annex_rules import read_annex1
from tidegate.orders.messages.model import StoredMessage
from tidegate.orders.messages.queries import messages_of
from tidegate.orders.model import Direction, ItemOfOrder, Measure, OrderRow
from tidegate.orders.queries import (
    Proposed,
    Receipt,
    Stay,
    copies_of,
    documents_of,
    items_of,
    proposed_of,
    receipts_of,
    stays_of,
)
from tidegate.pipeline.orders.came_back import came_back
from tidegate.pipeline.orders.requested import Request, requests_in
from tidegate.pipeline.orders.shown_drafts import items_not_yet, out_members
from tidegate.review.queries import waiting_about

ANNEX_1 = "annex-1"
UNDELIVERED_AFTER = timedelta(minutes=15)


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a list. `order` is its issuer's id of it; `provisional` counts the items that were taken down
    without a person, and wait for one."""

    id: UUID
    order: str | None
    reference: str | None
    issuer: str
    to: str
    direction: Direction
    kind: str
    state: str
    verified: bool
    problems: list[str]
    received_at: datetime | None
    due_at: datetime | None
    contradictory: bool
    provisional: int


class Held(msgspec.Struct, frozen=True):
    """What keeps the content, until when."""

    id: UUID
    until: datetime | None


class CopyView(msgspec.Struct, frozen=True):
    """A post that is like an ordered one, by the platform's id, and the case that asks about it."""

    item: str
    platform: str
    case: UUID


class OrderItem(msgspec.Struct, frozen=True, kw_only=True):
    """One URL of an order. `candidates` and `item` are the platform's ids of posts; `case` waits about that post."""

    n: int
    url: str
    state: str
    problems: list[str]
    candidates: list[str]
    item: str | None
    platform: str | None
    measure: Measure | None
    at: datetime | None
    provisional: bool
    hold: Held | None
    case: UUID | None
    proposals: list[CopyView]


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message about an order: when it came, or left."""

    id: UUID
    type: str
    direction: str
    at: datetime
    state: str
    sha256: str
    verified: bool
    problems: list[str]


class Delivery(msgspec.Struct, frozen=True):
    """Whether the other side has an order of ours, since when by their clock."""

    state: str
    attempts: int
    received_at: datetime | None


class Silenced(msgspec.Struct, frozen=True):
    """Until when the author is not told, and whether that is over."""

    decided_at: datetime | None
    until: datetime
    reason: str | None
    over: bool


class ScrutinyAsked(msgspec.Struct, frozen=True):
    """That the authority of our establishment was asked to look into it, and whether that was after the two days."""

    at: datetime
    late: bool


class OrderView(OrderLine, frozen=True, kw_only=True):
    """An order with all that is known of it. `requests` are about what is kept; `proposed` waits for a second
    person; `states` are all that its items were in, `ledger` names the entries about it, the newest last."""

    channel: str
    issued_at: datetime | None
    items: list[OrderItem]
    clocks: list[ClockView]
    messages: list[MessageView]
    documents: list[str]
    delivery: Delivery | None
    non_disclosure: Silenced | None
    requests: list[Request]
    scrutiny: ScrutinyAsked | None
    receipts: list[Receipt]
    states: list[Stay]
    proposed: list[Proposed]
    ledger: list[EntryName]


class _Posts(msgspec.Struct, frozen=True):
    """The names of posts, as far as they may be seen here."""

    names: dict[UUID, tuple[str, str]]

    def name(self, id: UUID | None) -> str | None:
        found = None if id is None else self.names.get(id)
        return None if found is None else found[1]

    def platform(self, id: UUID | None) -> str | None:
        found = None if id is None else self.names.get(id)
        return None if found is None else found[0]


def order_line(order: OrderRow) -> OrderLine:
    return OrderLine(**_line(order))


def _line(order: OrderRow) -> dict[str, Any]:
    named = {"order": order.order_ref, "to": order.recipient}
    same = (name for name in OrderLine.__struct_fields__ if name not in named)
    return named | {name: getattr(order, name) for name in same}


def shown_order(tx: Tx, order: OrderRow) -> dict[str, Any]:
    """All of an order, as JSON says it."""
    view = told(order_view(tx, order))
    mine = out_members(tx, order)
    if mine is None:
        return view
    drafted = {} if order.issued_at else {"items": told(items_not_yet(order))}
    return view | drafted | told(mine)


def order_view(tx: Tx, order: OrderRow) -> OrderView:
    """All of an order."""
    items = items_of(tx, order.id)
    copies = copies_of(tx, order.id)
    ids = {id for one in items for id in (*one.candidates, one.item_id) if id is not None}
    ids |= {one.item_id for one in copies}
    posts = _Posts({one.id: (one.platform, one.external_id) for one in items_by_ids(tx, ids)})
    ends = ends_of_holds(tx, [one.hold_id for one in items if one.hold_id is not None])
    waiting = waiting_about(tx, {one.item_id for one in items if one.item_id is not None})
    proposals: dict[int, list[CopyView]] = {}
    for one in copies:
        name, platform = posts.name(one.item_id), posts.platform(one.item_id)
        if name is not None and platform is not None:
            proposals.setdefault(one.n, []).append(CopyView(name, platform, one.case_id))
    messages = messages_of(tx, order.id)
    clocks = [clock_view(one, tx.now) for one in clocks_of(tx, order=order.id)]
    return OrderView(
        **_line(order),
        channel=order.channel,
        issued_at=order.issued_at,
        items=[_item(one, posts, ends, waiting, proposals.get(one.n, [])) for one in items],
        clocks=clocks,
        messages=[shown_message(one) for one in messages],
        documents=_documents_named(tx, order, messages),
        delivery=_delivery(tx, messages) if order.direction == "out" else None,
        non_disclosure=_silenced(order),
        requests=requests_in(tx, messages),
        scrutiny=_scrutiny(messages, clocks),
        receipts=receipts_of(tx, order.id),
        states=stays_of(tx, order.id),
        proposed=proposed_of(tx, order.id),
        ledger=names_about(tx, order.id),
    )


def _documents_named(tx: Tx, order: OrderRow, messages: list[StoredMessage]) -> list[str]:
    """The annexes that there are, ours and those that came back."""
    first = [] if order.annex is None else [ANNEX_1]
    answers = {one.name for one in documents_of(tx, order.id)}
    return first + sorted(answers | {name for name, _ in came_back(messages)})


def _item(
    item: ItemOfOrder,
    posts: _Posts,
    ends: dict[UUID, datetime | None],
    waiting: dict[UUID, UUID],
    proposals: Sequence[CopyView],
) -> OrderItem:
    held = item.hold_id
    return OrderItem(
        n=item.n,
        url=item.url,
        state=item.state,
        problems=item.problems,
        candidates=[name for id in item.candidates if (name := posts.name(id)) is not None],
        item=posts.name(item.item_id),
        platform=posts.platform(item.item_id),
        measure=item.measure,
        at=item.at,
        provisional=item.provisional,
        hold=None if held is None else Held(held, ends.get(held)),
        case=None if item.item_id is None else waiting.get(item.item_id),
        proposals=list(proposals),
    )


def shown_message(message: StoredMessage) -> MessageView:
    return MessageView(
        id=message.id,
        type=message.type,
        direction=message.direction,
        at=message.at,
        state=message.state,
        sha256=message.sha256,
        verified=message.verified,
        problems=message.problems,
    )


def _delivery(tx: Tx, messages: Sequence[StoredMessage]) -> Delivery | None:
    """How far an order of ours is, by the message that carries it."""
    sent = [one for one in messages if (one.direction, one.type) == ("out", "order.issued")]
    if not sent:
        return None
    last = sent[-1]
    if last.state == "delivered":
        return Delivery("delivered", last.attempts, last.received_at)
    late = tx.now - last.created_at > UNDELIVERED_AFTER
    return Delivery("undelivered" if late else "pending", last.attempts, None)


def _scrutiny(
    messages: Sequence[StoredMessage], clocks: Sequence[ClockView]
) -> ScrutinyAsked | None:
    sent = [one for one in messages if (one.direction, one.type) == ("out", "scrutiny.requested")]
    if not sent:
        return None
    ends = [one.due_at for one in clocks if one.name == "tco.scrutiny_request"]
    return ScrutinyAsked(sent[0].at, any(sent[0].at > end for end in ends))


def _silenced(order: OrderRow) -> Silenced | None:
    if order.non_disclosure_until is None:
        return None
    said = read_annex1(order.annex)[0].non_disclosure
    decided_at = None if said is None else said.decided_at
    reason = None if said is None else said.reason
    return Silenced(decided_at, order.non_disclosure_until, reason, order.disclosed_at is not None)


def annex_body(order: OrderRow) -> bytes | None:
    """Annex I as it came, or as it is."""
    return None if order.annex is None else msgspec.json.encode(order.annex)

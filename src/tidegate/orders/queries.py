"""Reading orders, with their URLs and what became of these."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal
from tidegate.orders.model import LIVE, Direction, ItemOfOrder, OrderRow
from tidegate.orders.tables import (
    order_copies,
    order_documents,
    order_item_states,
    order_items,
    order_proposals,
    order_receipts,
    orders,
)

_ORDER = [orders.c[name] for name in OrderRow.__struct_fields__]
_ITEM = [order_items.c[name] for name in ItemOfOrder.__struct_fields__]
MOST = 200
"""How many orders a page of the list has at most."""


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """One stay of an order's item in a state: from when, by whom, until when, and what was said with it."""

    n: int
    state: str
    event: str
    entered_at: datetime
    entered_by: str
    left_at: datetime | None
    given: dict[str, Any] | None


class Urgency(msgspec.Struct, frozen=True):
    """Whether an order is its issuer's word for sure, by its message or by a person, and when its hour ends."""

    proven: bool
    due_at: datetime | None


class Proposed(msgspec.Struct, frozen=True, kw_only=True):
    """What one person proposed of an order, or with `n` of one item; it waits for another."""

    n: int
    verb: str
    given: dict[str, Any]
    proposed_by: str
    proposer: str
    proposed_at: datetime


class Copy(msgspec.Struct, frozen=True):
    """A post that is like an ordered one, and the case that asks what to do with it."""

    n: int
    item_id: UUID
    case_id: UUID


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """An Annex II or III: its JSON to the byte, which of the order's items it is about, and the message that
    carries it, where there is somebody to send it to."""

    id: UUID
    name: str
    items: list[int]
    body: bytes
    kid: str
    message_id: UUID | None
    made_at: datetime
    made_by: str
    delivered_at: datetime | None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """One way that an order came, and when; `sha256` is of the file, where there is one. Whoever sent it again
    without a proof knows the order by this `id`."""

    id: UUID
    channel: str
    received_at: datetime
    noted_at: datetime
    noted_by: str
    content_type: str | None
    sha256: str | None


def order_unknown(_: object = None) -> Refusal:
    return Refusal("order-unknown", 404, "There is no such order", "GET /v1/orders lists them.")


def order_of(tx: Tx, order_id: UUID, *, lock: bool = False) -> OrderRow:
    """The order; with `lock` its row is the transaction's until the end. Raises Refusal: 404."""
    query = sa.select(*_ORDER).where(orders.c.id == order_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise order_unknown()
    return OrderRow(**row)


def order_numbered(tx: Tx, number: UUID) -> UUID:
    """The order that goes by this id, or that came by the receipt of this id, which is all that a stranger is
    told of one that was here before; the number itself where there is none."""
    query = sa.select(order_receipts.c.order_id).where(order_receipts.c.id == number)
    return tx.execute(query).scalar_one_or_none() or number


def came(tx: Tx, order_id: UUID) -> OrderRow:
    """An order that came to us, its row the transaction's until the end. Raises Refusal: 404."""
    order = order_of(tx, order_id, lock=True)
    if order.direction != "in":
        raise order_unknown()
    return order


def orders_called(
    tx: Tx,
    direction: Direction,
    issuer: str,
    *,
    order_ref: str | None = None,
    reference: str | None = None,
) -> list[OrderRow]:
    """The orders of an issuer that go by this id or by this reference: verified ones first, then the oldest
    first."""
    named = [
        column == value
        for column, value in ((orders.c.order_ref, order_ref), (orders.c.reference, reference))
        if value is not None
    ]
    if not named:
        return []
    query = (
        sa.select(*_ORDER)
        .where(orders.c.direction == direction, orders.c.issuer == issuer, sa.or_(*named))
        .order_by(orders.c.verified.desc(), orders.c.created_at, orders.c.id)
    )
    return [OrderRow(**row) for row in tx.execute(query).mappings()]


def orders_by_ids(tx: Tx, ids: Collection[UUID]) -> list[OrderRow]:
    """The orders of these ids, in no order."""
    query = sa.select(*_ORDER).where(orders.c.id.in_(list(ids)))
    return [OrderRow(**row) for row in tx.execute(query).mappings()] if ids else []


def items_of(tx: Tx, order_id: UUID) -> list[ItemOfOrder]:
    """The order's items, by their numbers."""
    query = sa.select(*_ITEM).where(order_items.c.order_id == order_id).order_by(order_items.c.n)
    return [ItemOfOrder(**row) for row in tx.execute(query).mappings()]


def item_numbered(found: Sequence[ItemOfOrder], n: int) -> ItemOfOrder:
    """The order's item of that number. Raises Refusal (404)."""
    if not 1 <= n <= len(found):
        raise order_unknown()
    return found[n - 1]


def url_keys_of(tx: Tx, order_id: UUID) -> list[bytes | None]:
    """The digests of the canonical URLs of the order's items, by their numbers."""
    query = sa.select(order_items.c.url_key).where(order_items.c.order_id == order_id)
    return list(tx.execute(query.order_by(order_items.c.n)).scalars())


def orders_about(
    tx: Tx, direction: Direction, url_keys: Collection[bytes], *, states: Sequence[str]
) -> list[tuple[OrderRow, int]]:
    """The orders in one of these states that name one of these canonical URLs, with the item's number."""
    query = (
        sa.select(*_ORDER, order_items.c.n.label("item_n"))
        .join(order_items, order_items.c.order_id == orders.c.id)
        .where(orders.c.direction == direction, orders.c.state.in_(states))
        .where(order_items.c.url_key.in_(list(url_keys)))
        .order_by(orders.c.created_at, orders.c.id, order_items.c.n)
    )
    found: list[tuple[OrderRow, int]] = []
    for row in tx.execute(query).mappings():
        given = dict(row)
        n = given.pop("item_n")
        found.append((OrderRow(**given), n))
    return found


def items_on(tx: Tx, item_id: UUID) -> list[ItemOfOrder]:
    """Where orders that are live name this post."""
    query = sa.select(*_ITEM).where(order_items.c.item_id == item_id)
    query = query.where(order_items.c.state.in_(LIVE)).order_by(order_items.c.since)
    return [ItemOfOrder(**row) for row in tx.execute(query).mappings()]


def stays_of(tx: Tx, order_id: UUID) -> list[Stay]:
    """Every state that the order's items were in, in the order of their entry."""
    columns = [order_item_states.c[name] for name in Stay.__struct_fields__]
    query = sa.select(*columns).where(order_item_states.c.order_id == order_id)
    query = query.order_by(order_item_states.c.entered_at, order_item_states.c.id)
    return [Stay(**row) for row in tx.execute(query).mappings()]


def proposed_of(tx: Tx, order_id: UUID) -> list[Proposed]:
    """What waits for a second person."""
    columns = [order_proposals.c[name] for name in Proposed.__struct_fields__]
    query = sa.select(*columns).where(order_proposals.c.order_id == order_id)
    query = query.order_by(order_proposals.c.proposed_at, order_proposals.c.n)
    return [Proposed(**row) for row in tx.execute(query).mappings()]


def copies_of(tx: Tx, order_id: UUID) -> list[Copy]:
    """The posts that are like ordered ones, as proposals."""
    columns = [order_copies.c[name] for name in Copy.__struct_fields__]
    query = sa.select(*columns).where(order_copies.c.order_id == order_id)
    query = query.order_by(order_copies.c.n, order_copies.c.item_id)
    return [Copy(**row) for row in tx.execute(query).mappings()]


def documents_of(tx: Tx, order_id: UUID, name: str | None = None) -> list[Document]:
    """The answers to an order, or those called `name`, the newest first."""
    columns = [order_documents.c[one] for one in Document.__struct_fields__]
    query = sa.select(*columns).where(order_documents.c.order_id == order_id)
    if name is not None:
        query = query.where(order_documents.c.name == name)
    query = query.order_by(order_documents.c.made_at.desc(), order_documents.c.id.desc())
    return [Document(**row) for row in tx.execute(query).mappings()]


def receipts_of(tx: Tx, order_id: UUID) -> list[Receipt]:
    """Each way that an order came, the first that was noted first."""
    columns = [order_receipts.c[one] for one in Receipt.__struct_fields__]
    query = sa.select(*columns).where(order_receipts.c.order_id == order_id)
    return [
        Receipt(**row)
        for row in tx.execute(
            query.order_by(order_receipts.c.noted_at, order_receipts.c.id)
        ).mappings()
    ]


def open_before(tx: Tx, due: datetime, limit: int) -> list[UUID]:
    """The verified orders to us that are open, and whose hour ends by then: the first first."""
    query = (
        sa.select(orders.c.id)
        .where(orders.c.direction == "in", orders.c.state == "open", orders.c.verified)
        .where(orders.c.due_at <= due)
        .order_by(orders.c.due_at, orders.c.id)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def count_provisional(tx: Tx) -> int:
    """How many items are down provisionally, and wait for a person."""
    query = sa.select(sa.func.coalesce(sa.func.sum(orders.c.provisional), 0))
    return tx.execute(query.where(orders.c.provisional > 0)).scalar_one()


def silences_over(tx: Tx, limit: int) -> list[UUID]:
    """The orders whose non-disclosure has come to its end, and of whose items no author was told yet."""
    query = (
        sa.select(orders.c.id)
        .where(orders.c.direction == "in", orders.c.non_disclosure_until <= tx.now)
        .where(orders.c.disclosed_at.is_(None))
        .order_by(orders.c.non_disclosure_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(tx.execute(query).scalars())


def list_orders(
    tx: Tx,
    *,
    direction: Direction | None = None,
    states: Sequence[str] | None = None,
    due_before: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[OrderRow], str | None]:
    """A page of orders and the place after it: those with an hour that runs, the first that ends first,
    then all others, the newest first. Raises Refusal (422) for a cursor that is none."""
    limit = min(limit, MOST)
    query = sa.select(*_ORDER)
    if direction is not None:
        query = query.where(orders.c.direction == direction)
    if states is not None:
        query = query.where(orders.c.state.in_(states))
    if due_before is not None:
        query = query.where(orders.c.due_at < due_before)
    part, place = _read(cursor)
    found: list[OrderRow] = []
    if part == "d":
        found = _due(tx, query, place, limit + 1)
        place = None
    if len(found) <= limit:
        found += _others(tx, query, place, limit + 1 - len(found))
    page = found[:limit]
    return page, _place(page[-1]) if len(found) > limit else None


def _due(
    tx: Tx, query: sa.Select[Any], place: tuple[datetime, UUID] | None, limit: int
) -> list[OrderRow]:
    query = query.where(orders.c.due_at.isnot(None))
    if place is not None:
        query = query.where(sa.tuple_(orders.c.due_at, orders.c.id) > sa.tuple_(*place))
    query = query.order_by(orders.c.due_at, orders.c.id).limit(limit)
    return [OrderRow(**row) for row in tx.execute(query).mappings()]


def _others(
    tx: Tx, query: sa.Select[Any], place: tuple[datetime, UUID] | None, limit: int
) -> list[OrderRow]:
    query = query.where(orders.c.due_at.is_(None))
    if place is not None:
        query = query.where(sa.tuple_(orders.c.created_at, orders.c.id) < sa.tuple_(*place))
    query = query.order_by(orders.c.created_at.desc(), orders.c.id.desc()).limit(limit)
    return [OrderRow(**row) for row in tx.execute(query).mappings()]


def _place(last: OrderRow) -> str:
    if last.due_at is not None:
        return "d" + write_cursor(last.due_at, last.id)
    return "c" + write_cursor(last.created_at, last.id)


def _read(cursor: str | None) -> tuple[str, tuple[datetime, UUID] | None]:
    if cursor is None:
        return "d", None
    if cursor[:1] not in ("d", "c"):
        expected, got = "the `next` of an earlier answer", cursor[:60]
        raise Refusal(
            "invalid-parameter",
            422,
            "A parameter is not what this route takes",
            f"cursor: expected {expected}, got {got!r}.",
            errors=[FieldError("cursor", expected, got)],
        )
    return cursor[0], read_cursor(cursor[1:])


def urgency_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Urgency]:
    """Of each of these that is an order."""
    query = sa.select(orders.c.id, orders.c.verified, orders.c.state, orders.c.due_at)
    rows = tx.execute(query.where(orders.c.id.in_(ids)))
    return {row.id: Urgency(row.verified or row.state != "doubtful", row.due_at) for row in rows}

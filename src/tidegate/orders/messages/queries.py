"""Reading messages about orders."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.orders.messages.model import StoredMessage
from tidegate.orders.messages.tables import order_messages

_FIELDS = StoredMessage.__struct_fields__
_COLUMNS = [order_messages.c[name] for name in _FIELDS]


def messages_of(tx: Tx, order_id: UUID) -> list[StoredMessage]:
    """All that was said about an order, both ways, as it came and went."""
    query = sa.select(*_COLUMNS).where(order_messages.c.order_id == order_id)
    rows = tx.execute(query.order_by(order_messages.c.created_at, order_messages.c.id))
    return [read_row(row) for row in rows]


def messages_about(tx: Tx, sender: str, order_ref: str) -> list[tuple[StoredMessage, bytes]]:
    """What came from a sender about an order by its own id of it, the first first, each with its bytes."""
    query = sa.select(*_COLUMNS, order_messages.c.jws).where(
        order_messages.c.direction == "in",
        order_messages.c.sender == sender,
        order_messages.c.order_ref == order_ref,
    )
    rows = tx.execute(query.order_by(order_messages.c.created_at, order_messages.c.id))
    return [(read_row(row), row.jws) for row in rows]


def stored_message(tx: Tx, id: UUID, *, lock: bool = False) -> StoredMessage:
    """One message. Raises Refusal (404)."""
    query = sa.select(*_COLUMNS).where(order_messages.c.id == id)
    row = tx.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise message_unknown()
    return read_row(row)


def message_jws(tx: Tx, id: UUID, *, order_id: UUID | None = None) -> bytes:
    """A message as it came or went, to the byte; where an order is named, one of its. Raises Refusal (404)."""
    query = sa.select(order_messages.c.jws, order_messages.c.order_id)
    row = tx.execute(query.where(order_messages.c.id == id)).first()
    if row is None or (order_id is not None and row.order_id != order_id):
        raise message_unknown()
    jws: bytes = row.jws
    return jws


def receipt_of(tx: Tx, id: UUID) -> bytes | None:
    """The signed receipt of a message: ours as it was sent, or theirs as it came; None while there is none."""
    query = sa.select(order_messages.c.receipt).where(order_messages.c.id == id)
    receipt: bytes | None = tx.execute(query).scalar_one_or_none()
    return receipt


def read_row(row: sa.Row[Any]) -> StoredMessage:
    return StoredMessage(**{name: getattr(row, name) for name in _FIELDS})


def message_unknown() -> Refusal:
    return Refusal("message-unknown", 404, "There is no such message of this order")

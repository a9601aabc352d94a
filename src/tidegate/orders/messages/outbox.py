"""How a worker takes messages of ours out of the outbox, and says what became of them. Leases and back-off
are those of webhooks (`enforcement/outbox.py`): what a killed worker had comes back when its lease ends, or when
it is started again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.clocks.rings import acknowledge_rings
from tidegate.enforcement.model import next_delay
from tidegate.infra.db import Tx
from tidegate.ledger.actions import append
from tidegate.orders.messages.model import Receipt, StoredMessage
from tidegate.orders.messages.queries import read_row
from tidegate.orders.messages.tables import order_messages

UNDELIVERED = timedelta(minutes=15)
_LONGEST_ERROR = 500


class Claim(msgspec.Struct, frozen=True):
    """A message that this worker may send until its lease ends."""

    message: StoredMessage
    jws: bytes
    first_attempt_at: datetime | None


class Failure(msgspec.Struct, frozen=True):
    """Why an attempt that began at a time gave no receipt, and how long the receiver asked to be left
    alone."""

    began: datetime
    error: str
    asked: timedelta | None = None


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        order_messages.c.state == "pending",
        order_messages.c.next_at <= now,
        sa.or_(order_messages.c.leased_until.is_(None), order_messages.c.leased_until <= now),
    )


def due_recipients(tx: Tx) -> list[str]:
    """The organisations for which something is due now."""
    query = sa.select(order_messages.c.recipient).where(_is_due(tx.now)).distinct()
    return list(tx.execute(query).scalars())


def claim(
    tx: Tx, recipient: str, limit: int, lease: timedelta, place: str | None = None
) -> list[Claim]:
    """Take up to `limit` due messages to an organisation, in the order in which they were sent, for the worker
    at a place."""
    due = (
        sa.select(order_messages.c.id)
        .where(order_messages.c.recipient == recipient, _is_due(tx.now))
        .order_by(order_messages.c.created_at, order_messages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = tx.execute(
        sa.update(order_messages)
        .where(order_messages.c.id == due.c.id)
        .values(leased_until=tx.now + lease, leased_by=place)
        .returning(order_messages)
    )
    claims = [Claim(read_row(row), row.jws, row.first_attempt_at) for row in rows]
    return sorted(claims, key=lambda one: (one.message.created_at, one.message.id))


def hand_back(tx: Tx, claims: Sequence[Claim]) -> None:
    """Give up what was not tried to the end, so that another worker need not wait."""
    ids = [one.message.id for one in claims]
    tx.execute(
        sa.update(order_messages).where(order_messages.c.id.in_(ids)).values(leased_until=None)
    )


def free(tx: Tx, place: str) -> None:
    """Give up all that a worker at a place had and cannot finish."""
    tx.execute(
        sa.update(order_messages)
        .where(
            order_messages.c.state == "pending",
            order_messages.c.leased_until > tx.now,
            order_messages.c.leased_by == place,
        )
        .values(leased_until=None)
    )


def deliver(
    tx: Tx, claim: Claim, began: datetime, receipt: Receipt, raw: bytes
) -> StoredMessage | None:
    """Write down that the other side has a message, with its receipt as it came; None where that was known."""
    row = tx.execute(
        sa.update(order_messages)
        .where(order_messages.c.id == claim.message.id, order_messages.c.receipt.is_(None))
        .values(
            state="delivered",
            receipt=raw,
            received_at=receipt.received_at,
            verified=receipt.verified,
            problems=receipt.problems,
            delivered_at=tx.now,
            **_attempted(claim, began),
        )
        .returning(order_messages)
    ).first()
    if row is None:  # the receipt that came first stands
        again = sa.update(order_messages).where(order_messages.c.id == claim.message.id)
        tx.execute(again.values(state="delivered", **_attempted(claim, began)))
        return None
    told = {
        "message": claim.message.id,
        "order": claim.message.order_id,
        "received_at": receipt.received_at,
        "verified": receipt.verified,
        "problems": receipt.problems,
    }
    if row.ring_id is not None:
        acknowledge_rings(tx, ring_id=row.ring_id)
    _hurry(tx, row.recipient)
    append(tx, "order.message_delivered", told)
    return read_row(row)


def _hurry(tx: Tx, recipient: str) -> None:
    """Who took one takes others: what waits for them after a failure is due at once."""
    tx.execute(
        sa.update(order_messages)
        .where(
            order_messages.c.recipient == recipient,
            order_messages.c.state == "pending",
            order_messages.c.leased_until.is_(None),
            order_messages.c.next_at > tx.now,
        )
        .values(next_at=tx.now)
    )


def fail(tx: Tx, claim: Claim, failure: Failure, rng: Random) -> None:
    """Write down that a message was not taken, and when it is due again; after three days it is dead."""
    first = claim.first_attempt_at or failure.began
    delay = next_delay(first, claim.message.attempts + 1, tx.now, rng)
    if delay is not None and failure.asked is not None:
        delay = max(delay, failure.asked)
    tx.execute(
        sa.update(order_messages)
        .where(order_messages.c.id == claim.message.id, order_messages.c.state == "pending")
        .values(
            **_attempted(claim, failure.began)
            | {
                "state": "dead" if delay is None else "pending",
                "next_at": tx.now + (delay or timedelta()),
                "last_error": failure.error[:_LONGEST_ERROR],
            }
        )
    )
    if delay is None:
        told = {"message": claim.message.id, "order": claim.message.order_id}
        append(tx, "order.message_dead", told)


def _attempted(claim: Claim, began: datetime) -> dict[str, object]:
    return {
        "attempts": claim.message.attempts + 1,
        "first_attempt_at": claim.first_attempt_at or began,
        "leased_until": None,
        "last_error": None,
    }


def overdue(tx: Tx, limit: int) -> list[StoredMessage]:
    """The messages that nobody has given a receipt for in time, and of which that does not ring yet. They are
    locked."""
    query = (
        sa.select(order_messages)
        .where(
            order_messages.c.state.in_(["pending", "dead"]),
            order_messages.c.ring_id.is_(None),
            order_messages.c.queued_at <= tx.now - UNDELIVERED,
        )
        .order_by(order_messages.c.queued_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [read_row(row) for row in tx.execute(query)]


def rings_by(tx: Tx, id: UUID, ring_id: UUID) -> None:
    """Remember what rings because a message was not delivered: it ends with the delivery."""
    tx.execute(sa.update(order_messages).where(order_messages.c.id == id).values(ring_id=ring_id))

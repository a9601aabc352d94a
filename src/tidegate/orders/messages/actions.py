"""The verbs on messages: read what came, keep it with its receipt, queue what goes out.

A receipt commits before it is sent, with all that follows from the message. The same bytes get the same
receipt to the letter, however many of them come at once.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.clocks.rings import acknowledge_rings
from tidegate.exchange.model import PROTOCOL
from tidegate.exchange.queries import party
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.infra.times import told
from tidegate.ledger.actions import append
from tidegate.orders.jws import Jws, parse, sign
from tidegate.orders.messages.flood import admit
from tidegate.orders.messages.model import (
    PROBLEMS,
    Envelope,
    Incoming,
    Known,
    Ours,
    Problem,
    StoredMessage,
    judge,
    read_envelope,
)
from tidegate.orders.messages.queries import read_row, stored_message
from tidegate.orders.messages.tables import order_messages
from tidegate.orders.messages.writing import write_envelope, write_receipt


def read(tx: Tx, raw: bytes, *, own: Ours, place: bytes | None) -> Incoming | Known:
    """Read a message and say what is wrong with it, or that it is known.

    `place` is where a stranger's came from, as a digest; None: somebody of ours brought it. Whatever
    else comes under the same sender, order and id waits until this transaction ends. Raises Refusal:
    413 and 422 for what is no message; 409 "message-changed" where its sender signed something else under
    the same id; 429 "too-many" where too much came that nobody is known to have signed.
    """
    jws = parse(raw)
    envelope = read_envelope(jws)
    _hold(tx, envelope)
    known = tx.execute(
        sa.select(order_messages.c.receipt).where(
            order_messages.c.direction == "in", order_messages.c.digest == jws.digest
        )
    ).first()
    if known is not None:
        return Known(known.receipt)
    sender = party(tx, envelope.from_)
    verified, problems = judge(jws, envelope, sender, own.organisation, tx.now)
    if verified:
        if (before := _before(tx, jws, envelope)) is not None:
            return before
    elif place is not None:
        admit(tx, place, own.organisation)
    return Incoming(
        id=uuid7(tx.now),
        envelope=envelope,
        jws=jws,
        raw=raw,
        verified=verified,
        problems=problems,
        received_at=tx.now,
        place=place,
        party=sender,
        own=own,
    )


def _hold(tx: Tx, envelope: Envelope) -> None:
    """Take turns with all that goes by the same id."""
    name = msgspec.json.encode([envelope.from_, envelope.order, envelope.id]).decode()
    lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    tx.execute(lock, {"name": f"order message {name}"})


def _before(tx: Tx, jws: Jws, envelope: Envelope) -> Known | None:
    """What its sender signed before under the same id. Raises Refusal (409) where it said something else."""
    row = tx.execute(
        sa.select(order_messages.c.receipt, order_messages.c.sha256).where(
            order_messages.c.direction == "in",
            order_messages.c.verified,
            order_messages.c.sender == envelope.from_,
            order_messages.c.recipient == envelope.to,
            sa.func.coalesce(order_messages.c.order_ref, "") == (envelope.order or ""),
            order_messages.c.message == envelope.id,
        )
    ).first()
    if row is None:
        return None
    if row.sha256 != jws.sha256:
        raise Refusal(
            "message-changed",
            409,
            "Another message came under this id before",
            "What came first stands, and nothing of this one was kept. Send it under an id of its own.",
            sha256=row.sha256,
        )
    return Known(row.receipt)


def keep(
    tx: Tx,
    incoming: Incoming,
    *,
    order_id: UUID | None,
    told: UUID | None,
    problems: Iterable[Problem] = (),
) -> bytes:
    """Keep a message with the receipt that answers it, and give that; `told` is the number of the order in it.
    `problems` are those that showed only to whom it is about."""
    envelope, own = incoming.envelope, incoming.own
    found: set[Problem] = {*incoming.problems, *problems}
    codes: list[Problem] = [one for one in PROBLEMS if one in found]
    payload = write_receipt(
        envelope,
        own.organisation,
        sha256=incoming.sha256,
        received_at=incoming.received_at,
        verified=incoming.verified,
        problems=codes,
        order=told,
    )
    receipt = sign(payload, own.key)
    tx.execute(
        sa.insert(order_messages).values(
            **_row(incoming.id, "in", envelope, incoming.jws, incoming.raw),
            order_id=order_id,
            received_at=incoming.received_at,
            verified=incoming.verified,
            problems=codes,
            receipt=receipt,
            place=None if incoming.verified else incoming.place,
            state="received",
            created_at=tx.now,
        )
    )
    found_out = {"verified": incoming.verified, "problems": codes, "order": order_id}
    record = _record(incoming.id, envelope, incoming.sha256) | found_out
    append(tx, "order.message_received", record)
    return receipt


def send(
    tx: Tx,
    own: Ours,
    *,
    type: str,
    order: str | None,
    order_id: UUID | None,
    to: str,
    body: object,
    id: str | None = None,
) -> StoredMessage:
    """Sign a message and queue it, in the transaction of what it tells of. Times in `body` may be times.
    Under an `id` that went to the same receiver about the same order before, that message is given."""
    new = uuid7(tx.now)
    envelope = Envelope(
        protocol=PROTOCOL,
        type=type,
        id=id or str(new),
        order=order,
        from_=own.organisation.id,
        to=to,
        sent_at=tx.now,
        synthetic=own.organisation.synthetic,
        body=told(body),
    )
    if id is not None:
        _hold(tx, envelope)
        if (sent := _sent(tx, envelope)) is not None:
            return sent
    raw = sign(write_envelope(envelope), own.key)
    jws = parse(raw)
    row = tx.execute(
        sa.insert(order_messages)
        .values(
            **_row(new, "out", envelope, jws, raw),
            order_id=order_id,
            verified=True,
            problems=[],
            state="pending",
            next_at=tx.now,
            queued_at=tx.now,
            created_at=tx.now,
        )
        .returning(order_messages)
    ).one()
    append(tx, "order.message_sent", _record(new, envelope, jws.sha256) | {"order": order_id})
    return read_row(row)


def attach(tx: Tx, *, sender: str, order_ref: str, order_id: UUID) -> int:
    """Say of what came about an order before the order itself that it is about it. Returns how many."""
    return tx.execute(
        sa.update(order_messages)
        .where(
            order_messages.c.sender == sender,
            order_messages.c.order_ref == order_ref,
            order_messages.c.order_id.is_(None),
        )
        .values(order_id=order_id)
    ).rowcount


def carry(tx: Tx, id: UUID) -> StoredMessage:
    """Say that somebody brings a message by hand: it is no longer sent from here."""
    found = stored_message(tx, id, lock=True)
    if found.direction != "out" or found.state not in ("pending", "dead"):
        raise _not_waiting(found)
    return _set(tx, "order.message_carried", found, state="carried")


def replay(tx: Tx, id: UUID) -> StoredMessage:
    """Send a message of ours once more, with three days for it, whatever became of it. Raises Refusal: 404,
    409."""
    found = stored_message(tx, id, lock=True)
    if found.direction != "out":
        raise _not_waiting(found)
    fresh = {"attempts": 0, "next_at": tx.now, "queued_at": tx.now, "first_attempt_at": None}
    return _set(tx, "order.message_replayed", found, state="pending", **fresh)


def _set(tx: Tx, kind: str, message: StoredMessage, **values: object) -> StoredMessage:
    """Change a message, which is in no worker's hands from then on, and rings no more."""
    this = order_messages.c.id == message.id
    rung = tx.execute(sa.select(order_messages.c.ring_id).where(this)).scalar_one()
    if rung is not None:
        acknowledge_rings(tx, ring_id=rung)
    free = {"leased_until": None, "ring_id": None}
    changed = sa.update(order_messages).where(this).values(**values, **free)
    row = tx.execute(changed.returning(order_messages)).one()
    append(tx, kind, {"message": message.id, "order": message.order_id})
    return read_row(row)


def _not_waiting(message: StoredMessage) -> Refusal:
    return Refusal(
        "message-not-waiting",
        409,
        "The message does not wait to be sent",
        f"It is {message.state}.",
    )


def _sent(tx: Tx, envelope: Envelope) -> StoredMessage | None:
    row = tx.execute(
        sa.select(order_messages).where(
            order_messages.c.direction == "out",
            order_messages.c.sender == envelope.from_,
            order_messages.c.recipient == envelope.to,
            sa.func.coalesce(order_messages.c.order_ref, "") == (envelope.order or ""),
            order_messages.c.message == envelope.id,
        )
    ).first()
    return None if row is None else read_row(row)


def _row(id: UUID, direction: str, envelope: Envelope, jws: Jws, raw: bytes) -> dict[str, Any]:
    return {
        "id": id,
        "direction": direction,
        "type": envelope.type,
        "message": envelope.id,
        "order_ref": envelope.order,
        "sender": envelope.from_,
        "recipient": envelope.to,
        "sent_at": envelope.sent_at,
        "jws": raw,
        "digest": jws.digest,
        "sha256": jws.sha256,
    }


def _record(id: UUID, envelope: Envelope, sha256: str) -> dict[str, object]:
    return {
        "message": id,
        "type": envelope.type,
        "id": envelope.id,
        "issuer_order": envelope.order,
        "from": envelope.from_,
        "to": envelope.to,
        "sha256": sha256,
    }

"""The verbs on orders as stored: keep one, move its items, mark, propose. What follows from them in other
slices is composed in `pipeline/orders/`."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append, append_many
from tidegate.ledger.model import NewEntry
from tidegate.orders.model import Event, ItemOfOrder, OrderRow, State, Verb, after, state_of
from tidegate.orders.queries import Copy, Document, items_of, proposed_of
from tidegate.orders.tables import (
    order_copies,
    order_documents,
    order_item_states,
    order_items,
    order_proposals,
    order_receipts,
    orders,
)

_MOVING = ("state", "since", "item_id", "measure", "at", "provisional", "hold_id", "decision_id")
_NAMING = ("url", "problems", "candidates", "item_id")


def _update_of(names: Sequence[str]) -> sa.Update:
    """The statement that writes these columns of items, by `_row_of` of each."""
    return (
        sa.update(order_items)
        .where(order_items.c.order_id == sa.bindparam("of_order"))
        .where(order_items.c.n == sa.bindparam("of_n"))
        .values({name: sa.bindparam(f"new_{name}") for name in names})
    )


def _row_of(item: ItemOfOrder, names: Sequence[str]) -> dict[str, Any]:
    row = {f"new_{name}": getattr(item, name) for name in names}
    return row | {"of_order": item.order_id, "of_n": item.n}


_MOVE, _RENAME = _update_of(_MOVING), _update_of(_NAMING)


def hold_issuer(tx: Tx, issuer: str) -> None:
    """Let nobody else look for, or keep, orders of this issuer until the end: two messages about one order
    that come at once are one order."""
    lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 14))")
    tx.execute(lock, {"name": f"orders of {issuer}"})


def keep_order(tx: Tx, order: OrderRow, found: Sequence[tuple[ItemOfOrder, bytes | None]]) -> None:
    """Write an order with its items, each with the digest of its canonical URL, and their first states."""
    tx.execute(sa.insert(orders).values(msgspec.structs.asdict(order)))
    add_items(tx, order.id, found)
    record = {
        "order": order.id,
        "direction": order.direction,
        "issuer": order.issuer,
        "issuer_order": order.order_ref,
        "reference": order.reference,
        "recipient": order.recipient,
        "verified": order.verified,
        "problems": order.problems,
        "channel": order.channel,
        "received_at": order.received_at,
        "items": [{"n": one.n, "url": one.url, "state": one.state} for one, _ in found],
    }
    append(tx, "order.kept", record, order.id)


def add_items(
    tx: Tx,
    order_id: UUID,
    found: Sequence[tuple[ItemOfOrder, bytes | None]],
    event: str = "received",
) -> None:
    """Write items of an order, with the states that they begin in by an event."""
    if not found:
        return
    rows = [msgspec.structs.asdict(one) | {"url_key": key} for one, key in found]
    tx.execute(sa.insert(order_items), rows)
    tx.execute(
        sa.insert(order_item_states),
        [_stay(tx, order_id, one.n, one.state, event, None) for one, _ in found],
    )


def note_proved(
    tx: Tx,
    order_id: UUID,
    named: Sequence[ItemOfOrder],
    more: Sequence[tuple[ItemOfOrder, bytes | None]],
) -> None:
    """Write what an order names by its issuer's signature: its items as they are named now, and those that
    it names more of."""
    if named:
        tx.execute(_RENAME, [_row_of(one, _NAMING) for one in named])
    add_items(tx, order_id, more)
    record = {
        "order": order_id,
        "named": [{"n": one.n, "url": one.url, "item": one.item_id} for one in named],
        "items": [{"n": one.n, "url": one.url, "state": one.state} for one, _ in more],
    }
    append(tx, "order.proved", record, order_id)


def move(
    tx: Tx,
    items: Sequence[ItemOfOrder],
    event: Event,
    *,
    given: Mapping[str, Any] | None = None,
    changes: Mapping[int, Mapping[str, object]] = {},
) -> list[ItemOfOrder]:
    """Let an event happen to each of these items of one order, with whatever else changes of their rows, by their
    numbers. The caller holds the order's row, and has made sure that the states allow it."""
    after_all: list[ItemOfOrder] = []
    entries: list[NewEntry] = []
    for item in items:
        to = after(item.state, event)
        assert to is not None, (item.state, event)
        changed = {"state": to, "since": tx.now, **changes.get(item.n, {})}
        after_all.append(moved := msgspec.structs.replace(item, **changed))
        record = {"order": item.order_id, "n": item.n, "from": item.state, "state": to}
        record |= {"event": event, "item": moved.item_id, "given": given}
        entries.append(NewEntry("order.moved", record, item.order_id))
    if not after_all:
        return []
    order_id = after_all[0].order_id
    tx.execute(_MOVE, [_row_of(one, _MOVING) for one in after_all])
    stays = sa.and_(
        order_item_states.c.order_id == order_id,
        one_of(order_item_states.c.n, [one.n for one in after_all]),
        order_item_states.c.left_at.is_(None),
    )
    tx.execute(sa.update(order_item_states).where(stays).values(left_at=tx.now))
    rows = [_stay(tx, order_id, one.n, one.state, event, given) for one in after_all]
    tx.execute(sa.insert(order_item_states), rows)
    append_many(tx, entries)
    return after_all


def _stay(
    tx: Tx, order_id: UUID, n: int, state: State, event: str, given: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "id": uuid7(tx.now),
        "order_id": order_id,
        "n": n,
        "state": state,
        "event": event,
        "entered_at": tx.now,
        "entered_by": tx.actor,
        "given": given,
    }


def change(tx: Tx, order_id: UUID, **changes: object) -> None:
    """Write columns of an order's row, which the caller holds."""
    tx.execute(sa.update(orders).where(orders.c.id == order_id).values(changes))


def refresh(tx: Tx, order_id: UUID, due_at: datetime | None) -> State:
    """Let the order's own state follow from its items; `due_at` is the first end of an hour that runs."""
    items = items_of(tx, order_id)
    state = state_of(one.state for one in items)
    provisional = sum(one.waits for one in items)
    change(tx, order_id, state=state, due_at=due_at, provisional=provisional)
    return state


def confirm(tx: Tx, items: Sequence[ItemOfOrder]) -> None:
    """A person has looked at what was taken down provisionally of an order: it is theirs from now on."""
    if not items:
        return
    order_id = items[0].order_id
    this = sa.and_(
        order_items.c.order_id == order_id, one_of(order_items.c.n, [one.n for one in items])
    )
    tx.execute(sa.update(order_items).where(this).values(provisional=False))
    records = ({"order": order_id, "n": one.n, "item": one.item_id} for one in items)
    append_many(tx, [NewEntry("order.confirmed", one, order_id) for one in records])


def contradict(tx: Tx, order_id: UUID, what: str) -> None:
    """Mark an order about which something was said that does not go with the rest."""
    change(tx, order_id, contradictory=True)
    append(tx, "order.contradicted", {"order": order_id, "what": what}, order_id)


def propose(tx: Tx, order_id: UUID, n: int, verb: Verb, given: Mapping[str, Any]) -> bool:
    """Whether another person has proposed the same before, so that it is agreed now; else it is proposed
    in this person's name. Raises Refusal: 409 "same-person"."""
    proposed = [one for one in proposed_of(tx, order_id) if (one.n, one.verb) == (n, verb)]
    if not proposed or proposed[0].given != given:
        values = {"given": dict(given), "proposed_by": tx.actor, "proposer": tx.identity}
        values |= {"proposed_at": tx.now}
        keys = {"order_id": order_id, "n": n, "verb": verb}
        written = insert(order_proposals).values(keys | values)
        tx.execute(written.on_conflict_do_update(index_elements=list(keys), set_=values))
        record = {"order": order_id, "n": n, "verb": verb, "given": given}
        append(tx, "order.proposed", record, order_id)
        return False
    if proposed[0].proposer == tx.identity:
        raise Refusal(
            "same-person",
            409,
            "Another person has to agree",
            "You proposed this yourself. Nothing was written.",
        )
    forget_proposals(tx, order_id, n, verb)
    return True


def forget_proposals(tx: Tx, order_id: UUID, n: int, verb: Verb) -> None:
    this = sa.and_(order_proposals.c.order_id == order_id, order_proposals.c.verb == verb)
    tx.execute(sa.delete(order_proposals).where(this, order_proposals.c.n == n))


def keep_copies(tx: Tx, order_id: UUID, copies: Sequence[Copy]) -> None:
    """Write the proposals about what is like an ordered post."""
    if copies:
        rows = [msgspec.structs.asdict(one) | {"order_id": order_id} for one in copies]
        tx.execute(insert(order_copies).on_conflict_do_nothing(), rows)


def note_receipt(
    tx: Tx,
    order_id: UUID,
    *,
    channel: str,
    received_at: datetime,
    file: bytes | None = None,
    content_type: str | None = None,
    place: bytes | None = None,
) -> UUID:
    """Note that an order came, by which way and when: none of the earlier ones is changed by it. `place` says
    where a stranger's came from, for counting. Returns the receipt's id, by which the order is found too."""
    id = uuid7(tx.now)
    sha256 = None if file is None else hashlib.sha256(file).hexdigest()
    row: dict[str, Any] = {"id": id, "order_id": order_id, "channel": channel}
    row |= {"received_at": received_at, "noted_at": tx.now, "noted_by": tx.actor}
    row |= {"file": file, "content_type": content_type, "sha256": sha256, "place": place}
    tx.execute(sa.insert(order_receipts).values(row))
    record = {"order": order_id, "channel": channel, "received_at": received_at, "sha256": sha256}
    append(tx, "order.received", record, order_id)
    return id


def keep_document(tx: Tx, order_id: UUID, document: Document) -> None:
    """Write an answer to an order, to the byte."""
    row = msgspec.structs.asdict(document) | {"order_id": order_id}
    tx.execute(sa.insert(order_documents).values(row))
    record = {"order": order_id, "document": document.id, "name": document.name}
    record |= {"items": document.items, "sha256": hashlib.sha256(document.body).hexdigest()}
    append(tx, "order.answered", record | {"message": document.message_id}, order_id)


def document_sent(tx: Tx, document_id: UUID, message_id: UUID) -> None:
    """Note by which message an answer goes."""
    this = order_documents.c.id == document_id
    tx.execute(sa.update(order_documents).where(this).values(message_id=message_id))


def document_delivered(tx: Tx, message_id: UUID) -> tuple[UUID, list[int]] | None:
    """Note that an answer arrived; of which order it was, and about which items. None: it is none, or had
    arrived before."""
    this = sa.and_(
        order_documents.c.message_id == message_id, order_documents.c.delivered_at.is_(None)
    )
    written = sa.update(order_documents).where(this).values(delivered_at=tx.now)
    columns = (order_documents.c.order_id, order_documents.c["items"].label("about"))
    row = tx.execute(written.returning(*columns)).first()
    return None if row is None else (row.order_id, row.about)

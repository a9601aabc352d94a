"""The verbs on orders of ours as stored: keep a draft, let it go a step, say what it is about, write down what
is claimed. What follows from them elsewhere is composed in `pipeline/orders/`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.orders.actions import add_items
from tidegate.orders.drafting import DraftState, Event
from tidegate.orders.drafts.model import CarriedIn, Claim, ClaimedIn, DraftRow, TargetKind
from tidegate.orders.drafts.tables import order_claims, order_drafts, order_states, order_targets
from tidegate.orders.model import ItemOfOrder, OrderRow
from tidegate.orders.tables import orders

_ISSUING = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('orders issued', 14))")


def take_turns(tx: Tx) -> None:
    """Let nobody else issue an order, or learn of another's, until the end: of two about the same content at
    once, the second one sees the first."""
    tx.execute(_ISSUING)


def keep_draft(tx: Tx, order: OrderRow, draft: DraftRow) -> None:
    """Write an order of ours as its first draft."""
    tx.execute(sa.insert(orders).values(msgspec.structs.asdict(order)))
    tx.execute(sa.insert(order_drafts).values(msgspec.structs.asdict(draft)))
    _enter(tx, order.id, "draft", "draft")
    record = {"order": order.id, "to": order.recipient, "state": "draft", "cites": draft.cites}
    append(tx, "order.drafted", record, order.id)


def keep_issued(tx: Tx, order: OrderRow, found: Sequence[tuple[ItemOfOrder, bytes | None]]) -> None:
    """Write the items of an order that goes out."""
    add_items(tx, order.id, found, "issued")
    record = {
        "order": order.id,
        "reference": order.reference,
        "to": order.recipient,
        "items": [{"n": one.n, "url": one.url, "state": one.state} for one, _ in found],
    }
    append(tx, "order.issued", record, order.id)


def step(tx: Tx, order: OrderRow, event: Event, state: DraftState, **changes: object) -> OrderRow:
    """Let an event happen to an order of ours, with whatever else changes of its row. The caller holds the
    row, and has asked the machine for the `state`. What leads to the same state is told, too."""
    changed = {"state": state, **changes}
    tx.execute(sa.update(orders).where(orders.c.id == order.id).values(changed))
    if state != order.state:
        stays = sa.and_(order_states.c.order_id == order.id, order_states.c.left_at.is_(None))
        tx.execute(sa.update(order_states).where(stays).values(left_at=tx.now))
        _enter(tx, order.id, state, event)
    record = {"order": order.id, "event": event, "from": order.state, "state": state}
    append(tx, "order.stepped", record, order.id)
    return msgspec.structs.replace(order, **changed)


def change_draft(tx: Tx, order_id: UUID, **changes: object) -> None:
    """Write columns of what is kept of a draft."""
    this = order_drafts.c.order_id == order_id
    tx.execute(sa.update(order_drafts).where(this).values(changes))


def add_targets(tx: Tx, owner: UUID, kind: TargetKind, keys: Iterable[bytes]) -> None:
    """Say what an order, a copy of one, or a referral is about."""
    rows = [{"owner": owner, "key": key, "kind": kind} for key in sorted(set(keys))]
    if rows:
        tx.execute(insert(order_targets).on_conflict_do_nothing(), rows)


def note_carried(tx: Tx, owner: UUID, given: CarriedIn) -> Claim:
    """Write down that somebody brought it by hand."""
    return _note(tx, owner, "carried", given.at, given.evidence, channel=given.channel)


def note_claimed(tx: Tx, owner: UUID, given: ClaimedIn) -> Claim:
    """Write down what somebody says came of it."""
    return _note(tx, owner, "claimed", given.at, given.evidence, state=given.state, text=given.text)


def _note(
    tx: Tx,
    owner: UUID,
    kind: str,
    at: datetime,
    evidence: str | None,
    **said: str | None,
) -> Claim:
    row = {"id": uuid7(tx.now), "kind": kind, "at": at, "evidence": evidence}
    row |= {"channel": None, "state": None, "text": None} | said
    row |= {"noted_by": tx.actor, "noted_at": tx.now}
    tx.execute(sa.insert(order_claims).values(owner=owner, **row))
    append(tx, f"order.{kind}", row | {"order": owner}, owner)
    return msgspec.convert(row, Claim)


def _enter(tx: Tx, order_id: UUID, state: DraftState, event: str) -> None:
    last = sa.select(sa.func.coalesce(sa.func.max(order_states.c.n), 0) + 1)
    tx.execute(
        sa.insert(order_states).values(
            order_id=order_id,
            n=last.where(order_states.c.order_id == order_id).scalar_subquery(),
            state=state,
            event=event,
            entered_at=tx.now,
            entered_by=tx.actor,
        )
    )

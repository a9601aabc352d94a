"""Reading actions, what waits for its target, and what never arrived."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.queries import of_platform
from tidegate.content.tables import items
from tidegate.decisions.disclosure import disclosure_of
from tidegate.decisions.looks import not_blind
from tidegate.decisions.restrictions import Effective
from tidegate.decisions.told import Disclosure, told_decision
from tidegate.enforcement.model import ActionKind, DeliveryState
from tidegate.enforcement.tables import actions, deliveries, messages, webhooks
from tidegate.infra.db import Tx


class ActionView(msgspec.Struct, frozen=True, kw_only=True):
    """An action as shown and as a platform that was away catches up on it."""

    id: UUID
    number: int
    kind: ActionKind
    type: str  # of the message, "action.restrict"
    item: str  # the platform's own id
    platform: str
    revision: int
    sequence: int
    decision_id: UUID
    decision: dict[str, Any] | None  # None once the item is erased
    effective: Effective | None  # the same; also None of an action issued by 0.1
    disclosure: Disclosure
    message_id: str
    created_at: datetime


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """How far a message is on its way to one target."""

    message_id: str
    type: str
    action_id: UUID | None
    item_id: UUID | None
    webhook_id: UUID
    url: str
    state: DeliveryState
    attempts: int
    next_at: datetime
    first_attempt_at: datetime | None
    last_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None
    delivered_at: datetime | None


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A target, without its secret."""

    id: UUID
    url: str
    events: list[str]
    allow_private: bool
    enforce: bool
    alerts: bool  # it gets alerts and nothing else, whether it enforces or not
    plain: bool  # it is told nothing by which an ordered item could be known
    created_at: datetime
    failing_since: datetime | None
    last_success_at: datetime | None
    paused_until: datetime | None  # it answered 429 or 503 and asked to be left alone
    disabled_at: datetime | None
    disabled_because: str | None
    old_until: datetime | None  # messages are signed with the secret before the last, too


class TargetCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for one target, and what was given up."""

    webhook_id: UUID
    url: str
    pending: int
    dead: int
    oldest_pending_at: datetime | None
    failing_since: datetime | None


class OutboxCounts(msgspec.Struct, frozen=True):
    """The outbox at a glance; targets with nothing pending or dead are left out."""

    pending: int
    dead: int
    oldest_pending_seconds: float  # 0 when nothing is pending
    targets: list[TargetCounts]


class _Data(msgspec.Struct, frozen=True):
    decision: dict[str, Any] | None = None
    effective: Effective | None = None


class _Body(msgspec.Struct, frozen=True):
    """What an action's message says, of which an action is shown with."""

    data: _Data = _Data()


_read = msgspec.json.Decoder(_Body).decode

_ACTIONS = (
    sa.select(actions, messages.c.type, messages.c.body, items.c.external_id, items.c.platform)
    .join(messages, messages.c.id == actions.c.message_id)
    .join(items, items.c.id == actions.c.item_id)
    .order_by(actions.c.number)
)
_DELIVERIES = (
    sa.select(
        deliveries.c.message_id,
        messages.c.type,
        actions.c.id.label("action_id"),
        messages.c.item_id,
        webhooks.c.id.label("webhook_id"),
        webhooks.c.url,
        *(deliveries.c[name] for name in DeliveryView.__struct_fields__[6:]),
    )
    .join(messages, messages.c.id == deliveries.c.message_id)
    .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
    .outerjoin(actions, actions.c.message_id == messages.c.id)
)


def list_actions(tx: Tx, after: int = 0, limit: int = 100) -> list[ActionView]:
    """Actions in order from the one after number `after`. Numbers have no gaps and appear in
    order, so whoever asks again with the last number seen misses none."""
    query = _ACTIONS.where(actions.c.number > after, tx.within(items.c.platform)).limit(limit)
    return _actions(tx, query)


def latest_actions(tx: Tx, before: int | None, limit: int) -> list[ActionView]:
    """A page of actions, the latest first; `before` is the last number of the page before. Of what the actor
    has a blind look before them, nothing."""
    query = _ACTIONS.where(tx.within(items.c.platform), not_blind(tx, actions.c.item_id))
    query = query.order_by(None).order_by(actions.c.number.desc()).limit(limit)
    return _actions(tx, query if before is None else query.where(actions.c.number < before))


def actions_of_item(tx: Tx, item_id: UUID) -> list[ActionView]:
    """Every action on an item, oldest first; none while the actor has a blind look at it."""
    seen = tx.within(items.c.platform), not_blind(tx, actions.c.item_id)
    return _actions(tx, _ACTIONS.where(actions.c.item_id == item_id, *seen))


def _actions(tx: Tx, query: sa.Select[Any]) -> list[ActionView]:
    found: list[ActionView] = []
    rows = tx.execute(query).all()
    known = disclosure_of(tx, {row.item_id for row in rows})
    for row in rows:
        said = _Body() if row.body is None else _read(row.body)
        decision, disclosure = said.data.decision, known[row.item_id]
        told = decision and told_decision(decision, disclosure, tx.orders)
        found.append(
            ActionView(
                id=row.id,
                number=row.number,
                kind=row.kind,
                type=row.type,
                item=row.external_id,
                platform=row.platform,
                revision=row.revision,
                sequence=row.sequence,
                decision_id=row.decision_id,
                decision=told,
                effective=said.data.effective,
                disclosure=disclosure,
                message_id=row.message_id,
                created_at=row.created_at,
            )
        )
    return found


def deliveries_of_action(tx: Tx, action_id: UUID) -> list[DeliveryView]:
    """How far an action's message is, target by target."""
    query = _DELIVERIES.where(actions.c.id == action_id, of_platform(tx, messages.c.item_id))
    query = query.order_by(webhooks.c.id)
    return [DeliveryView(**row) for row in tx.execute(query).mappings()]


def dead_letters(tx: Tx, limit: int = 100) -> list[DeliveryView]:
    """What was given up, the latest first. `replay` sends it again."""
    dead = _DELIVERIES.where(deliveries.c.state == "dead", of_platform(tx, messages.c.item_id))
    query = dead.order_by(deliveries.c.last_attempt_at.desc().nulls_last())
    return [DeliveryView(**row) for row in tx.execute(query.limit(limit)).mappings()]


def list_webhooks(tx: Tx) -> list[WebhookView]:
    """Every target, disabled ones too, oldest first. Targets are of no platform."""
    columns = [webhooks.c[name] for name in WebhookView.__struct_fields__ if name != "old_until"]
    until = sa.case((webhooks.c.old_until > tx.now, webhooks.c.old_until)).label("old_until")
    query = sa.select(*columns, until).order_by(webhooks.c.id)
    return [WebhookView(**row) for row in tx.execute(query).mappings()]


def outbox_counts(tx: Tx) -> OutboxCounts:
    """What waits and what was given up, in all and by target."""
    pending = deliveries.c.state == "pending"
    oldest = sa.func.min(deliveries.c.created_at).filter(pending)
    mine = sa.select(messages.c.id).where(of_platform(tx, messages.c.item_id))
    seen = sa.true() if tx.platforms is None else deliveries.c.message_id.in_(mine)
    rows = tx.execute(
        sa.select(
            webhooks.c.id.label("webhook_id"),
            webhooks.c.url,
            sa.func.count().filter(pending).label("pending"),
            sa.func.count().filter(deliveries.c.state == "dead").label("dead"),
            oldest.label("oldest_pending_at"),
            webhooks.c.failing_since,
        )
        .join(deliveries, deliveries.c.webhook_id == webhooks.c.id)
        .where(deliveries.c.state.in_(["pending", "dead"]), seen)
        .group_by(webhooks.c.id)
        .order_by(webhooks.c.id)
    )
    targets = [TargetCounts(**row) for row in rows.mappings()]
    first = min((one.oldest_pending_at for one in targets if one.oldest_pending_at), default=tx.now)
    return OutboxCounts(
        sum(one.pending for one in targets),
        sum(one.dead for one in targets),
        (tx.now - first).total_seconds(),
        targets,
    )

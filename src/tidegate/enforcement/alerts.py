"""Messages about alerts: to targets of their own, which observe nothing and get nothing else.

They commit with the ring that they are about. They are about no item by `item_id`: ids and times, they
outlive an erasure as the alert does, and whoever erases a post calls nobody back.
"""

from uuid import UUID

import sqlalchemy as sa

from tidegate.enforcement.model import AHEAD, GONE, reached
from tidegate.enforcement.tables import deliveries, messages, webhooks
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7

OPENED, UNACKNOWLEDGED = "alert.opened", "alert.unacknowledged"


def alert_targets(tx: Tx) -> list[UUID]:
    """The targets for alerts that are in use, the first made first: the list up which they go."""
    query = sa.select(webhooks.c.id).where(webhooks.c.alerts, webhooks.c.disabled_at.is_(None))
    return list(tx.execute(query.order_by(webhooks.c.id)).scalars())


def announce(
    tx: Tx, targets: list[UUID], type: str, alert_id: UUID, body: bytes, *, ahead: bool = False
) -> None:
    """Put a message about an alert into the outbox, for each of these targets; with `ahead` it goes before
    what waits for them already."""
    if not targets:
        return
    id = f"msg_{uuid7(tx.now).hex}"
    row = {"id": id, "type": type, "alert_id": alert_id, "body": body, "created_at": tx.now}
    tx.execute(sa.insert(messages).values(row))
    due = tx.now - AHEAD if ahead else tx.now
    each = {"message_id": id, "state": "pending", "next_at": due, "created_at": tx.now}
    tx.execute(sa.insert(deliveries), [each | {"webhook_id": one} for one in targets])


def up_to(targets: list[UUID], step: int) -> list[UUID]:
    """Those of the list whom a step goes to."""
    return targets[: reached(step, len(targets))]


def withdraw(tx: Tx, alert_id: UUID, because: str) -> None:
    """What waits to say that nobody has the alert is not sent any more. What is on its way arrives."""
    about = sa.select(messages.c.id).where(
        messages.c.alert_id == alert_id, messages.c.type == UNACKNOWLEDGED
    )
    free = sa.or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= tx.now)
    waiting = (
        sa.select(deliveries.c.message_id, deliveries.c.webhook_id)
        .where(deliveries.c.message_id.in_(about), deliveries.c.state == "pending", free)
        .with_for_update(skip_locked=True)
        .cte("waiting")
    )
    tx.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.message_id == waiting.c.message_id,
            deliveries.c.webhook_id == waiting.c.webhook_id,
        )
        .values(state="cancelled", last_error=because)
    )


def failing_alert_targets(tx: Tx) -> int:
    """How many targets for alerts take nothing; of those that are gone for good, which nothing replaced,
    one."""
    failing = sa.and_(webhooks.c.disabled_at.is_(None), webhooks.c.failing_since.isnot(None))
    query = sa.select(
        sa.func.count().filter(failing).label("failing"),
        sa.func.count().filter(webhooks.c.disabled_at.is_(None)).label("used"),
        sa.func.count().filter(webhooks.c.disabled_because == GONE).label("gone"),
    ).where(webhooks.c.alerts)
    row = tx.execute(query).one()
    return row.failing + (row.used == 0 and row.gone > 0)

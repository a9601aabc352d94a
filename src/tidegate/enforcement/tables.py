"""Where actions, webhooks and what is on its way to them are kept."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import metadata

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("url", sa.Text, nullable=False, info=plain("a system's address, not a person's")),
    # In the clear: it must sign, and who reads this database may change what is signed anyway.
    sa.Column("secret", sa.Text, nullable=False, info=plain("see above")),
    # The one before it was rotated: what is sent before `old_until` is signed with both.
    sa.Column("old_secret", sa.Text, info=plain("see above")),
    sa.Column("old_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("events", ARRAY(sa.Text), nullable=False),  # the message types it gets
    sa.Column("allow_private", sa.Boolean, nullable=False),
    sa.Column("enforce", sa.Boolean, nullable=False),  # false: observe, nothing is sent
    # True: it gets alerts and nothing else, also while it observes.
    sa.Column("alerts", sa.Boolean, nullable=False, server_default=sa.false()),
    # True: a system that acts, and is told nothing by which an ordered item could be known.
    sa.Column("plain", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("failing_since", sa.TIMESTAMP(timezone=True)),  # no attempt succeeded since
    sa.Column("last_success_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("paused_until", sa.TIMESTAMP(timezone=True)),  # it asked to be left alone so long
    sa.Column("disabled_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("disabled_because", sa.Text),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # the webhook-id, the same in every attempt
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), index=True),  # null: it is about none
    # Of an alert's: ids and times, which stay when its item is erased, so `item_id` is null.
    sa.Column("alert_id", sa.Uuid, sa.ForeignKey("alerts.id")),
    sa.Column("body", Sealed(sa.LargeBinary())),  # null: erased with its item
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
sa.Index(
    "ix_messages_alert_id",
    messages.c.alert_id,
    messages.c.type,
    postgresql_where=messages.c.alert_id.isnot(None),
)

actions = sa.Table(
    "actions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False, unique=True),  # gap-free, in commit order
    sa.Column("kind", sa.Text, nullable=False),  # restrict, lift, escalate
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),  # of the item: the higher one counts
    sa.Column("decision_id", sa.Uuid, nullable=False, index=True),
    sa.Column("message_id", sa.Text, sa.ForeignKey("messages.id"), nullable=False, index=True),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("message_id", sa.Text, sa.ForeignKey("messages.id"), primary_key=True),
    sa.Column("webhook_id", sa.Uuid, sa.ForeignKey("webhooks.id"), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # pending, delivered, dead, observed, cancelled
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("releases", sa.Integer, nullable=False, server_default="0"),  # see deliver.py
    sa.Column("next_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("leased_until", sa.TIMESTAMP(timezone=True)),  # a worker has it
    sa.Column("leased_by", sa.Text),  # the place of the one that took it last
    sa.Column("first_attempt_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("last_attempt_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_error", sa.Text, info=plain("why a receiver did not take it")),
    sa.Column("delivered_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
sa.Index(
    "ix_deliveries_due",
    deliveries.c.webhook_id,
    deliveries.c.next_at,
    postgresql_where=deliveries.c.state == "pending",
)
sa.Index(
    "ix_deliveries_dead",
    deliveries.c.last_attempt_at,
    postgresql_where=deliveries.c.state == "dead",
)

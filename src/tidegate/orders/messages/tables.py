"""Where messages about orders are kept, in and out, with the bytes as they came or went."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.infra.columns import Keyed, Sealed, plain
from tidegate.infra.db import metadata

order_messages = sa.Table(
    "order_messages",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("direction", sa.Text, nullable=False),  # in, out
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False, info=plain("its sender's id of it")),
    sa.Column("order_ref", sa.Text),  # the issuer's id of the order that it is about
    sa.Column("order_id", sa.Uuid, index=True),  # ours
    sa.Column("sender", sa.Text, nullable=False),  # as it says: verified or not
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True)),  # by the receiver's clock
    sa.Column("jws", Sealed(sa.LargeBinary()), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # of what is signed, and of the signature
    sa.Column("sha256", sa.Text, nullable=False),  # of the payload: signed, and not guessable
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("problems", ARRAY(sa.Text), nullable=False, info=plain("codes")),
    sa.Column("receipt", Sealed(sa.LargeBinary())),  # ours as it was sent, or theirs as it came
    # Of what a stranger sent, from which network.
    sa.Column("place", Keyed("inbox")),
    sa.Column("state", sa.Text, nullable=False),  # received, pending, delivered, dead, carried
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("leased_until", sa.TIMESTAMP(timezone=True)),  # a worker has it
    sa.Column("leased_by", sa.Text),  # the place of the one that took it last
    sa.Column("first_attempt_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("last_error", sa.Text, info=plain("why a receiver did not take it")),
    sa.Column("delivered_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("queued_at", sa.TIMESTAMP(timezone=True)),  # since when it waits to be delivered
    sa.Column("ring_id", sa.Uuid),  # of what rings because it was not delivered in time
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
# The same message is one row, and so is what goes by one id. What is not proven to be its sender's stands in
# nobody's way, nor does what was meant for another.
sa.Index(
    "uq_order_messages_digest", order_messages.c.direction, order_messages.c.digest, unique=True
)
sa.Index(
    "uq_order_messages_message",
    order_messages.c.direction,
    order_messages.c.sender,
    order_messages.c.recipient,
    sa.func.coalesce(order_messages.c.order_ref, ""),
    order_messages.c.message,
    unique=True,
    postgresql_where=order_messages.c.verified,
)
sa.Index("ix_order_messages_about", order_messages.c.sender, order_messages.c.order_ref)
sa.Index(
    "ix_order_messages_due",
    order_messages.c.recipient,
    order_messages.c.next_at,
    postgresql_where=order_messages.c.state == "pending",
)
sa.Index(
    "ix_order_messages_undelivered",
    order_messages.c.queued_at,
    postgresql_where=sa.and_(
        order_messages.c.state.in_(["pending", "dead"]), order_messages.c.ring_id.is_(None)
    ),
)
sa.Index(
    "ix_order_messages_unverified",
    order_messages.c.received_at,
    postgresql_where=sa.and_(order_messages.c.direction == "in", ~order_messages.c.verified),
)

# What was too much to take, or could not be read, under the name of a key that we know: the law may call it
# received.
order_refusals = sa.Table(
    "order_refusals",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kid", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),  # of all that came
    sa.Column("head", Sealed(sa.LargeBinary()), nullable=False),  # the first 64 kB
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("refused_as", sa.Text, nullable=False),  # the type of the refusal
    sa.Column("place", Keyed("inbox")),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

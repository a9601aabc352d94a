"""Where it lies how an order of ours came about, beside its row among the orders."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tidegate.infra.columns import Keyed, Sealed
from tidegate.infra.db import metadata

order_drafts = sa.Table(
    "order_drafts",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("given", Sealed(JSONB()), nullable=False),  # of Annex I, as it was drafted
    sa.Column("language", sa.Text),
    sa.Column("true_purpose", Sealed(), nullable=False),
    sa.Column("public", Sealed(JSONB(none_as_null=True))),  # that it is, and by which capture
    sa.Column("cites", sa.Uuid),  # the referral that went before
    sa.Column("drafted_by", sa.Text, nullable=False),
    sa.Column("submitted_by", sa.Text),
    sa.Column("approved_by", sa.Text),
    sa.Column("issued_by", sa.Text),
    sa.Column("deconfliction", Sealed(JSONB(none_as_null=True))),
    sa.Column("emergency", Sealed()),  # why there was no time for prior information
    sa.Column("copy_to", sa.Text),  # the establishment's authority, where that is another's
    sa.Column("ended_reason", Sealed()),
    # Until when we asked last for what it took down to be kept.
    sa.Column("preserved_until", sa.TIMESTAMP(timezone=True)),
)

order_states = sa.Table(
    "order_states",  # each state that an order of ours was in, with its entry and leaving, for ever
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),  # from 1
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),  # what led to it
    sa.Column("entered_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("left_at", sa.TIMESTAMP(timezone=True)),
)

order_targets = sa.Table(
    "order_targets",  # what orders are about, ours and those that we have copies of
    metadata,
    sa.Column("owner", sa.Uuid, primary_key=True),  # an order of ours, a copy, or a referral
    sa.Column(
        "key", Keyed("order target"), primary_key=True
    ),  # a canonical URL, or a file's digest
    sa.Column("kind", sa.Text, nullable=False),  # order, copy, referral
)
sa.Index("ix_order_targets_key", order_targets.c.key)

order_claims = sa.Table(
    "order_claims",  # what somebody carried, or says came back: never mixed with what was signed
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("owner", sa.Uuid, nullable=False),  # an order, a referral, or a scrutiny
    sa.Column("kind", sa.Text, nullable=False),  # carried, claimed
    sa.Column("channel", sa.Text),  # of what was carried
    sa.Column("state", sa.Text),  # that it is in now, as somebody there says
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("text", Sealed()),
    sa.Column("evidence", Sealed()),
    sa.Column("noted_by", sa.Text, nullable=False),
    sa.Column("noted_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
sa.Index("ix_order_claims_owner", order_claims.c.owner, order_claims.c.at)

"""Where referrals are kept, in and out, with what became of each URL."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import metadata

referrals = sa.Table(
    "referrals",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("direction", sa.Text, nullable=False),  # in, out
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("referral_ref", sa.Text, nullable=False),  # the issuer's id of it
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("problems", ARRAY(sa.Text), nullable=False, server_default="{}", info=plain("codes")),
    sa.Column("terms_cited", Sealed(), nullable=False),
    sa.Column("reasons", Sealed(), nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True)),  # by the provider
    sa.Column("answered_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("withdrawn_reason", Sealed()),
)
# What is unverified never stands in the way of what is.
sa.Index(
    "uq_referrals_issuer_referral_ref",
    referrals.c.direction,
    referrals.c.issuer,
    referrals.c.referral_ref,
    unique=True,
    postgresql_where=referrals.c.verified,
)
sa.Index("ix_referrals_created_at", referrals.c.created_at, referrals.c.id)
# As those of the orders that who oversees asks by.
sa.Index(
    "ix_referrals_overseen_out",
    referrals.c.recipient,
    referrals.c.created_at,
    postgresql_where=referrals.c.direction == "out",
)
sa.Index(
    "ix_referrals_overseen_in",
    referrals.c.issuer,
    referrals.c.created_at,
    postgresql_where=referrals.c.direction == "in",
)

referral_items = sa.Table(
    "referral_items",
    metadata,
    sa.Column("referral_id", sa.Uuid, sa.ForeignKey("referrals.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),  # from 1
    sa.Column("url", Sealed(), nullable=False),
    sa.Column("report", sa.Text),  # the report that it became, by its id
    sa.Column("outcome", sa.Text),  # null: not answered yet
    sa.Column("reason", Sealed()),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_at", sa.TIMESTAMP(timezone=True)),
)

"""Where copies of other authorities' orders lie, with who asked for scrutiny and what came of it."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import metadata

scrutinies = sa.Table(
    "scrutinies",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("order_ref", sa.Text, nullable=False),  # the issuer's id of the order
    sa.Column("reference", sa.Text, info=plain("a file number")),
    sa.Column("recipient", sa.Text),  # the provider that was ordered; null: no copy came yet
    sa.Column("annex", Sealed(JSONB(none_as_null=True))),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("order_state", sa.Text, nullable=False),  # live, revoked, final, void
    sa.Column("received_at", sa.TIMESTAMP(timezone=True)),  # of the copy
    sa.Column("intention", Sealed()),
    sa.Column("intention_by", sa.Text),
    sa.Column("intention_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("finding", sa.Text),  # infringement, none
    sa.Column("reasons", Sealed()),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("communicated_by", sa.Text),
    sa.Column("communicated_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
sa.Index("uq_scrutinies_issuer_order_ref", scrutinies.c.issuer, scrutinies.c.order_ref, unique=True)
sa.Index("ix_scrutinies_created_at", scrutinies.c.created_at, scrutinies.c.id)

scrutiny_requests = sa.Table(
    "scrutiny_requests",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("scrutiny_id", sa.Uuid, sa.ForeignKey("scrutinies.id"), nullable=False),
    sa.Column("by", sa.Text, nullable=False),  # provider, author
    sa.Column("sender", sa.Text, nullable=False),
    sa.Column("reasons", Sealed(), nullable=False),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),  # after its 48 hours: marked, not lost
)
sa.Index("ix_scrutiny_requests_scrutiny_id", scrutiny_requests.c.scrutiny_id)

"""Where looks at what was ordered or referred are kept: those that are due, and what each saw."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.columns import Sealed
from tidegate.infra.db import metadata

checks = sa.Table(
    "checks",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("owner", sa.Uuid, nullable=False),  # an order or a referral of ours
    sa.Column("n", sa.Integer, nullable=False),  # which of its addresses
    sa.Column("kind", sa.Text, nullable=False),  # order, referral
    sa.Column("organisation", sa.Text, nullable=False),  # to which it was sent
    sa.Column("url", Sealed(), nullable=False),
    sa.Column("host", sa.Text, nullable=False),  # by which the pace is kept
    # Digests of what was captured, each of which is the same content.
    sa.Column("captured", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("due_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("asked_by", sa.Text),  # null: it follows from a receipt
    sa.Column("asked_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("next_at", sa.TIMESTAMP(timezone=True)),  # null: done
    sa.Column("leased_until", sa.TIMESTAMP(timezone=True)),  # a worker has it
    sa.Column("leased_by", sa.Text),  # the place of the one that took it last
    sa.Column("done_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("outcome", sa.Text),
    # Of the last look: its status, and the SHA-256 of what was read.
    sa.Column("status", sa.Integer),
    sa.Column("evidence", sa.Text),
    sa.Column("vantage", sa.Text),
    sa.Column("second_look_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index(
    "uq_checks_owner",
    checks.c.owner,
    checks.c.n,
    checks.c.due_at,
    unique=True,
    postgresql_where=checks.c.asked_by.is_(None),
)
sa.Index("ix_checks_owner", checks.c.owner, checks.c.due_at, checks.c.id)
sa.Index("ix_checks_organisation", checks.c.organisation, checks.c.due_at, checks.c.id)
sa.Index("ix_checks_due_at", checks.c.due_at, checks.c.id)
sa.Index(
    "ix_checks_next_at",
    checks.c.next_at,
    checks.c.host,
    postgresql_where=checks.c.next_at.isnot(None),
)
sa.Index("ix_checks_asked_at", checks.c.asked_at, postgresql_where=checks.c.asked_at.isnot(None))

check_known = sa.Table(
    "check_known",  # of each address: when it was last looked at to a result, and when last seen
    metadata,
    sa.Column("owner", sa.Uuid, primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("seen_at", sa.TIMESTAMP(timezone=True)),
)

check_looks = sa.Table(
    "check_looks",  # what each look saw; the body itself is not kept
    metadata,
    sa.Column("check_id", sa.Uuid, sa.ForeignKey("checks.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),  # from 1
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("says", sa.Text, nullable=False),  # by itself
    sa.Column("status", sa.Integer),
    sa.Column("fault", sa.Text),
    sa.Column("ended", Sealed(), nullable=False),  # where redirects did, without the query
    sa.Column("headers", Sealed(JSONB()), nullable=False),
    sa.Column("sha256", sa.Text),
    sa.Column("whole", sa.Boolean, nullable=False),  # that was all there is
    # Of the control address: null where it was not needed.
    sa.Column("control_up", sa.Boolean),
    sa.Column("control_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("control_status", sa.Integer),
)

check_hosts = sa.Table(
    "check_hosts",  # since when each host may be asked again, by any process
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("next_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

check_controls = sa.Table(
    "check_controls",  # what a look at a control address said last
    metadata,
    sa.Column("control", sa.Text, primary_key=True),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("up", sa.Boolean, nullable=False),
    sa.Column("status", sa.Integer),
)

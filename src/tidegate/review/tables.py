"""Where cases and their history are kept. One waiting case a subject is an index, not a hope."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tidegate.infra.columns import Sealed
from tidegate.infra.db import metadata

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("subject_kind", sa.Text, nullable=False),  # item, entry, cluster
    sa.Column("subject_id", sa.Uuid, nullable=False, index=True),
    # Whose it is: its item's, or that of the bank of its entry; null: everybody's.
    sa.Column("platform", sa.Text),
    # Null: the subject has none.
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), index=True),
    sa.Column("revision", sa.Integer),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # open, claimed, decided, reopened
    sa.Column("origin", sa.Text, nullable=False),  # evaluation, report, escalation, quarantine
    sa.Column("match", JSONB),  # the match that opened it
    sa.Column("version", sa.Integer, nullable=False),  # moves with whatever a decider sees
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimant", sa.Text),  # the identity that goes by this name
    sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("decision_id", sa.Uuid),
    sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("reopened_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("decided_at", sa.TIMESTAMP(timezone=True)),
)
_waiting = cases.c.state != "decided"
sa.Index(
    "uq_cases_subject",
    cases.c.subject_kind,
    cases.c.subject_id,
    unique=True,
    postgresql_where=_waiting,
)
sa.Index(
    "ix_cases_platform",
    cases.c.platform,
    cases.c.opened_at,
    cases.c.id,
    postgresql_where=_waiting,
)
sa.Index("ix_cases_waiting", cases.c.opened_at, cases.c.id, postgresql_where=_waiting)
sa.Index(
    "ix_cases_queue",
    cases.c.queue,
    cases.c.opened_at,
    cases.c.id,
    postgresql_where=_waiting,
    postgresql_include=["state"],  # counting by queue and state needs the index alone
)
sa.Index("ix_cases_opened_at", cases.c.opened_at, cases.c.id)
sa.Index("ix_cases_state", cases.c.state, cases.c.opened_at, cases.c.id)

case_events = sa.Table(
    "case_events",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # opened, reported, claimed, released, decided, …
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("detail", Sealed(JSONB()), nullable=False, server_default="{}"),
)
sa.Index(
    "ix_cases_claimed_until", cases.c.claimed_until, postgresql_where=cases.c.state == "claimed"
)

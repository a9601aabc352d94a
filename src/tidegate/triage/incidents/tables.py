"""Where arrivals are counted, and bursts and incidents are kept: numbers, names of schemes, and who did what."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tidegate.infra.columns import Sealed
from tidegate.infra.db import metadata

arrivals = sa.Table(
    "arrivals",
    metadata,
    sa.Column("platform", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),  # all, language, story
    sa.Column("key", sa.Text, primary_key=True),  # the language or the story; empty: all
    sa.Column("bin", sa.TIMESTAMP(timezone=True), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),  # of voices
)
sa.Index("ix_arrivals_bin", arrivals.c.bin)

arrival_marks = sa.Table(
    "arrival_marks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),  # counted, looked
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("platform", sa.Text),  # null: everybody's
    sa.Column("scheme", sa.Text, nullable=False),
    sa.Column("scheme_version", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # proposed, open, closed
    sa.Column("title", Sealed()),  # null: a burst proposed it
    sa.Column("note", Sealed()),
    sa.Column("level", sa.Text),
    # Of the scheme, what was found to hold when it was opened.
    sa.Column("criteria", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("kind", sa.Text),  # the series whose burst proposed it
    sa.Column("key", sa.Text),
    sa.Column("queue", sa.Text),
    sa.Column("routes", JSONB),  # which cases go there: languages, labels, a story
    sa.Column("bank", sa.Text),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("proposed_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("opened_by", sa.Text),
    sa.Column("opened_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("opening_reason", Sealed()),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("outcome", sa.Text),
    sa.Column("closing_reason", Sealed()),
    # What was counted around it, kept with it: counts go after two months.
    sa.Column("figures", JSONB),
)
_lives = incidents.c.state != "closed"
sa.Index(
    "uq_incidents_series",
    incidents.c.platform,
    incidents.c.kind,
    incidents.c.key,
    unique=True,
    postgresql_where=sa.and_(_lives, incidents.c.kind.isnot(None)),
)
sa.Index("ix_incidents_state", incidents.c.state, incidents.c.proposed_at, incidents.c.id)

incident_steps = sa.Table(
    "incident_steps",
    metadata,
    sa.Column("incident_id", sa.Uuid, sa.ForeignKey("incidents.id"), primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("note", Sealed()),
    sa.Column("taken_by", sa.Text, nullable=False),
    sa.Column("taken_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

bursts = sa.Table(
    "bursts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("found_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("scale", sa.SmallInteger, nullable=False),  # minutes
    sa.Column("observed", sa.Integer, nullable=False),
    sa.Column("expected", sa.Float, nullable=False),
    sa.Column("p", sa.Float, nullable=False),
    sa.Column("p_before", sa.Float, nullable=False),
    sa.Column("p_days", sa.Float),
    sa.Column("calm", sa.Float, nullable=False),  # an hour: below it, it is over
    sa.Column("incident_id", sa.Uuid, sa.ForeignKey("incidents.id"), index=True),
)
sa.Index(
    "uq_bursts_series",
    bursts.c.platform,
    bursts.c.kind,
    bursts.c.key,
    unique=True,
    postgresql_where=bursts.c.ended_at.is_(None),
)

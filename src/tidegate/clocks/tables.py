"""Where clocks, what happened to them, and what rings are kept: ids, codes and times."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.columns import Sealed
from tidegate.infra.db import metadata

_MOMENT = sa.TIMESTAMP(timezone=True)

clock_definitions = sa.Table(
    "clock_definitions",  # as packs had them when clocks were started under them
    metadata,
    sa.Column("digest", sa.LargeBinary, primary_key=True),  # of the three
    sa.Column("pack", sa.Text, nullable=False),  # ID@VERSION
    sa.Column("law", sa.Text, nullable=False),
    sa.Column("definition", JSONB, nullable=False),
)

clocks = sa.Table(
    "clocks",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column(
        "definition", sa.LargeBinary, sa.ForeignKey("clock_definitions.digest"), nullable=False
    ),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("order_id", sa.Uuid),  # what it rings and is silenced with
    sa.Column("platform", sa.Text),
    sa.Column("ours", sa.Boolean, nullable=False),  # the duty; else we watch another's
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("calendar", sa.Text),
    sa.Column("own_limit", JSONB),  # that was agreed in place of the definition's
    # What its events make of it; `step` counts them.
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("live", sa.Boolean, nullable=False),
    sa.Column("started_at", _MOMENT, nullable=False),
    sa.Column("due_at", _MOMENT, nullable=False),
    sa.Column("due_latest", _MOMENT, nullable=False),
    sa.Column("stopped_at", _MOMENT),
    sa.Column("runs", JSONB, nullable=False),
    sa.Column("contradictory", sa.Boolean, nullable=False),
    sa.Column("warnings", ARRAY(_MOMENT), nullable=False),  # of the run that there is
    sa.Column("warned", ARRAY(_MOMENT), nullable=False, server_default="{}"),
    # Since when it rings, and when it last did; nobody is called once somebody has it.
    sa.Column("ringing_since", _MOMENT),
    sa.Column("rung_at", _MOMENT),
    sa.Column("acknowledged_at", _MOMENT),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("next_at", _MOMENT),  # when there is something to do about it; null: nothing
)
sa.Index("ix_clocks_next_at", clocks.c.next_at, postgresql_where=clocks.c.next_at.isnot(None))
sa.Index(
    "ix_clocks_rings",
    clocks.c.rung_at,
    postgresql_where=sa.and_(
        clocks.c.ringing_since.isnot(None), clocks.c.acknowledged_at.is_(None)
    ),
)
sa.Index("ix_clocks_subject", clocks.c.subject_id, clocks.c.subject_kind)
sa.Index("ix_clocks_order_id", clocks.c.order_id, postgresql_where=clocks.c.order_id.isnot(None))
sa.Index("ix_clocks_due_at", clocks.c.due_at, clocks.c.id)
sa.Index("ix_clocks_state", clocks.c.state, clocks.c.due_at, clocks.c.id)
sa.Index(
    "ix_clocks_ringing",
    clocks.c.due_at,
    postgresql_where=sa.and_(
        clocks.c.ringing_since.isnot(None), clocks.c.acknowledged_at.is_(None)
    ),
)
sa.Index(
    "uq_clocks_live",
    clocks.c.subject_kind,
    clocks.c.subject_id,
    clocks.c.name,
    unique=True,
    postgresql_where=clocks.c.live,
)

clock_events = sa.Table(
    "clock_events",  # in the order in which they were told; none is ever changed
    metadata,
    sa.Column("clock_id", sa.Uuid, sa.ForeignKey("clocks.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("at", _MOMENT, nullable=False),  # its place: of a sender's claim, when we heard it
    sa.Column("claimed_at", _MOMENT),
    sa.Column("heard_at", _MOMENT, nullable=False),
    sa.Column("told_by", sa.Text, nullable=False),
    sa.Column("reason", Sealed()),  # why somebody says so
    # Of what starts a run: its end, settled for good.
    sa.Column("due_at", _MOMENT),
    sa.Column("due_latest", _MOMENT),
    sa.Column("warnings", ARRAY(_MOMENT)),
)

rings = sa.Table(
    "rings",  # what is told again and again until somebody has it
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),  # of the message
    sa.Column("data", JSONB, nullable=False),
    sa.Column("order_id", sa.Uuid),
    sa.Column("since", _MOMENT, nullable=False),
    sa.Column("rung", sa.Integer, nullable=False, server_default="0"),
    sa.Column("acknowledged_at", _MOMENT),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("next_at", _MOMENT),
)
sa.Index("ix_rings_next_at", rings.c.next_at, postgresql_where=rings.c.next_at.isnot(None))
sa.Index("ix_rings_order_id", rings.c.order_id, postgresql_where=rings.c.order_id.isnot(None))

calls = sa.Table(
    "calls",  # what the command on call has yet to be told, the latest about each thing
    metadata,
    sa.Column("about", sa.Uuid, primary_key=True),  # an order, else a clock or a ring
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("data", JSONB, nullable=False),
    sa.Column("since", _MOMENT, nullable=False),
    # What comes first: what nobody can have forged, then what ends first.
    sa.Column("proven", sa.Boolean, nullable=False, server_default="false"),
    sa.Column("ends_at", _MOMENT),
    sa.Column("leased_until", _MOMENT),  # the command is told of it
    sa.Column("leased_by", sa.Text),  # the place of the worker that runs it
)
sa.Index("ix_calls_next", calls.c.proven.desc(), calls.c.ends_at, calls.c.since)

"""Where measures lie, with who signed them and what was replied."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import metadata

measures = sa.Table(
    "measures",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("organisation", sa.Text, nullable=False),  # the provider that it is against
    sa.Column("pack", sa.Text, nullable=False),  # with its version
    sa.Column("step", sa.Text, nullable=False),
    # The step as the pack had it then.
    sa.Column("terms", JSONB, nullable=False, info=plain("what a pack says, nobody's words")),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reasons", Sealed(), nullable=False),
    sa.Column("requires", ARRAY(sa.Text), nullable=False, info=plain("codes")),
    sa.Column("evidence", Sealed(JSONB()), nullable=False),
    sa.Column("sheet", Sealed(JSONB(none_as_null=True))),  # of a penalty
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("notified_by", sa.Text),
    sa.Column("notified_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("outcome", sa.Text),  # stands, dropped
    sa.Column("conclusion", Sealed()),
    sa.Column("concluded_by", sa.Text),
    sa.Column("concluded_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("withdrawal", Sealed()),
    sa.Column("withdrawn_by", sa.Text),
    sa.Column("withdrawn_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index("ix_measures_organisation", measures.c.organisation, measures.c.step)
sa.Index("ix_measures_created_at", measures.c.created_at, measures.c.id)

measure_signatures = sa.Table(
    "measure_signatures",
    metadata,
    sa.Column("measure_id", sa.Uuid, sa.ForeignKey("measures.id"), primary_key=True),
    sa.Column("by", sa.Text, primary_key=True),  # two different persons
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
)

measure_replies = sa.Table(
    "measure_replies",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("measure_id", sa.Uuid, sa.ForeignKey("measures.id"), nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),  # when it came
    sa.Column("text", Sealed(), nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("noted_by", sa.Text, nullable=False),
    sa.Column("noted_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
sa.Index("ix_measure_replies_measure_id", measure_replies.c.measure_id, measure_replies.c.at)

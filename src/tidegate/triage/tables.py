"""What is learnt from decisions: how reporters have fared, what the learned part knows, and how far both have
read."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import metadata

reporter_records = sa.Table(
    "reporter_records",  # of those of whose reports at least one was decided about
    metadata,
    sa.Column(
        "reporter",
        sa.Text,
        primary_key=True,
        info=plain("a keyed pseudonym, by which reporters are counted"),
    ),
    sa.Column("upheld", sa.Integer, nullable=False),
    sa.Column("rejected", sa.Integer, nullable=False),
    sa.Column("last_at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

learned_models = sa.Table(
    "learned_models",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("decisions", sa.Integer, nullable=False),
    sa.Column("urgent", sa.Integer, nullable=False),  # so many of them
    # How it fared, predicting each decision before it learnt from it: counts alone.
    sa.Column(
        "figures", JSONB, nullable=False, info=plain("counts of decisions, by week and language")
    ),
    # What it needs to speak, of the newest few, and to learn more, of the newest; null: gone.
    sa.Column("state", Sealed(sa.LargeBinary())),
    sa.Column("replay", Sealed(sa.LargeBinary())),
)

outcomes_read = sa.Table(
    "outcomes_read",  # up to which decision all of that has read
    metadata,
    sa.Column("reader", sa.Text, primary_key=True, info=plain("one of our own words")),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("decision_id", sa.Uuid, nullable=False),
)

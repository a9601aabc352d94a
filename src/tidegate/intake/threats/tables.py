"""Where versions of threat packs are kept: stored once, never changed; of each name one is live at most, and
one in shadow beside it. And what those in shadow would have said.
"""

import sqlalchemy as sa

from tidegate.infra.columns import plain
from tidegate.infra.db import metadata

threat_packs = sa.Table(
    "threat_packs",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False, info=plain("patterns, not what anybody said")),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # SHA-256 of the source
    sa.Column("state", sa.Text, nullable=False),  # stored, shadow, live
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    # The last time, if ever.
    sa.Column("shadowed_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("live_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index(
    "uq_threat_packs_running",
    threat_packs.c.name,
    threat_packs.c.state,
    unique=True,
    postgresql_where=threat_packs.c.state != "stored",
)

threat_trials = sa.Table(
    "threat_trials",  # where what runs in shadow would have said something else of a report's words
    metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False, index=True),
    sa.Column("report_id", sa.Uuid, sa.ForeignKey("reports.id"), nullable=False),
    sa.Column("field", sa.Text, nullable=False),  # of the report: text, comment
    sa.Column("packs", sa.ARRAY(sa.Text), nullable=False),  # NAME@VERSION, those in shadow
    sa.Column("live", sa.Text),  # the level by what is live; null: no threat
    sa.Column("level", sa.Text),  # the one that it would be
    sa.Column("patterns", sa.ARRAY(sa.Text), nullable=False, info=plain("names of patterns")),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

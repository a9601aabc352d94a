"""Where pack versions are kept: stored once, never changed, exactly one of them active."""

import sqlalchemy as sa

from tidegate.infra.columns import plain
from tidegate.infra.db import metadata

packs = sa.Table(
    "packs",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False, info=plain("rules, not what anybody posted")),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # SHA-256 of the source
    sa.Column("state", sa.Text, nullable=False),  # stored, active
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("activated_at", sa.TIMESTAMP(timezone=True)),  # the last time, if ever
)
sa.Index("uq_packs_active", packs.c.state, unique=True, postgresql_where=packs.c.state == "active")

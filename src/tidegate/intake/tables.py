"""Where reports are kept, each with its reporter."""

import sqlalchemy as sa

from tidegate.infra.columns import Keyed, Sealed, plain
from tidegate.infra.db import metadata

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False, index=True),
    sa.Column("case_id", sa.Uuid, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, info=plain("a category, which rules read in sum")),
    sa.Column("comment", Sealed()),
    # A keyed pseudonym.
    sa.Column("reporter", sa.Text, info=plain("a pseudonym, by which reporters are counted")),
    sa.Column("digest", Keyed("report"), nullable=False),  # empty: erased
    sa.Column("answer", Sealed(sa.LargeBinary())),  # the answer as sent
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.UniqueConstraint("platform", "external_id"),
)

"""Tasks and links of cases. Their words are erased with the item that the case is about."""

import sqlalchemy as sa

from tidegate.infra.columns import Sealed
from tidegate.infra.db import metadata
from tidegate.review.tables import cases

case_tasks = sa.Table(
    "case_tasks",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey(cases.c.id), nullable=False, index=True),
    sa.Column("text", Sealed(), nullable=False),
    sa.Column("person", sa.Text),  # the identity of who is asked; null: whoever has the case
    sa.Column("due", sa.TIMESTAMP(timezone=True)),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("done_by", sa.Text),
    sa.Column("done_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index(
    "ix_case_tasks_open",
    case_tasks.c.person,
    case_tasks.c.due,
    postgresql_where=case_tasks.c.done_at.is_(None),
)

case_links = sa.Table(
    "case_links",  # both ways: the lower id first
    metadata,
    sa.Column("one", sa.Uuid, sa.ForeignKey(cases.c.id), primary_key=True),
    sa.Column("other", sa.Uuid, sa.ForeignKey(cases.c.id), primary_key=True, index=True),
    sa.Column("why", Sealed()),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

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
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False),
    # What it brought beside that. Where there is nothing beside, what it brought is the item.
    sa.Column("brought_id", sa.Uuid, sa.ForeignKey("items.id")),
    sa.Column("case_id", sa.Uuid),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, info=plain("a category, which rules read in sum")),
    sa.Column("comment", Sealed()),
    sa.Column("location", Sealed()),
    # A keyed pseudonym.
    sa.Column("reporter", sa.Text, info=plain("a pseudonym, by which reporters are counted")),
    # False: this reporter has reported the item before.
    sa.Column("counts", sa.Boolean, nullable=False, server_default=sa.true()),
    # Of a report without a reporter by which alone a rule escalates: whether the budget let it.
    sa.Column("escalated", sa.Boolean),
    sa.Column(
        "problems",
        sa.ARRAY(sa.Text),
        nullable=False,
        server_default="{}",
        info=plain("our own notes: a code, and the time that was claimed"),
    ),
    sa.Column("digest", Keyed("report"), nullable=False),  # empty: erased
    # The short code that the reporter was given; null: of before there were any.
    sa.Column("reference", Sealed()),
    sa.Column("reference_key", Keyed("reference")),
    sa.Column("answer", Sealed(sa.LargeBinary())),  # the answer as sent
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.UniqueConstraint("platform", "external_id"),
    # A row grows by its answer in the transaction that writes it: there is room for that beside it, so that
    # no index learns of it.
    postgresql_with={"fillfactor": 30},
)
sa.Index(
    "ix_reports_voices", reports.c.item_id, reports.c.reporter, postgresql_where=reports.c.counts
)
sa.Index(
    "ix_reports_item_id_received_at_id", reports.c.item_id, reports.c.received_at, reports.c.id
)
sa.Index(
    "ix_reports_escalated",
    reports.c.platform,
    reports.c.received_at,
    postgresql_where=reports.c.escalated,
)
sa.Index(
    "ix_reports_brought_id", reports.c.brought_id, postgresql_where=reports.c.brought_id.isnot(None)
)
sa.Index(
    "uq_reports_reference_key",
    reports.c.reference_key,
    unique=True,
    postgresql_where=reports.c.reference_key.isnot(None),
)

# When a report counts as having arrived: when it was made, of what comes within a day of that; else when it
# was received. By bins of five minutes, as surges are looked for.
_before = reports.c.received_at - reports.c.created_at
arrived_at = sa.case(
    (
        sa.or_(
            _before > sa.text("'24:00:00'::interval"),
            _before < sa.text("'00:00:00'::interval"),
        ),
        reports.c.received_at,
    ),
    else_=reports.c.created_at,
)
arrival_bin = sa.func.date_bin(
    sa.text("'00:05:00'::interval"),
    arrived_at,
    sa.text("'2000-01-01 00:00:00+00'::timestamptz"),
    type_=sa.TIMESTAMP(timezone=True),
)
sa.Index("ix_reports_arrival_bin", arrival_bin)

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
    sa.Column("flagger_id", sa.Uuid),  # the trusted flagger whose key it came with
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
    "ix_reports_flagger_id",
    reports.c.flagger_id,
    reports.c.received_at,
    postgresql_where=reports.c.flagger_id.isnot(None),
)
sa.Index(
    "ix_reports_reporter",
    reports.c.platform,
    reports.c.reporter,
    postgresql_where=reports.c.reporter.isnot(None),
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

report_sources = sa.Table(
    "report_sources",  # who told us, encrypted under a key of its own; most reports have none
    metadata,
    sa.Column("report_id", sa.Uuid, sa.ForeignKey("reports.id"), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

grades = sa.Table(
    "grades",  # how far a report is believed: each assessment, the newest the present one
    metadata,
    sa.Column("report_id", sa.Uuid, sa.ForeignKey("reports.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # of the report's grades, from 1 on
    sa.Column("scheme", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False, info=plain("a code of the scheme")),
    sa.Column("information", sa.Text, nullable=False),
    # Of whom may be told: the scheme that the code is of, and the code.
    sa.Column("handling_scheme", sa.Text),
    sa.Column("handling", sa.Text),
    sa.Column("note", Sealed()),
    sa.Column("graded_by", sa.Text, nullable=False),
    sa.Column("graded_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

report_messages = sa.Table(
    "report_messages",  # what is asked of a report's reporter, and what they answer and add
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("report_id", sa.Uuid, sa.ForeignKey("reports.id"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # of the report's messages, from 1 on
    sa.Column("kind", sa.Text, nullable=False),  # question, answer, addition
    sa.Column("text", Sealed()),  # null: erased with the report's item
    sa.Column("level", sa.Text),  # what it threatens, where it threatens a life
    sa.Column(
        "by", sa.Text, nullable=False
    ),  # an actor: of what a reporter says whoever brought it
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.UniqueConstraint("report_id", "number"),
)

flaggers = sa.Table(
    "flaggers",  # organisations whose notices come first
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("contact", Sealed()),
    sa.Column("areas", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("platform", sa.Text),  # null: everybody's
    sa.Column("suspended_at", sa.TIMESTAMP(timezone=True)),  # null: active
    sa.Column("suspended_reason", Sealed()),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
)
sa.Index(
    "uq_flaggers_name",
    sa.func.lower(flaggers.c.name),
    sa.func.coalesce(flaggers.c.platform, ""),
    unique=True,
)

flagger_keys = sa.Table(
    "flagger_keys",  # what comes with this key is the flagger's
    metadata,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("flagger_id", sa.Uuid, sa.ForeignKey("flaggers.id"), nullable=False),
)

notifier_measures = sa.Table(
    "notifier_measures",  # who was warned, suspended or freed, by pseudonym
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column(
        "reporter", sa.Text, nullable=False, info=plain("a pseudonym, by which reports are refused")
    ),
    sa.Column("number", sa.Integer, nullable=False),  # of the reporter's measures, from 1 on
    sa.Column("verb", sa.Text, nullable=False),  # warn, suspend, lift
    sa.Column("reason", Sealed(), nullable=False),
    sa.Column("until", sa.TIMESTAMP(timezone=True)),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.UniqueConstraint("platform", "reporter", "number"),
)

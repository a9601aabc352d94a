"""Where banks and their entries are kept. `version` is the bank version that made the row so."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.db import metadata

banks = sa.Table(
    "banks",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    # The group of its rows in the index, which counts to 65,535.
    sa.Column("number", sa.Integer, sa.Identity(always=True), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("stance", sa.Text, nullable=False),
    sa.Column("radius", JSONB, nullable=False),
    sa.Column("labels", ARRAY(sa.Text), nullable=False),
    sa.Column("provenance", JSONB(none_as_null=True)),
    sa.Column("note", sa.Text),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("version", sa.BigInteger, nullable=False),
    # The version since which its entries match more than before: the look back starts there.
    sa.Column("widened", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("deleted_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index("uq_banks_name", banks.c.name, unique=True, postgresql_where=banks.c.deleted_at.is_(None))
sa.Index("ix_banks_version", banks.c.version)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    # The owner of its rows in the index, ascending in the order of coming.
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("bank_id", sa.ForeignKey("banks.id"), nullable=False, index=True),
    sa.Column("labels", ARRAY(sa.Text)),  # null: the bank's
    sa.Column("provenance", JSONB(none_as_null=True)),
    sa.Column("note", sa.Text),
    sa.Column("confidence", sa.Integer),
    sa.Column("state", sa.Text, nullable=False),  # unconfirmed, confirmed, refuted
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("fingerprints", sa.LargeBinary, nullable=False),  # msgpack of [Fingerprint]
    sa.Column("evidence", sa.LargeBinary),  # SHA-256 of the file it was made from, if kept
    sa.Column("text", sa.Text),  # the text or URL it was made from
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("judged_by", sa.Text),
    sa.Column("judged_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("deleted_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index("ix_entries_version", entries.c.version)
sa.Index("uq_entries_number", entries.c.number, unique=True)
sa.Index("ix_entries_evidence", entries.c.evidence, postgresql_where=entries.c.evidence.isnot(None))

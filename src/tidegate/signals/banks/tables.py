"""Where banks and their entries are kept. `version` is the bank version that made the row so."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB

from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import metadata

banks = sa.Table(
    "banks",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    # The group of its rows in the index, which counts to 65,535.
    sa.Column("number", sa.Integer, sa.Identity(always=True), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("stance", sa.Text, nullable=False),
    sa.Column("platform", sa.Text),  # it matches that one's items alone; null: everybody's
    sa.Column("radius", JSONB, nullable=False),
    sa.Column("labels", ARRAY(sa.Text), nullable=False),
    sa.Column("provenance", JSONB(none_as_null=True)),
    sa.Column("note", sa.Text, info=plain("what a bank is for, in its owners' words")),
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
    sa.Column("bank_id", sa.Uuid, sa.ForeignKey("banks.id"), nullable=False, index=True),
    sa.Column("labels", ARRAY(sa.Text)),  # null: the bank's
    sa.Column("provenance", JSONB(none_as_null=True)),
    sa.Column("note", Sealed()),
    sa.Column("confidence", sa.Integer),
    sa.Column("state", sa.Text, nullable=False),  # unconfirmed, confirmed, refuted
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("fingerprints", Sealed(sa.LargeBinary()), nullable=False),  # msgpack of [Fingerprint]
    # Of their kinds and values: model.digest. Plain: what is in a bank is the operator's own list.
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("evidence", sa.LargeBinary),  # SHA-256 of the file it was made from, if kept
    sa.Column("text", Sealed()),  # the text or URL it was made from
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
sa.Index(
    "ix_entries_disabled_until",
    entries.c.disabled_until,
    postgresql_where=entries.c.disabled_until.isnot(None),
)
sa.Index(
    "ix_entries_digest",
    entries.c.digest,
    postgresql_where=entries.c.deleted_at.is_(None),
)

# How far a list was taken into a bank: an import that was killed goes on from here.
imports = sa.Table(
    "imports",
    metadata,
    sa.Column("bank_id", sa.Uuid, sa.ForeignKey("banks.id"), primary_key=True),
    sa.Column("key", sa.LargeBinary, primary_key=True),  # which file, and how it is taken
    sa.Column("position", sa.BigInteger, nullable=False),  # the bytes before it are taken
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("lines", sa.BigInteger, nullable=False),
    sa.Column("added", sa.BigInteger, nullable=False),
    sa.Column("duplicates", sa.BigInteger, nullable=False),
    sa.Column("bad", sa.BigInteger, nullable=False),
    sa.Column("skipped", sa.BigInteger, nullable=False),
)

# Entries whose phrases the texts of kept items are still to be searched for.
sought_phrases = sa.Table(
    "sought_phrases",
    metadata,
    sa.Column("entry_id", sa.Uuid, sa.ForeignKey("entries.id"), primary_key=True),
    # Items that were first judged by this bank version, or a later one, have met the phrase.
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("walk", sa.BigInteger),  # the walk that searches for it; null: it waits for the next
)

# Entries that stopped acting because they match too much, and when a person let them act again.
quarantines = sa.Table(
    "quarantines",
    metadata,
    sa.Column("entry_id", sa.Uuid, sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("lifted_at", sa.TIMESTAMP(timezone=True)),  # null: in quarantine
)

# What an entry matched in ten minutes, each content once: the codes of the first of its copies.
sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("entry_id", sa.Uuid, sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("slot", sa.BigInteger, primary_key=True),  # ten minutes, counted from 1970
    sa.Column("code", BIT(256), primary_key=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False),
    # Null or empty where it was not known.
    sa.Column("author", sa.Text, info=plain("a pseudonym, by which contents are counted")),
)
sa.Index("ix_sightings_slot", sightings.c.slot)

# How many contents an entry matched in the hours of a day, added up: its history.
sighting_days = sa.Table(
    "sighting_days",
    metadata,
    sa.Column("entry_id", sa.Uuid, sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("contents", sa.BigInteger, nullable=False),
)
sa.Index("ix_sighting_days_day", sighting_days.c.day)

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
    # The kinds of these, by which entries are listed; null: they are still to be read (`listing`).
    sa.Column("kinds", ARRAY(sa.Text)),
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

# The list of a bank: the newest first, by what it is narrowed to.
_listed = entries.c.deleted_at.is_(None)
sa.Index("ix_entries_listed", entries.c.bank_id, entries.c.id, postgresql_where=_listed)
sa.Index(
    "ix_entries_state", entries.c.bank_id, entries.c.state, entries.c.id, postgresql_where=_listed
)
sa.Index(
    "ix_entries_created_by",
    entries.c.bank_id,
    entries.c.created_by,
    entries.c.id,
    postgresql_where=_listed,
)
sa.Index(
    "ix_entries_disabled",
    entries.c.bank_id,
    entries.c.id,
    postgresql_where=sa.and_(entries.c.enabled.is_(False), _listed),
)
# What is still to be sorted in is read through by every search: it stays short.
_SHORT = {"gin_pending_list_limit": 64}
sa.Index(
    "ix_entries_kinds",
    entries.c.kinds,
    postgresql_using="gin",
    postgresql_with=_SHORT,
    postgresql_where=_listed,
)
sa.Index(
    "ix_entries_labels",
    entries.c.labels,
    postgresql_using="gin",
    postgresql_with=_SHORT,
    postgresql_where=sa.and_(entries.c.labels.isnot(None), _listed),
)
sa.Index(
    "ix_entries_kinds_wanted",
    entries.c.number,
    postgresql_where=entries.c.kinds.is_(None),
)

# Changes of banks and entries that were made on the pages: they wait for their time to leave, and until
# then whoever made them can undo them.
bank_changes = sa.Table(
    "bank_changes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("bank_id", sa.Uuid, sa.ForeignKey("banks.id"), nullable=False),
    sa.Column("entry_id", sa.Uuid, sa.ForeignKey("entries.id")),  # null: it is the bank's
    sa.Column("what", sa.Text, nullable=False),  # confirm, refute, enable, disable, delete, radius
    sa.Column("radius", JSONB(none_as_null=True)),  # of a bank: as it is to be
    # What it changes, as it was: where that is otherwise by then, somebody else came after.
    sa.Column("was", JSONB, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("maker", sa.Text, nullable=False),  # the identity that may undo it
    sa.Column("state", sa.Text, nullable=False),  # held, left, undone, cancelled
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("leaves_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
_waits = bank_changes.c.state == "held"
sa.Index("ix_bank_changes_held", bank_changes.c.leaves_at, postgresql_where=_waits)
sa.Index(
    "uq_bank_changes_entry",
    bank_changes.c.entry_id,
    unique=True,
    postgresql_where=sa.and_(_waits, bank_changes.c.entry_id.isnot(None)),
)
sa.Index(
    "uq_bank_changes_bank",
    bank_changes.c.bank_id,
    unique=True,
    postgresql_where=sa.and_(_waits, bank_changes.c.entry_id.is_(None)),
)
sa.Index("ix_bank_changes_of", bank_changes.c.bank_id, bank_changes.c.entry_id)

# Lists and files that were sent by a form to be taken into a bank: all of them or none.
bank_imports = sa.Table(
    "bank_imports",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("bank_id", sa.Uuid, sa.ForeignKey("banks.id"), nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("labels", ARRAY(sa.Text), nullable=False),
    sa.Column("confirmed", sa.Boolean, nullable=False),
    sa.Column("accept_wider", sa.Boolean, nullable=False),
    # reading, asks (lines were bad), taking, done, dropped
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Column("read", sa.Integer, nullable=False),  # files of them
    sa.Column("lines", sa.BigInteger, nullable=False),
    sa.Column("entries", sa.BigInteger, nullable=False),
    sa.Column("bad", sa.BigInteger, nullable=False),
    sa.Column("skipped", sa.BigInteger, nullable=False),
    sa.Column("added", sa.BigInteger, nullable=False),
    sa.Column("duplicates", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index(
    "ix_bank_imports_open",
    bank_imports.c.created_at,
    postgresql_where=bank_imports.c.state.in_(["reading", "taking"]),
)
sa.Index("ix_bank_imports_bank", bank_imports.c.bank_id, bank_imports.c.created_at)

bank_import_files = sa.Table(
    "bank_import_files",  # until they are taken, or dropped
    metadata,
    sa.Column("import_id", sa.Uuid, sa.ForeignKey("bank_imports.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("is_list", sa.Boolean, nullable=False),
    sa.Column("filename", Sealed(), nullable=False),
    sa.Column("content_type", sa.Text, info=plain("what a browser calls a file's type")),
    sa.Column("data", Sealed(sa.LargeBinary()), nullable=False),
    sa.Column("entries", Sealed(sa.LargeBinary())),  # msgpack of what was read of it
)

bank_import_errors = sa.Table(
    "bank_import_errors",
    metadata,
    sa.Column("import_id", sa.Uuid, sa.ForeignKey("bank_imports.id"), primary_key=True),
    sa.Column("file", sa.Integer, primary_key=True),
    sa.Column("line", sa.BigInteger, primary_key=True),  # 0: the file as a whole
    sa.Column("filename", Sealed(), nullable=False),
    sa.Column("problem", Sealed(), nullable=False),
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

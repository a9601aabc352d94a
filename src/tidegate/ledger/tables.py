"""Where the ledger lies: entries as they commit, the sealed chain, and its signed heads.

What the role that serves may do with them is granted in `infra/postgres/roles.py`; `tables.sql` beside this file
has the one function by which sealed records are blanked.
"""

import sqlalchemy as sa

from tidegate.infra.columns import Sealed
from tidegate.infra.db import metadata

# Written by the transactions of the changes themselves: no order, no chain, so no waiting.
ledger_pending = sa.Table(
    "ledger_pending",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Uuid),  # the item that the entry is about
    sa.Column("commitment", sa.LargeBinary, nullable=False),  # SHA-256(salt ‖ record)
    sa.Column("salt", Sealed(sa.LargeBinary())),  # null: forgotten, with the record
    sa.Column("record", Sealed(sa.LargeBinary())),  # canonical JSON
    sa.Column("platform", sa.Text),  # who may read it; null: only those who may read all
)

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 …
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Uuid),
    sa.Column("commitment", sa.LargeBinary, nullable=False),
    sa.Column("prev", sa.LargeBinary, nullable=False),  # the hash of the entry before
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("salt", Sealed(sa.LargeBinary())),
    sa.Column("record", Sealed(sa.LargeBinary())),
    # Not in the hash: it says who reads, and nothing of what was done.
    sa.Column("platform", sa.Text),
)
sa.Index("ix_ledger_subject", ledger.c.subject, postgresql_where=ledger.c.subject.isnot(None))

ledger_heads = sa.Table(
    "ledger_heads",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
)

# What an actor did that is told once a day or a minute: a digest of it all, by which nothing can be
# listed, and nobody be found.
ledger_marks = sa.Table(
    "ledger_marks",
    metadata,
    sa.Column("mark", sa.LargeBinary, primary_key=True),
    sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

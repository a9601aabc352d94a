"""Where the terms of items and entries are kept. They are left out of backups: all of it is made anew from
the texts that are kept."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.infra.columns import plain
from tidegate.infra.db import metadata

_TERMS = plain("digests under the instance's key; `model.term`")

item_terms = sa.Table(
    "item_terms",
    metadata,
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),  # of its latest revision
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),  # when that came
    sa.Column("terms", ARRAY(sa.BigInteger), nullable=False, info=_TERMS),
)
entry_terms = sa.Table(
    "entry_terms",
    metadata,
    sa.Column("entry_id", sa.Uuid, sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("terms", ARRAY(sa.BigInteger), nullable=False, info=_TERMS),
)
for _table in (item_terms, entry_terms):
    sa.Index(f"uq_{_table.name}_number", _table.c.number, unique=True)
    sa.Index(f"ix_{_table.name}_at", _table.c.at)
    # A search reads what is not merged yet once for each stretch: there is never much of it.
    sa.Index(
        f"ix_{_table.name}_terms",
        _table.c.terms,
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 64},
    )

# How far the walks through texts have come.
term_walks = sa.Table(
    "term_walks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),  # items, entries
    # By which version of the program, and of which database: else all is made anew.
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),  # all up to this number is done
    # All up to `settled` is there, or never will be; so it is with `newest` once every transaction below
    # `horizon` has ended.
    sa.Column("settled", sa.BigInteger, nullable=False),
    sa.Column("newest", sa.BigInteger, nullable=False),
    sa.Column("horizon", sa.BigInteger, nullable=False),
)

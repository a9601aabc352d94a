"""Where items, their revisions, evidence and holds are kept."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tidegate.infra.columns import Keyed, Sealed, plain
from tidegate.infra.db import metadata


class Xid8(sa.types.UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


items = sa.Table(
    "items",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("publicness", sa.Text, nullable=False),
    # A keyed pseudonym.
    sa.Column("author", sa.Text, info=plain("a pseudonym, by which restrictions are found")),
    sa.Column("revision", sa.Integer, nullable=False),  # the latest
    sa.Column("verdict", sa.Text, nullable=False),  # the strongest so far; retention depends on it
    sa.Column("sequence", sa.Integer, nullable=False, server_default="0"),  # of the last action
    sa.Column("restricted_by", sa.Uuid),  # the decision of the strongest restriction; null: none
    sa.Column("url_key", Keyed("url")),  # of the canonical URL: reports find it
    sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("erased_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("expunged_at", sa.TIMESTAMP(timezone=True)),  # content gone by retention
    sa.Column("kept_by_hold_at", sa.TIMESTAMP(timezone=True)),  # since when by nothing else
    sa.UniqueConstraint("platform", "external_id"),
)
sa.Index("ix_items_received_at", items.c.received_at)
sa.Index("ix_items_author", items.c.author, postgresql_where=items.c.restricted_by.isnot(None))
sa.Index(
    "ix_items_author_received_at", items.c.author, items.c.received_at
)  # what else they posted
sa.Index("ix_items_url_key", items.c.url_key, postgresql_where=items.c.url_key.isnot(None))

revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    # The owner of its codes in the look back's index.
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
    # The transaction that last touched its fingerprints: how the look back misses none.
    sa.Column("xid", Xid8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
    sa.Column("bank_version", sa.BigInteger, nullable=False, server_default="0"),  # judged by first
    sa.Column("digest", Keyed("submission"), nullable=False),  # empty: erased
    sa.Column(
        "content", Sealed(sa.LargeBinary())
    ),  # the submission as JSON, media by digest; null: gone
    sa.Column("media", JSONB),  # what decoding found, by part
    sa.Column(
        "fingerprints", Sealed(sa.LargeBinary())
    ),  # msgpack of [(part, kind, value, quality)]
    sa.Column("answer", Sealed(sa.LargeBinary())),  # the answer as sent
    # The newest version seen when this was the latest, a number or a time; both null: none.
    sa.Column("version", sa.BigInteger),
    sa.Column("edited_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

sa.Index("uq_revisions_number", revisions.c.number, unique=True)
sa.Index("ix_revisions_xid", revisions.c.xid)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("sha256", sa.LargeBinary, nullable=False),  # plain: the name of the file itself
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("content_type", sa.Text, info=plain("a media type, not content")),
)
sa.Index("ix_evidence_sha256", evidence.c.sha256)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False, index=True),
    sa.Column("reason", Sealed(), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False, server_default="other"),
    sa.Column("source", Sealed()),  # what it rests on: an order, a letter
    sa.Column("until", sa.TIMESTAMP(timezone=True)),  # null: until it is lifted
    sa.Column("placed_by", sa.Text, nullable=False),
    sa.Column("placer", sa.Text),  # the identity that goes by this name
    sa.Column("placed_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("lifted_by", sa.Text),
    sa.Column("lifted_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("order_id", sa.Uuid),  # the legal order that it follows from
)
sa.Index(
    "ix_holds_order",
    holds.c.item_id,
    postgresql_where=sa.and_(holds.c.order_id.isnot(None), holds.c.lifted_at.is_(None)),
)
sa.Index(
    "ix_holds_until",
    holds.c.until,
    postgresql_where=sa.and_(holds.c.lifted_at.is_(None), holds.c.until.isnot(None)),
)

openings = sa.Table(
    "openings",  # who read what is closed: what only a hold keeps, and by whom all content is closed to
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    # Null: it was closed to the role of whoever opened it.
    sa.Column("hold_id", sa.Uuid, sa.ForeignKey("holds.id"), index=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id")),  # null: a bank entry was opened
    sa.Column("entry_id", sa.Uuid),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("justification", Sealed(), nullable=False),
    sa.Column("case_name", Sealed()),  # the work that it was for, as its opener named it
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opener", sa.Text, nullable=False),  # the identity that goes by this name
    sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
)
sa.Index("ix_openings_item_id", openings.c.item_id, openings.c.opener, openings.c.until)
sa.Index("ix_openings_opener", openings.c.opener, openings.c.until)

"""Where legal orders are kept, in and out, with their URLs and each state that these were in."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.columns import Keyed, Sealed, plain
from tidegate.infra.db import metadata

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("direction", sa.Text, nullable=False),  # in, out
    sa.Column("kind", sa.Text, nullable=False, server_default="order"),
    # The organisation's id; of what came without a message the name that it gave itself.
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("order_ref", sa.Text),  # the issuer's id of it; null: no message named one
    sa.Column(
        "reference", sa.Text, info=plain("a file number, by which an order is known to be the same")
    ),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("problems", ARRAY(sa.Text), nullable=False, server_default="{}", info=plain("codes")),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True)),  # the earliest; null: not delivered yet
    sa.Column("issued_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("channel", sa.Text, nullable=False),  # inbox, upload, form; what a person typed
    sa.Column("annex", Sealed(JSONB())),
    sa.Column("contradictory", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("non_disclosure_until", sa.TIMESTAMP(timezone=True)),
    # Until when it had been, before it was extended, which is done once.
    sa.Column("non_disclosure_first", sa.TIMESTAMP(timezone=True)),
    sa.Column("disclosed_at", sa.TIMESTAMP(timezone=True)),  # since when authors may be told
    sa.Column("due_at", sa.TIMESTAMP(timezone=True)),  # of the first hour that runs
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    # How many of its items are down provisionally, and wait for a person.
    sa.Column("provisional", sa.Integer, nullable=False, server_default="0"),
)
# What was meant for another is theirs, and still no order to us.
_FIRM = sa.text(
    "direction = 'out' OR verified AND NOT (problems &&"
    " ARRAY['not-addressed-to-us', 'synthetic-differs'])"
)
# One order an issuer's id, and one a reference. What is unverified never stands in the way of what is.
sa.Index(
    "uq_orders_issuer_order_ref",
    orders.c.direction,
    orders.c.issuer,
    orders.c.order_ref,
    unique=True,
    postgresql_where=_FIRM,
)
sa.Index(
    "uq_orders_issuer_reference",
    orders.c.direction,
    orders.c.issuer,
    orders.c.reference,
    unique=True,
    postgresql_where=_FIRM,
)
sa.Index("ix_orders_reference", orders.c.issuer, orders.c.reference)
sa.Index("ix_orders_order_ref", orders.c.issuer, orders.c.order_ref)
sa.Index(
    "ix_orders_non_disclosure_until",
    orders.c.non_disclosure_until,
    postgresql_where=sa.and_(
        orders.c.non_disclosure_until.isnot(None), orders.c.disclosed_at.is_(None)
    ),
)
sa.Index("ix_orders_due_at", orders.c.due_at, orders.c.id)
sa.Index("ix_orders_provisional", orders.c.id, postgresql_where=orders.c.provisional > 0)
sa.Index("ix_orders_created_at", orders.c.created_at, orders.c.id)
# Who oversees asks for what was issued in a period: of ours by who got it, of others' by who issued it.
sa.Index(
    "ix_orders_overseen_out",
    orders.c.recipient,
    sa.func.coalesce(orders.c.issued_at, orders.c.received_at),
    postgresql_where=orders.c.direction == "out",
)
sa.Index(
    "ix_orders_overseen_in",
    orders.c.issuer,
    sa.func.coalesce(orders.c.issued_at, orders.c.received_at),
    postgresql_where=orders.c.direction == "in",
)

order_items = sa.Table(
    "order_items",
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),  # from 1
    sa.Column("url", Sealed(), nullable=False),
    sa.Column("url_key", Keyed("url")),  # of its canonical form; null: it has none
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("problems", ARRAY(sa.Text), nullable=False, server_default="{}", info=plain("codes")),
    sa.Column("candidates", ARRAY(sa.Uuid), nullable=False, server_default="{}"),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id")),
    sa.Column("measure", sa.Text),  # disabled, removed
    sa.Column("at", sa.TIMESTAMP(timezone=True)),  # when that was
    sa.Column("provisional", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("hold_id", sa.Uuid),
    sa.Column("decision_id", sa.Uuid),
    sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),  # in this state
)
sa.Index("ix_order_items_url_key", order_items.c.url_key)
sa.Index("ix_order_items_item_id", order_items.c.item_id)

order_item_states = sa.Table(
    "order_item_states",  # each state with its entry and leaving, for ever
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),  # what led to it
    sa.Column("entered_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("entered_by", sa.Text, nullable=False),
    sa.Column("left_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("given", Sealed(JSONB())),  # what was said with it: grounds, words
)
sa.Index("ix_order_item_states_order_id", order_item_states.c.order_id, order_item_states.c.n)

order_proposals = sa.Table(
    "order_proposals",  # what one person proposed, and another has to agree with
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),  # 0: all items
    sa.Column("verb", sa.Text, primary_key=True),  # reject, annul
    sa.Column("given", Sealed(JSONB()), nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("proposer", sa.Text, nullable=False),  # the identity, whom another must follow
    sa.Column("proposed_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

order_copies = sa.Table(
    "order_copies",  # what is like an ordered item: a proposal for a person, never an effect
    metadata,
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
)
sa.Index("ix_order_copies_item_id", order_copies.c.item_id)

order_receipts = sa.Table(
    "order_receipts",  # each time that it came, by whatever way; the earliest counts
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("noted_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("noted_by", sa.Text, nullable=False),
    # What came, to the letter; null: it is among the messages.
    sa.Column("file", Sealed(sa.LargeBinary())),
    sa.Column("content_type", sa.Text, info=plain("a media type")),
    sa.Column("sha256", sa.Text),  # of the file, in hex
    sa.Column("place", Keyed("inbox")),  # of what a stranger sent by the form, from which network
)
sa.Index("ix_order_receipts_order_id", order_receipts.c.order_id)
sa.Index(
    "ix_order_receipts_received_at",
    order_receipts.c.received_at,
    postgresql_where=order_receipts.c.place.isnot(None),
)

order_documents = sa.Table(
    "order_documents",  # the Annexes II and III, one for each call that answered
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # annex-2, annex-3
    sa.Column("items", ARRAY(sa.Integer), nullable=False),  # the numbers of those that it is about
    sa.Column("body", Sealed(sa.LargeBinary()), nullable=False),  # its JSON, to the byte
    sa.Column("kid", sa.Text, nullable=False),  # the key of ours that signs it
    # Null: nobody to whom it could be sent.
    sa.Column("message_id", sa.Uuid, info=plain("our id of a message")),
    sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("delivered_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index("ix_order_documents_order_id", order_documents.c.order_id, order_documents.c.made_at)
sa.Index("ix_order_documents_message_id", order_documents.c.message_id)

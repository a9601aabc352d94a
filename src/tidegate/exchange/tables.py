"""Where the organisation of this instance lies, and the registry of others with their keys."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.columns import plain
from tidegate.infra.db import metadata

_PUBLISHED = plain("what an organisation publishes of itself")


def _published() -> list[sa.Column[Any]]:
    """What every organisation says of itself."""
    return [
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),  # platform, authority
        sa.Column("member_state", sa.Text, nullable=False),
        sa.Column("functions", ARRAY(sa.Text), nullable=False),
        sa.Column("languages", ARRAY(sa.Text), nullable=False),
        sa.Column("contact_email", sa.Text, nullable=False, info=_PUBLISHED),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("hosts", ARRAY(sa.Text), nullable=False),
    ]


organisation = sa.Table(
    "organisation",  # of this instance: one row, or none yet; whether it is synthetic, `identity` knows
    metadata,
    sa.Column("is_it", sa.Boolean, sa.CheckConstraint("is_it", name="one_row"), primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    *_published(),
    sa.Column("set_at", sa.TIMESTAMP(timezone=True), nullable=False),  # the first time
)

organisation_keys = sa.Table(
    "organisation_keys",  # of ours, once there is more to say than that there is one
    metadata,
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),  # 1: `organisation.key`
    sa.Column("kid", sa.Text, nullable=False, unique=True),
    sa.Column("x", sa.Text, nullable=False),  # the public key (RFC 8037)
    sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=False),  # it signs from then on
    sa.Column("added_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("revoked_at", sa.TIMESTAMP(timezone=True)),  # from when on it counts no more
    sa.Column(
        "revoked_reason", sa.Text, info=plain("why a key counts no more, which both sides publish")
    ),
)

parties = sa.Table(
    "parties",  # organisations of the other side
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    *_published(),
    sa.Column("synthetic", sa.Boolean, nullable=False),
    sa.Column("inbox", sa.Text),
    sa.Column("protocol", ARRAY(sa.Text), nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # named, unconfirmed, confirmed
    sa.Column("added_at", sa.TIMESTAMP(timezone=True), nullable=False),  # what stands here now
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("confirmed_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("confirmed_by", sa.Text),
    # What a confirmed one publishes now and nobody has confirmed yet.
    sa.Column("proposed", JSONB(none_as_null=True)),
    sa.Column("proposed_by", sa.Text),
    # Whether orders of theirs may be executed provisionally while nobody is awake.
    sa.Column("provisional", sa.Boolean, nullable=False, server_default=sa.false()),
)
sa.Index("ix_parties_member_state", parties.c.member_state, parties.c.kind)

party_keys = sa.Table(
    "party_keys",
    metadata,
    sa.Column("party_id", sa.Text, sa.ForeignKey("parties.id"), primary_key=True),
    sa.Column("kid", sa.Text, primary_key=True),
    sa.Column("x", sa.Text, nullable=False),  # the public key (RFC 8037)
    sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("added_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("confirmed_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("confirmed_by", sa.Text),
    sa.Column("revoked_at", sa.TIMESTAMP(timezone=True)),  # from when on it counts no more
    sa.Column("revoked_by", sa.Text),
    sa.Column(
        "revoked_reason", sa.Text, info=plain("why a key counts no more, which both sides publish")
    ),
)
# A key that is trusted is one organisation's.
sa.Index(
    "uq_party_keys_trusted",
    party_keys.c.kid,
    unique=True,
    postgresql_where=party_keys.c.confirmed_at.isnot(None),
)

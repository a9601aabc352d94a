"""Where keys, users, sessions and links are kept. Of every secret there is only a hash."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.columns import Keyed, Sealed, plain
from tidegate.infra.db import metadata

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    # In lower case.
    sa.Column("email", sa.Text, nullable=False, unique=True, info=plain("what one signs in by")),
    sa.Column("role", sa.Text, nullable=False),
    # Bound to these, or null: sees the things of all platforms, the cases of all queues and languages.
    sa.Column("platforms", ARRAY(sa.Text)),
    sa.Column("queues", ARRAY(sa.Text)),
    sa.Column("languages", ARRAY(sa.Text)),
    # What others know them by.
    sa.Column(
        "display_name",
        sa.Text,
        nullable=False,
        # For whom a program of before makes, while it still runs.
        server_default=sa.text("'person ' || substr(gen_random_uuid()::text, 1, 8)"),
        info=plain("what one is called at work"),
    ),
    # What they sign as in the annexes of legal orders; null: by their address.
    sa.Column("signs_name", Sealed()),
    sa.Column("signs_post", Sealed()),
    sa.Column("password_hash", sa.Text),  # argon2id; null: signs in by link only
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("disabled_at", sa.TIMESTAMP(timezone=True)),
)

sa.Index("uq_users_display_name", sa.func.lower(users.c.display_name), unique=True)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # the middle of tg_<id>_<secret>
    sa.Column("name", sa.Text, nullable=False),
    # SHA-256: the secret has 256 bits.
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, info=plain("a hash of no words")),
    # Of the secret before it was rotated, which is good until `old_until`.
    sa.Column("old_hash", sa.LargeBinary, info=plain("a hash of no words")),
    sa.Column("old_until", sa.TIMESTAMP(timezone=True)),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column("platform", sa.Text),  # bound to it
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id"), index=True),  # acts under this name
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("revoked_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("expires_at", sa.TIMESTAMP(timezone=True)),  # null: never
    sa.Column("networks", ARRAY(sa.Text), nullable=False, server_default="{}"),  # none: any
    sa.Column("channels", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("rate", sa.Text),  # null: what the setting says
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("csrf", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
    # What it is called where it is listed. The hash of its token is nobody's to see.
    sa.Column("id", sa.Uuid, nullable=False, unique=True, server_default=sa.func.gen_random_uuid()),
    sa.Column("user_agent", Sealed()),
    sa.Column("last_seen_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("began_by", ARRAY(sa.Text), nullable=False, server_default="{}"),  # of model.WAYS
    sa.Column("fresh_at", sa.TIMESTAMP(timezone=True)),  # when a factor was shown last
)

passkeys = sa.Table(
    "passkeys",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column(
        "credential", sa.LargeBinary, nullable=False, unique=True
    ),  # as authenticators name it
    sa.Column("public_key", sa.LargeBinary, nullable=False),  # COSE
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("transports", ARRAY(sa.Text), nullable=False),
    sa.Column("name", Sealed(), nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("used_at", sa.TIMESTAMP(timezone=True)),
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("code", Keyed("recovery code"), primary_key=True),
    sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("used_at", sa.TIMESTAMP(timezone=True)),
)

identities = sa.Table(
    "identities",  # at an OpenID provider
    metadata,
    sa.Column("issuer", sa.Text, primary_key=True),
    # What the provider knows somebody by: no name and no address.
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.UniqueConstraint("issuer", "user_id"),
)

challenges = sa.Table(
    "challenges",  # begun and not yet ended: a passkey asked for, a second step, a visit to a provider
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column(
        "user_id", sa.Uuid, sa.ForeignKey("users.id"), index=True
    ),  # whose; null: we shall see
    sa.Column("session", sa.Uuid),  # the id of the session that it belongs to
    sa.Column("said", JSONB, nullable=False),  # random values, and the ways that were gone already
    sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

links = sa.Table(
    "links",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("used_at", sa.TIMESTAMP(timezone=True)),
)

devices = sa.Table(
    "devices",  # that somebody signed in from, by a cookie of theirs
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id"), primary_key=True, index=True),
    sa.Column("used_at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    sa.Column(
        "counter", sa.LargeBinary, primary_key=True
    ),  # hash of an account, an address, a device
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),  # tries are refused
)

preferences = sa.Table(
    "preferences",  # how a person wants the pages
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("chosen", JSONB, nullable=False),
    sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

sent_forms = sa.Table(
    "sent_forms",  # so that a form that is sent again, after the line broke, gets its first answer
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column(
        "digest", sa.LargeBinary, nullable=False
    ),  # SHA-256 of what was sent, without the token
    sa.Column("location", sa.Text, nullable=False, info=plain("an address of ours: ids and codes")),
    sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

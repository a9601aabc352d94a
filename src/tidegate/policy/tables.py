"""Where pack versions are kept: stored once, never changed, exactly one of them active; and on the way
there, drafts, what a replay of one said, and who put which version into force, when and why.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import metadata

packs = sa.Table(
    "packs",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False, info=plain("rules, not what anybody posted")),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # SHA-256 of the source
    sa.Column("state", sa.Text, nullable=False),  # stored, active
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("activated_at", sa.TIMESTAMP(timezone=True)),  # the last time, if ever
)
sa.Index("uq_packs_active", packs.c.state, unique=True, postgresql_where=packs.c.state == "active")

pack_drafts = sa.Table(
    "pack_drafts",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False, info=plain("rules, not what anybody posted")),
    sa.Column("digest", sa.LargeBinary, nullable=False),  # SHA-256 of the source
    sa.Column("revision", sa.Integer, nullable=False),  # moves with each save
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

pack_changes = sa.Table(
    "pack_changes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # start, command, live, rollback
    # proposed: it waits for another person; live: it went into force; declined; overtaken: by another
    # version, or another text of the draft.
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("draft", sa.Text, info=plain("the name of a draft")),
    sa.Column("pack", sa.Text, nullable=False),  # name@version
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("previous", sa.Text),  # what was in force before
    sa.Column("rolls_back_to", sa.Text),  # the version whose text it has again
    sa.Column("reason", Sealed(), nullable=False),
    sa.Column("replay_id", sa.Uuid),
    sa.Column("newly_restricted", sa.Integer),  # items, as the replay said
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("proposed_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index("ix_pack_changes_decided_at", pack_changes.c.decided_at)
sa.Index(
    "uq_pack_changes_proposed",
    pack_changes.c.digest,
    unique=True,
    postgresql_where=pack_changes.c.state == "proposed",
)

replays = sa.Table(
    "replays",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("draft", sa.Text, nullable=False, index=True, info=plain("the name of a draft")),
    sa.Column("source", sa.Text, nullable=False, info=plain("rules, not what anybody posted")),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("days", sa.Integer, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("platforms", ARRAY(sa.Text)),  # sorted; null: all
    sa.Column("state", sa.Text, nullable=False),  # running, done, stopped, failed
    # The evaluations that are replayed, by their ids: from the newest, `reached` the last one so far.
    sa.Column("first", sa.Uuid, nullable=False),
    sa.Column("reached", sa.Uuid, nullable=False),
    sa.Column("last", sa.Uuid, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("counts", JSONB, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index("ix_replays_running", replays.c.created_at, postgresql_where=replays.c.state == "running")

replay_examples = sa.Table(
    "replay_examples",
    metadata,
    sa.Column("replay_id", sa.Uuid, sa.ForeignKey("replays.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("labels", ARRAY(sa.Text), nullable=False),
    sa.Column("exemption", sa.Text),  # what somebody said it is for: news, counter_speech, …
    sa.Column("fired", ARRAY(sa.Text), nullable=False),  # the rules that acted
)

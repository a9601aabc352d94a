"""Which item is in which cluster, and what people changed of that. A cluster goes by the id of the item that
began it, its story by that of the first one of it."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tidegate.infra.columns import Sealed
from tidegate.infra.db import metadata

clusters = sa.Table(
    "clusters",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),  # of the item that began it
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("story", sa.Uuid, nullable=False),
    sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
sa.Index("ix_clusters_story", clusters.c.story)

cluster_items = sa.Table(
    "cluster_items",
    metadata,
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), primary_key=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("cluster", sa.Uuid, nullable=False),
    # In the order of commits: assigning is done by one at a time.
    sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False, unique=True),
    # What clusters know of its text, and the codes of its media.
    sa.Column("sketch", Sealed(sa.LargeBinary()), nullable=False),
    sa.Column("codes", Sealed(sa.LargeBinary())),  # null: none
    sa.Column("version", sa.SmallInteger, nullable=False),  # of sketches
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    # True: a person put it there; what is like it follows.
    sa.Column("pinned", sa.Boolean, nullable=False, server_default=sa.false()),
)
sa.Index("ix_cluster_items_cluster", cluster_items.c.cluster, cluster_items.c.number)

cluster_changes = sa.Table(
    "cluster_changes",  # what people changed, to be undone; every process reads anew after one
    metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("id", sa.Uuid, nullable=False, unique=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # merge, split, pin, undo
    sa.Column("cluster", sa.Uuid, nullable=False, index=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    # [[item, cluster, pinned]]: where each was before.
    sa.Column("before", JSONB, nullable=False),
    sa.Column("undone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("made", sa.Uuid),  # the cluster that a split made
    # [[case, case]]: in which case something waited, and in which it has waited on since.
    sa.Column("parted", JSONB, nullable=False, server_default="[]"),
)
sa.Index(
    "ix_cluster_changes_made",
    cluster_changes.c.made,
    postgresql_where=cluster_changes.c.made.isnot(None),
)

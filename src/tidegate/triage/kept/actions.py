"""The verbs of clusters: assigning, and what people change. Whoever calls one holds the lock (`lock`), which
is taken before any row of an item or a case."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.signals.model import encode_fingerprints
from tidegate.triage.kept.model import Arrival, Change, ChangeKind, Moved, Place
from tidegate.triage.kept.tables import cluster_changes, cluster_items, clusters
from tidegate.triage.sketching import VERSION

_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('clusters', 0))")
_OF_ITEM = ("item_id", "platform", "cluster", "sketch", "codes", "version", "created_at")
_OF_CLUSTER = ("id", "platform", "story", "began_at")

Row = tuple[UUID, UUID, bool]  # an item, its cluster, and whether a person put it there


def lock(tx: Tx) -> None:
    """Be the only one that assigns or changes, until the commit."""
    tx.execute(_LOCK)


def keep(
    tx: Tx, arrivals: Sequence[Arrival], sketches: Sequence[bytes], places: Mapping[UUID, Place]
) -> None:
    """Keep where arrivals belong, in their order, and the clusters that they began."""
    new = [one for one in arrivals if places[one.item_id].is_new]
    rows = [
        (one.item_id, one.platform, places[one.item_id].story, tx.now.isoformat()) for one in new
    ]
    if rows:
        tx.copy(clusters, _OF_CLUSTER, rows)
    tx.copy(
        cluster_items,
        _OF_ITEM,
        [
            (
                one.item_id,
                one.platform,
                places[one.item_id].cluster,
                sketch,
                encode_fingerprints(one.codes) if one.codes else None,
                VERSION,
                one.created_at.isoformat(),
            )
            for one, sketch in zip(arrivals, sketches, strict=True)
        ],
    )


def move_stories(tx: Tx, moved: Sequence[tuple[UUID, UUID]]) -> None:
    """Stories that became part of others."""
    for old, new in moved:
        tx.execute(sa.update(clusters).where(clusters.c.story == old).values(story=new))


def merge(tx: Tx, into: UUID, others: Collection[UUID], platform: str) -> Moved:
    """Make other clusters part of one. What is like one of them follows."""
    rows = _rows(tx, cluster_items.c.cluster.in_(others))
    began = cluster_items.c.pinned | (cluster_items.c.item_id == cluster_items.c.cluster)
    _move(tx, [item for item, _, _ in rows], into, pinned=began)
    change = _told(tx, "merge", into, platform, rows)
    return Moved(change, [item for item, _, _ in rows], into)


def split(tx: Tx, cluster: UUID, item_ids: Collection[UUID], platform: str) -> Moved:
    """Take items out of a cluster, into one of their own, which goes by the first of them. Raises Refusal
    (422) where that is no part of it, or where nothing would be left."""
    rows = _rows(tx, cluster_items.c.item_id.in_(item_ids))
    if not rows or any(of != cluster for _, of, _ in rows):
        raise bad_field("/members", "reports of this cluster", "others among them")
    left = sa.select(sa.func.count()).where(cluster_items.c.cluster == cluster)
    if tx.execute(left).scalar_one() <= len(rows):
        raise bad_field(
            "/members", "a part of the cluster", "all of it: nothing would be left to split from"
        )
    names = [item for item, _, _ in rows if item != cluster]
    taken = set(tx.execute(sa.select(clusters.c.id).where(clusters.c.id.in_(names))).scalars())
    # The one that began it keeps its name for what is left.
    own = next((item for item in names if item not in taken), None)
    if own is None:
        raise bad_field("/members", "an item that has begun no cluster", "others alone")
    story = sa.select(clusters.c.story).where(clusters.c.id == cluster).scalar_subquery()
    values = {"id": own, "platform": platform, "story": story, "began_at": tx.now}
    tx.execute(sa.insert(clusters).values(values))
    _move(tx, [item for item, _, _ in rows], own, pinned=sa.true())
    change = _told(tx, "split", cluster, platform, rows, made=own)
    return Moved(change, [item for item, _, _ in rows], own)


def pin(tx: Tx, cluster: UUID, item_ids: Collection[UUID], platform: str) -> None:
    """Let items of a cluster stay in it for good."""
    rows = _rows(tx, cluster_items.c.item_id.in_(item_ids))
    _move(tx, [item for item, _, _ in rows], cluster, pinned=sa.true())
    _told(tx, "pin", cluster, platform, rows)


def note_parted(tx: Tx, change: UUID, parted: Sequence[tuple[UUID, UUID]]) -> None:
    """Which cases went apart with a change, or are still apart once it is undone, as (case, new case)."""
    pairs = [[str(case), str(new)] for case, new in parted]
    mine = sa.update(cluster_changes).where(cluster_changes.c.id == change)
    tx.execute(mine.values(parted=pairs))


def undo(tx: Tx, change: Change) -> Moved:
    """Put items back where they were before a change. Raises Refusal (409) where it was undone already, or
    some of them were moved again since."""
    if change.undone:
        raise Refusal(
            "already-undone", 409, "The change is undone already", "There is nothing left to undo."
        )
    ids = [item for item, _, _ in change.before]
    later = sa.select(cluster_changes.c.before, cluster_changes.c.number).where(
        cluster_changes.c.number
        > sa.select(cluster_changes.c.number)
        .where(cluster_changes.c.id == change.id)
        .scalar_subquery(),
        cluster_changes.c.platform == change.platform,
        cluster_changes.c.kind.in_(["merge", "split", "pin"]),
        cluster_changes.c.undone.is_(False),
    )
    moved = {UUID(item) for row in tx.execute(later) for item, _, _ in row.before}
    if moved & set(ids):
        raise Refusal(
            "changed-since",
            409,
            "Some of these were moved again since",
            "Nothing was changed. Undo the later change first.",
        )
    query = (
        sa.update(cluster_items)
        .where(cluster_items.c.item_id == sa.bindparam("of_item"))
        .values(cluster=sa.bindparam("to_cluster"), pinned=sa.bindparam("to_pinned"))
    )
    rows = [{"of_item": a, "to_cluster": b, "to_pinned": c} for a, b, c in change.before]
    if rows:
        tx.execute(query, rows)
    done = sa.update(cluster_changes).where(cluster_changes.c.id == change.id)
    tx.execute(done.values(undone=True))
    _told(tx, "undo", change.cluster, change.platform, [])
    return Moved(change.id, ids)


def forget_cluster_item(tx: Tx, item_id: UUID) -> None:
    """Erasure: the item is in no cluster. What it began goes on by its name; a process that knows its sketch
    forgets it when it starts anew."""
    forget_cluster_items(tx, [item_id])


def forget_cluster_items(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """The same of items whose retention is over."""
    tx.execute(sa.delete(cluster_items).where(cluster_items.c.item_id.in_(item_ids)))


def _rows(tx: Tx, where: sa.ColumnElement[bool]) -> list[Row]:
    columns = cluster_items.c.item_id, cluster_items.c.cluster, cluster_items.c.pinned
    query = sa.select(*columns).where(where).order_by(cluster_items.c.number)
    return [(row.item_id, row.cluster, row.pinned) for row in tx.execute(query)]


def _move(
    tx: Tx, item_ids: Sequence[UUID], cluster: UUID, *, pinned: sa.ColumnElement[bool]
) -> None:
    mine = sa.update(cluster_items).where(cluster_items.c.item_id.in_(item_ids))
    tx.execute(mine.values(cluster=cluster, pinned=pinned))


def _told(
    tx: Tx,
    kind: ChangeKind,
    cluster: UUID,
    platform: str,
    rows: Sequence[Row],
    *,
    made: UUID | None = None,
) -> UUID:
    """Keep the change, and tell the ledger; its id."""
    id = uuid7(tx.now)
    values = {"id": id, "platform": platform, "kind": kind, "cluster": cluster, "made": made}
    before = [[str(item), str(of), pinned] for item, of, pinned in rows]
    values |= {"by": tx.actor, "at": tx.now, "before": before}
    tx.execute(sa.insert(cluster_changes).values(values))
    record = {"change": id, "kind": kind, "cluster": cluster, "items": len(rows)}
    append(tx, "cluster.changed", record, cluster, platform)
    return id

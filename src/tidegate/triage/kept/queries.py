"""Reading clusters: where items are, what a process must know to assign more, and one cluster for people."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.columns import one_of
from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.signals.model import Fingerprint, decode_fingerprints
from tidegate.triage.kept.model import Change, ChangeView, Place
from tidegate.triage.kept.tables import cluster_changes, cluster_items, clusters

PAGE = 5_000
SHOWN_CHANGES = 50
_OF_CLUSTER, _OF_CHANGE = clusters.c.platform, cluster_changes.c.platform


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An item as a process that assigns knows it."""

    item_id: UUID
    platform: str
    cluster: UUID
    story: UUID
    number: int
    sketch: bytes
    codes: Sequence[Fingerprint]
    created_at: datetime
    pinned: bool


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster: whose it is, its story, since when it is there, and how many items it has."""

    id: UUID
    platform: str
    story: UUID
    began_at: datetime
    items: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a cluster."""

    item_id: UUID
    number: int
    created_at: datetime
    pinned: bool


def places_of(tx: Tx, item_ids: Collection[UUID]) -> dict[UUID, Place]:
    """The clusters and stories of those of the items that are in one."""
    query = (
        sa.select(cluster_items.c.item_id, cluster_items.c.cluster, clusters.c.story)
        .join(clusters, clusters.c.id == cluster_items.c.cluster)
        .where(one_of(cluster_items.c.item_id, item_ids))
    )
    return {row.item_id: Place(row.cluster, row.story) for row in tx.execute(query).all()}


def count_placed(tx: Tx, item_ids: Collection[UUID]) -> int:
    """How many of the items are in a cluster."""
    query = sa.select(sa.func.count()).where(one_of(cluster_items.c.item_id, item_ids))
    return tx.execute(query).scalar_one()


def items_in(tx: Tx, cluster_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """The items of clusters, by cluster, the first first."""
    query = sa.select(cluster_items.c.cluster, cluster_items.c.item_id)
    query = query.where(one_of(cluster_items.c.cluster, cluster_ids)).order_by(
        cluster_items.c.number
    )
    found: dict[UUID, list[UUID]] = {}
    for row in tx.execute(query):
        found.setdefault(row.cluster, []).append(row.item_id)
    return found


def last_change(tx: Tx) -> int:
    """The number of the last change that people made; 0: there was none."""
    return tx.execute(sa.select(sa.func.max(cluster_changes.c.number))).scalar_one() or 0


def last_number(tx: Tx) -> int:
    """The number of the last item that was assigned."""
    return tx.execute(sa.select(sa.func.max(cluster_items.c.number))).scalar_one() or 0


def kept_after(tx: Tx, number: int, version: int) -> Iterator[list[Kept]]:
    """What was assigned after a number, by pages, the first first; only what has sketches of the version."""
    names = [name for name in Kept.__struct_fields__ if name != "story"]
    query = sa.select(*(cluster_items.c[name] for name in names), clusters.c.story)
    query = query.join(clusters, clusters.c.id == cluster_items.c.cluster)
    query = query.where(cluster_items.c.version == version).order_by(cluster_items.c.number)
    while True:
        rows = tx.execute(query.where(cluster_items.c.number > number).limit(PAGE)).mappings().all()
        if not rows:
            return
        yield [_kept(dict(row)) for row in rows]
        number = rows[-1]["number"]


def _kept(row: dict[str, Any]) -> Kept:
    row["codes"] = decode_fingerprints(row["codes"]) if row["codes"] else []
    return Kept(**row)


def get_cluster(tx: Tx, cluster_id: UUID) -> Found:
    """A cluster. Raises Refusal (404)."""
    items = sa.select(sa.func.count()).where(cluster_items.c.cluster == cluster_id)
    query = sa.select(clusters, items.scalar_subquery().label("items"))
    query = query.where(clusters.c.id == cluster_id, tx.within(_OF_CLUSTER))
    row = tx.execute(query).mappings().one_or_none()
    if row is None or not row["items"]:
        raise cluster_unknown(cluster_id)
    return Found(**row)


def page_of(
    tx: Tx, cluster_id: UUID, cursor: str | None, limit: int
) -> tuple[list[Member], str | None]:
    """A page of the items of a cluster, the first first, and the cursor of the next. Raises Refusal (422)."""
    names = Member.__struct_fields__
    query = sa.select(*(cluster_items.c[name] for name in names))
    query = query.where(cluster_items.c.cluster == cluster_id)
    if cursor is not None:
        at, item = read_cursor(cursor)
        place = sa.tuple_(sa.literal(at), sa.literal(item))
        query = query.where(sa.tuple_(cluster_items.c.created_at, cluster_items.c.item_id) > place)
    query = query.order_by(cluster_items.c.created_at, cluster_items.c.item_id)
    rows = tx.execute(query.limit(limit + 1)).mappings().all()
    found = [Member(**row) for row in rows[:limit]]
    more = len(rows) > limit
    return found, write_cursor(found[-1].created_at, found[-1].item_id) if more else None


def first_of(tx: Tx, cluster_id: UUID) -> UUID | None:
    """The item that stands for a cluster: that which began it, else the first that is left."""
    query = sa.select(cluster_items.c.item_id).where(cluster_items.c.cluster == cluster_id)
    query = query.order_by(cluster_items.c.item_id != cluster_id, cluster_items.c.number)
    return tx.execute(query.limit(1)).scalar_one_or_none()


def changes_of(tx: Tx, cluster_id: UUID) -> list[ChangeView]:
    """What people changed of a cluster, the last first; of one that a split made, that split too."""
    own = cluster_changes.c.cluster == cluster_id
    query = sa.select(cluster_changes).where(own | (cluster_changes.c.made == cluster_id))
    query = query.order_by(cluster_changes.c.number.desc()).limit(SHOWN_CHANGES)
    return [
        ChangeView(
            id=row.id,
            kind=row.kind,
            cluster=row.cluster,
            made=row.made,
            by=row.by,
            at=row.at,
            items=len(row.before),
            apart=[UUID(case) for _, case in row.parted],
            undone=row.undone,
        )
        for row in tx.execute(query)
    ]


def others_in_story(tx: Tx, cluster: Found, limit: int) -> list[Found]:
    """Other clusters about the same, those that began last first."""
    items = sa.select(sa.func.count()).where(cluster_items.c.cluster == clusters.c.id)
    number = items.scalar_subquery()
    query = sa.select(clusters, number.label("items")).where(
        clusters.c.story == cluster.story,
        clusters.c.platform == cluster.platform,
        clusters.c.id != cluster.id,
        number > 0,
        tx.within(_OF_CLUSTER),
    )
    rows = tx.execute(query.order_by(clusters.c.began_at.desc(), clusters.c.id).limit(limit))
    return [Found(**row) for row in rows.mappings()]


def get_change(tx: Tx, change_id: UUID) -> Change:
    """A change, locked. Raises Refusal (404)."""
    query = sa.select(*(cluster_changes.c[name] for name in Change.__struct_fields__))
    query = query.where(cluster_changes.c.id == change_id, tx.within(_OF_CHANGE))
    query = query.where(cluster_changes.c.kind.in_(["merge", "split", "pin"]))
    row = tx.execute(query.with_for_update()).mappings().one_or_none()
    if row is None:
        raise change_unknown(change_id)
    before = [(UUID(item), UUID(cluster), pinned) for item, cluster, pinned in row["before"]]
    parted = [(UUID(case), UUID(new)) for case, new in row["parted"]]
    values: dict[str, Any] = dict(row) | {"before": before, "parted": parted}
    return Change(**values)


def change_unknown(change_id: object) -> Refusal:
    return Refusal(
        "change-unknown",
        404,
        "There is no such change",
        f"No change {str(change_id)[:64]} of clusters. GET /v1/clusters/… lists those of one.",
    )


def cluster_unknown(cluster_id: object) -> Refusal:
    return Refusal(
        "cluster-unknown",
        404,
        "There is no such cluster",
        f"No cluster {str(cluster_id)[:64]}. GET /v1/reports/… names that of a report.",
    )

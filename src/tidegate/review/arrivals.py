"""Reports as they arrive, counted for surges: by bin, on each platform, overall, by the language of what they are
about and by its story. `triage` keeps the counts; the language is what the case knows, so it is counted here.

A voice counts once a bin and series, however much it sends: a reporter, or where nobody answers for a report the
cluster that it is in. So one sender, or a thousand anonymous copies, are no surge.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7_from
from tidegate.intake.tables import arrival_bin, reports
from tidegate.review.tables import cases
from tidegate.triage.bursts import FEWEST, Arrived, Series
from tidegate.triage.kept.tables import cluster_items, clusters


def bins_touched(tx: Tx, first: datetime, last: datetime) -> list[datetime]:
    """The bins into which reports fall that were received from `first` to before `last`."""
    query = (
        sa.select(arrival_bin)
        .where(_received(first, last), reports.c.counts, tx.within(reports.c.platform))
        .distinct()
    )
    return sorted(tx.execute(query).scalars())


def first_received(tx: Tx) -> datetime | None:
    """When the first report came that is kept."""
    query = sa.select(reports.c.received_at).order_by(reports.c.id).limit(1)
    return tx.execute(query).scalar_one_or_none()


def arrived_in(tx: Tx, bins: Collection[datetime]) -> list[Arrived]:
    """How many voices came in these bins, of each series that any came of."""
    if not bins:
        return []
    language = sa.func.split_part(sa.func.lower(cases.c.language), "-", 1).label("language")
    told = (
        sa.select(reports.c.platform, arrival_bin.label("bin"), _VOICE.label("voice"), language)
        .select_from(
            reports.outerjoin(cases, cases.c.id == reports.c.case_id).outerjoin(
                cluster_items, cluster_items.c.item_id == reports.c.item_id
            )
        )
        .where(arrival_bin.in_(sorted(bins)), reports.c.counts)
        .where(tx.within(reports.c.platform))
        .subquery()
    )
    each = sa.func.grouping_sets(
        sa.tuple_(told.c.platform, told.c.bin),
        sa.tuple_(told.c.platform, told.c.bin, told.c.language),
    )
    query = sa.select(
        told.c.platform,
        told.c.bin,
        told.c.language,
        sa.func.grouping(told.c.language).label("all"),
        sa.func.count(sa.distinct(told.c.voice)).label("voices"),
    ).group_by(each)
    return [
        Arrived(
            row.bin,
            Series(row.platform, "all")
            if row.all
            else Series(row.platform, "language", row.language),
            row.voices,
        )
        for row in tx.execute(query)
        if row.all or row.language
    ]


def stories_in(tx: Tx, bins: Collection[datetime]) -> list[UUID]:
    """The stories of which reports fall into these bins, those alone that are large enough to surge."""
    if not bins:
        return []
    touched = (
        sa.select(clusters.c.story)
        .select_from(_TOLD)
        .where(arrival_bin.in_(sorted(bins)), reports.c.counts, tx.within(reports.c.platform))
        .distinct()
        .subquery()
    )
    query = (
        sa.select(clusters.c.story)
        .select_from(_TOLD.join(touched, touched.c.story == clusters.c.story))
        .where(reports.c.counts)
        .group_by(clusters.c.story)
        .having(sa.func.count() >= FEWEST["story"])
    )
    return list(tx.execute(query).scalars())


def arrived_of(tx: Tx, stories: Sequence[UUID], since: datetime) -> list[Arrived]:
    """How many voices came of each of these stories, in all bins from `since` on: stories join, and what is in
    them changes by people's hands, so each is counted as a whole."""
    query = (
        sa.select(
            reports.c.platform,
            clusters.c.story,
            arrival_bin.label("bin"),
            sa.func.count(sa.distinct(_VOICE)).label("voices"),
        )
        .select_from(_TOLD)
        .where(clusters.c.story.in_(stories), reports.c.counts, arrival_bin >= since)
        .group_by(reports.c.platform, clusters.c.story, arrival_bin)
    )
    rows = tx.execute(query) if stories else ()
    return [
        Arrived(row.bin, Series(row.platform, "story", str(row.story)), row.voices) for row in rows
    ]


_VOICE = sa.func.coalesce(
    reports.c.reporter,
    sa.cast(cluster_items.c.cluster, sa.Text),
    sa.cast(reports.c.item_id, sa.Text),
)
_TOLD = reports.join(cluster_items, cluster_items.c.item_id == reports.c.item_id).join(
    clusters, clusters.c.id == cluster_items.c.cluster
)


def _received(first: datetime, last: datetime) -> sa.ColumnElement[bool]:
    """By their ids, which are in the order of their times."""
    lower: UUID = uuid7_from(first)
    return sa.and_(reports.c.id >= lower, reports.c.id < uuid7_from(last))

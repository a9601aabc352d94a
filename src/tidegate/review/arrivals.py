"""Reports as they arrive, counted for surges: by bin, on each platform, overall and by the language of what they
are about. `triage` keeps the counts; the language is what the case knows, so it is counted here.

A voice counts once a bin and series, however much it sends: a reporter, or where nobody answers for a report the
item that it is about. So one sender, or a thousand anonymous copies, are no surge.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7_from
from tidegate.intake.tables import arrival_bin, reports
from tidegate.review.tables import cases
from tidegate.triage.bursts import Arrived, Series


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
    voice = sa.func.coalesce(reports.c.reporter, sa.cast(reports.c.item_id, sa.Text))
    language = sa.func.split_part(sa.func.lower(cases.c.language), "-", 1).label("language")
    told = (
        sa.select(reports.c.platform, arrival_bin.label("bin"), voice.label("voice"), language)
        .select_from(reports.outerjoin(cases, cases.c.id == reports.c.case_id))
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


def _received(first: datetime, last: datetime) -> sa.ColumnElement[bool]:
    """By their ids, which are in the order of their times."""
    lower: UUID = uuid7_from(first)
    return sa.and_(reports.c.id >= lower, reports.c.id < uuid7_from(last))

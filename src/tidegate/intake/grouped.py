"""The reports on an item as people read them: those that say the same are one group with a number, so
that a thousand take no more room than ten. Who reported is not read here, and so not told.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.holds.queries import is_closed
from tidegate.infra.db import Tx
from tidegate.intake.channels import THREAT
from tidegate.intake.tables import reports

MOST_COMMENTS = 2000  # that are read, the newest; of those beyond, how many they are is told


class ReportGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Reports by one channel, for one reason, with the same comment or none, of the same place; one that
    brought something beside the item is by itself, with the id of that. `again`: so many of them came from
    somebody who had reported the item before; `note` is one of what was to be said of them."""

    channel: str
    reason: str
    comment: str | None
    count: int
    again: int
    first_at: datetime
    last_at: datetime
    note: str | None = None
    location: str | None = None
    brought: UUID | None = None


class GroupedReports(msgspec.Struct, frozen=True):
    """All reports on an item, the most telling group first; `unread`: so many say more, and were not
    looked at."""

    groups: list[ReportGroup] = []
    total: int = 0
    unread: int = 0


def grouped_reports(tx: Tx, item_id: UUID) -> GroupedReports:
    """What was reported of an item. What reporters wrote is closed with the content."""
    closed = is_closed(tx, item_id)
    here = sa.and_(reports.c.item_id == item_id, tx.within(reports.c.platform))
    silent = here if closed else sa.and_(here, ~_TELLS)
    groups = [
        ReportGroup(**row, comment=None) for row in tx.execute(_silent(silent)).mappings().all()
    ]
    if closed:
        return GroupedReports(_in_order(groups), sum(one.count for one in groups))
    said = sa.and_(here, _TELLS)
    spoken = [ReportGroup(**row) for row in tx.execute(_spoken(said)).mappings()]
    unread = 0
    if len(spoken) == MOST_COMMENTS:
        number = tx.execute(sa.select(sa.func.count()).where(said)).scalar_one()
        unread = number - len(spoken)
    total = sum(one.count for one in [*groups, *spoken]) + unread
    return GroupedReports(_in_order(joined([*groups, *spoken])), total, unread)


def joined(groups: Iterable[ReportGroup]) -> list[ReportGroup]:
    """Those that say the same as one."""
    found: dict[tuple[object, ...], ReportGroup] = {}
    for one in groups:
        comment = one.comment.strip() if one.comment else None
        key = one.channel, one.reason, comment or None, one.location, one.brought
        known = found.get(key)
        found[key] = (
            msgspec.structs.replace(one, comment=comment or None)
            if known is None
            else msgspec.structs.replace(
                known,
                count=known.count + one.count,
                again=known.again + one.again,
                first_at=min(known.first_at, one.first_at),
                last_at=max(known.last_at, one.last_at),
                note=known.note or one.note,
            )
        )
    return list(found.values())


def _in_order(groups: Iterable[ReportGroup]) -> list[ReportGroup]:
    """A threat to life first, then the most numerous, then the newest."""
    return sorted(
        groups, key=lambda one: (one.reason != THREAT, -one.count, -one.last_at.timestamp())
    )


def _silent(where: sa.ColumnElement[bool]) -> Any:
    number = sa.func.count()
    return (
        sa.select(
            reports.c.channel,
            reports.c.reason,
            number.label("count"),
            number.filter(sa.not_(reports.c.counts)).label("again"),
            sa.func.min(reports.c.received_at).label("first_at"),
            sa.func.max(reports.c.received_at).label("last_at"),
            sa.func.min(sa.func.nullif(_note, "")).label("note"),
        )
        .where(where)
        .group_by(reports.c.channel, reports.c.reason)
    )


_TELLS = sa.or_(
    reports.c.comment.isnot(None), reports.c.location.isnot(None), reports.c.brought_id.isnot(None)
)
_note = sa.func.array_to_string(reports.c.problems, "; ")


def _spoken(where: sa.ColumnElement[bool]) -> Any:
    """Each by itself, the newest first: comments are sealed, and are compared where they are read."""
    return (
        sa.select(
            reports.c.channel,
            reports.c.reason,
            reports.c.comment,
            reports.c.location,
            reports.c.brought_id.label("brought"),
            sa.literal(1).label("count"),
            sa.cast(sa.not_(reports.c.counts), sa.Integer).label("again"),
            reports.c.received_at.label("first_at"),
            reports.c.received_at.label("last_at"),
            sa.func.nullif(_note, "").label("note"),
        )
        .where(where)
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
        .limit(MOST_COMMENTS)
    )

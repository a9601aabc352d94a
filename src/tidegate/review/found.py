"""Cases that are found by what they are about."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.review.passing import speaks
from tidegate.review.sight import in_sight
from tidegate.review.tables import cases

LOOKED_AT = 20_000
"""Cases that one page of a search looks at, at most."""

Place = tuple[datetime, UUID]


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What cases are narrowed to; empty is not at all. `items`: they are about one of these, or about the
    entry `entry`; `ids`: they are of these."""

    items: Collection[UUID] | None = None
    entry: UUID | None = None
    ids: Collection[UUID] | None = None
    platform: str | None = None
    language: str | None = None
    label: str | None = None
    since: datetime | None = None
    before: datetime | None = None


class FoundCase(NamedTuple):
    """A case, and the item that it is about."""

    at: datetime
    id: UUID
    item_id: UUID | None


def found_cases(
    tx: Tx, filter: CaseFilter, after: Place | None, limit: int
) -> tuple[list[FoundCase], Place | None]:
    """The next cases that pass, those opened last first, at most `limit` and of so many looked at; and the
    place to go on after: None where there are no more."""
    c = cases.c
    looked = sa.select(c.opened_at, c.id, c.item_id, _passes(filter).label("passes"))
    looked = looked.where(in_sight(tx))
    if filter.items is not None:
        about = one_of(c.item_id, filter.items)
        if filter.entry is not None:
            entry = sa.and_(c.subject_kind == "entry", c.subject_id == filter.entry)
            about = sa.or_(about, entry)
        looked = looked.where(about)
    if filter.ids is not None:
        looked = looked.where(one_of(c.id, filter.ids))
    if filter.since is not None:
        looked = looked.where(c.opened_at >= filter.since)
    if filter.before is not None:
        looked = looked.where(c.opened_at < filter.before)
    if after is not None:
        looked = looked.where(sa.tuple_(c.opened_at, c.id) < sa.tuple_(*map(sa.literal, after)))
    looked = looked.order_by(c.opened_at.desc(), c.id.desc()).limit(LOOKED_AT)
    page = looked.subquery()
    newest = (page.c.opened_at.desc(), page.c.id.desc())
    query = sa.select(page.c.opened_at, page.c.id, page.c.item_id).where(page.c.passes)
    found = [FoundCase(*row) for row in tx.execute(query.order_by(*newest).limit(limit))]
    if len(found) == limit:
        return found, (found[-1].at, found[-1].id)
    last = tx.execute(looked.offset(LOOKED_AT - 1).limit(1)).one_or_none()
    return found, None if last is None else (last.opened_at, last.id)


def _passes(filter: CaseFilter) -> sa.ColumnElement[bool]:
    c = cases.c
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if filter.platform is not None:
        conditions.append(c.platform == filter.platform)
    if filter.language is not None:
        conditions.append(speaks(c.language, filter.language))
    if filter.label is not None:
        conditions.append(c.label == filter.label)
    return sa.func.coalesce(sa.and_(*conditions), sa.false())

"""The queue as rows: a page of the cases that pass a filter, in their order, and a case's place among them.

What waits comes by band, then by score; what is decided, the last first. Cases of the
same content are one row, that of the first of them. Content is read for the rows of a page alone; the rest
stands in the index of the order.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from tidegate.content.kept import kept_revisions
from tidegate.content.model import Content
from tidegate.content.openings import closed_items
from tidegate.content.tables import items
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.review.filters import Filter
from tidegate.review.media import MediaCount
from tidegate.review.model import LOOK
from tidegate.review.passing import DECIDED, passing
from tidegate.review.places import Place, read_place, write_place
from tidegate.review.presence import readers_of
from tidegate.review.queries import VOICES
from tidegate.review.scoring import shown_priority
from tidegate.review.sight import in_sight
from tidegate.review.tables import cases
from tidegate.triage.why import Why

PAGE = 50
EXCERPT = 140
MOST_COPIES = 10_000  # of a group so many are counted
MOST_DECIDED = 10_000  # and of what is decided

_OTHER = cases.alias("other")  # of the same content

Counting = Callable[[Tx, Filter], int]  # `count`, or `Totals`, which remembers


class Same(msgspec.Struct, frozen=True):
    """A group of cases of the same content, and how many of them pass the filter, counted up to ten
    thousand."""

    key: UUID
    size: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A case as a row shows it. `score` is None as long as it is not ranked. `text` begins what was posted,
    `address` is the link where there is no text; both None where there is neither, or none any more (`gone`),
    or none for the reader (`closed`). Who holds it is an identity."""

    id: UUID
    item: str | None
    platform: str | None
    subject: str
    state: str
    queue: str
    band: int
    because: list[Why]
    score: float | None
    text: str | None
    address: str | None
    gone: bool
    closed: bool
    language: str | None
    media: MediaCount
    severity: int
    label: str | None
    bank: str | None
    reports: int
    held_by: str | None
    held_until: datetime | None
    readers: list[str]
    same: Same | None
    skips: int
    waits_since: datetime | None
    opened_at: datetime


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """A page of rows. `total` is how many cases pass; these rows stand for those from `first`, counted from
    1, to `last`, a row for all of its content; 0 where there is none. `next` and `previous` are the cursors
    of the pages after and before."""

    rows: list[Row]
    total: int
    first: int
    last: int
    next: str | None
    previous: str | None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a case in a list, from 1, and how many are in it; None where it does not pass (any
    more). `previous` and `next` are its neighbours there, which it has also then."""

    place: int | None = None
    total: int | None = None
    previous: UUID | None = None
    next: UUID | None = None


def page_of(
    tx: Tx,
    filter: Filter,
    cursor: str | None = None,
    limit: int = PAGE,
    *,
    counting: Counting | None = None,
) -> Rows:
    """A page of the rows that pass. Raises Refusal (422) for a cursor that no answer gave."""
    place = None if cursor is None else read_place(cursor, ranked=filter.ranked)
    backwards = place is not None and place.backwards
    query = sa.select(cases.c.id, *_order_of(filter, cases.c)).where(
        passing(tx, filter), _leads(tx, filter)
    )
    order = list(_order_of(filter, cases.c))
    falling = filter.decided != backwards
    if place is not None:
        here, there = sa.tuple_(*order), sa.tuple_(*map(sa.literal, place.key()))
        query = query.where(here < there if falling else here > there)
    query = query.order_by(*(one.desc() if falling else one for one in order)).limit(limit + 1)
    found = tx.execute(query).all()
    more, found = len(found) > limit, list(found[:limit])
    if backwards:
        found.reverse()
    rows = _rows(tx, filter, [row.id for row in found])
    told = sum(row.same.size if row.same and not filter.same else 1 for row in rows)
    whole = place is None and not more and told < MOST_COPIES
    first = _first_place(place, told, more=more)
    before = more if backwards else place is not None
    after = more or backwards
    return Rows(
        rows=rows,
        total=told if whole else (counting or count)(tx, filter),
        first=first if found else 0,
        last=first + told - 1 if found else 0,
        next=write_place(_place(filter, found[-1], first + told)) if after and found else None,
        previous=write_place(_place(filter, found[0], first, backwards=True))
        if before and found
        else None,
    )


def rows_of(tx: Tx, ids: Sequence[UUID]) -> list[Row]:
    """The rows of those of these cases that the actor may see, in this order."""
    return _rows(tx, Filter(), ids)


def count(tx: Tx, filter: Filter) -> int:
    """How many cases pass; of decided ones at most some thousands are counted."""
    query = sa.select(sa.literal(1)).select_from(cases).where(passing(tx, filter))
    if filter.decided:
        query = query.limit(MOST_DECIDED)
    counted = sa.select(sa.func.count()).select_from(query.subquery())
    if not filter.decided:
        counted = sa.select(sa.func.count()).select_from(cases).where(passing(tx, filter))
    return int(tx.execute(counted).scalar_one())


def position(
    tx: Tx, case_id: UUID, filter: Filter, *, counting: Counting | None = None
) -> Position:
    """Where a case stands among all that pass."""
    total = (counting or count)(tx, filter)
    here = _key_of(tx, case_id, filter)
    if here is None:
        return Position(total=total)
    columns, passes = list(_order_of(filter, cases.c)), passing(tx, filter)
    order, key = sa.tuple_(*columns), sa.tuple_(*map(sa.literal, here))
    falling = [one.desc() for one in columns]
    earlier, later = order < key, order > key
    if filter.decided:  # the last comes first
        earlier, later = later, earlier
        columns, falling = falling, columns
    one = sa.select(cases.c.id).limit(1)
    query = sa.select(
        sa.select(sa.func.count()).where(passes, earlier).scalar_subquery().label("before"),
        sa.exists().where(cases.c.id == case_id, passes).label("passes"),
        one.where(passes, earlier).order_by(*falling).scalar_subquery().label("previous"),
        one.where(passes, later).order_by(*columns).scalar_subquery().label("next"),
    )
    found = tx.execute(query).one()
    place = found.before + 1 if found.passes else None
    if place is not None and not filter.decided:
        total = max(total, place)  # it came since what is remembered was counted
    return Position(place=place, total=total, previous=found.previous, next=found.next)


def queues(tx: Tx) -> list[str]:
    """The queues in which something waits that may be seen."""
    mine = sa.and_(cases.c.state != DECIDED, in_sight(tx))
    first = sa.select(sa.func.min(cases.c.queue).label("name")).where(mine)
    found = first.cte("found", recursive=True)
    following = sa.select(sa.func.min(cases.c.queue)).where(mine, cases.c.queue > found.c.name)
    found = found.union_all(
        sa.select(following.scalar_subquery()).select_from(found).where(found.c.name.isnot(None))
    )
    named = sa.select(found.c.name).where(found.c.name.isnot(None))
    return list(tx.execute(named).scalars())


def _leads(tx: Tx, filter: Filter) -> sa.ColumnElement[bool]:
    """Whether a case stands for those of its content: it is the first of them that passes. Where one
    group is asked for each stands for itself, as does what is decided."""
    if filter.same or filter.decided:
        return sa.true()
    theirs, mine = sa.tuple_(*_order_of(filter, _OTHER.c)), sa.tuple_(*_order_of(filter, cases.c))
    earlier = sa.exists().where(
        _OTHER.c.same == cases.c.same, passing(tx, filter, _OTHER), theirs < mine
    )
    return sa.or_(cases.c.same.is_(None), ~earlier)


def _order_of(filter: Filter, c: sa.ColumnCollection[str, Any]) -> Sequence[sa.ColumnElement[Any]]:
    if filter.decided:
        return c.decided_at, c.id
    return (c.band, c.place_at, c.id) if filter.ranked else (c.opened_at, c.id)


def _key_of(tx: Tx, case_id: UUID, filter: Filter) -> tuple[Any, ...] | None:
    """The place of a case in the order; None where it has none that may be seen."""
    query = sa.select(*_order_of(filter, cases.c)).where(cases.c.id == case_id, in_sight(tx))
    row = tx.execute(query).one_or_none()
    key = () if row is None else tuple(row)
    return None if None in key or not key else key


def _place(filter: Filter, row: sa.Row[Any], first: int, *, backwards: bool = False) -> Place:
    """Where the page after a row begins, or the one before it ends, and the place that is next to it."""
    if filter.decided:
        return Place(backwards, None, row.decided_at, row.id, first)
    if not filter.ranked:
        return Place(backwards, None, row.opened_at, row.id, first)
    return Place(backwards, row.band, row.place_at, row.id, first)


def _first_place(place: Place | None, found: int, *, more: bool) -> int:
    if place is None:
        return 1
    if not place.backwards:
        return place.first
    return max(1, place.first - found) if more else 1


def row_of(tx: Tx, case_id: UUID) -> Row:
    """One case as a row, in whatever list; the caller has made sure that it is there and may be seen."""
    return _rows(tx, Filter(), [case_id])[0]


def excerpt_of(content: Content | None, most: int = EXCERPT) -> str:
    """How a post begins, in one line of at most so many letters; "" where it has no words."""
    text = " ".join((content.text or "")[: 4 * most].split()) if content else ""
    return text[:most]


def _rows(tx: Tx, filter: Filter, ids: Sequence[UUID]) -> list[Row]:
    """The rows of these cases, in this order."""
    if not ids:
        return []
    rows = tx.execute(_ROWS.where(one_of(cases.c.id, ids), in_sight(tx))).all()
    found = {row.id: row for row in rows}
    told = [found[one] for one in ids if one in found]
    places = [(row.item_id, row.revision or 0) for row in told if row.item_id is not None]
    contents = {key: kept.content for key, kept in kept_revisions(tx, places).items()}
    closed = closed_items(tx, [item for item, _ in places])
    readers = readers_of(tx, ids)
    sizes = _sizes(tx, filter, [row.same for row in told if row.same is not None])
    return [
        _row(
            row,
            contents.get((row.item_id, row.revision or 0)),
            row.item_id in closed,
            readers.get(row.id, []),
            sizes.get(row.same, 0),
            tx.now,
        )
        for row in told
    ]


def _row(
    row: sa.Row[Any],
    content: Content | None,
    closed: bool,
    readers: list[str],
    size: int,
    now: datetime,
) -> Row:
    held = row.state == "claimed" and row.claimed_until is not None and row.claimed_until > now
    return Row(
        id=row.id,
        item=row.external_id,
        platform=row.platform,
        subject="item" if row.subject_kind == LOOK else row.subject_kind,  # shown like any
        state=row.state,
        queue=row.queue,
        band=row.band,
        because=[Why(one["code"], one.get("value")) for one in row.because],
        score=score_of(row, now),
        text=excerpt_of(content) or None,
        address=content.url if content else None,
        gone=row.item_id is not None
        and (row.erased_at is not None or (content is None and not closed)),
        closed=closed and row.erased_at is None,
        language=row.language,
        media=MediaCount(row.images, row.videos, row.others),
        severity=row.severity,
        label=row.label,
        bank=row.bank or (row.match["bank"] if row.match else None),
        reports=row.reports,
        held_by=row.claimant or row.claimed_by if held else None,
        held_until=row.claimed_until if held else None,
        readers=readers,
        same=Same(row.same, size) if row.same is not None and size > 1 else None,
        skips=row.skips,
        waits_since=row.waits_since,
        opened_at=row.opened_at,
    )


def score_of(row: sa.Row[Any], now: datetime) -> float | None:
    """A case's score, None as long as it is not ranked."""
    found = shown_priority(row.scoring, row.waits_since, row.decided_at, now)
    return None if found is None else found.score


def _sizes(tx: Tx, filter: Filter, keys: Sequence[UUID]) -> dict[UUID, int]:
    """How many of each group pass; of one that is asked for, all its members."""
    if not keys or filter.decided:
        return {}
    wanted = sa.cast(sorted(set(keys)), ARRAY(sa.Uuid))
    groups = sa.select(sa.func.unnest(wanted).label("key")).subquery("groups")
    some = (
        sa.select(sa.literal(1).label("one"))
        .select_from(cases)
        .where(cases.c.same == groups.c.key, passing(tx, filter))
        .limit(MOST_COPIES)
        .lateral("some")
    )
    query = sa.select(groups.c.key, sa.func.count(some.c.one).label("size")).group_by(groups.c.key)
    found = tx.execute(query.select_from(groups.join(some, sa.true())))
    return {row.key: row.size for row in found}


_SHOWN = (
    "id",
    "subject_kind",
    "item_id",
    "revision",
    "platform",
    "queue",
    "state",
    "band",
    "because",
    "scoring",
    "language",
    "label",
    "bank",
    "match",
    "images",
    "videos",
    "others",
    "severity",
    "same",
    "skips",
    "claimed_by",
    "claimant",
    "claimed_until",
    "waits_since",
    "opened_at",
    "decided_at",
)
_ROWS = sa.select(
    *(cases.c[name] for name in _SHOWN), items.c.external_id, items.c.erased_at, VOICES
).outerjoin_from(cases, items, items.c.id == cases.c.item_id)

"""The condition that a case passes a filter, of the queue and of all that stays within it."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.content.tables import items
from tidegate.decisions.looks import not_for
from tidegate.infra.db import Tx
from tidegate.review.filters import FIRST_MATCHES, QUARANTINE, Filter, case_named
from tidegate.review.sight import in_sight
from tidegate.review.tables import cases

# Literals: only so are the partial indexes used.
DECIDED: sa.ColumnElement[str] = sa.literal_column("'decided'")
ENTRY: sa.ColumnElement[str] = sa.literal_column("'entry'")
_CONFIRMED: sa.ColumnElement[str] = sa.literal_column("'confirmed'")
UNCONFIRMED: sa.ColumnElement[str] = sa.literal_column("'false'")
_LOOK: sa.ColumnElement[str] = sa.literal_column("'look'")
_TAKEN: sa.ColumnElement[str] = sa.literal_column("'claimed'")


def passing(tx: Tx, filter: Filter, of: sa.FromClause = cases) -> sa.ColumnElement[bool]:
    """The condition that a case passes, and may be seen; `of` is another name for the table. Waiting
    ones that were never ranked have no place yet, and do not."""
    c = of.c
    conditions = [in_sight(tx, of)]
    if filter.decided:
        conditions += [c.state == DECIDED, c.subject_kind != _LOOK]
    else:
        conditions += [c.state != DECIDED, c.place_at.isnot(None)]
        states = filter.values("state")
        if tx.identity.startswith("user:"):
            conditions.append(c.id != sa.func.all(not_for(tx.identity)))
        if states != ["waiting"]:
            conditions.append(c.state.in_(states))
    if queues := filter.values("queue"):
        conditions.append(sa.or_(*(_in_queue(c, one) for one in queues)))
    for name in ("label", "bank"):
        if wanted := filter.values(name):
            conditions.append(c[name].in_(wanted))
    if bands := filter.values("band"):
        conditions.append(c.band.in_([int(one) for one in bands]))
    if languages := filter.values("lang"):
        conditions.append(sa.or_(*(speaks(c.language, one) for one in languages)))
    if channels := filter.values("channel"):
        conditions.append(c.channels.overlap(sa.cast(channels, c.channels.type)))
    if media := filter.values("media"):
        conditions.append(sa.or_(*(_shows(c, one) for one in media)))
    if held := filter.values("held"):
        conditions.append(sa.or_(*(_held(tx, c, one) for one in held)))
    if (earliest := filter.earliest(tx.now)) is not None:
        conditions.append(c.waits_since >= earliest)
    if filter.same:
        conditions.append(c.same == UUID(filter.same))
    if filter.q:
        conditions.append(_named(c, filter.q))
    return sa.and_(*conditions)


def _in_queue(c: sa.ColumnCollection[str, Any], queue: str) -> sa.ColumnElement[bool]:
    """Whether a case is in a queue, or is what two words stand for that are about banks: an entry in
    quarantine, or a match with an entry that nobody has confirmed."""
    if queue == QUARANTINE:
        return c.subject_kind == ENTRY
    if queue == FIRST_MATCHES:
        return c.match.op("->>")(_CONFIRMED) == UNCONFIRMED
    return c.queue == queue


def speaks(language: sa.ColumnElement[Any], wanted: str) -> sa.ColumnElement[bool]:
    """Whether a language is the wanted one, or a variety of it."""
    lowered, wanted = sa.func.lower(language), wanted.lower()
    return sa.or_(lowered == wanted, lowered.startswith(f"{wanted}-"))


def _shows(c: sa.ColumnCollection[str, Any], kind: str) -> sa.ColumnElement[bool]:
    columns = {"image": c.images, "video": c.videos, "other": c.others}
    if kind == "none":
        return sa.and_(*(column == 0 for column in columns.values()))
    return columns[kind] > 0


def _held(tx: Tx, c: sa.ColumnCollection[str, Any], by: str) -> sa.ColumnElement[bool]:
    live = sa.and_(c.state == _TAKEN, c.claimed_until > tx.now)
    if by == "none":
        return sa.not_(live)
    mine = c.claimant == tx.identity
    return sa.and_(live, mine if by == "me" else sa.not_(mine))


def _named(c: sa.ColumnCollection[str, Any], q: str) -> sa.ColumnElement[bool]:
    """Whether a case, or its item, goes by that name, or its item's begins so. What its content says is
    not looked at: that takes an index of words."""
    begins = items.c.external_id.startswith(q, autoescape=True)
    named = sa.exists().where(items.c.id == c.item_id, begins)
    case_id = case_named(q)
    return named if case_id is None else sa.or_(c.id == case_id, named)

"""Reading clocks: one, those about something, and lists of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from tidegate.clocks.keeping import SELECT, read
from tidegate.clocks.model import Clock, State, Subject
from tidegate.clocks.tables import clocks, rings
from tidegate.infra.columns import one_of
from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal

_PLATFORM = clocks.c.platform
_RINGS = sa.and_(clocks.c.ringing_since.isnot(None), clocks.c.acknowledged_at.is_(None))


class Filter(Struct, frozen=True, kw_only=True):
    """Which clocks a list shows; `subject` is an id, of whatever kind."""

    bearer: Literal["us", "them"] | None = None
    state: State | None = None
    subject: str | None = None
    name: str | None = None
    order: UUID | None = None
    due_before: datetime | None = None
    ringing: bool | None = None


def clock_unknown(clock_id: object) -> Refusal:
    return Refusal(
        "clock-unknown", 404, "There is no such clock", f"No clock {str(clock_id)[:64]}."
    )


def get_clock(tx: Tx, clock_id: UUID) -> Clock:
    """Raises Refusal (404)."""
    query = SELECT.where(clocks.c.id == clock_id, tx.within(_PLATFORM))
    row = tx.execute(query).one_or_none()
    if row is None:
        raise clock_unknown(clock_id)
    return read(row).clock


def clocks_of(
    tx: Tx, subjects: Sequence[Subject] = (), *, order: UUID | None = None
) -> list[Clock]:
    """The clocks about these subjects, or of an order, those first that began first."""
    about = [(one.kind, one.id) for one in subjects]
    which = clocks.c.order_id == order
    if order is None:
        which = sa.tuple_(clocks.c.subject_kind, clocks.c.subject_id).in_(about)
    query = SELECT.where(which, tx.within(_PLATFORM))
    rows = tx.execute(query.order_by(clocks.c.started_at, clocks.c.id))
    return [read(row).clock for row in rows]


def first_due(tx: Tx, order: UUID, name: str, kind: str) -> datetime | None:
    """When the first clock of a name that still runs, or is missed, about a kind of subject of an order is
    due; None: none does."""
    c = clocks.c
    query = sa.select(sa.func.min(c.due_at)).where(
        c.order_id == order,
        c.name == name,
        c.subject_kind == kind,
        c.live,
        c.state.in_(("running", "missed")),
        tx.within(_PLATFORM),
    )
    return tx.execute(query).scalar_one()


def last_dues(
    tx: Tx, name: str, kind: str, orders: Collection[UUID]
) -> dict[str, tuple[datetime, datetime]]:
    """The two ends (`due_at`, `due_latest`) of the last period of a name about each subject of a kind of these
    orders or referrals, by the subject's id."""
    c = clocks.c
    query = (
        sa.select(c.subject_id, c.due_at, c.due_latest)
        .where(one_of(c.order_id, orders), c.name == name, c.subject_kind == kind)
        .where(tx.within(_PLATFORM))
        .order_by(c.started_at, c.id)
    )
    return {row.subject_id: (row.due_at, row.due_latest) for row in tx.execute(query)}


def list_clocks(
    tx: Tx, wanted: Filter, cursor: str | None = None, limit: int = 50
) -> tuple[list[Clock], str | None]:
    """A page of clocks, those first that are due first, and the cursor of the next. Raises Refusal (422) for
    a cursor of something else."""
    c = clocks.c
    query = SELECT.where(tx.within(_PLATFORM), *_conditions(wanted))
    if cursor is not None:
        at, last = read_cursor(cursor)
        query = query.where(sa.tuple_(c.due_at, c.id) > sa.tuple_(sa.literal(at), sa.literal(last)))
    rows = tx.execute(query.order_by(c.due_at, c.id).limit(limit + 1)).all()
    found = [read(row).clock for row in rows[:limit]]
    following = write_cursor(found[-1].due_at, found[-1].id) if len(rows) > limit else None
    return found, following


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    c = clocks.c
    found: list[sa.ColumnElement[bool]] = []
    if wanted.bearer is not None:
        found.append(c.ours == (wanted.bearer == "us"))
    for name, value in (
        ("state", wanted.state),
        ("subject_id", wanted.subject),
        ("name", wanted.name),
        ("order_id", wanted.order),
    ):
        if value is not None:
            found.append(c[name] == value)
    if wanted.due_before is not None:
        found.append(c.due_at < wanted.due_before)
    if wanted.ringing is not None:
        found.append(_RINGS if wanted.ringing else sa.not_(_RINGS))
    return found


def rung_orders(tx: Tx) -> dict[UUID | None, datetime]:
    """The orders that ring, and nobody has, each with a time that moves whenever it rings; None: what belongs
    to none."""
    c, r = clocks.c, rings.c
    last = sa.union_all(
        sa.select(c.order_id, c.rung_at.label("at")).where(_RINGS),
        sa.select(r.order_id, r.next_at).where(r.next_at.isnot(None)),
    ).subquery()
    at = sa.func.max(last.c.at).label("at")
    query = sa.select(last.c.order_id, at).group_by(last.c.order_id)
    return {row.order_id: row.at for row in tx.execute(query)}


def was_heard(tx: Tx, order_id: UUID) -> bool:
    """Whether somebody ever acknowledged what rang about an order."""
    heard = (
        sa.select(one.c.id).where(one.c.order_id == order_id, one.c.acknowledged_at.isnot(None))
        for one in (clocks, rings)
    )
    return tx.execute(sa.union_all(*heard).limit(1)).first() is not None


def ringing_count(tx: Tx) -> int:
    """How many clocks ring, and nobody has them."""
    return int(tx.execute(sa.select(sa.func.count()).where(_RINGS)).scalar_one())

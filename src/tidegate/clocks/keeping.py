"""How clocks are written into their tables and read back: for the slice's own verbs."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.clocks.model import (
    Clock,
    Course,
    Definition,
    Due,
    Happened,
    Limit,
    Run,
    Subject,
    Terms,
    follow,
)
from tidegate.clocks.packs import Pack
from tidegate.clocks.tables import clock_definitions, clock_events, clocks
from tidegate.clocks.waking import Bell, quiet
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx

SELECT = sa.select(
    clocks,
    clock_definitions.c.pack,
    clock_definitions.c.law,
    clock_definitions.c.definition.label("d"),
).join(clock_definitions, clocks.c.definition == clock_definitions.c.digest)

_OF_CLOCK = ("state", "live", "started_at", "due_at", "due_latest", "stopped_at", "contradictory")
_CHANGING = (*_OF_CLOCK, *Bell.__struct_fields__, "step", "runs", "next_at")
_UPDATE = (
    sa.update(clocks)
    .where(clocks.c.id == sa.bindparam("which"))
    .values({name: sa.bindparam(f"new_{name}") for name in _CHANGING})
)


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A clock with what else its row knows."""

    clock: Clock
    bell: Bell
    terms: Terms
    limit: Limit | None
    step: int


_definitions: dict[bytes, Definition] = {}
"""Those that this process has read, by their digests."""


def _definition(digest: bytes, body: Any) -> Definition:
    if digest not in _definitions:
        _definitions[digest] = msgspec.convert(body, Definition)
    return _definitions[digest]


def read(row: Any) -> Kept:
    """A row of `SELECT`."""
    definition = _definition(row.definition, row.d)
    clock = Clock(
        id=row.id,
        name=row.name,
        law=row.law,
        pack=row.pack,
        definition=definition,
        subject=Subject(row.subject_kind, row.subject_id),
        order=row.order_id,
        platform=row.platform,
        ours=row.ours,
        state=row.state,
        live=row.live,
        started_at=row.started_at,
        due_at=row.due_at,
        due_latest=row.due_latest,
        stopped_at=row.stopped_at,
        runs=msgspec.convert(row.runs, list[Run]),
        warned=row.warned,
        contradictory=row.contradictory,
        ringing=row.ringing_since is not None and row.acknowledged_at is None,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by if row.acknowledged_at else None,
    )
    return Kept(
        clock=clock,
        bell=Bell(**{name: getattr(row, name) for name in Bell.__struct_fields__}),
        terms=Terms(row.zone, row.calendar),
        limit=None if row.own_limit is None else msgspec.convert(row.own_limit, Limit),
        step=row.step,
    )


def begun(
    id: UUID,
    pack: Pack,
    definition: Definition,
    start: Happened,
    *,
    subject: Subject,
    ours: bool,
    terms: Terms,
    limit: Limit | None,
    order: UUID | None,
    platform: str | None,
) -> Kept:
    """A clock that begins by its start, and is silent."""
    course = follow(definition, ours, [start])
    clock = Clock(
        id=id,
        name=definition.name,
        law=pack.law,
        pack=pack.named,
        definition=definition,
        subject=subject,
        order=order,
        platform=platform,
        ours=ours,
        state=course.state,
        live=course.live,
        started_at=course.runs[0].started_at,
        due_at=course.due.due_at,
        due_latest=course.due.due_latest,
        stopped_at=course.stopped_at,
        runs=course.runs,
        warned=[],
        contradictory=course.contradictory,
        ringing=False,
        acknowledged_at=None,
        acknowledged_by=None,
    )
    bell = Bell(
        warnings=course.due.warnings,
        warned=[],
        ringing_since=None,
        rung_at=None,
        acknowledged_at=None,
    )
    return Kept(clock=clock, bell=bell, terms=terms, limit=limit, step=1)


def row_of(kept: Kept) -> dict[str, Any]:
    """What the row of a clock that begins says of it, but by which definition and when it speaks."""
    clock = kept.clock
    same = ("id", "name", "platform", "ours", "state", "live", "started_at", "due_at", "due_latest")
    known = {name: getattr(clock, name) for name in (*same, "stopped_at", "contradictory")}
    return known | {
        "subject_kind": clock.subject.kind,
        "subject_id": clock.subject.id,
        "order_id": clock.order,
        "zone": kept.terms.zone,
        "calendar": kept.terms.calendar,
        "own_limit": None if kept.limit is None else msgspec.to_builtins(kept.limit),
        "step": kept.step,
        "runs": msgspec.to_builtins(clock.runs),
        "warnings": kept.bell.warnings,
    }


def define(tx: Tx, pack: Pack, definition: Definition) -> bytes:
    """Keep a definition as it is now; by what."""
    body = msgspec.to_builtins(definition)
    digest = hashlib.sha256(msgspec.json.encode([pack.named, pack.law, body])).digest()
    row = {"digest": digest, "pack": pack.named, "law": pack.law, "definition": body}
    tx.execute(insert(clock_definitions).values(row).on_conflict_do_nothing())
    return digest


def course_values(course: Course) -> dict[str, Any]:
    """What a clock's row says of its course."""
    return {
        "state": course.state,
        "live": course.live,
        "started_at": course.runs[0].started_at,
        "due_at": course.due.due_at,
        "due_latest": course.due.due_latest,
        "stopped_at": course.stopped_at,
        "runs": msgspec.to_builtins(course.runs),
        "contradictory": course.contradictory,
    }


def moved(kept: Kept, course: Course) -> Kept:
    """The same clock on its course. A new run, and one that is over, is silent; what has been missed rings
    on."""
    values = course_values(course) | {"runs": course.runs}
    clock = msgspec.structs.replace(kept.clock, **values)
    bell, was = kept.bell, kept.clock
    anew = (clock.due_at, clock.due_latest) != (was.due_at, was.due_latest)
    if anew or clock.state == "suspended" or not clock.live:
        bell = quiet(bell, course.due.warnings)
    return msgspec.structs.replace(kept, clock=ringing(clock, bell), bell=bell)


def ringing(clock: Clock, bell: Bell) -> Clock:
    """The clock as its bell says."""
    return msgspec.structs.replace(clock, warned=bell.warned, ringing=bell.rings)


def write(tx: Tx, moved: Sequence[tuple[Kept, datetime | None]]) -> None:
    """Write the rows of clocks as they are now, each with when it speaks next."""
    rows: list[dict[str, Any]] = []
    for kept, speaks in moved:
        values = {name: getattr(kept.clock, name) for name in _OF_CLOCK}
        values |= msgspec.structs.asdict(kept.bell) | {"step": kept.step, "next_at": speaks}
        values["runs"] = msgspec.to_builtins(kept.clock.runs)
        row = {f"new_{name}": value for name, value in values.items()}
        rows.append(row | {"which": kept.clock.id})
    if rows:
        tx.execute(_UPDATE, rows)


def event_row(tx: Tx, clock_id: UUID, n: int, one: Happened) -> dict[str, Any]:
    due = one.due
    return {
        "clock_id": clock_id,
        "n": n,
        "event": one.event,
        "at": one.at,
        "heard_at": tx.now,
        "told_by": tx.actor,
        "due_at": due and due.due_at,
        "due_latest": due and due.due_latest,
        "warnings": due and due.warnings,
    }


def events_of(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[Happened]]:
    """What happened to each of these clocks, in the order in which it was told."""
    e = clock_events.c
    columns = e.clock_id, e.event, e.at, e.due_at, e.due_latest, e.warnings
    query = sa.select(*columns).where(one_of(e.clock_id, ids)).order_by(e.clock_id, e.n)
    found: dict[UUID, list[Happened]] = defaultdict(list)
    for row in tx.execute(query):
        due = row.due_at and Due(row.due_at, row.due_latest, row.warnings)
        found[row.clock_id].append(Happened(row.event, row.at, due))
    return found


def followed(kept: Kept, happened: Sequence[Happened]) -> Kept:
    """The clock as all that happened makes it."""
    return moved(kept, follow(kept.clock.definition, kept.clock.ours, happened))

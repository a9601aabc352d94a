"""The verbs of clocks: start one, tell those about something what happened, and have what rings."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.clocks.calls import call_off
from tidegate.clocks.keeping import (
    SELECT,
    Kept,
    add_event,
    course_values,
    define,
    events_of,
    followed,
    read,
)
from tidegate.clocks.model import Clock, Happened, Limit, Subject, Terms, follow
from tidegate.clocks.packs import Packs
from tidegate.clocks.queries import clock_unknown, get_clock
from tidegate.clocks.rings import acknowledge_rings
from tidegate.clocks.tables import clocks
from tidegate.clocks.waking import next_at
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append

EVERY = 60.0  # the default of `ring_seconds`: until the first sweep, which knows the setting


def start(
    tx: Tx,
    packs: Packs,
    name: str,
    *,
    subject: Subject,
    at: datetime,
    event: str,
    us: str,
    terms: Terms,
    order: UUID | None = None,
    limit: Limit | None = None,
    until: datetime | None = None,
    platform: str | None = None,
    reason: str | None = None,
) -> Clock:
    """Start a clock about a subject, of which one lives at a time. A second start is another claim of when
    it began, with its `reason`: the earliest stands. `us` is the party that we are. Raises Refusal (404)
    for a name that no pack has, ValueError for an event that does not start it."""
    definition = packs.definition(name)
    if definition.kind_of(event) != "start":
        raise ValueError(f"{event} does not start {name}")
    pack = packs.pack_of(name)
    due = packs.due(definition, at, terms, limit=limit, until=until)
    one = Happened(event, at, due)
    ours = definition.bearer_of(event) == us
    course = follow(definition, ours, [one])
    clock_id = uuid7(tx.now)
    values = {
        "id": clock_id,
        "definition": define(tx, pack, definition),
        "name": name,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "order_id": order,
        "platform": platform,
        "ours": ours,
        "zone": terms.zone,
        "calendar": terms.calendar,
        "own_limit": None if limit is None else msgspec.to_builtins(limit),
        "step": 1,
        "warnings": due.warnings,
    }
    live = insert(clocks).values(values | course_values(course)).on_conflict_do_nothing()
    if tx.execute(live.returning(clocks.c.id)).first() is None:
        (kept,) = [one for one in _about(tx, subject) if one.clock.name == name]
        if event not in kept.clock.definition.start:  # an older pack's
            return kept.clock
        due = packs.due(kept.clock.definition, at, kept.terms, limit=kept.limit, until=until)
        return _hear(tx, kept, Happened(event, at, due), reason=reason)
    add_event(tx, clock_id, 1, one, reason=reason)
    kept = _kept(tx, clock_id)
    _write(tx, kept)
    said = {"name": name, "pack": kept.clock.pack, "subject": msgspec.to_builtins(subject)}
    tell(tx, "clock.started", kept, said | {"event": event, "at": at})
    return kept.clock


def happen(
    tx: Tx,
    packs: Packs,
    event: str,
    *,
    subject: Subject,
    at: datetime,
    claimed: bool = False,
    until: datetime | None = None,
    reason: str | None = None,
) -> list[Clock]:
    """Tell the clocks about a subject what happened; those that it means something to, as they are then.
    What only somebody else claims the time of is placed at its receipt. `until` ends what it restarts.
    Raises ValueError for an event that no clock knows."""
    found = _about(tx, subject)
    known = [one for one in found if one.clock.definition.kind_of(event) not in (None, "start")]
    if not known and event not in packs.events:
        raise ValueError(f"no clock knows {event}")
    placed = tx.now if claimed else at
    told = at if claimed else None
    heard: list[Clock] = []
    for kept in known:
        definition, due = kept.clock.definition, None
        if definition.kind_of(event) == "restart":
            due = packs.due(definition, placed, kept.terms, limit=kept.limit, until=until)
        one = Happened(event, placed, due)
        heard.append(_hear(tx, kept, one, claimed_at=told, reason=reason))
    return heard


def acknowledge(tx: Tx, clock_id: UUID) -> Clock:
    """The actor has it: the clock rings no more, nor does what else is about its order, until there is
    something else to say. Raises Refusal (404)."""
    clock = get_clock(tx, clock_id)
    if clock.order is None:
        _silence(tx, clocks.c.id == clock_id)
        call_off(tx, clock_id)
        append(tx, "clock.acknowledged", {"clock": clock_id}, None, clock.platform)
    else:
        acknowledge_order(tx, clock.order)
    return get_clock(tx, clock_id)


def acknowledge_order(tx: Tx, order_id: UUID) -> None:
    """The actor has an order: neither its clocks nor its rings call anybody until there is something else to
    say."""
    _silence(tx, clocks.c.order_id == order_id)
    acknowledge_rings(tx, order_id=order_id)
    call_off(tx, order_id)
    append(tx, "order.acknowledged", {"order": order_id}, order_id)


def _silence(tx: Tx, which: sa.ColumnElement[bool]) -> None:
    """Note who has it, and look at each clock anew: what it says next is said still."""
    query = sa.select(clocks.c.id).where(which, clocks.c.live).order_by(clocks.c.id)
    ids = tx.execute(query.with_for_update()).scalars().all()
    if ids:
        heard = {"acknowledged_at": tx.now, "acknowledged_by": tx.actor}
        tx.execute(sa.update(clocks).where(clocks.c.id.in_(ids)).values(heard))
    for kept in [read(row) for row in tx.execute(SELECT.where(clocks.c.id.in_(ids)))]:
        soon = next_at(kept.clock, kept.bell, EVERY)
        tx.execute(sa.update(clocks).where(clocks.c.id == kept.clock.id).values(next_at=soon))


def _about(tx: Tx, subject: Subject) -> list[Kept]:
    """The clocks about a subject, locked: of each name the last that was started."""
    c = clocks.c
    query = SELECT.where(c.subject_id == subject.id, c.subject_kind == subject.kind)
    rows = tx.execute(query.order_by(c.id).with_for_update(of=clocks))
    return list({row.name: read(row) for row in rows}.values())


def _kept(tx: Tx, clock_id: UUID) -> Kept:
    row = tx.execute(SELECT.where(clocks.c.id == clock_id)).one_or_none()
    if row is None:
        raise clock_unknown(clock_id)
    return read(row)


def _hear(
    tx: Tx,
    kept: Kept,
    one: Happened,
    *,
    claimed_at: datetime | None = None,
    reason: str | None = None,
) -> Clock:
    """Let something have happened to a clock, which is locked. What is over hears what was before its end,
    and keeps what came too late for it; the same a second time is nothing new."""
    clock = kept.clock
    happened = events_of(tx, [clock.id])[clock.id]
    over = clock.stopped_at is not None and one.at > clock.stopped_at and clock.state != "lapsed"
    if over or any((was.event, was.at) == (one.event, one.at) for was in happened):
        return clock
    n = kept.step + 1
    add_event(tx, clock.id, n, one, claimed_at=claimed_at, reason=reason)
    after = msgspec.structs.replace(followed(kept, [*happened, one]), step=n)
    _write(tx, after)
    tell(tx, "clock.heard", after, {"event": one.event, "at": one.at})
    return after.clock


def _write(tx: Tx, kept: Kept) -> None:
    clock, bell = kept.clock, kept.bell
    names = ("state", "live", "started_at", "due_at", "due_latest", "stopped_at", "contradictory")
    values = {name: getattr(clock, name) for name in names}
    values |= msgspec.structs.asdict(bell)
    values |= {"runs": msgspec.to_builtins(clock.runs), "step": kept.step}
    values["next_at"] = next_at(clock, bell, EVERY)
    tx.execute(sa.update(clocks).where(clocks.c.id == clock.id).values(values))


def tell(tx: Tx, kind: str, kept: Kept, said: dict[str, Any]) -> None:
    """Tell the ledger what became of a clock."""
    clock = kept.clock
    append(tx, kind, record_of(kept) | said, clock.order, clock.platform)


def record_of(kept: Kept) -> dict[str, Any]:
    """What the ledger is told of a clock at each step: what its witness goes by."""
    clock = kept.clock
    return {
        "clock": clock.id,
        "step": kept.step,
        "state": clock.state,
        "due_at": clock.due_at,
        "due_latest": clock.due_latest,
        "stopped_at": clock.stopped_at,
    }

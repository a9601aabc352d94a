"""The verbs of clocks: start one, tell those about something what happened, and have what rings."""

from collections.abc import Sequence
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
    begun,
    define,
    event_row,
    events_of,
    followed,
    read,
    row_of,
)
from tidegate.clocks.model import Clock, Happened, Limit, Subject, Terms
from tidegate.clocks.packs import Packs
from tidegate.clocks.queries import get_clock
from tidegate.clocks.rings import acknowledge_rings
from tidegate.clocks.tables import clock_events, clocks
from tidegate.clocks.waking import next_at
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append, append_many
from tidegate.ledger.model import NewEntry

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
    (clock,) = start_each(
        tx,
        packs,
        name,
        subjects=[subject],
        at=at,
        event=event,
        us=us,
        terms=terms,
        order=order,
        limit=limit,
        until=until,
        platform=platform,
        reason=reason,
    )
    return clock


def start_each(
    tx: Tx,
    packs: Packs,
    name: str,
    *,
    subjects: Sequence[Subject],
    at: datetime,
    event: str,
    us: str,
    terms: Terms,
    order: UUID | None = None,
    limit: Limit | None = None,
    until: datetime | None = None,
    platform: str | None = None,
    reason: str | None = None,
) -> list[Clock]:
    """The same about each of several subjects, all different, at once."""
    definition = packs.definition(name)
    if definition.kind_of(event) != "start":
        raise ValueError(f"{event} does not start {name}")
    pack = packs.pack_of(name)
    due = packs.due(definition, at, terms, limit=limit, until=until)
    one = Happened(event, at, due)
    new = [
        begun(
            uuid7(tx.now),
            pack,
            definition,
            one,
            subject=subject,
            ours=definition.bearer_of(event) == us,
            terms=terms,
            limit=limit,
            order=order,
            platform=platform,
        )
        for subject in subjects
    ]
    written = _insert(tx, define(tx, pack, definition), new)
    begins = [kept for kept in new if kept.clock.id in written]
    _note_starts(tx, begins, one, reason)
    return [
        kept.clock
        if kept.clock.id in written
        else _claim_again(tx, packs, kept.clock, one, until=until, reason=reason)
        for kept in new
    ]


def _insert(tx: Tx, digest: bytes, new: Sequence[Kept]) -> set[UUID]:
    """Write the rows of clocks that begin; which were: one about the same may live."""
    rows = [row_of(kept) | {"definition": digest} for kept in new]
    for row, kept in zip(rows, new, strict=True):
        row["next_at"] = next_at(kept.clock, kept.bell, EVERY)
    live = insert(clocks).on_conflict_do_nothing().returning(clocks.c.id)
    return set(tx.execute(live, rows).scalars()) if rows else set()


def _note_starts(tx: Tx, begins: Sequence[Kept], one: Happened, reason: str | None) -> None:
    """Write down how clocks began, and tell the ledger."""
    if not begins:
        return
    rows = [event_row(tx, kept.clock.id, 1, one) | {"reason": reason} for kept in begins]
    tx.execute(sa.insert(clock_events), rows)
    told: list[NewEntry] = []
    for kept in begins:
        clock = kept.clock
        said = {"name": clock.name, "pack": clock.pack}
        said |= {"subject": msgspec.to_builtins(clock.subject), "event": one.event, "at": one.at}
        record = record_of(kept) | said
        told.append(NewEntry("clock.started", record, clock.order, clock.platform))
    append_many(tx, told)


def _claim_again(
    tx: Tx,
    packs: Packs,
    new: Clock,
    one: Happened,
    *,
    until: datetime | None,
    reason: str | None,
) -> Clock:
    """Another claim of when the clock began that lives in place of the new one."""
    (kept,) = [found for found in _about(tx, new.subject) if found.clock.name == new.name]
    if one.event not in kept.clock.definition.start:  # an older pack's
        return kept.clock
    definition = kept.clock.definition
    due = packs.due(definition, one.at, kept.terms, limit=kept.limit, until=until)
    return _hear(tx, kept, Happened(one.event, one.at, due), reason=reason)


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
    taken_up(tx, order_id)
    append(tx, "order.acknowledged", {"order": order_id}, order_id)


def taken_up(tx: Tx, order_id: UUID) -> None:
    """The actor does something about an order, so that its arrival rings no more. What its clocks have to say
    they say still."""
    acknowledge_rings(tx, order_id=order_id)
    call_off(tx, order_id)


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

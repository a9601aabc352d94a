"""The verbs of clocks: start one, tell those about something what happened, and have what rings."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.clocks.calls import call_off
from tidegate.clocks.keeping import (
    SELECT,
    Kept,
    begun,
    define,
    event_row,
    events_of,
    followed,
    read,
    row_of,
    write,
)
from tidegate.clocks.model import Clock, Happened, Limit, Subject, Terms
from tidegate.clocks.packs import Packs
from tidegate.clocks.queries import get_clock
from tidegate.clocks.rings import acknowledge_rings
from tidegate.clocks.tables import clock_events, clocks
from tidegate.clocks.waking import next_at
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append, append_many
from tidegate.ledger.model import NewEntry

EVERY = 60.0  # the default of `ring_seconds`: until the first sweep, which knows the setting
_NEXT = (
    sa.update(clocks)
    .where(clocks.c.id == sa.bindparam("which"))
    .values(next_at=sa.bindparam("soon"))
)


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
    lived = [kept.clock for kept in new if kept.clock.id not in written]
    again = _claim_again(tx, packs, lived, one, until=until, reason=reason)
    return [kept.clock if kept.clock.id in written else again[kept.clock.subject] for kept in new]


def _insert(tx: Tx, digest: bytes, new: Sequence[Kept]) -> set[UUID]:
    """Write the rows of clocks that begin; which were: one about the same may live."""
    rows = [row_of(kept) | {"definition": f"\\x{digest.hex()}"} for kept in new]
    for row, kept in zip(rows, new, strict=True):
        row["next_at"] = next_at(kept.clock, kept.bell, EVERY)
    given = {"rows": msgspec.json.encode(rows).decode()}
    return set(tx.execute(_begin(tuple(rows[0])), given).scalars()) if rows else set()


@lru_cache(maxsize=1)
def _begin(columns: tuple[str, ...]) -> sa.TextClause:
    """All rows are one parameter: a thousand of them, with one for each value, take the driver longer to write
    than the database to keep."""
    names = ", ".join(columns)
    return sa.text(
        f"INSERT INTO clocks ({names}) SELECT {names}"  # noqa: S608
        " FROM jsonb_populate_recordset(CAST(NULL AS clocks), CAST(:rows AS jsonb))"
        " ON CONFLICT DO NOTHING RETURNING id"
    )


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
    new: Sequence[Clock],
    one: Happened,
    *,
    until: datetime | None,
    reason: str | None,
) -> dict[Subject, Clock]:
    """Another claim of when clocks began that live in place of the new ones; by their subjects."""
    names = {clock.subject: clock.name for clock in new}
    found: dict[Subject, Clock] = {}
    told: list[_Told] = []
    for kept in _about(tx, list(names)):
        clock = kept.clock
        if clock.name != names[clock.subject]:
            continue
        found[clock.subject] = clock
        if one.event in clock.definition.start:  # else an older pack's
            due = packs.due(clock.definition, one.at, kept.terms, limit=kept.limit, until=until)
            told.append(_Told(kept, Happened(one.event, one.at, due)))
    heard = {clock.subject: clock for clock in _hear(tx, told, reason)}
    return found | heard


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
    moments = {subject: at}
    return happen_each(tx, packs, event, moments, claimed=claimed, until=until, reason=reason)


def happen_each(
    tx: Tx,
    packs: Packs,
    event: str,
    moments: Mapping[Subject, datetime],
    *,
    claimed: bool = False,
    until: datetime | None = None,
    reason: str | None = None,
) -> list[Clock]:
    """The same about each of several subjects, at once: `moments` says when it happened to each."""
    found = _about(tx, list(moments))
    known = [one for one in found if one.clock.definition.kind_of(event) not in (None, "start")]
    if not known and event not in packs.events:
        raise ValueError(f"no clock knows {event}")
    told: list[_Told] = []
    for kept in known:
        definition, due = kept.clock.definition, None
        at = moments[kept.clock.subject]
        placed = tx.now if claimed else at
        if definition.kind_of(event) == "restart":
            due = packs.due(definition, placed, kept.terms, limit=kept.limit, until=until)
        told.append(_Told(kept, Happened(event, placed, due), at if claimed else None))
    return _hear(tx, told, reason)


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
        tx.execute(sa.update(clocks).where(one_of(clocks.c.id, ids)).values(heard))
    anew = [read(row) for row in tx.execute(SELECT.where(one_of(clocks.c.id, ids)))]
    soon = [
        {"which": kept.clock.id, "soon": next_at(kept.clock, kept.bell, EVERY)} for kept in anew
    ]
    if soon:
        tx.execute(_NEXT, soon)


def _about(tx: Tx, subjects: Collection[Subject]) -> list[Kept]:
    """The clocks about these subjects, locked: of each name the last that was started."""
    c, wanted = clocks.c, set(subjects)
    ids, kinds = [one.id for one in wanted], {one.kind for one in wanted}
    query = SELECT.where(one_of(c.subject_id, ids), one_of(c.subject_kind, sorted(kinds)))
    rows = tx.execute(query.order_by(c.id).with_for_update(of=clocks)) if wanted else ()
    found = [read(row) for row in rows]
    last = {(one.clock.subject, one.clock.name): one for one in found}
    return [one for (subject, _), one in last.items() if subject in wanted]


class _Told(msgspec.Struct, frozen=True):
    """What happened to a clock, which is locked, and when somebody else claims that it did."""

    kept: Kept
    one: Happened
    claimed_at: datetime | None = None


def _hear(tx: Tx, told: Sequence[_Told], reason: str | None) -> list[Clock]:
    """Let something have happened to each of these clocks, all different. What is over hears what was before
    its end, and keeps what came too late for it; the same a second time is nothing new."""
    happened = events_of(tx, [one.kept.clock.id for one in told]) if told else {}
    clocks_now: list[Clock] = []
    moved: list[tuple[Kept, datetime | None]] = []
    events: list[dict[str, Any]] = []
    entries: list[NewEntry] = []
    for kept, one, claimed_at in ((each.kept, each.one, each.claimed_at) for each in told):
        clock, before = kept.clock, happened[kept.clock.id]
        over = clock.stopped_at is not None and one.at > clock.stopped_at
        known = any((was.event, was.at) == (one.event, one.at) for was in before)
        if known or (over and clock.state != "lapsed"):
            clocks_now.append(clock)
            continue
        n = kept.step + 1
        said = {"claimed_at": claimed_at, "reason": reason}
        events.append(event_row(tx, clock.id, n, one) | said)
        after = msgspec.structs.replace(followed(kept, [*before, one]), step=n)
        moved.append((after, next_at(after.clock, after.bell, EVERY)))
        record = record_of(after) | {"event": one.event, "at": one.at}
        entries.append(NewEntry("clock.heard", record, clock.order, clock.platform))
        clocks_now.append(after.clock)
    if events:
        tx.execute(sa.insert(clock_events), events)
        write(tx, moved)
        append_many(tx, entries)
    return clocks_now


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

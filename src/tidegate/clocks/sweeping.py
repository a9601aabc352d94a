"""The sweep: clocks whose time has come say so. All that it knows is in the database: what a process that
died had in hand is found by the next one.
"""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from tidegate.clocks.actions import record_of
from tidegate.clocks.keeping import (
    SELECT,
    Kept,
    event_row,
    events_of,
    followed,
    read,
    ringing,
    write,
)
from tidegate.clocks.model import EXPIRED, Clock, Happened
from tidegate.clocks.tables import clock_events, clocks
from tidegate.clocks.waking import Type, is_over, next_at, speak, step_of
from tidegate.infra.db import Tx
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import NewEntry

_TICK = timedelta(milliseconds=1)


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """What a clock says. `calls`: people are called, and so many beyond the first as `step` says."""

    type: Type
    clock: Clock
    first: bool
    calls: bool
    step: int


def sweep(tx: Tx, limit: int, *, seconds: float = 60.0, minutes: float = 10.0) -> list[Rung]:
    """Note and tell what is due, at most of so many clocks, those first that have waited longest: warnings,
    ends, and what rings still, again after `seconds` or more and to one more person each so many
    `minutes`. What another process has in hand is left to it. Fewer than `limit` may say something."""
    rows = tx.execute(
        SELECT.where(clocks.c.next_at <= tx.now)
        .order_by(clocks.c.next_at)
        .limit(limit)
        .with_for_update(of=clocks, skip_locked=True)
    )
    due = [read(row) for row in rows]
    over = {one.clock.id for one in due if is_over(one.clock, tx.now)}
    happened = events_of(tx, list(over)) if over else {}
    batch = _Batch(tx, seconds, minutes)
    for kept in due:
        if kept.clock.id in over:
            batch.end(kept, happened[kept.clock.id])
        else:
            batch.say(kept, kept)
    batch.write()
    return batch.rungs


class _Batch:
    def __init__(self, tx: Tx, seconds: float, minutes: float) -> None:
        self.tx, self.seconds, self.minutes = tx, seconds, minutes
        self.rungs: list[Rung] = []
        self.events: list[dict[str, Any]] = []
        self.moved: list[tuple[Kept, datetime | None]] = []
        self.told: list[NewEntry] = []

    def end(self, kept: Kept, happened: list[Happened]) -> None:
        """Note that a run's time is over."""
        n = kept.step + 1
        one = Happened(EXPIRED, kept.clock.ends_at)
        after = msgspec.structs.replace(followed(kept, [*happened, one]), step=n)
        self.events.append(event_row(self.tx, kept.clock.id, n, one))
        self._tell("clock.expired", after, record_of(after) | {"event": EXPIRED, "at": one.at})
        self.say(kept, after)

    def say(self, before: Kept, kept: Kept) -> None:
        clock, now = kept.clock, self.tx.now
        word, bell = speak(before.clock.state, clock, kept.bell, now)
        clock = ringing(clock, bell)
        if word is not None:
            since = bell.ringing_since or now
            step = step_of(since, now, self.minutes)
            self.rungs.append(
                Rung(type=word.type, clock=clock, first=word.first, calls=word.calls, step=step)
            )
            if word.first and word.type == "clock.warning":
                said = {"clock": clock.id, "warned": bell.warned, "ends_at": clock.ends_at}
                self._tell("clock.warned", kept, said)
        now_kept = msgspec.structs.replace(kept, clock=clock, bell=bell)
        self.moved.append((now_kept, _later(next_at(clock, bell, self.seconds), now)))

    def _tell(self, kind: str, kept: Kept, record: dict[str, Any]) -> None:
        self.told.append(NewEntry(kind, record, kept.clock.order, kept.clock.platform))

    def write(self) -> None:
        if self.events:
            self.tx.execute(sa.insert(clock_events), self.events)
        write(self.tx, self.moved)
        append_many(self.tx, self.told)


def _later(moment: datetime | None, now: datetime) -> datetime | None:
    """Not at this very moment again: a sweep takes each clock once."""
    return moment if moment is None or moment > now else now + _TICK

"""When a clock has something to say, and to whom: warnings, its end, and the ring until somebody has it.
Pure.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from tidegate.clocks.model import Clock, State

WARNING, EXPIRED = "clock.warning", "clock.expired"
Type = Literal["clock.warning", "clock.expired"]
SLOWNESS = 30  # while so many times that is left, it rings again


class Bell(Struct, frozen=True, kw_only=True):
    """What a clock has still to say in its run, and what it said."""

    warnings: list[datetime]
    warned: list[datetime]
    ringing_since: datetime | None
    rung_at: datetime | None
    acknowledged_at: datetime | None

    @property
    def rings(self) -> bool:
        """Whether it calls people, of whom nobody has it."""
        return self.ringing_since is not None and self.acknowledged_at is None


class Word(Struct, frozen=True):
    """What there is to say now. `calls`: people are called, until one of them has it."""

    type: Type
    first: bool
    calls: bool


def pause(clock: Clock, at: datetime, seconds: float) -> timedelta:
    """For how long it is silent between two rings: the more time there is, the longer, and never less than
    the setting."""
    left = clock.ends_at - at
    return max(timedelta(seconds=seconds), left / SLOWNESS)


def left_to_warn(clock: Clock, bell: Bell) -> list[datetime]:
    """The warnings that were not given yet, the first first: of duties of ours alone."""
    if not clock.ours or clock.state != "running":
        return []
    return [one for one in bell.warnings if one not in bell.warned]


def next_at(clock: Clock, bell: Bell, seconds: float) -> datetime | None:
    """When there is something to say or to note; None: not before something happens."""
    found = left_to_warn(clock, bell)[:1]
    if clock.state == "running":
        found.append(clock.ends_at)
    if bell.rings and bell.rung_at:
        found.append(bell.rung_at + pause(clock, bell.rung_at, seconds))
    return min(found, default=None)


def is_over(clock: Clock, now: datetime) -> bool:
    """Whether its time is over, which is not noted yet."""
    return clock.state == "running" and now >= clock.ends_at


def speak(before: State, clock: Clock, bell: Bell, now: datetime) -> tuple[Word | None, Bell]:
    """What a clock, which was in the state `before` until its end was noted, says now; and its bell after
    that. Of several warnings that are due at once it gives the last; its end goes before all."""
    given = [one for one in bell.warnings if one <= now and one not in bell.warned]
    warned = sorted({*bell.warned, *given}) if clock.ours else bell.warned
    bell = msgspec.structs.replace(bell, warned=warned)
    if before == "running" != clock.state:
        on = clock.ours and clock.live and clock.definition.on_expiry == "missed"
        return Word(EXPIRED, True, on), _rings(bell, now, on)
    if clock.ours and given and clock.state == "running":
        return Word(WARNING, True, True), _rings(bell, now, True)
    if not bell.rings:
        return None, bell
    type: Type = EXPIRED if clock.state == "missed" else WARNING
    return Word(type, False, True), msgspec.structs.replace(bell, rung_at=now)


def _rings(bell: Bell, now: datetime, on: bool) -> Bell:
    """It rings, whoever had it before: what they had was something else. Who is called goes on from where
    it was."""
    since = (bell.ringing_since if bell.acknowledged_at is None else None) or now
    return msgspec.structs.replace(
        bell,
        ringing_since=since if on else None,
        rung_at=now,
        acknowledged_at=None,
    )


def quiet(bell: Bell, warnings: Sequence[datetime]) -> Bell:
    """A bell that says nothing before these warnings."""
    return msgspec.structs.replace(
        bell, warnings=list(warnings), ringing_since=None, acknowledged_at=None
    )


def step_of(since: datetime, now: datetime, minutes: float) -> int:
    """How many people beyond the first are called: one more each time so many minutes are over."""
    return int((now - since) / timedelta(minutes=minutes))


def minutes_left(clock: Clock, now: datetime) -> int:
    """Until its end, in whole minutes; below nothing once it is over."""
    return round((clock.ends_at - now) / timedelta(minutes=1))

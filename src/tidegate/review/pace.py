"""How fast a person goes through hard cases, and when they are offered a break. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

HARD = 4
"""Cases of this severity or more are hard."""
EXEMPT = 1
"""Cases of this band or before it are given in their order, however hard they are."""


class Candidate(msgspec.Struct, frozen=True):
    """A case that waits and may be given."""

    id: UUID
    band: int
    severity: int

    @property
    def hard(self) -> bool:
        return self.severity >= HARD


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation has set of breaks and of hard cases in a row."""

    hard_in_a_row: int
    exposure: timedelta
    work: timedelta
    rest: timedelta
    firm: bool


class Stint(msgspec.Struct, frozen=True, kw_only=True):
    """A person's work since their last break. `passed` are the cases that they gave back untouched."""

    began_at: datetime
    last_at: datetime
    revealed_seconds: float = 0.0
    hard_in_a_row: int = 0
    passed: Sequence[UUID] = ()
    later_at: datetime | None = None


def wants_easier(first: Candidate, hard_in_a_row: int, limit: int) -> bool:
    """Whether an easier case, of the same or the next band, goes before this one."""
    return first.band > EXEMPT and first.hard and hard_in_a_row >= limit


def choose(candidates: Sequence[Candidate], hard_in_a_row: int, limit: int) -> Candidate | None:
    """The case to give, of those that wait in their order (band by band), to somebody who had so many
    hard ones in a row: after `limit` of them an easier one of the same or the next band, if one waits."""
    first = next(iter(candidates), None)
    if first is None or not wants_easier(first, hard_in_a_row, limit):
        return first
    near = (one for one in candidates if one.band <= first.band + 1)
    return next((one for one in near if not one.hard), first)


def rested(stint: Stint, now: datetime, pace: Pace) -> bool:
    """Whether the person was away for as long as a break lasts: the next stint begins."""
    return now - stint.last_at >= pace.rest


def break_due(stint: Stint, now: datetime, pace: Pace) -> Literal["exposure", "work"] | None:
    """Why the person is offered a break, if they are. One that was put off is offered again after as
    long as a break lasts, unless breaks are firm."""
    if stint.later_at is not None and not pace.firm and now - stint.later_at < pace.rest:
        return None
    if stint.revealed_seconds >= pace.exposure.total_seconds():
        return "exposure"
    return "work" if stint.last_at - stint.began_at >= pace.work else None

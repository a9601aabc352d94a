"""Clocks and rings as the API answers them."""

from datetime import datetime
from typing import Any, Literal

import msgspec


class ClockRun(msgspec.Struct, frozen=True, kw_only=True):
    """One period of a clock, with what started and ended it."""

    started_at: datetime
    start_event: str
    due_at: datetime
    due_latest: datetime
    ended_at: datetime | None = None
    end_event: str | None = None
    missed: bool = False


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be done by when. `bearer` has the duty; `due_at` is the plain reading of its end, before
    `due_latest` nobody else is called late."""

    id: str
    name: str
    law: str
    article: str
    pack: str
    subject: dict[str, str]
    order: str | None
    bearer: Literal["us", "them"]
    state: str
    safe: str
    by: str
    started_at: datetime
    due_at: datetime
    due_latest: datetime
    stopped_at: datetime | None
    runs: list[ClockRun]
    warned: list[datetime]
    contradictory: bool
    ringing: bool
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    remaining_s: int | None
    note: str | None = None


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is told again and again until somebody has it."""

    id: str
    type: str
    data: dict[str, Any]
    order_id: str | None
    since: datetime
    rung: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None

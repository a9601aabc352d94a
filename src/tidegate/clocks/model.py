"""Clocks: what they are called, and the machine that follows one through its events. Pure.

A clock is a fold over its events in the order of their times: one that is told late finds its place.
How long a period is was settled when its start was heard (`periods`), and stays so.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

State = Literal["running", "suspended", "met", "missed", "lapsed", "void"]
STATES: tuple[State, ...] = get_args(State)
Kind = Literal["start", "stop", "suspend", "restart", "void", "expired"]
EXPIRED = "expired"  # the event of a run whose time is over; no definition names it
_KINDS: tuple[Kind, ...] = ("start", "stop", "suspend", "restart", "void")
_LIMITS = ("hours", "days", "weeks", "months", "working_days", "before", "service_level")
_Count = Annotated[int, Meta(ge=1, le=10_000)]
Event = Annotated[str, Meta(pattern=r"^[a-z_]+(\.[a-z_]+)*$")]


class Limit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """How long a period is: one of these, `calendar` beside working days. `service_level` is a figure that
    the organisation chose where the law has none."""

    hours: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    days: _Count | None = None
    weeks: Annotated[int, Meta(ge=1, le=2_000)] | None = None
    months: Annotated[int, Meta(ge=1, le=1_200)] | None = None
    working_days: Annotated[int, Meta(ge=1, le=1_000)] | None = None
    calendar: Annotated[str, Meta(pattern="^[a-z]{2}$")] | None = None
    before: Annotated[str, Meta(pattern=r"^\d\d-\d\d$")] | None = None
    service_level: timedelta | None = None

    def __post_init__(self) -> None:
        # What is raised reads on from "expected".
        if sum(getattr(self, name) is not None for name in _LIMITS) != 1:
            raise ValueError(f"one of {', '.join(_LIMITS)}")
        if self.calendar is not None and self.working_days is None:
            raise ValueError("a calendar beside working_days alone")
        if self.service_level is not None and not timedelta(0) < self.service_level:
            raise ValueError("a service level longer than nothing")
        try:
            date.fromisoformat(f"2023-{self.before or '01-01'}")
        except ValueError:
            raise ValueError("a day that each year has, as in 03-01") from None


class Definition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A clock as a pack defines it.

    `bearer` has the duty: a party, or one for each event that starts it. Where `safe` is "late" acting early
    is the harm, and what is to happen at the end waits for the generous reading. `on_expiry`: the duty is
    `missed`, or missed and only `counted`, or what there was to do or wait for has `lapsed`. `then` is
    the limit of the periods that follow the first; `agreed`: the two sides agreed on it, and no law has it. People
    read `title`, and `note` beside it.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z]+\.[a-z0-9_]+$")]
    title: Annotated[str, Meta(max_length=200)] = ""
    article: Annotated[str, Meta(min_length=1, max_length=200)]
    bearer: str | dict[Event, str]
    start: list[Event]
    limit: Limit
    stop: list[Event] = []
    suspend: list[Event] = []
    restart: list[Event] = []
    void: list[Event] = []
    safe: Literal["early", "late"] = "early"
    warnings: list[Annotated[str, Meta(pattern="^(start|end|[1-9][0-9]{0,3}(m|h|d|wd))$")]] = []
    on_expiry: Literal["missed", "counted", "lapsed"] = "missed"
    then: Limit | None = None
    agreed: bool = False
    note: Annotated[str, Meta(max_length=500)] | None = None

    def __post_init__(self) -> None:
        named = [*self.start, *self.stop, *self.suspend, *self.restart, *self.void]
        if not self.start or len({*named, EXPIRED}) != len(named) + 1:
            raise ValueError(f"{self.name}: a start, and each event once, {EXPIRED!r} not at all")
        if isinstance(self.bearer, dict) and set(self.bearer) != set(self.start):
            raise ValueError(f"{self.name}: a bearer for each start")

    @property
    def events(self) -> list[str]:
        return [*self.start, *self.stop, *self.suspend, *self.restart, *self.void]

    def kind_of(self, event: str) -> Kind | None:
        """What an event is to this clock; None: nothing."""
        if event == EXPIRED:
            return "expired"
        return next((kind for kind in _KINDS if event in getattr(self, kind)), None)

    def bearer_of(self, event: str) -> str:
        """Whose duty begins with that start."""
        return self.bearer if isinstance(self.bearer, str) else self.bearer[event]


class Terms(Struct, frozen=True):
    """By which days and whose midnight a period is counted; without a calendar, weekends alone are free."""

    zone: str
    calendar: str | None = None


class Subject(Struct, frozen=True):
    """What a clock is about: `order_item` "ORDER/n", `order`, `hold`, `referral`, `scrutiny`, …"""

    kind: str
    id: str


class Due(Struct, frozen=True):
    """The end of a period in its two readings (the plain one, and the first instant after the period as
    Regulation 1182/71 counts it), and when to warn of it."""

    due_at: datetime
    due_latest: datetime
    warnings: list[datetime] = []


class Happened(Struct, frozen=True):
    """An event at its place in time; what starts a period says until when that is."""

    event: str
    at: datetime
    due: Due | None = None


class Run(Struct, frozen=True, kw_only=True):
    """One period, from what started it to what ended it."""

    started_at: datetime
    start_event: str
    due_at: datetime
    due_latest: datetime
    ended_at: datetime | None = None
    end_event: str | None = None
    missed: bool = False


class Course(Struct, frozen=True, kw_only=True):
    """What a clock's events make of it. It is `live` while there is something to do or to wait for: a missed
    duty is one still. `due` is that of the last run."""

    state: State
    live: bool
    due: Due
    runs: list[Run]
    stopped_at: datetime | None
    contradictory: bool


class Clock(Struct, frozen=True, kw_only=True):
    """A clock as it stands. `ours`: the duty is ours, or another's and we watch it."""

    id: UUID
    name: str
    law: str
    pack: str
    definition: Definition
    subject: Subject
    order: UUID | None
    platform: str | None
    ours: bool
    state: State
    live: bool
    started_at: datetime
    due_at: datetime
    due_latest: datetime
    stopped_at: datetime | None
    runs: list[Run]
    warned: list[datetime]
    contradictory: bool
    ringing: bool
    acknowledged_at: datetime | None
    acknowledged_by: str | None

    @property
    def safe(self) -> Literal["early", "late"]:
        return self.definition.safe

    @property
    def ends_at(self) -> datetime:
        """When its time is over, by the reading that counts here."""
        return ends_at(self.definition, self.ours, Due(self.due_at, self.due_latest))


def ends_at(definition: Definition, ours: bool, due: Due) -> datetime:
    """When a period is over: for a duty of ours by the plain reading; for others, whom nobody calls late too
    early, and where acting early is the harm, by the generous one."""
    return due.due_at if ours and definition.safe == "early" else due.due_latest


def follow(definition: Definition, ours: bool, happened: Iterable[Happened]) -> Course:
    """The course of a clock whose events are these, told in this order. Of those of one time the one that
    was told first comes first; at least one starts it."""
    walk = _Walk(definition, ours)
    for one in sorted(happened, key=lambda one: one.at):
        walk.step(one)
    return walk.course()


class _Walk:
    def __init__(self, definition: Definition, ours: bool) -> None:
        self.definition = definition
        self.ours = ours
        self.runs: list[Run] = []
        self.due: Due | None = None
        self.ended: State | None = None
        self.suspended = False
        self.stopped_at: datetime | None = None
        self.contradictory = False

    def step(self, one: Happened) -> None:
        kind = self.definition.kind_of(one.event)
        if self.due is None:
            if kind == "start":
                self._run(one)
            elif kind != "expired":
                self.contradictory = True
            return
        if self.ended is None and not self.suspended:
            self._pass(self.due, one)
        if self.ended is not None:
            return
        if kind == "stop":
            late = any(run.missed for run in self.runs)
            self._end("missed" if late else "met", one)
        elif kind == "void":
            self._end("void", one)
        elif kind == "suspend" and not self.suspended:
            self._close(one.at, one.event)
            self.suspended = True
        elif kind == "restart" and (self.suspended or not self.definition.suspend):
            self._close(one.at, one.event)
            self._run(one)

    def _run(self, one: Happened) -> None:
        assert one.due is not None
        self.due = one.due
        self.suspended = False
        self.runs.append(
            Run(
                started_at=one.at,
                start_event=one.event,
                due_at=one.due.due_at,
                due_latest=one.due.due_latest,
            )
        )

    def _pass(self, due: Due, one: Happened) -> None:
        """Time has come to this event: was the run over before it? What is done at its very end is in
        time."""
        end = ends_at(self.definition, self.ours, due)
        if not (one.at >= end if one.event == EXPIRED else one.at > end):
            return
        if self.definition.on_expiry == "lapsed":
            self._end("lapsed", Happened(EXPIRED, end))
        else:
            self.runs[-1] = msgspec.structs.replace(self.runs[-1], missed=True)

    def _close(self, at: datetime, event: str) -> None:
        last = self.runs[-1]
        if last.ended_at is None:
            self.runs[-1] = msgspec.structs.replace(last, ended_at=at, end_event=event)

    def _end(self, state: State, one: Happened) -> None:
        self._close(one.at, one.event)
        self.ended, self.stopped_at, self.suspended = state, one.at, False

    def course(self) -> Course:
        assert self.due is not None
        running: State = "missed" if self.runs[-1].missed else "running"
        return Course(
            state=self.ended or ("suspended" if self.suspended else running),
            live=self.ended is None,
            due=self.due,
            runs=self.runs,
            stopped_at=self.stopped_at,
            contradictory=self.contradictory,
        )

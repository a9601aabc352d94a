"""A clock as it is shown outside: in the API and in messages. Pure."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from tidegate.clocks.model import Clock, State, Subject
from tidegate.infra.times import utc_text


class RunView(Struct, frozen=True, kw_only=True):
    """One period; times are in UTC, with microseconds."""

    started_at: str
    start_event: str
    due_at: str
    due_latest: str
    ended_at: str | None
    end_event: str | None
    missed: bool


class ClockView(Struct, frozen=True, kw_only=True):
    """A clock. `bearer` has the duty. It is `missed`, and goes on, after the end that counts: of duties of ours
    `due_at`, else `due_latest`, of which `remaining_s` tells while it runs."""

    id: UUID
    name: str
    law: str
    article: str
    pack: str
    subject: Subject
    order: UUID | None
    bearer: Literal["us", "them"]
    state: State
    safe: Literal["early", "late"]
    ours_not_law: bool
    started_at: str
    due_at: str
    due_latest: str
    stopped_at: str | None
    runs: list[RunView]
    warned: list[str]
    contradictory: bool
    remaining_s: int | None
    acknowledged_at: str | None
    acknowledged_by: str | None
    note: str | None


def clock_view(clock: Clock, now: datetime) -> ClockView:
    """What is shown of a clock at that moment."""
    definition = clock.definition
    counts = clock.live and clock.state != "suspended"
    return ClockView(
        id=clock.id,
        name=clock.name,
        law=clock.law,
        article=definition.article,
        pack=clock.pack,
        subject=clock.subject,
        order=clock.order,
        bearer="us" if clock.ours else "them",
        state=clock.state,
        safe=clock.safe,
        ours_not_law=definition.limit.service_level is not None,
        started_at=utc_text(clock.started_at),
        due_at=utc_text(clock.due_at),
        due_latest=utc_text(clock.due_latest),
        stopped_at=_text(clock.stopped_at),
        runs=[
            RunView(
                started_at=utc_text(run.started_at),
                start_event=run.start_event,
                due_at=utc_text(run.due_at),
                due_latest=utc_text(run.due_latest),
                ended_at=_text(run.ended_at),
                end_event=run.end_event,
                missed=run.missed,
            )
            for run in clock.runs
        ],
        warned=[utc_text(one) for one in clock.warned],
        contradictory=clock.contradictory,
        remaining_s=int((clock.ends_at - now).total_seconds()) if counts else None,
        acknowledged_at=_text(clock.acknowledged_at),
        acknowledged_by=clock.acknowledged_by,
        note=definition.note,
    )


def _text(moment: datetime | None) -> str | None:
    return moment and utc_text(moment)


def said(clock: Clock, now: datetime) -> dict[str, Any]:
    """The same as plain data, for messages."""
    import msgspec

    return msgspec.to_builtins(clock_view(clock, now))

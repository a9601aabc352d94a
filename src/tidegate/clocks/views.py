"""A clock as it is shown outside: in the API and in messages. Pure."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from tidegate.clocks.model import Clock, Definition, Run, State, Subject

By = Literal["law", "service_level", "agreed"]


class ClockView(Struct, frozen=True, kw_only=True):
    """A clock. `bearer` has the duty. It is `missed`, and goes on, after the end that counts: of duties of ours
    `due_at`, else `due_latest`; until that it has `remaining_s`. `by` says whose figure the limit is; `title` is
    what people call it, where its pack says that."""

    id: UUID
    name: str
    title: str
    law: str
    article: str
    pack: str
    subject: Subject
    order: UUID | None
    bearer: Literal["us", "them"]
    state: State
    safe: Literal["early", "late"]
    by: By
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
    remaining_s: int | None
    note: str | None


def clock_view(clock: Clock, now: datetime) -> ClockView:
    """What is shown of a clock at that moment; `infra.times.told` writes its times in full."""
    definition = clock.definition
    runs = clock.live and clock.state != "suspended"
    return ClockView(
        id=clock.id,
        name=clock.name,
        title=definition.title,
        law=clock.law,
        article=definition.article,
        pack=clock.pack,
        subject=clock.subject,
        order=clock.order,
        bearer="us" if clock.ours else "them",
        state=clock.state,
        safe=clock.safe,
        by=_by(definition),
        started_at=clock.started_at,
        due_at=clock.due_at,
        due_latest=clock.due_latest,
        stopped_at=clock.stopped_at,
        runs=clock.runs,
        warned=clock.warned,
        contradictory=clock.contradictory,
        ringing=clock.ringing,
        acknowledged_at=clock.acknowledged_at,
        acknowledged_by=clock.acknowledged_by,
        remaining_s=int((clock.ends_at - now).total_seconds()) if runs else None,
        note=definition.note,
    )


def _by(definition: Definition) -> By:
    if definition.agreed:
        return "agreed"
    return "law" if definition.limit.service_level is None else "service_level"

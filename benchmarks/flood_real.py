"""The same desk in a real instance, on a simulated clock: for `benchmarks.flood`, at a smaller size.

Tips go in as reports, people take the first case of the list and decide it with all that waits in it, and the
worker's duties run in between; PostgreSQL, intake and all else is the program's. So it can be seen that the
simulated desk orders as the program does.
"""

import heapq
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from benchmarks.flood_queue import Tip, Waits
from tidegate.infra.clock import FakeClock
from tidegate.infra.postgres import EmbeddedPostgres
from tidegate.infra.settings import Settings
from tidegate.intake.model import ReportIn
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.learning import learn_outcomes, learn_urgency
from tidegate.pipeline.ranking import rank_waiting
from tidegate.pipeline.report import submit_report
from tidegate.pipeline.together import decide_together
from tidegate.review.listing import list_cases
from tidegate.review.model import CaseDecisionIn

PERSON, PLATFORM = "user:somebody@example.org", "default"
URGENT = CaseDecisionIn(
    outcome="restrict", label="propaganda", reason="Somebody must act on it.", members="all"
)
CALM = CaseDecisionIn(outcome="pass", reason="Nobody needs to act on it.", members="all")


class _Answer(msgspec.Struct, frozen=True):
    case: str


def work(tips: Sequence[Tip], people: int, look: timedelta) -> Waits:
    """How long each tip waits, in an instance of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        url = server.start()
        try:
            settings = Settings(data_dir=Path(folder), media_workers=1)
            with opened(settings, url, FakeClock(tips[0].at)) as instance:
                return _work(instance, tips, people, look)
        finally:
            server.release()
            server.remove()


def _work(instance: Instance, tips: Sequence[Tip], people: int, look: timedelta) -> Waits:
    waiting: dict[str, list[int]] = {}
    waits: Waits = [timedelta()] * len(tips)
    free = [tips[0].at] * people
    number, now = 0, tips[0].at
    while number < len(tips) or waiting:
        now = max(now, heapq.heappop(free))
        if not waiting and tips[number].at > now:
            now = tips[number].at
        while number < len(tips) and tips[number].at <= now:
            waiting.setdefault(_tell(instance, number, tips[number]), []).append(number)
            number += 1
        _turn(instance, now)
        _duties(instance)
        with instance.database.begin(PERSON) as tx:
            (first,), _ = list_cases(tx, state="waiting", limit=1, order="priority")
            mine = waiting.pop(str(first.id))
            given = URGENT if any(tips[one].urgent for one in mine) else CALM
            decide_together(tx, first.id, given, pack=instance.pack(tx))
        for one in mine:
            waits[one] = now - tips[one].at
        heapq.heappush(free, now + look)
    return waits


def _tell(instance: Instance, number: int, tip: Tip) -> str:
    """A tip comes in; the case that it opens or joins."""
    _turn(instance, tip.at)
    report = ReportIn(
        id=f"tip-{number}",
        channel="tip",
        reason="other",
        created_at=tip.at,
        text=tip.text,
        reporter=f"person-{number}",
    )
    with instance.database.begin("key:tips") as tx:
        body, _ = submit_report(tx, instance, report, platform=PLATFORM)
    return msgspec.json.decode(body, type=_Answer).case


def _turn(instance: Instance, now: datetime) -> None:
    clock = instance.clock
    assert isinstance(clock, FakeClock)
    clock.advance(max(0.0, (now - clock.now()).total_seconds()))


def _duties(instance: Instance) -> None:
    """What the worker does, until nothing is to be done."""
    for duty in (learn_outcomes, learn_urgency, rank_waiting):
        done = 1
        while done:
            with instance.database.begin() as tx:
                done = duty(tx, instance)

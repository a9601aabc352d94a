"""A desk under a flood, on a simulated clock: what arrives, who looks at what when. For `benchmarks.flood`.

What decides is the program's own: clusters (`triage/stream.py`), the screen for threats, voices, scores and places
(`triage/score.py`), bands (`review/priority.py`) and what is learnt from decisions (`triage/learned.py`), used as an
instance uses them: a tip joins the case that waits about its cluster, a case is scored when it opens, when a tip
joins and with each doubling of what was learnt, and a decision is learnt from three minutes after it was made. The
simulation stands for the database, the people and the clock.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tidegate.decisions.outcomes import SETTLED
from tidegate.intake.threats.model import LEVELS, Level, rings
from tidegate.intake.threats.screen import Screen
from tidegate.pipeline.learning import ENOUGH, LONGEST
from tidegate.policy.weights import Weights
from tidegate.review.priority import RECENT, CaseFacts, aged, priority
from tidegate.triage.learned import Learner
from tidegate.triage.score import ScoreFacts, measure, place_of, static_points
from tidegate.triage.sketching import sketch_of
from tidegate.triage.stream import Clusters
from tidegate.triage.voices import Voice, crowd, heard
from tidegate.triage.words import Features, Numbers

AGEING = timedelta(hours=24)  # as the setting `ageing_hours` is
BANDS_EVERY = timedelta(hours=1)  # waiting lifts a case to another band after a day: soon enough


class Tip(NamedTuple):
    """A report as it arrives, and whether somebody who read it found it urgent."""

    at: datetime
    created: float
    text: str
    urgent: bool


class Case:
    """What waits to be looked at: tips of one cluster; it is about the first."""

    def __init__(self, number: int, level: Level | None) -> None:
        self.tips = [number]
        self.level: Level | None = level  # of its threats
        self.base, self.place = 0, datetime.min
        self.taken = False


Waits = list[timedelta]
"""How long each tip waited until somebody looked at it, in their order."""


class Prepared(NamedTuple):
    """What of tips does not depend on who looks when: their clusters, the levels of their threats, their words."""

    clusters: list[str]
    levels: list[Level | None]
    features: list[Features]


def prepare(tips: Sequence[Tip], screen: Screen) -> Prepared:
    """Screen and cluster tips as they arrive."""
    known, numbers = Clusters(), Numbers(b"benchmark")
    clusters = [
        known.assign(str(number), sketch.tobytes(), created=tip.created).cluster
        for number, (tip, sketch) in enumerate(
            zip(tips, sketch_of([tip.text for tip in tips]), strict=True)
        )
    ]
    found = [screen.screen(tip.text) for tip in tips]
    levels: list[Level | None] = [None] * len(tips)
    for number, one in enumerate(found):
        if one is not None and rings(one.level):
            levels[number] = one.level
    return Prepared(clusters, levels, [numbers.of(tip.text) for tip in tips])


def in_order(tips: Sequence[Tip], people: int, look: timedelta) -> Waits:
    """First in, first out: every report is looked at by itself, in the order of arrival."""
    free = [tips[0].at] * people
    waits: Waits = []
    for tip in tips:
        begins = max(tip.at, heapq.heappop(free))
        waits.append(begins - tip.at)
        heapq.heappush(free, begins + look)
    return waits


class Desk:
    """The queue as the program orders it. With `by_time` its cases come as they opened, and nothing else is
    another: what clusters alone bring."""

    def __init__(self, tips: Sequence[Tip], prepared: Prepared, *, by_time: bool = False) -> None:
        self.learner = Learner()
        self._tips, self._prepared, self._by_time = tips, prepared, by_time
        self._weights = Weights()
        self._waiting: dict[str, Case] = {}  # by cluster
        self._queue: list[tuple[int, datetime, int, Case]] = []
        self._decided: deque[tuple[datetime, int]] = deque()
        self._lifted = tips[0].at
        self.looks = 0

    def work(self, people: int, look: timedelta) -> Waits:
        """Let so many people look at what comes first, each for so long, until nothing waits."""
        waits = [timedelta()] * len(self._tips)
        free = [self._tips[0].at] * people
        number, now = 0, self._tips[0].at
        while number < len(self._tips) or self._waiting:
            now = max(now, heapq.heappop(free))
            if not self._waiting and self._tips[number].at > now:
                now = self._tips[number].at
            while number < len(self._tips) and self._tips[number].at <= now:
                self._learn(self._tips[number].at)
                self._arrive(number)
                number += 1
            self._learn(now)
            case = self._first(now)
            for one in case.tips:
                waits[one] = now - self._tips[one].at
                self._decided.append((now + look, one))
            heapq.heappush(free, now + look)
            self.looks += 1
        return waits

    def _arrive(self, number: int) -> None:
        cluster, level = self._prepared.clusters[number], self._prepared.levels[number]
        case = self._waiting.get(cluster)
        if case is None:
            case = self._waiting[cluster] = Case(number, level)
        else:
            case.tips.append(number)
            if _strength(level) > _strength(case.level):
                case.level = level
        self._rank(case, self._tips[number].at)

    def _first(self, now: datetime) -> Case:
        """Take the case that comes first."""
        if now - self._lifted >= BANDS_EVERY:
            self._lifted = now
            self._line_up(now)
        while True:
            _, place, _, case = heapq.heappop(self._queue)
            if not case.taken and place == case.place:  # else it was ranked anew
                case.taken = True
                del self._waiting[self._prepared.clusters[case.tips[0]]]
                return case

    def _rank(self, case: Case, now: datetime) -> None:
        """Its band and place, as `review/ranking.py` makes them."""
        tips = [self._tips[one] for one in case.tips]
        features, since = self._prepared.features[case.tips[0]], tips[0].at
        if self._by_time:
            case.place = since
            heapq.heappush(self._queue, (0, since, case.tips[0], case))
            return
        voices = crowd(
            [
                heard([Voice(reporter=str(one), at=tip.at, vouched=False, words=None)], {})
                for one, tip in zip(case.tips, tips, strict=True)
            ]
        )
        case.base, _ = priority(
            CaseFacts(
                origin="report",
                reporters=len(tips),
                recent=sum(tip.at > now - RECENT for tip in tips),
                threat=case.level,
            )
        )
        facts = ScoreFacts(
            threat=case.level or "none",
            voices=voices.voices,
            reports=len(tips),
            learned=self.learner.likelihood(self.learner.score(features)),
            decisions=self.learner.decisions,
        )
        points = static_points(measure(facts), self._weights)
        case.place = place_of(since, points, self._weights, AGEING)
        self._enter(case, now)

    def _enter(self, case: Case, now: datetime) -> None:
        band, _ = aged(case.base, self._tips[case.tips[0]].at, now, AGEING)
        heapq.heappush(self._queue, (band, case.place, case.tips[0], case))

    def _line_up(self, now: datetime, rank: Callable[[Case, datetime], None] | None = None) -> None:
        """All that wait enter the queue anew."""
        if self._by_time:
            return
        self._queue.clear()
        for case in self._waiting.values():
            (rank or self._enter)(case, now)

    def _learn(self, now: datetime) -> None:
        """Learn from what can be undone no more, when it is enough or has waited long."""
        due = [one for one in self._decided if one[0] <= now - SETTLED]
        if not due or (len(due) < ENOUGH and due[0][0] > now - SETTLED - LONGEST):
            return
        before = self.learner.generation
        for _ in due:
            _, number = self._decided.popleft()
            features = self._prepared.features[number]
            self.learner.learn(features, urgent=self._tips[number].urgent)
        if self.learner.generation != before:
            self._line_up(now, self._rank)


def _strength(level: Level | None) -> int:
    return -1 if level is None else LEVELS.index(level)

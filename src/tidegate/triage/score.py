"""How urgent a case is among those of its band: one score from named parts, each with its reason. Pure.

A part has a value, a weight and points, which are their product in quarters; the score is the sum of the
points, to the letter, since quarters add up without rounding. All parts but age stay as they are while a case
waits. Age grows evenly and without end, so the order by score is at every moment the order by a time that
never changes: since when the case waits, moved back by what its other points are worth in waiting
(`place_of`). That is also the bound: what opens later than `head_start` after a case never comes before it.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tidegate.policy.weights import Weights
from tidegate.triage.why import Why

Name = Literal[
    "severity",
    "threat",
    "sources",
    "corroboration",
    "reach",
    "deadline",
    "age",
    "reliability",
    "learned",
]
Threat = Literal["none", "low", "medium", "high_unspecific", "high_specific"]

STEPS = 4  # to a point: quarters are exact in binary, so sums of them are, in any order
UNKNOWN = 0.5  # of what nobody has said: neither for it nor against it
MOST_VOICES = 5  # so many independent voices say all that voices can
MOST_REACH = 1000  # authors
MOST_GROWTH = 100  # of them within an hour
SOON = timedelta(hours=72)  # a clock that runs longer than that does not press yet
DEFAULT_SEVERITY = 3

_THREATS: Mapping[Threat, float] = {
    "none": 0.0,
    "low": 0.25,
    "medium": 0.6,
    "high_unspecific": 0.85,
    "high_specific": 1.0,
}
_HOUR = timedelta(hours=1)


NAMES: tuple[Name, ...] = (
    "severity",
    "threat",
    "sources",
    "corroboration",
    "reach",
    "deadline",
    "age",
    "reliability",
    "learned",
)
STATIC: tuple[Name, ...] = tuple(name for name in NAMES if name != "age")


class ScoreFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a case's score depends on, beside how long it has waited. What nobody knows is None, or neutral.

    `severity` is that of its labels, 1 to 5. `confidence` (0 to 1) is what its sources were graded, `record`
    how often they were right before. `voices` are reporters after `voices.heard`, at most five; `reports` how
    many there are in all. `reach` are distinct authors who spread it, `growth` those of them within the last
    hour; reports are no reach. `left` is what a legal clock leaves. `reliability` is the expected share of what
    its best reporter is right about, from `judged` outcomes. `learned` is how likely people find something
    like it urgent, from `decisions`.
    """

    severity: int | None = None
    threat: Threat = "none"
    confidence: float | None = None
    record: float | None = None
    voices: float = 0.0
    reports: int = 0
    reach: int = 0
    growth: int = 0
    left: timedelta | None = None
    reliability: float | None = None
    judged: int = 0
    learned: float | None = None
    decisions: int = 0


class Measured(msgspec.Struct, frozen=True, array_like=True):
    """What a part comes to before it is weighed; kept so, that other weights need nothing else."""

    name: Name
    value: float
    because: Why


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a score. `value` is 0 to 1, of age 0 without end; `points` are `weight` × `value` in quarters."""

    name: Name
    value: float
    weight: float
    points: float
    because: Why


class Priority(msgspec.Struct, frozen=True, kw_only=True):
    """A case's score, the sum of the points of its parts, and by which pack's weights it is one."""

    score: float
    version: str
    parts: list[Part]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a case: all that its score needs but how long it has waited. `ageing` in seconds."""

    version: str
    weights: Weights
    ageing: float
    measured: list[Measured]


def measure(facts: ScoreFacts) -> list[Measured]:
    """What each part but age comes to, in the order of the names."""
    return [
        _severity(facts),
        Measured("threat", _THREATS[facts.threat], Why("threat_level", facts.threat)),
        _sources(facts),
        _corroboration(facts),
        _reach(facts),
        _deadline(facts),
        _reliability(facts),
        _learned(facts),
    ]


def points_of(value: float, weight: float) -> float:
    """A part's points: quarters, the nearest, of two the higher."""
    return math.floor(value * weight * STEPS + 0.5) / STEPS


def static_points(measured: Iterable[Measured], weights: Weights) -> float:
    """What all parts but age come to."""
    return sum(points_of(one.value, getattr(weights, one.name)) for one in measured)


def per_point(weights: Weights, ageing: timedelta) -> timedelta:
    """How long a case waits for a point."""
    return ageing / weights.age


def place_of(since: datetime, points: float, weights: Weights, ageing: timedelta) -> datetime:
    """By which time a case stands among others, the earliest first: its points but age, as waiting. Never
    before the year 1."""
    try:
        return since - points * per_point(weights, ageing)
    except OverflowError:
        return datetime.min.replace(tzinfo=since.tzinfo)


def head_start(weights: Weights, ageing: timedelta) -> timedelta:
    """What opens so much later than a case never comes before it, among those of their band."""
    most = sum(points_of(1.0, getattr(weights, name)) for name in STATIC)
    return most * per_point(weights, ageing)


def priority_of(kept: Kept, waited: timedelta) -> Priority:
    """The score of a case that has waited so long, with its parts."""
    measured = {one.name: one for one in kept.measured}
    measured["age"] = _age(waited, timedelta(seconds=kept.ageing))
    parts = [_part(measured[name], kept.weights) for name in NAMES if name in measured]
    score = sum(part.points for part in parts)
    return Priority(score=score, version=kept.version, parts=parts)


def _part(one: Measured, weights: Weights) -> Part:
    weight: float = getattr(weights, one.name)
    return Part(
        name=one.name,
        value=one.value,
        weight=weight,
        points=points_of(one.value, weight),
        because=one.because,
    )


def _unit(value: float) -> float:
    """A value that is shown, too: four decimals, within 0 and 1."""
    return round(min(1.0, max(0.0, value)), 4)


def _severity(facts: ScoreFacts) -> Measured:
    if facts.severity is None:
        value = (DEFAULT_SEVERITY - 1) / 4
        return Measured("severity", value, Why("severity_unknown"))
    return Measured("severity", _unit((facts.severity - 1) / 4), Why("severity", facts.severity))


def _sources(facts: ScoreFacts) -> Measured:
    known = [one for one in (facts.confidence, facts.record) if one is not None]
    if not known:
        return Measured("sources", UNKNOWN, Why("sources_unknown"))
    value = _unit(sum(known) / len(known))
    return Measured("sources", value, Why("sources", round(100 * value)))


def _corroboration(facts: ScoreFacts) -> Measured:
    if not facts.reports:
        return Measured("corroboration", 0.0, Why("voices_none"))
    value = _unit(math.log1p(facts.voices) / math.log1p(MOST_VOICES))
    told = {"voices": round(facts.voices, 1), "reports": facts.reports}
    return Measured("corroboration", value, Why("voices", told))


def _reach(facts: ScoreFacts) -> Measured:
    if not facts.reach:
        return Measured("reach", 0.0, Why("reach_unknown"))
    spread = min(1.0, math.log1p(facts.reach) / math.log1p(MOST_REACH))
    growing = min(1.0, math.log1p(facts.growth) / math.log1p(MOST_GROWTH))
    told = {"reach": facts.reach, "growth": facts.growth}
    return Measured("reach", _unit(0.6 * spread + 0.4 * growing), Why("reach", told))


def _deadline(facts: ScoreFacts) -> Measured:
    if facts.left is None:
        return Measured("deadline", 0.0, Why("deadline_none"))
    hours = round(facts.left / _HOUR, 1)
    return Measured("deadline", _unit(1.0 - facts.left / SOON), Why("deadline", hours))


def _age(waited: timedelta, ageing: timedelta) -> Measured:
    waited = max(waited, timedelta())
    return Measured("age", round(waited / ageing, 4), Why("waited", int(waited.total_seconds())))


def _reliability(facts: ScoreFacts) -> Measured:
    if facts.reliability is None:
        return Measured("reliability", UNKNOWN, Why("reliability_unknown"))
    value = _unit(facts.reliability)
    told = {"percent": round(100 * value), "judged": facts.judged}
    return Measured("reliability", value, Why("reliability", told))


def _learned(facts: ScoreFacts) -> Measured:
    if facts.learned is None:
        return Measured("learned", 0.0, Why("learned_none", facts.decisions))
    value = _unit(facts.learned)
    told = {"percent": round(100 * value), "decisions": facts.decisions}
    return Measured("learned", value, Why("learned", told))

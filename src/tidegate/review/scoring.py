"""A case's score, as it is kept in its row: the facts that the slices to the left know, weighed as the policy
pack says. What is kept needs no content to be weighed anew."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec

from tidegate.content.model import Content
from tidegate.infra.db import Tx
from tidegate.policy.weights import Weights
from tidegate.review.model import CaseRow
from tidegate.triage.score import (
    Kept,
    Priority,
    ScoreFacts,
    measure,
    place_of,
    priority_of,
    static_points,
)
from tidegate.triage.voices import Heard

# What others know of cases: threats, grades, reach, clocks. The rest is filled in here.
Given = Callable[[Tx, Sequence[CaseRow]], Mapping[UUID, ScoreFacts]]


def nothing_given(_tx: Tx, _cases: Sequence[CaseRow]) -> Mapping[UUID, ScoreFacts]:
    """Nobody knows more."""
    return {}


class Learned(Protocol):
    """What was learnt from decisions, as of one moment."""

    @property
    def decisions(self) -> int: ...
    @property
    def generation(self) -> int:
        """Grows when what it says has changed so much that cases are to be ranked by it anew."""
        ...

    def of(self, content: Content | None) -> float | None:
        """How likely it is urgent, 0 to 1, by its words alone; None while nothing is known."""
        ...


class Scoring(msgspec.Struct, frozen=True, kw_only=True):
    """By what an instance scores: weights and the pack that has them, what it has learnt, what others know."""

    version: str = ""
    weights: Weights = Weights()
    learned: Learned | None = None
    given: Given = nothing_given

    def mark(self, ageing: timedelta) -> str:
        """What a row is marked with that was scored so: another mark is to be scored anew."""
        generation = 0 if self.learned is None else self.learned.generation
        return f"{self.version} {ageing.total_seconds():g} {generation}"


def facts_with(
    scoring: Scoring,
    given: ScoreFacts | None,
    *,
    severity: int | None,
    reports: int,
    heard: Heard | None,
    content: Content | None,
) -> ScoreFacts:
    """All that a score depends on: what is given, and what is known here."""
    best = heard.best if heard is not None else None
    learned = scoring.learned
    return msgspec.structs.replace(
        given or ScoreFacts(),
        severity=severity,
        voices=heard.voices if heard is not None else 0.0,
        reports=reports,
        reliability=best and best.expected,
        judged=best.judged if best else 0,
        learned=learned.of(content) if learned else None,
        decisions=learned.decisions if learned else 0,
    )


def columns_of_score(
    scoring: Scoring, facts: ScoreFacts, since: datetime, ageing: timedelta
) -> dict[str, Any]:
    """What of its score stands in a case's row, by column."""
    measured = measure(facts)
    points = static_points(measured, scoring.weights)
    kept = Kept(
        version=scoring.version,
        weights=scoring.weights,
        ageing=ageing.total_seconds(),
        measured=measured,
    )
    return {
        "place_at": place_of(since, points, scoring.weights, ageing),
        "scoring": msgspec.to_builtins(kept),
    }


def shown_priority(
    scoring: Mapping[str, Any] | None,
    since: datetime | None,
    decided_at: datetime | None,
    now: datetime,
) -> Priority | None:
    """The score of a case as its row has it: waiting counts until it was decided. None as long as it is not
    ranked."""
    if scoring is None or since is None:
        return None
    waited = min(decided_at or now, now) - since
    return priority_of(msgspec.convert(scoring, Kept), max(waited, timedelta()))

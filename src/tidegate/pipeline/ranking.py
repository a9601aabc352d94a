"""Cases by rank: what an instance ranks by comes from its settings, its secrets and its policy pack."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.review.model import CaseRow
from tidegate.review.ranking import (
    Ranking,
    Seen,
    ageing_of,
    lift_aged,
    rank,
    rank_stale,
    rank_unranked,
)
from tidegate.review.scoring import Scoring, nothing_given
from tidegate.triage.score import ScoreFacts


def rank_seen(tx: Tx, instance: Instance, seen: Sequence[Seen]) -> None:
    """Rank cases that have just opened or joined, by what is known of them."""
    if seen:
        rank(tx, ranking_of(tx, instance), seen)


def rank_waiting(tx: Tx, instance: Instance) -> int:
    """Rank what is not ranked and lift what has waited long; returns how many. For the worker."""
    ranking = ranking_of(tx, instance)
    ranked = rank_unranked(tx, ranking) or rank_stale(tx, ranking)
    return ranked + lift_aged(tx, ageing_of(instance.settings))


def ranking_of(tx: Tx, instance: Instance) -> Ranking:
    """By what the instance ranks at this moment."""
    pack = instance.pack(tx)
    return Ranking(
        ageing=ageing_of(instance.settings),
        key=instance.secrets.terms_key,
        severities={one.name: one.severity for one in pack.labels.values()},
        labels={rule.name: rule.label for rule in pack.rules if rule.label is not None},
        scoring=Scoring(
            version=pack.ident,
            weights=pack.priority,
            learned=instance.urgency.refresh(tx),
            given=given_of,
        ),
    )


def given_of(tx: Tx, cases: Sequence[CaseRow]) -> Mapping[UUID, ScoreFacts]:
    """What is known of cases beside their reports, labels and words, by case: the level of a threat, what their
    sources were graded, how far they reach, what a clock leaves. What is missing is neutral."""
    return nothing_given(tx, cases)

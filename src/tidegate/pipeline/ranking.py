"""Cases by rank: what an instance ranks by comes from its settings, its secrets and its policy pack."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import convert

from tidegate.infra.db import Tx
from tidegate.intake.grades import grades_on
from tidegate.intake.grading import Schemes, reliability
from tidegate.pipeline.instance import Instance
from tidegate.review.ageing import ageing_of, lift_aged
from tidegate.review.alerts import levels_about
from tidegate.review.model import CaseRow, Origin
from tidegate.review.opening import NewCase, open_new
from tidegate.review.ranking import (
    Ranking,
    Seen,
    rank,
    rank_stale,
    rank_unranked,
)
from tidegate.review.routing import Routing
from tidegate.review.scoring import Scoring
from tidegate.triage.incidents.queries import open_routes
from tidegate.triage.score import ScoreFacts, Threat


def rank_seen(tx: Tx, instance: Instance, seen: Sequence[Seen]) -> Mapping[UUID, str]:
    """Rank cases that have just opened or joined, by what is known of them; the queues that they are in now, by
    case."""
    return rank(tx, ranking_of(tx, instance), seen).queues if seen else {}


def open_ranked(
    tx: Tx, instance: Instance, new: Sequence[NewCase], *, queue: str, origin: Origin
) -> list[CaseRow]:
    """Open cases about items that this transaction has made; in their order."""
    return open_new(tx, ranking_of(tx, instance), new, queue=queue, origin=origin) if new else []


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
            given=lambda tx, cases: given_of(
                tx, instance.grading, cases, every=instance.screens.reads_items
            ),
        ),
        routing=Routing(rules=pack.queues, incidents=open_routes(tx)),
    )


def given_of(
    tx: Tx, schemes: Schemes, cases: Sequence[CaseRow], *, every: bool
) -> Mapping[UUID, ScoreFacts]:
    """What is known of cases beside their reports, labels and words, by case: the level of a threat, what their
    sources were graded, how far they reach, what a clock leaves. What is missing is neutral. Of a case that
    rules have opened just now nothing can be known, unless posts are screened for threats (`every`)."""
    told = {
        one.id: one.item_id for one in cases if every or one.version > 1 or one.origin == "report"
    }
    items = [item_id for item_id in told.values() if item_id is not None]
    if not items:
        return {}
    levels, graded = levels_about(tx, items, list(told)), grades_on(tx, items)
    found: dict[UUID, ScoreFacts] = {}
    for case_id, item_id in told.items():
        level = levels.get(item_id) if item_id else None
        grades = graded.get(item_id, []) if item_id else []
        if level is None and not grades:
            continue
        found[case_id] = ScoreFacts(
            threat=convert(level or "none", Threat),
            confidence=max((sum(reliability(schemes, one)) / 2 for one in grades), default=None),
        )
    return found

"""Cases by rank: what an instance ranks by comes from its settings, its secrets and its policy pack."""

from collections.abc import Sequence

from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.review.model import CaseRow, Origin
from tidegate.review.opening import NewCase, open_new
from tidegate.review.ranking import (
    Ranking,
    Seen,
    ageing_of,
    lift_aged,
    rank,
    rank_unranked,
)


def rank_seen(tx: Tx, instance: Instance, seen: Sequence[Seen]) -> None:
    """Rank cases that have just opened or joined, by what is known of them."""
    if seen:
        rank(tx, ranking_of(tx, instance), seen)


def open_ranked(
    tx: Tx, instance: Instance, new: Sequence[NewCase], *, queue: str, origin: Origin
) -> list[CaseRow]:
    """Open cases about items that this transaction has made; in their order."""
    return open_new(tx, ranking_of(tx, instance), new, queue=queue, origin=origin) if new else []


def rank_waiting(tx: Tx, instance: Instance) -> int:
    """Rank what is not ranked and lift what has waited long; returns how many. For the worker."""
    ranked = rank_unranked(tx, ranking_of(tx, instance))
    return ranked + lift_aged(tx, ageing_of(instance.settings))


def ranking_of(tx: Tx, instance: Instance) -> Ranking:
    """By what the instance ranks at this moment."""
    pack = instance.pack(tx)
    return Ranking(
        ageing=ageing_of(instance.settings),
        key=instance.secrets.terms_key,
        severities={one.name: one.severity for one in pack.labels.values()},
        labels={rule.name: rule.label for rule in pack.rules if rule.label is not None},
    )

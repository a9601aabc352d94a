"""What decisions teach: how reporters have fared, and what people find urgent. Each decision is read once, in the
order in which they were made, when it can be undone no more."""

from datetime import UTC, datetime, timedelta

from tidegate.content.kept import kept_revisions
from tidegate.decisions.outcomes import SETTLED, Outcome, outcomes_after
from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.triage.models import read_learner, save_learner
from tidegate.triage.records import count_outcomes, read_up_to, reads_alone, went_on_to

PAGE = 200
READER = "outcomes"
LEARNER = "urgency"
ENOUGH = 20  # decisions make a version,
LONGEST = timedelta(minutes=10)  # fewer after so long
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def learn_outcomes(tx: Tx, instance: Instance) -> int:
    """Read a page of decisions; returns how many. For the worker: of several one reads, the others rest."""
    if not reads_alone(tx, READER):
        return 0
    place = read_up_to(tx, READER)
    found, after = outcomes_after(tx, place, PAGE)
    if after is None or after == place:
        return 0
    went_on_to(tx, READER, after)
    count_outcomes(tx, found)
    return len(found)


def learn_urgency(tx: Tx, instance: Instance) -> int:
    """Learn what people find urgent from a page of decisions; returns how many. What an item said then is gone
    where it was erased, or its time was over: then nothing is learnt from it. For the worker."""
    if not reads_alone(tx, LEARNER):
        return 0
    place = read_up_to(tx, LEARNER)
    found, after = outcomes_after(tx, place, PAGE)
    if after is None or after == place:
        return 0
    if len(found) < ENOUGH and found and found[0].at > tx.now - SETTLED - LONGEST:
        return 0
    went_on_to(tx, LEARNER, after)
    if found:
        _learn(tx, instance, found)
    return len(found)


def _learn(tx: Tx, instance: Instance, found: list[Outcome]) -> None:
    version, learner = read_learner(tx, to_learn=True)
    places = [(one.item, one.revision or 1) for one in found]
    kept = kept_revisions(tx, places)
    for one, where in zip(found, places, strict=True):
        revision = kept.get(where)
        content = revision.content if revision is not None else None
        if content is None or not content.text:
            continue
        features = instance.urgency.numbers.of(content.text)
        day = (one.at - _EPOCH).days
        learner.learn(features, urgent=one.urgent, language=content.language, day=day)
    save_learner(tx, version + 1, learner)

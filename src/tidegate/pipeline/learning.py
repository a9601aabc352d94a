"""What decisions teach: how reporters have fared, and what people find urgent. Each decision is read once, in the
order in which they were made, when it can be undone no more."""

from tidegate.decisions.outcomes import outcomes_after
from tidegate.infra.db import Tx
from tidegate.pipeline.instance import Instance
from tidegate.triage.records import count_outcomes, read_up_to, went_on_to

PAGE = 200
READER = "outcomes"


def learn_outcomes(tx: Tx, instance: Instance) -> int:
    """Read a page of decisions; returns how many. For the worker: of several one reads, the others rest."""
    place = read_up_to(tx, READER)
    found, after = outcomes_after(tx, place, PAGE)
    if after is None or after == place or not went_on_to(tx, READER, place, after):
        return 0
    count_outcomes(tx, found)
    return len(found)

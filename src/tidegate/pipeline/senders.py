"""Who may report: a notifier or a trusted flagger that is suspended is not heard, but for a threat to a life."""

from collections.abc import Sequence
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.flaggers import CHANNEL, flagger_of
from tidegate.intake.notifiers import measured, refuse_suspended
from tidegate.pipeline.screening import rings_for
from tidegate.pipeline.told import Told


def refusals_of(tx: Tx, told: Sequence[Told]) -> list[Refusal | None]:
    """Why each of these reports is not heard, if so (403)."""
    named = [(one.taken.platform, who) for one in told if (who := one.taken.reporter) is not None]
    known = measured(tx, list(dict.fromkeys(named)))
    return [_refusal(tx, one, known) for one in told]


def flagger_who_sent(tx: Tx, told: Told) -> UUID | None:
    """The trusted flagger whose key a report came with. Raises Refusal (403)."""
    said = told.taken.said
    if said.channel != CHANNEL:
        return None
    return flagger_of(tx, told.by.key, threat=rings_for(said, told.threat))


def _refusal(tx: Tx, told: Told, known: set[tuple[str, str]]) -> Refusal | None:
    taken = told.taken
    try:
        suspended = (taken.platform, taken.reporter) in known
        if suspended and not rings_for(taken.said, told.threat):
            refuse_suspended(tx, taken.platform, taken.reporter, taken.said.reason)
        flagger_who_sent(tx, told)
    except Refusal as refused:
        return refused
    return None

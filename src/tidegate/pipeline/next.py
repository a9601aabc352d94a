"""Taking the next case: which of those that wait is given to a person."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.settings import Settings
from tidegate.pipeline.decide import claim_case
from tidegate.review.queries import list_cases


def take_next(tx: Tx, settings: Settings, within: Mapping[str, str]) -> UUID | None:
    """Claim the next case for the actor, of those that the filters of an address (`queue=reports`)
    let through; None where none waits that is free. Raises Refusal (422) for a filter that is none."""
    lease = timedelta(minutes=settings.claim_minutes)
    for state in ("reopened", "open"):
        found, _ = list_cases(tx, within.get("queue") or None, state, None, 20)
        for case in found:
            claim_case(tx, case.id, lease)
            return case.id
    return None

"""What every step of a case goes through: its state by the machine of the model, its version, and its
history. The caller has locked it.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tidegate.decisions import looks
from tidegate.infra.db import Tx
from tidegate.review.model import CaseRow, Verb, transition
from tidegate.review.queries import CASE_COLUMNS
from tidegate.review.sameness import forget_keys
from tidegate.review.tables import case_events, cases


def note(
    tx: Tx, case_id: UUID, kind: str, detail: dict[str, Any], *, actor: str | None = None
) -> None:
    """Add a step to a case's history, by the actor unless it is told otherwise."""
    tx.execute(
        sa.insert(case_events).values(
            case_id=case_id, at=tx.now, kind=kind, actor=actor or tx.actor, detail=detail
        )
    )


def move(tx: Tx, case: CaseRow, verb: Verb, **values: Any) -> CaseRow:
    """Move a locked case; whoever had claimed it has it no more unless `values` say so."""
    state = transition(case.state, verb, reopened=case.reopened_at is not None)
    assert state is not None, (case.state, verb)
    nobody: dict[str, Any] = dict.fromkeys(
        ("claimed_by", "claimant", "claimed_until", "claimed_on")
    )
    if verb == "decide":
        forget_keys(tx, [case.id])
        looks.overtake(tx, case.id)
    if verb in ("reopen", "undo", "release", "expire"):
        nobody["ranked_at"] = None  # who had it in hand kept it in its queue
    return change(tx, case, {"state": state} | nobody | values)


def change(tx: Tx, case: CaseRow, values: dict[str, Any]) -> CaseRow:
    changed = values | {"version": cases.c.version + 1}
    query = sa.update(cases).where(cases.c.id == case.id).values(changed).returning(*CASE_COLUMNS)
    return CaseRow(**tx.execute(query).mappings().one())


def mine(tx: Tx, until: datetime, on: str | None) -> dict[str, Any]:
    """What a claim of the actor's sets; `on` says where it was made, if not by the API."""
    return {
        "claimed_by": tx.actor,
        "claimant": tx.identity,
        "claimed_until": until,
        "claimed_on": on,
    }


def waits_anew(tx: Tx) -> dict[str, Any]:
    """What is set of a case that waits from now on, until it is ranked anew: its score, but for its age, is
    what it was."""
    points = sa.func.coalesce(cases.c.waits_since - cases.c.place_at, timedelta())
    return {"waits_since": tx.now, "place_at": sa.literal(tx.now) - points}

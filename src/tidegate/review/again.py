"""Cases that wait for another person: one in which something is proposed, and one as which what was
decided is shown again. The caller holds the subject, then the case.
"""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.decisions.model import Subject
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.review.model import (
    EVALUATION_QUEUE,
    LOOK,
    REPORT_QUEUE,
    SENIOR_QUEUE,
    CaseRow,
    Standing,
    held_by_another,
)
from tidegate.review.moves import change, mine, move, note, waits_anew
from tidegate.review.queries import WAITING, case_unknown, subject_of_case
from tidegate.review.tables import case_events, cases


def standing_of(tx: Tx, case_id: UUID) -> Standing:
    """Where a case stands that the actor has found."""
    row = tx.execute(sa.select(cases.c.band, cases.c.language).where(cases.c.id == case_id)).one()
    return Standing(row.band, row.language)


def case_for_keys(tx: Tx, case_id: UUID) -> Subject:
    """What a case is about, for who is no person on the pages: blind looks are for these alone. Raises
    Refusal (404)."""
    subject = subject_of_case(tx, case_id)
    if subject.kind == LOOK:
        raise case_unknown(case_id)
    return subject


def wait_for_another(tx: Tx, case: CaseRow, kind: str, *, queue: str | None = None) -> CaseRow:
    """Somebody has concluded something, and the locked case waits for another: in `queue`, or where it is.
    What was typed stays for who may take it back."""
    to = {} if queue is None else {"queue": queue}
    note(tx, case.id, kind, to)
    values: dict[str, Any] = {**to, "ranked_at": None}
    if case.state == "claimed":
        return move(tx, case, "release", **values)
    return change(tx, case, values)


def take_proposal_back(
    tx: Tx, case: CaseRow, lease: timedelta, *, on: Literal["pages"] | None = None
) -> CaseRow:
    """Who proposed something has the locked case in hand again, unless somebody else holds it."""
    note(tx, case.id, "undone", {})
    if case.state == "decided" or held_by_another(case, tx.identity, tx.now):
        return change(tx, case, {"ranked_at": None})
    return move(tx, case, "claim", ranked_at=None, **mine(tx, tx.now + lease, on))


def to_senior(tx: Tx, case: CaseRow) -> CaseRow:
    """Two did not agree: a blind look that was answered, and is locked, waits again for a senior."""
    note(tx, case.id, "disputed", {"queue": SENIOR_QUEUE})
    fresh = {"reopened_at": tx.now, "decision_id": None, "decided_at": None} | waits_anew(tx)
    return move(tx, case, "reopen", queue=SENIOR_QUEUE, same=None, **fresh)


def show_again(tx: Tx, case: CaseRow, revision: int) -> UUID | None:
    """Open a case as which a decided one is shown to another: like it as it once was opened, of its own
    steps alone. None where the item has one that waits. The caller holds the item."""
    assert case.item_id is not None
    query = (
        insert(cases)
        .values(
            id=uuid7(tx.now),
            subject_kind=LOOK,
            subject_id=case.item_id,
            platform=case.platform,
            item_id=case.item_id,
            revision=revision,
            version=1,
            queue=REPORT_QUEUE if case.origin == "report" else EVALUATION_QUEUE,
            state="open",
            origin=case.origin,
            match=sa.null() if case.match is None else case.match,
            opened_at=tx.now,
            waits_since=tx.now,
            place_at=tx.now,
        )
        .on_conflict_do_nothing(
            index_elements=[cases.c.subject_kind, cases.c.subject_id], index_where=WAITING
        )
        .returning(cases.c.id)
    )
    shown = tx.execute(query).scalar_one_or_none()
    if shown is None:
        return None
    opened = sa.select(case_events.c.actor).where(case_events.c.case_id == case.id)
    opener = tx.execute(opened.order_by(case_events.c.id).limit(1)).scalar_one_or_none()
    note(tx, shown, "opened", {"origin": case.origin, "revision": revision}, actor=opener)
    return shown

"""A person's way from case to case: the next one, holding it, passing it on, and a break in between."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.settings import Settings
from tidegate.pipeline.reads import note_work
from tidegate.review import actions, holding, presence, wellness
from tidegate.review.model import CaseRow, SkipReason
from tidegate.review.pace import Pace, break_due, rested
from tidegate.review.queries import lock_case


def pace_of(settings: Settings) -> Pace:
    """What the organisation has set of breaks and hard cases."""
    return Pace(
        hard_in_a_row=settings.hard_in_a_row,
        exposure=timedelta(minutes=settings.exposure_minutes),
        work=timedelta(minutes=settings.work_minutes),
        rest=timedelta(minutes=settings.break_minutes),
        firm=settings.firm_breaks,
    )


def take_next(
    tx: Tx,
    settings: Settings,
    within: Mapping[str, str],
    *,
    may_senior: bool = False,
    left: UUID | None = None,
) -> UUID | None:
    """Claim the next case for the actor, of those that the filters of an address (`queue=reports`)
    let through; None where none waits that is free. What they hold and have begun nothing in goes back
    first, and comes again when all others have been offered; so does `left`, which they only looked at.
    Who holds as many as one may gets one of these. Raises Refusal (422) for a filter that is none."""
    stint = wellness.work_on(tx, pace_of(settings))
    given_back = holding.give_back(tx)
    held = holding.held_on_pages(tx)
    if len(held) >= settings.claims_per_person:
        return hold_case(tx, next((one for one in held if one != left), held[0]), settings).id
    just = [*given_back, left] if left and left not in (*held, *given_back) else given_back
    before = [one for one in stint.passed if one not in just]
    for passed in ([*before, *just], just):  # of these rounds the second begins anew
        found = holding.find_next(
            tx,
            within,
            without=passed,
            may_senior=may_senior,
            hard_in_a_row=stint.hard_in_a_row,
            limit=settings.hard_in_a_row,
        )
        if found is not None:
            wellness.remember_passed(tx, passed)
            wellness.was_given(tx, hard=found.hard)
            return hold_case(tx, found.id, settings).id
    wellness.remember_passed(tx, [])
    return None


def offer_break(tx: Tx, settings: Settings) -> Literal["exposure", "work"] | None:
    """Why the actor is offered a break before their next case, if they are; what they have begun nothing
    in goes back then."""
    pace = pace_of(settings)
    stint = wellness.work_on(tx, pace)
    due = break_due(stint, tx.now, pace)
    if due is not None:
        wellness.remember_passed(tx, [*stint.passed, *holding.give_back(tx)])
    return due


def break_is_over(tx: Tx, settings: Settings) -> bool:
    """Whether the actor has been away for as long as a break lasts."""
    return rested(wellness.stint_of(tx), tx.now, pace_of(settings))


def hold_case(tx: Tx, case_id: UUID, settings: Settings) -> CaseRow:
    """Claim a case on the pages, or hold it for longer. Raises Refusal as `holding.hold` does."""
    case = lock_case(tx, case_id)
    wellness.work_on(tx, pace_of(settings))
    case = holding.hold(tx, case_id, _lease(settings), settings.claims_per_person)
    note_work(tx, case_id, case.platform)
    return case


def take_over_case(tx: Tx, case_id: UUID, reason: str, settings: Settings) -> CaseRow:
    """Take a case that another holds, and say why. Raises Refusal as `holding.take_over` does."""
    lock_case(tx, case_id)
    wellness.work_on(tx, pace_of(settings))
    case = holding.take_over(tx, case_id, reason, _lease(settings), settings.claims_per_person)
    note_work(tx, case_id, case.platform)
    return case


def give_case_back(tx: Tx, case_id: UUID, settings: Settings, *, force: bool = False) -> None:
    """Give a case back, which is then not offered to the actor before all others were. Raises Refusal
    as `actions.release` does."""
    actions.release(tx, case_id, force=force)
    stint = wellness.work_on(tx, pace_of(settings))
    wellness.remember_passed(tx, [*stint.passed, case_id])


def leave_case(tx: Tx, case_id: UUID) -> None:
    """The actor has left the page of a case: it goes back if they held it and have begun nothing in it."""
    presence.leaves(tx, case_id)
    if left := holding.leave(tx, case_id):
        wellness.remember_passed(tx, [*wellness.stint_of(tx).passed, *left])


def look_at_case(tx: Tx, case_id: UUID, settings: Settings) -> None:
    """The actor has opened the page of a case, which they may read. It holds nothing."""
    presence.reads(tx, case_id)
    wellness.work_on(tx, pace_of(settings))


def stay_with_case(tx: Tx, case_id: UUID, settings: Settings, *, used: bool) -> CaseRow:
    """The actor has the case on the screen; where they use it, they hold what they hold for longer.
    Raises Refusal (404)."""
    case = holding.keep(tx, case_id, _lease(settings)) if used else lock_case(tx, case_id)
    presence.reads(tx, case_id)
    if used:
        wellness.work_on(tx, pace_of(settings))
    return case


def skip_case(tx: Tx, case_id: UUID, reason: SkipReason) -> None:
    """The actor cannot take the case. Raises Refusal as `holding.skip` does."""
    holding.skip(tx, case_id, reason)
    presence.leaves(tx, case_id)


def _lease(settings: Settings) -> timedelta:
    return timedelta(minutes=settings.claim_minutes)

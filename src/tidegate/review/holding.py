"""Holding cases on the pages: few at once, what was not touched goes back, and whoever cannot take a case
passes it on without being listed for it.

A case's row is locked before the person's stint; what comes after the stint leaves locked cases alone.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.content.queries import item_names
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.review import actions
from tidegate.review.filters import Filter
from tidegate.review.model import SENIOR_QUEUE, CaseRow, SkipReason, is_held
from tidegate.review.pace import HARD, Candidate, choose, wants_easier
from tidegate.review.passing import passing
from tidegate.review.queries import CASE_COLUMNS, CLAIMED, WAITING, lock_case
from tidegate.review.tables import case_skips, cases, drafts

SKIP_LASTS = timedelta(hours=24)
SKIPS_TO_SENIOR = 3

_ORDER = (cases.c.band, cases.c.place_at, cases.c.id)
_ON_PAGES = cases.c.claimed_on == "pages"


def held_on_pages(tx: Tx) -> list[UUID]:
    """The cases that the actor holds on the pages, that which they came back to longest ago first."""
    query = sa.select(cases.c.id).where(*_mine(tx), cases.c.claimed_until > tx.now)
    return list(tx.execute(query.order_by(cases.c.claimed_until, cases.c.id)).scalars())


def hold(tx: Tx, case_id: UUID, lease: timedelta, most: int) -> CaseRow:
    """Claim a case on the pages; whoever holds it already holds it for longer.

    Raises Refusal: 404; 409 "case-claimed", "case-decided", "too-many-claims" with those they hold.
    """
    case = lock_case(tx, case_id)
    actions.refuse_unless_free(tx, case)
    if case.claimant == tx.identity and is_held(case.claimed_until, tx.now):
        return actions.renew(tx, case, lease, on="pages")
    _refuse_more(tx, most)
    return actions.claim(tx, case_id, lease, on="pages")


def take_over(tx: Tx, case_id: UUID, reason: str, lease: timedelta, most: int) -> CaseRow:
    """Take a case that another holds. Raises Refusal as `actions.take_over` and `hold` do."""
    lock_case(tx, case_id)
    _refuse_more(tx, most)
    return actions.take_over(tx, case_id, reason, lease, on="pages")


def keep(tx: Tx, case_id: UUID, lease: timedelta) -> CaseRow:
    """The actor works on what they hold on the pages: they hold it for longer. What they do not hold
    stays as it is. Raises Refusal (404)."""
    case = lock_case(tx, case_id)
    if case.claimant == tx.identity and is_held(case.claimed_until, tx.now):
        return actions.renew(tx, case, lease, on="pages")
    return case


def give_back(tx: Tx) -> list[UUID]:
    """Give back what the actor holds on the pages and has begun nothing in; which these are."""
    begun = sa.exists().where(drafts.c.case_id == cases.c.id, drafts.c.person == tx.identity)
    return _release(tx, ~begun)


def give_all_back(tx: Tx) -> list[UUID]:
    """Give back all that the actor holds on the pages."""
    return _release(tx, sa.true())


def take_from(tx: Tx, person: str) -> int:
    """Put back to wait what somebody else, by their identity, holds, however they claimed it; how many
    cases that are."""
    held = sa.select(*CASE_COLUMNS).where(CLAIMED, cases.c.claimant == person)
    rows = tx.execute(held.order_by(cases.c.id).with_for_update()).mappings().all()
    for row in rows:
        actions.give_back(tx, CaseRow(**row))
    return len(rows)


def leave(tx: Tx, case_id: UUID) -> list[UUID]:
    """The actor has left a case: it goes back if they held it and have begun nothing in it."""
    begun = sa.exists().where(drafts.c.case_id == case_id, drafts.c.person == tx.identity)
    return _release(tx, sa.and_(cases.c.id == case_id, ~begun))


def skip(tx: Tx, case_id: UUID, reason: SkipReason) -> CaseRow:
    """The actor cannot take a case: it is not offered to them for a day, and once several people could
    not, a senior gets it. Nothing names them. Raises Refusal: 404; 409 "case-claimed" by another,
    "case-decided"."""
    case = lock_case(tx, case_id)
    actions.refuse_unless_free(tx, case)
    until = tx.now + SKIP_LASTS
    row = insert(case_skips).values(case_id=case_id, person=tx.identity, until=until)
    first = tx.execute(row.on_conflict_do_nothing().returning(case_skips.c.case_id)).first()
    if first is None:
        mine = (case_skips.c.case_id == case_id, case_skips.c.person == tx.identity)
        tx.execute(sa.update(case_skips).where(*mine).values(until=until))
    people = sa.select(cases.c.skips).where(cases.c.id == case_id)
    several = tx.execute(people).scalar_one() + (first is not None) >= SKIPS_TO_SENIOR
    return actions.pass_on(tx, case, reason, another=first is not None, senior=several)


def find_next(
    tx: Tx,
    within: Mapping[str, str],
    *,
    without: Collection[UUID],
    may_senior: bool,
    hard_in_a_row: int,
    limit: int,
) -> Candidate | None:
    """The case to give to the actor, locked: the first that waits and is free, in the order of the queue,
    or an easier one after `limit` hard ones. Two who ask at once find two."""
    free = sa.or_(cases.c.state != "claimed", cases.c.claimed_until <= tx.now)
    skipped = sa.exists().where(
        case_skips.c.case_id == cases.c.id,
        case_skips.c.person == tx.identity,
        case_skips.c.until > tx.now,
    )
    conditions = [WAITING, free, ~skipped, _matching(tx, within)]
    if without:
        conditions.append(cases.c.id.not_in(without))
    if not may_senior:
        conditions.append(cases.c.queue != SENIOR_QUEUE)
    first = _first(tx, conditions)
    if first is None or not wants_easier(first, hard_in_a_row, limit):
        return first
    near = [cases.c.band.in_((first.band, first.band + 1)), cases.c.severity < HARD]
    easier = _first(tx, [*conditions, *near])
    return choose([first] if easier is None else [first, easier], hard_in_a_row, limit)


def sweep_skips(tx: Tx) -> int:
    """Forget who could not take a case, once it is offered to them again and nobody counts them any
    more. For the worker."""
    counted = sa.exists().where(
        cases.c.id == case_skips.c.case_id, WAITING, cases.c.queue != SENIOR_QUEUE
    )
    over = sa.delete(case_skips).where(case_skips.c.until <= tx.now, ~counted)
    return tx.execute(over).rowcount


def _first(tx: Tx, conditions: Sequence[sa.ColumnElement[bool]]) -> Candidate | None:
    query = sa.select(cases.c.id, cases.c.band, cases.c.severity).where(*conditions)
    query = query.order_by(*_ORDER).limit(1)
    row = tx.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        # One that is being changed at this moment may be free right after: nobody is told that none
        # waits while one does.
        row = tx.execute(query.with_for_update()).one_or_none()
    return None if row is None else Candidate(row.id, row.band, row.severity)


def _matching(tx: Tx, within: Mapping[str, str]) -> sa.ColumnElement[bool]:
    """What the filter of an address lets through, and may be seen; of decided cases none is next, and
    whoever looks at them goes on in all that wait."""
    filter = Filter.read(within)
    return passing(tx, filter.without("state") if filter.decided else filter)


def _mine(tx: Tx) -> list[sa.ColumnElement[bool]]:
    return [CLAIMED, _ON_PAGES, cases.c.claimant == tx.identity]


def _release(tx: Tx, which: sa.ColumnElement[bool]) -> list[UUID]:
    """Give back those of the actor's, also of a claim that has just run out. What another transaction of
    theirs holds is left to it."""
    query = sa.select(*CASE_COLUMNS).where(*_mine(tx), which).order_by(cases.c.id)
    rows = tx.execute(query.with_for_update(skip_locked=True)).mappings().all()
    for row in rows:
        actions.give_back(tx, CaseRow(**row))
    return [row["id"] for row in rows]


def _refuse_more(tx: Tx, most: int) -> None:
    held = held_on_pages(tx)
    if len(held) < most:
        return
    query = sa.select(cases.c.id, cases.c.item_id).where(cases.c.id.in_(held))
    items = {row.id: row.item_id for row in tx.execute(query)}
    names = item_names(tx, [item for item in items.values() if item is not None])
    shown: list[dict[str, Any]] = []
    for case_id in held:
        platform, item = names.get(items[case_id], (None, None))
        shown.append({"case": case_id, "item": item, "platform": platform})
    named = ", ".join(one["item"] or f"case {one['case']}" for one in shown)
    raise Refusal(
        "too-many-claims",
        409,
        "You hold as many cases as one may at once",
        f"You hold {named}. Decide one of them or give it back, then claim this one.",
        held=shown,
    )

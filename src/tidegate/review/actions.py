"""The verbs that move cases. Who opens or decides one holds its subject's row already: the order of locks
is subject, then case. A case's `version` moves in `change`, with every step of its own, and in `touch`,
with every change of what else it shows.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.holds.actions import open_by_claim
from tidegate.content.model import ItemRow
from tidegate.decisions import looks
from tidegate.decisions.disclosure import shown_decisions
from tidegate.decisions.model import Decision, Subject
from tidegate.decisions.queries import find_decision
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.actions import append
from tidegate.review import members
from tidegate.review.beginning import Asked, asked_before, begin
from tidegate.review.bulk import forget_bulks
from tidegate.review.drafts import drop_draft, forget_drafts
from tidegate.review.model import (
    LOOK,
    SENIOR_QUEUE,
    SOMEBODY,
    CaseRow,
    Origin,
    SkipReason,
    claimed_elsewhere,
    held_by_another,
)
from tidegate.review.moves import change, mine, move, note, waits_anew
from tidegate.review.notes import forget_notes
from tidegate.review.priority import REOPENED
from tidegate.review.queries import (
    CASE_COLUMNS,
    CLAIMED,
    NO_LOOK,
    WAITING,
    is_about,
    lock_case,
    lock_waiting_case,
)
from tidegate.review.sight import refuse_out_of_sight
from tidegate.review.tables import case_events, cases
from tidegate.review.work.actions import forget_work
from tidegate.signals.model import Match


def open_case(
    tx: Tx,
    *,
    subject: Subject,
    item: ItemRow | None,
    revision: int | None,
    queue: str,
    origin: Origin,
    match: Match | None = None,
    platform: str | None = None,
) -> tuple[CaseRow, bool]:
    """The subject's waiting case: joined when there is one, reopened when its last was decided, else
    opened. Returns it with whether it waits anew (opened or reopened). The caller holds the subject;
    `item` is the subject's item, where it has one; else `platform` says whose the case is. An item that
    waits in the case of another joins that one again, unless a match says more of it.
    """
    shown = None if match is None else msgspec.to_builtins(match)
    if subject.kind == "item" and (elsewhere := members.waits_in(tx, subject.id)) is not None:
        if match is None:
            return _come_back(tx, elsewhere, None, origin, None)
        members.leave(tx, subject.id)
    if (last := last_case(tx, subject)) is not None:
        return _come_back(tx, last, revision, origin, shown)
    about = item and item.id, revision
    asked = Asked(subject, platform if item is None else item.platform, *about)
    begun = begin(tx, [asked], queue=queue, origin=origin, match=shown)
    if subject.id in begun:
        return begun[subject.id], True
    last = last_case(tx, subject)  # another process opened it in between: its row is visible now
    assert last is not None
    return _come_back(tx, last, revision, origin, shown)


def open_cases(
    tx: Tx, items: Sequence[ItemRow], *, queue: str, origin: Origin
) -> list[tuple[CaseRow, bool]]:
    """The same of several items, all different, which nothing matched; in their order."""
    before = asked_before(tx, [one.id for one in items])
    new = [one for one in items if one.id not in before]
    asked = [Asked(Subject("item", one.id), one.platform, one.id, one.revision) for one in new]
    begun = begin(tx, asked, queue=queue, origin=origin)
    found: list[tuple[CaseRow, bool]] = []
    for item in items:
        subject, at = Subject("item", item.id), item.revision
        found.append(
            (begun[item.id], True)
            if item.id in begun
            else open_case(tx, subject=subject, item=item, revision=at, queue=queue, origin=origin)
        )
    return found


def _come_back(
    tx: Tx, case: CaseRow, revision: int | None, origin: Origin, match: dict[str, Any] | None
) -> tuple[CaseRow, bool]:
    """Join a waiting case, or reopen a decided one, for something new about its subject."""
    detail = {"origin": origin, "revision": revision}
    seen = [one for one in (case.revision, revision) if one is not None]
    values: dict[str, Any] = {"revision": max(seen, default=None)}
    if case.state == "decided":
        fresh = {"origin": origin, "match": sa.null() if match is None else match}
        return _reopen(tx, case, detail, values | fresh), True
    if case.match is None and match is not None:
        values["match"] = match
    note(tx, case.id, "reported" if origin == "report" else "joined", detail)
    return change(tx, case, values), False


def reopen(tx: Tx, case_id: UUID, reason: str) -> CaseRow:
    """Put a decided case back into its queue. Its decision and restriction stand until another
    decision. Raises Refusal: 404, 409 "case-not-decided".
    """
    case = lock_case(tx, case_id)
    if case.state != "decided":
        raise Refusal(
            "case-not-decided",
            409,
            "The case waits for its decision already",
            f"It is {case.state}. Claim it, or decide it.",
        )
    return _reopen(tx, case, {"reason": reason})


def _reopen(
    tx: Tx, case: CaseRow, detail: dict[str, Any], values: dict[str, Any] | None = None
) -> CaseRow:
    before = {"decision": case.decision_id and str(case.decision_id)}
    note(tx, case.id, "reopened", detail | before)
    record = {"case": case.id, "subject": case.subject} | detail | before
    append(tx, "case.reopened", record, case.subject_id, case.platform)
    fresh = {"reopened_at": tx.now, "decision_id": None, "decided_at": None}
    # Until it is ranked anew: what waits again is no less urgent than others that do.
    band = sa.func.least(cases.c.base_band, REOPENED)
    fresh |= waits_anew(tx) | {"base_band": band, "band": band, "same": None}
    return move(tx, case, "reopen", **fresh, **(values or {}))


def claim(
    tx: Tx, case_id: UUID, lease: timedelta, *, on: Literal["pages"] | None = None
) -> CaseRow:
    """Take a case for `lease`; its claimant renews it so. An expired claim is up for grabs. `on` says
    where it was claimed, if not by the API.

    Raises Refusal: 404; 409 "case-claimed" by whom and until when; 409 "case-decided".
    """
    case = lock_case(tx, case_id)
    refuse_unless_free(tx, case)
    until = tx.now + lease
    note(tx, case.id, "claimed", {"until": until.isoformat()})
    _open(tx, case, until)
    return move(tx, case, "claim", **mine(tx, until, on))


def take_over(
    tx: Tx, case_id: UUID, reason: str, lease: timedelta, *, on: Literal["pages"] | None = None
) -> CaseRow:
    """Take a case that another holds; its history says from whom, and why.

    Raises Refusal: 404; 409 "case-decided", "case-not-claimed" where nobody else holds it.
    """
    case = lock_case(tx, case_id)
    refuse_decided(tx, case)
    if not held_by_another(case, tx.identity, tx.now):
        raise Refusal(
            "case-not-claimed",
            409,
            "Nobody else holds the case",
            "There is nothing to take over: claim it.",
        )
    note(tx, case.id, "taken-over", {"from": case.claimed_by, "reason": reason})
    _open(tx, case, tx.now + lease)
    return move(tx, case, "claim", **mine(tx, tx.now + lease, on))


def renew(
    tx: Tx, case: CaseRow, lease: timedelta, *, on: Literal["pages"] | None = None
) -> CaseRow:
    """Extend the actor's live claim, which is no step of the case. The caller has locked it."""
    _open(tx, case, tx.now + lease)
    return change(tx, case, {"claimed_until": tx.now + lease, "claimed_on": on})


def _open(tx: Tx, case: CaseRow, until: datetime) -> None:
    """Let whoever holds a case read what an order keeps of its item."""
    if case.item_id is not None:
        open_by_claim(tx, case.item_id, case.id, until)


def release(tx: Tx, case_id: UUID, *, force: bool = False) -> CaseRow:
    """Give a claimed case back. With `force` (for administrators) also another's.

    Raises Refusal: 404; 409 "case-claimed" by another, "case-not-claimed", "case-decided".
    """
    case = lock_case(tx, case_id)
    if force:
        refuse_decided(tx, case)
    else:
        refuse_unless_free(tx, case)
    if case.state != "claimed":
        raise Refusal(
            "case-not-claimed",
            409,
            "Nobody has claimed the case",
            "There is nothing to release.",
        )
    return give_back(tx, case)


def give_back(tx: Tx, case: CaseRow) -> CaseRow:
    """Put a claimed case, which the caller has locked, back to wait."""
    note(tx, case.id, "released", {"from": case.claimed_by})
    return move(tx, case, "release")


def release_expired(tx: Tx, limit: int = 500) -> int:
    """Put the cases of expired claims back to wait; returns how many. For the worker."""
    due = tx.execute(
        sa.select(*CASE_COLUMNS)
        .where(CLAIMED, cases.c.claimed_until <= tx.now)
        .order_by(cases.c.claimed_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    expired = [CaseRow(**row) for row in due.mappings()]
    for case in expired:
        note(tx, case.id, "expired", {"from": case.claimed_by})
        move(tx, case, "expire")
    return len(expired)


def refuse_unless_free(tx: Tx, case: CaseRow) -> None:
    """Raises Refusal: 409 when the case is decided, with its decision, or another holds it; 403 when it
    is not one that the actor sees; 409 "same-person" when another is to decide after them."""
    refuse_out_of_sight(tx, case.id)
    refuse_decided(tx, case)
    looks.refuse_same_person(tx, case.id)
    if held_by_another(case, tx.identity, tx.now):
        raise claimed_elsewhere(case)


def refuse_decided(tx: Tx, case: CaseRow) -> None:
    """Raises Refusal (409) when the case is decided, with its decision."""
    if case.state != "decided":
        return
    decision = case.decision_id and find_decision(tx, case.decision_id)
    told = shown_decisions(tx, [decision])[0] if decision else None
    decided_by, outcome = (told["decided_by"], told["outcome"]) if told else (None, None)
    raise Refusal(
        "case-decided",
        409,
        "The case is decided",
        f"{decided_by} decided it: {outcome}." if decided_by else "",
        decision=msgspec.to_builtins(told),
    )


def close_case(
    tx: Tx, case: CaseRow, decision: Decision, entry: Literal["confirm", "refute"] | None = None
) -> CaseRow:
    """End a waiting case with its decision. The caller locked it and checked that it is free; `entry`
    is what was said of a bank entry with it."""
    detail = {"decision": str(decision.id), "outcome": decision.outcome}
    if decision.leaves_at is not None:
        detail["leaves_at"] = decision.leaves_at.isoformat()
    note(tx, case.id, "decided", detail if entry is None else detail | {"entry": entry})
    if decision.leaves_at is None:  # else it is there again when the decision is undone
        drop_draft(tx, case.id)
    return move(tx, case, "decide", decision_id=decision.id, decided_at=tx.now)


def take_back(
    tx: Tx,
    case: CaseRow,
    decision: Decision,
    lease: timedelta | None,
    *,
    on: Literal["pages"] | None = None,
) -> CaseRow:
    """The decision on a locked case was undone: its maker has the case in hand again, for `lease`, unless
    it was reopened meanwhile and somebody else holds or has decided it. Without a lease it waits again."""
    note(tx, case.id, "undone", {"decision": str(decision.id)})
    claimed = mine(tx, tx.now + (lease or timedelta()), on)
    if case.state == "decided" and case.decision_id == decision.id:
        undone = move(tx, case, "undo", decision_id=None, decided_at=None, **claimed)
        return undone if lease is not None else move(tx, undone, "release")
    if lease is None:
        return change(tx, case, {})
    if case.state == "decided" or held_by_another(case, tx.identity, tx.now):
        return change(tx, case, {})
    return move(tx, case, "claim", **claimed)


def withdraw(tx: Tx, subject: Subject) -> None:
    """The subject is gone: its waiting case needs nobody any more. The caller holds the subject."""
    case = lock_waiting_case(tx, subject)
    if case is not None:
        withdraw_case(tx, case, {})


def withdraw_case(tx: Tx, case: CaseRow, detail: dict[str, Any]) -> None:
    """A locked waiting case needs nobody any more; `detail` says why in its history."""
    note(tx, case.id, "withdrawn", detail)
    move(tx, case, "decide", decided_at=tx.now)


def close_erased(tx: Tx, item_id: UUID) -> None:
    """Erasure: the item's waiting case is withdrawn, and what its cases show of it is forgotten."""
    withdraw(tx, Subject("item", item_id))
    withdraw(tx, Subject(LOOK, item_id))
    members.forget_members(tx, item_id)
    touch(tx, [item_id])
    unknown: dict[str, Any] = dict.fromkeys(("language", "label", "bank", "same"))
    unknown |= {
        "scoring": None,
        "because": [],
        "channels": [],
        "images": 0,
        "videos": 0,
        "others": 0,
    }
    tx.execute(sa.update(cases).where(cases.c.item_id == item_id).values(unknown))
    forget_drafts(tx, item_id)
    forget_notes(tx, item_id)
    forget_work(tx, item_id)
    forget_bulks(tx, item_id)
    about = sa.select(cases.c.id).where(cases.c.item_id == item_id)
    steps = sa.select(case_events.c.id, case_events.c.detail).where(
        case_events.c.case_id.in_(about)
    )
    for step in tx.execute(steps).all():
        kept = {name: value for name, value in step.detail.items() if name != "reason"}
        if kept != step.detail:
            change = sa.update(case_events).where(case_events.c.id == step.id)
            tx.execute(change.values(detail=kept))


def touch(tx: Tx, ids: Collection[UUID]) -> None:
    """What the cases about these subjects, or these items, show has changed without a step of their
    own: their versions move, and they are ranked anew. The caller holds the subjects."""
    shows = sa.or_(cases.c.subject_id.in_(ids), cases.c.item_id.in_(ids))
    moved = {"version": cases.c.version + 1, "ranked_at": None}
    tx.execute(sa.update(cases).where(shows).values(moved))


def edited(tx: Tx, item_id: UUID, revision: int) -> None:
    """The item's waiting case is about what it says now, a blind look about what was decided; `touch`
    follows. The caller holds the item."""
    older = (cases.c.item_id == item_id, cases.c.revision < revision, WAITING, NO_LOOK)
    tx.execute(sa.update(cases).where(*older).values(revision=revision))


def last_case(tx: Tx, subject: Subject) -> CaseRow | None:
    """The subject's waiting case, else its last one, locked."""
    query = (
        sa.select(*CASE_COLUMNS)
        .where(is_about(subject))
        .order_by(cases.c.state == "decided", cases.c.opened_at.desc())
        .limit(1)
        .with_for_update()
    )
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else CaseRow(**row)


def pass_on(tx: Tx, case: CaseRow, reason: SkipReason, *, another: bool, senior: bool) -> CaseRow:
    """The actor, whom the case's history does not name, cannot take a locked case, and gives it back if
    they hold it. `another`: it is one who had not said so before; `senior`: a senior gets it."""
    queue = {"queue": SENIOR_QUEUE} if senior else {}
    note(tx, case.id, "skipped", {"reason": reason} | queue, actor=SOMEBODY)
    values = queue | ({"skips": cases.c.skips + 1} if another else {})
    if case.state == "claimed" and case.claimant == tx.identity:
        return move(tx, case, "release", **values)
    return change(tx, case, values)

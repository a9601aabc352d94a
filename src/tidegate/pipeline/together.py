"""Deciding a case together with items that wait in it: each gets a case and a decision of its own, by the
same path as any other. The first hundred are decided in the request, the rest as a bulk, by the worker.

Items are locked first, in the order of their names, in which everybody locks several; then the case.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from tidegate.content.model import ItemRow
from tidegate.content.queries import item_names, lock_item_by_id
from tidegate.decisions import held
from tidegate.decisions.model import Subject
from tidegate.enforcement.actions import announce_cases
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.actions import move_reports
from tidegate.pipeline.decide import decide_case
from tidegate.pipeline.second import Where
from tidegate.policy.model import Pack
from tidegate.review import bulk as bulks
from tidegate.review import members
from tidegate.review.actions import open_case
from tidegate.review.membership import Parted
from tidegate.review.model import CaseDecisionIn, CaseRow
from tidegate.review.queries import find_case, lock_case

AT_ONCE = 100
# What a decision on a case says of that case alone.
_OF_ITS_OWN = ("members", "seen", "entry", "revision", "undo_seconds")


def decide_together(
    tx: Tx,
    case_id: UUID,
    given: CaseDecisionIn,
    *,
    pack: Pack,
    undo: timedelta = timedelta(),
    where: Where = "api",
) -> CaseRow:
    """Decide a case as `decide_case` does, and the members that `given` means. What is proposed to another
    person is the case's own item; the others go on waiting with it. A member that cannot be decided so waits
    in a case of its own. Raises Refusal as `decide_case`, and 422 "members-unknown"."""
    if given.members is None:
        return decide_case(tx, case_id, given, pack=pack, undo=undo, where=where)
    items = _lock(tx, case_id, given)
    case = lock_case(tx, case_id)
    meant = [items[id] for id in members.chosen(tx, case, given.members, given.seen) if id in items]
    own = msgspec.structs.replace(given, members=None, seen=None)
    members.set_apart(tx, case_id, [item.id for item in meant])
    decided = decide_case(tx, case_id, own, pack=pack, undo=undo, where=where)
    if decided.state != "decided" or decided.decision_id is None:
        members.put_back(tx, case_id)
        return decided
    alike = msgspec.structs.replace(own, entry=None, revision=None)
    opened = [_open(tx, decided, item) for item in meant]
    parted = [_decide(tx, one, alike, pack, undo, where) for one in opened[:AT_ONCE]]
    parted += [Parted(one.subject_id, one.id, None) for one in opened[AT_ONCE:]]
    members.part(tx, case_id, decided.decision_id, parted)
    if later := opened[AT_ONCE:]:
        _leave_to_worker(tx, decided.decision_id, later, alike, undo)
    return decided


def stop_bulk(tx: Tx, decision_id: UUID) -> None:
    """The decision on a case is undone: what the worker has still to do of it is not done, and what it has
    done is undone by it."""
    with suppress(Refusal):
        bulk = bulks.get_bulk(tx, decision_id, lock="update")
        if bulk.state in ("running", "done"):
            held.leave_at(tx, bulks.stop(tx, bulk), tx.now + bulks.AT_MOST)


def _lock(tx: Tx, case_id: UUID, given: CaseDecisionIn) -> dict[UUID, ItemRow]:
    """The items that are meant at this moment, and the case's own, locked."""
    assert given.members is not None
    case = find_case(tx, case_id)
    ids = members.chosen(tx, case, given.members, given.seen)
    wanted = {*ids, *([case.item_id] if case.item_id else [])}
    names = item_names(tx, wanted)
    found: dict[UUID, ItemRow] = {}
    for id in sorted(wanted & names.keys(), key=lambda one: names[one]):
        with suppress(Refusal):  # erased since: it is nobody's member any more
            found[id] = lock_item_by_id(tx, id)
    return found


def _open(tx: Tx, case: CaseRow, item: ItemRow) -> CaseRow:
    """A case of its own for a member."""
    subject = Subject("item", item.id)
    opened, _ = open_case(
        tx,
        subject=subject,
        item=item,
        revision=item.revision,
        queue=case.own_queue,
        origin="report",
    )
    move_reports(tx, [item.id], opened.id)
    return opened


def _decide(
    tx: Tx, case: CaseRow, given: CaseDecisionIn, pack: Pack, undo: timedelta, where: Where
) -> Parted:
    try:
        with tx.savepoint():
            done = decide_case(tx, case.id, given, pack=pack, undo=undo, where=where)
    except Refusal:
        done = case
    if done.state != "decided":
        _announce(tx, [case])
    return Parted(case.subject_id, case.id, done.decision_id)


def _leave_to_worker(
    tx: Tx, bulk_id: UUID, later: Sequence[CaseRow], given: CaseDecisionIn, undo: timedelta
) -> None:
    """Have the rest decided as a bulk, that goes by the id of the decision on the case."""
    decision: dict[str, Any] = msgspec.to_builtins(given)
    decision = {name: value for name, value in decision.items() if name not in _OF_ITS_OWN}
    seconds = undo.total_seconds()
    bulks.preview(tx, decision, [(one, None) for one in later], seconds, bulk_id=bulk_id)
    bulks.start(tx, bulks.get_bulk(tx, bulk_id, lock="update"), decision, seconds)
    _announce(tx, later)


def _announce(tx: Tx, opened: Iterable[CaseRow]) -> None:
    told: list[OpenedCase] = []
    for one in opened:
        item = lock_item_by_id(tx, one.subject_id)
        told.append(OpenedCase(one.id, one.subject, item, one.revision))
    announce_cases(tx, told)

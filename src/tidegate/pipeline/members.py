"""What waited in a case beside its own item waits on, when that case is decided or gone: in a case of theirs."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from tidegate.content.model import ItemRow
from tidegate.content.queries import item_by_id, item_names, lock_item_by_id
from tidegate.decisions.model import Subject
from tidegate.enforcement.actions import announce_cases
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.actions import move_reports
from tidegate.review import members
from tidegate.review.actions import open_case, touch, withdraw_case
from tidegate.review.membership import (
    cases_about,
    cases_with_members,
    members_of,
    waits_with,
)
from tidegate.review.model import REPORT_QUEUE, SENIOR_QUEUE, CaseRow, is_held
from tidegate.review.queries import find_case, lock_case
from tidegate.review.work.queries import is_worked_on
from tidegate.triage.kept.queries import places_of


def hand_on(tx: Tx, case: CaseRow) -> None:
    """Let those that wait in a case, which the caller has locked, wait in one about the first of them."""
    _hand_on(tx, case, [one.item_id for one in members_of(tx, case.id)])


def _hand_on(tx: Tx, case: CaseRow, item_ids: Sequence[UUID]) -> UUID | None:
    """The same of these of its members; the case in which they wait on, None where none is left."""
    standing: list[ItemRow] = []
    for item_id in item_ids:
        item = item_by_id(tx, item_id)
        if item is None or item.erased_at is not None:
            members.leave(tx, item_id)
        else:
            standing.append(item)
    if not standing:
        return None
    first = standing[0]
    members.leave(tx, first.id)
    subject = Subject("item", first.id)
    opened, is_new = open_case(
        tx,
        subject=subject,
        item=first,
        revision=first.revision,
        queue=REPORT_QUEUE if case.queue == SENIOR_QUEUE else case.own_queue,
        origin="report",
    )
    opened = members.hand_over(tx, case.id, opened, [one.id for one in standing[1:]])
    move_reports(tx, [one.id for one in standing], opened.id)
    _wait_about(tx, first.id, opened.id, instead_of=case.id)
    if is_new:
        announce_cases(tx, [OpenedCase(opened.id, subject, first, first.revision)])
    return opened.id


def part_ways(tx: Tx, item_ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """People have moved these items to other clusters: what waits in the case of an item of another cluster
    now waits on with its own. Which cases went apart, as (that in which it waited, that in which it waits
    on)."""
    parted: list[tuple[UUID, UUID]] = []
    own = cases_about(tx, item_ids)
    for case_id in sorted({*own, *waits_with(tx, item_ids)}):
        case = lock_case(tx, case_id)
        waiting = [one.item_id for one in members_of(tx, case_id)]
        if case.item_id is None or not waiting:
            continue
        places = places_of(tx, [case.item_id, *waiting])
        mine = places.get(case.item_id)
        apart: dict[UUID, list[UUID]] = {}
        for item_id in waiting:
            place = places.get(item_id)
            if place is not None and (mine is None or place.cluster != mine.cluster):
                apart.setdefault(place.cluster, []).append(item_id)
        for items in apart.values():
            if (on := _hand_on(tx, case, items)) is not None:
                parted.append((case.id, on))
                _wait_about(tx, case.item_id, case.id)
    return parted


def come_together(
    tx: Tx, parted: Sequence[tuple[UUID, UUID]], at: datetime
) -> list[tuple[UUID, UUID]]:
    """The change by which these cases went apart at `at` is undone, and the items are where they were: what
    waits in the second of each pair waits in the first again. Those pairs for which that cannot be: where
    somebody has decided since, where the second is claimed or has tasks to do or links, or where they are of
    different clusters still."""
    return [pair for pair in parted if not _come_together(tx, *pair, at)]


def _come_together(tx: Tx, case_id: UUID, apart_id: UUID, at: datetime) -> bool:
    _lock_items(tx, apart_id)
    found = {id: lock_case(tx, id) for id in sorted((case_id, apart_id))}
    case, apart = found[case_id], found[apart_id]
    decided = "decided" in (case.state, apart.state) or (apart.reopened_at or at) > at
    if decided or case.item_id is None or apart.item_id is None:
        return False
    if is_held(apart.claimed_until, tx.now) or is_worked_on(tx, apart.id):
        return False
    beside = [one.item_id for one in members_of(tx, apart.id)]
    places = places_of(tx, [case.item_id, apart.item_id, *beside])
    clusters = {place.cluster for place in places.values()}
    if len(clusters) != 1 or apart.item_id not in places:
        return False
    withdraw_case(tx, apart, {"case": str(case.id)})
    joined = members.hand_over(tx, apart.id, case, beside)
    members.join(tx, joined, apart.item_id)
    move_reports(tx, [apart.item_id, *beside], case.id)
    _wait_about(tx, case.item_id, case.id, instead_of=apart.id)
    return True


def _lock_items(tx: Tx, case_id: UUID) -> None:
    """Hold what waits in a case, in the order in which everybody locks several; the case comes after."""
    case = find_case(tx, case_id)
    ids = [
        *([case.item_id] if case.item_id else []),
        *(one.item_id for one in members_of(tx, case.id)),
    ]
    names = item_names(tx, ids)
    for id in sorted(names, key=lambda one: names[one]):
        with suppress(Refusal):  # erased since
            lock_item_by_id(tx, id)


def _wait_about(tx: Tx, item_id: UUID, case_id: UUID, *, instead_of: UUID | None = None) -> None:
    """What says the same as the item joins this case, unless another than `instead_of` waits about it."""
    places = places_of(tx, [item_id]).values()
    members.wait_about(tx, [(one.cluster, case_id) for one in places], instead_of=instead_of)


def leave_alone(tx: Tx, item_id: UUID) -> None:
    """The item, which the caller holds, needs nobody any more in the case of another."""
    if (case := members.waits_in(tx, item_id)) is not None:
        members.leave(tx, item_id)
        touch(tx, [case.subject_id])


def hand_on_erased(tx: Tx, item_id: UUID) -> None:
    """The item, which the caller holds, was erased, and its waiting case withdrawn: what waited there waits
    on."""
    for case_id in cases_with_members(tx, item_id):
        hand_on(tx, lock_case(tx, case_id))

"""What waited in a case beside its own item waits on, when that case is decided or gone: in a case of theirs."""

from collections.abc import Collection, Sequence
from uuid import UUID

from tidegate.content.model import ItemRow
from tidegate.content.queries import item_by_id
from tidegate.decisions.model import Subject
from tidegate.enforcement.actions import announce_cases
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.intake.actions import move_reports
from tidegate.review import members
from tidegate.review.actions import open_case, touch
from tidegate.review.membership import (
    cases_about,
    cases_with_members,
    members_of,
    waits_with,
)
from tidegate.review.model import REPORT_QUEUE, SENIOR_QUEUE, CaseRow
from tidegate.review.queries import lock_case
from tidegate.triage.kept.queries import places_of


def hand_on(tx: Tx, case: CaseRow) -> None:
    """Let those that wait in a case, which the caller has locked, wait in one about the first of them."""
    _hand_on(tx, case, [one.item_id for one in members_of(tx, case.id)])


def _hand_on(tx: Tx, case: CaseRow, item_ids: Sequence[UUID]) -> None:
    """The same of these of its members."""
    standing: list[ItemRow] = []
    for item_id in item_ids:
        item = item_by_id(tx, item_id)
        if item is None or item.erased_at is not None:
            members.leave(tx, item_id)
        else:
            standing.append(item)
    if not standing:
        return
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
    members.wait_about(tx, [(one.cluster, opened.id) for one in places_of(tx, [first.id]).values()])
    if is_new:
        announce_cases(tx, [OpenedCase(opened.id, subject, first, first.revision)])


def part_ways(tx: Tx, item_ids: Collection[UUID]) -> None:
    """People have moved these items to other clusters: what waits in the case of an item of another cluster
    now waits on with its own."""
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
            _hand_on(tx, case, items)


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

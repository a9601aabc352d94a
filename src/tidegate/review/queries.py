"""Reading cases: the queues, and one case with all that its decision needs."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.tables import items
from tidegate.decisions.disclosure import disclosure_on, shown_decisions
from tidegate.decisions.looks import is_blind
from tidegate.decisions.model import (
    Subject,
    SubjectKind,
    shown_match,
)
from tidegate.decisions.queries import (
    decisions_of,
    decisions_of_case,
    quotes,
    shown_evaluations,
    telling_evaluation,
)
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.model import ReportView
from tidegate.intake.queries import FIRST_REPORTS, reports_of
from tidegate.intake.tables import reports
from tidegate.review.history import history, newest_steps
from tidegate.review.membership import WAITS, items_of, shown_members, total_members
from tidegate.review.model import (
    LOOK,
    CaseDetail,
    CaseItem,
    CaseRow,
    ShownCase,
    shown_subject,
)
from tidegate.review.scoring import shown_priority
from tidegate.review.sight import in_sight
from tidegate.review.tables import case_members, cases
from tidegate.review.work.queries import links_of, tasks_of
from tidegate.signals.banks.queries import entries_by_id

CASE_COLUMNS = [cases.c[name] for name in CaseRow.__struct_fields__]
# Literals, not parameters: only so does a prepared statement use the partial indexes.
WAITING = cases.c.state != sa.literal_column("'decided'")
CLAIMED = cases.c.state == sa.literal_column("'claimed'")
NO_LOOK = cases.c.subject_kind != sa.literal_column("'look'")

# How many voices a case has: of its own item, and of those that wait with it.
VOICES = (
    sa.select(sa.func.count())
    .where(reports.c.item_id == cases.c.item_id, reports.c.counts)
    .scalar_subquery()
    + sa.select(sa.func.count())
    .where(case_members.c.case_id == cases.c.id, WAITS)
    .where(reports.c.item_id == case_members.c.item_id, reports.c.counts)
    .scalar_subquery()
).label("reports")
VIEW = sa.select(cases, items.c.external_id, VOICES).outerjoin_from(
    cases, items, items.c.id == cases.c.item_id
)


def voices_in(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many voices each of these cases has."""
    query = sa.select(cases.c.id, VOICES).where(cases.c.id.in_(case_ids))
    return {row.id: row.reports for row in tx.execute(query)}


def lock_case(tx: Tx, case_id: UUID) -> CaseRow:
    """The case, its row locked until the end. Raises Refusal (404)."""
    query = sa.select(*CASE_COLUMNS).where(cases.c.id == case_id, in_sight(tx))
    row = tx.execute(query.with_for_update()).mappings().one_or_none()
    if row is None:
        raise case_unknown(case_id)
    return CaseRow(**row)


def find_case(tx: Tx, case_id: UUID) -> CaseRow:
    """The case as it is now, without a lock. Raises Refusal (404)."""
    query = sa.select(*CASE_COLUMNS).where(cases.c.id == case_id, in_sight(tx))
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise case_unknown(case_id)
    return CaseRow(**row)


def lock_waiting_case(tx: Tx, subject: Subject) -> CaseRow | None:
    """The subject's waiting case, locked, or None. The caller holds the subject."""
    query = sa.select(*CASE_COLUMNS).where(is_about(subject), WAITING).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else CaseRow(**row)


def waiting_about(tx: Tx, item_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The waiting cases about these items, by the item, as far as they may be seen here."""
    query = sa.select(cases.c.subject_id, cases.c.id).where(cases.c.subject_kind == "item")
    query = query.where(cases.c.subject_id.in_(list(item_ids)), WAITING, in_sight(tx))
    return {row.subject_id: row.id for row in tx.execute(query)} if item_ids else {}


def waiting_subjects(tx: Tx, kind: SubjectKind) -> list[UUID]:
    """The subjects of a kind about which a case waits."""
    query = sa.select(cases.c.subject_id).where(cases.c.subject_kind == kind, WAITING)
    return list(tx.execute(query).scalars())


def subject_of_case(tx: Tx, case_id: UUID) -> Subject:
    """What a case is about: never changes, so it needs no lock. Raises Refusal (404)."""
    query = sa.select(cases.c.subject_kind, cases.c.subject_id).where(
        cases.c.id == case_id, in_sight(tx)
    )
    found = tx.execute(query).one_or_none()
    if found is None:
        raise case_unknown(case_id)
    return Subject(*found)


def match_of_case(tx: Tx, case_id: UUID) -> dict[str, Any] | None:
    """The match that opened a case. Raises Refusal (404)."""
    query = sa.select(cases.c.match).where(cases.c.id == case_id, in_sight(tx))
    found = tx.execute(query).one_or_none()
    if found is None:
        raise case_unknown(case_id)
    return found.match


def works_on(tx: Tx, subject: Subject) -> bool:
    """Whether the actor has a case in hand that is about the subject; about an entry also one that its
    match opened."""
    about = is_about(subject)
    if subject.kind == "entry":
        about = sa.or_(about, cases.c.match["entry"].astext == str(subject.id))
    mine = sa.exists().where(
        CLAIMED, cases.c.claimant == tx.identity, cases.c.claimed_until > tx.now, about
    )
    return bool(tx.execute(sa.select(mine)).scalar_one())


def is_about(subject: Subject) -> sa.ColumnElement[bool]:
    return sa.and_(cases.c.subject_kind == subject.kind, cases.c.subject_id == subject.id)


def case_unknown(case_id: object) -> Refusal:
    return Refusal(
        "case-unknown",
        404,
        "There is no such case",
        f"No case {str(case_id)[:64]}. GET /v1/cases lists them.",
    )


def get_case(tx: Tx, case_id: UUID, reports_after: str | None = None) -> CaseDetail:
    """One case with its subject, evaluations, decisions, history, and a page of its reports: the first,
    or that after a cursor. Raises Refusal: 404, 422 for a cursor that no answer gave."""
    query = VIEW.where(cases.c.id == case_id, in_sight(tx))
    row = tx.execute(query).one_or_none()
    if row is None:
        raise case_unknown(case_id)
    item: UUID | None = row.item_id
    about_entry = [row.subject_id] if row.subject_kind == "entry" else []
    evaluations = [] if item is None else shown_evaluations(tx, item)
    quoted = item is not None and quotes(tx, item, row.revision)
    decisions = decisions_of_case(tx, case_id) if item is None else decisions_of(tx, item)
    reported, following = _reported(tx, case_id, item, reports_after)
    members, total = shown_members(tx, case_id)
    return CaseDetail(
        **view_of(row, tx.now),
        about=None if item is None else _about(tx, item),
        members=members,
        members_total=total,
        entry=entries_by_id(tx, about_entry).get(str(row.subject_id)),
        reported=reported,
        reported_next=following,
        exemption_first=quoted,
        evaluations=[msgspec.to_builtins(one) for one in evaluations],
        disclosure=None if item is None else disclosure_on(tx, item),
        decisions=[msgspec.to_builtins(one) for one in shown_decisions(tx, decisions)],
        events=history(tx, case_id),
        tasks=tasks_of(tx, case_id),
        links=links_of(tx, case_id),
    )


SHOWN_DECISIONS = 20


def show_case(tx: Tx, case_id: UUID) -> ShownCase:
    """One case as its page shows it. Raises Refusal (404)."""
    query = VIEW.where(cases.c.id == case_id, in_sight(tx))
    row = tx.execute(query).one_or_none()
    if row is None:
        raise case_unknown(case_id)
    item: UUID | None = row.item_id
    about_entry = [row.subject_id] if row.subject_kind == "entry" else []
    if item is None:
        decisions = decisions_of_case(tx, case_id)
    else:
        decisions = decisions_of(tx, item, SHOWN_DECISIONS)
    return ShownCase(
        **view_of(row, tx.now),
        about=None if item is None else _about(tx, item),
        members=total_members(tx, case_id),
        entry=entries_by_id(tx, about_entry).get(str(row.subject_id)),
        exemption_first=item is not None and quotes(tx, item, row.revision),
        evaluation=None if item is None else _evaluation(tx, row),
        disclosure=None if item is None else disclosure_on(tx, item),
        decisions=[msgspec.to_builtins(one) for one in shown_decisions(tx, decisions[::-1])],
        events=newest_steps(tx, case_id),
    )


def _evaluation(tx: Tx, row: sa.Row[Any]) -> dict[str, Any] | None:
    """What a case came of; of a blind look it is as new as the look, or its time would tell."""
    found = telling_evaluation(tx, row.item_id, row.revision)
    if found is None:
        return None
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told | {"created_at": row.opened_at} if row.subject_kind == LOOK else told


def decisions_by_entry(tx: Tx, entry_id: str, limit: int) -> list[UUID]:
    """The decisions on cases that a match with this entry opened, the newest first."""
    query = (
        sa.select(cases.c.decision_id)
        .where(cases.c.match["entry"].astext == entry_id, cases.c.decision_id.isnot(None))
        .where(in_sight(tx), NO_LOOK)
        .order_by(cases.c.decided_at.desc())
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def reports_of_case(
    tx: Tx, case_id: UUID, cursor: str | None, limit: int
) -> tuple[list[ReportView], str | None]:
    """A page of a case's reports, the first first, and the cursor of the next page, if there is one.
    Raises Refusal: 404, 422 for a cursor that no answer gave."""
    subject = subject_of_case(tx, case_id)
    return _reported(tx, case_id, subject.id if subject.kind != "entry" else None, cursor, limit)


def _reported(
    tx: Tx, case_id: UUID, item_id: UUID | None, cursor: str | None, limit: int = FIRST_REPORTS
) -> tuple[list[ReportView], str | None]:
    if item_id is None:
        return [], None
    return reports_of(tx, [item_id, *items_of(tx, [case_id]).get(case_id, [])], cursor, limit)


def waiting_counts(tx: Tx) -> dict[str, dict[str, int]]:
    """How many cases wait, by queue and state."""
    query = (
        sa.select(cases.c.queue, cases.c.state, sa.func.count().label("total"))
        .where(WAITING, in_sight(tx))
        .group_by(cases.c.queue, cases.c.state)
        .order_by(cases.c.queue, cases.c.state)
    )
    counts: dict[str, dict[str, int]] = {}
    for row in tx.execute(query):
        counts.setdefault(row.queue, {})[row.state] = row.total
    return counts


def view_of(row: sa.Row[Any], now: datetime) -> dict[str, Any]:
    """A row of `VIEW` as the fields of a `CaseView`."""
    return {
        "id": row.id,
        "subject": shown_subject(Subject(row.subject_kind, row.subject_id), row.external_id),
        "version": row.version,
        "item": row.external_id,
        "platform": row.platform,
        "revision": row.revision,
        "queue": row.queue,
        "state": row.state,
        "band": row.band,
        "priority": shown_priority(row.scoring, row.waits_since, row.decided_at, now),
        "origin": row.origin,
        "match": row.match and shown_match(row.match),
        "claimed_by": row.claimed_by,
        "claimed_until": row.claimed_until,
        "reports": row.reports,
        "decision": row.decision_id,
        "opened_at": row.opened_at,
        "reopened_at": row.reopened_at,
        "decided_at": row.decided_at,
    }


def _about(tx: Tx, item_id: UUID) -> CaseItem:
    names = ["platform", "publicness", "revision", "verdict", "restricted_by", "received_at"]
    row = tx.execute(sa.select(items).where(items.c.id == item_id)).one()
    shown = {name: getattr(row, name) for name in names}
    if is_blind(tx, item_id):
        shown["restricted_by"] = None
    return CaseItem(id=row.external_id, erased_at=row.erased_at, **shown)


def cases_of_item(tx: Tx, item_id: UUID) -> list[UUID]:
    """The ids of an item's cases, the first first."""
    query = sa.select(cases.c.id).where(cases.c.item_id == item_id, in_sight(tx), NO_LOOK)
    return list(tx.execute(query.order_by(cases.c.opened_at)).scalars())

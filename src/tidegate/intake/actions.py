"""Keeping reports: each once, with its reporter, tied to its item and case."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.content.model import ItemRow
from tidegate.infra.columns import seal
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.intake.grades import forget_grade_notes
from tidegate.intake.messages import forget_messages
from tidegate.intake.model import Filed, Taken
from tidegate.intake.sources import forget_sources
from tidegate.intake.tables import reports
from tidegate.intake.threats.trials import forget_trials
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import NewEntry

ESCALATION_HOUR = timedelta(hours=1)


def record_report(tx: Tx, filed: Filed) -> bool:
    """Append a report with its ledger entry; False when its id is taken, also by a transaction that
    committed in between (or, which is next to never, its reference)."""
    row = dict(zip(_FILED, _filed(tx, filed), strict=True))
    query = insert(reports).values(row).on_conflict_do_nothing().returning(reports.c.id)
    if tx.execute(query).scalar_one_or_none() is None:
        return False
    append_many(tx, [_received(filed)])
    return True


def record_reports(tx: Tx, filed: Sequence[Filed]) -> None:
    """Append reports with their ledger entries, by COPY. Raises psycopg.IntegrityError where the id of
    one of them is taken by a transaction that committed in between."""
    tx.copy(reports, _FILED, [_filed(tx, one) for one in filed])
    requests: dict[str, list[NewEntry]] = {}
    for one in filed:
        requests.setdefault(one.request_id, []).append(_received(one))
    for request_id, entries in requests.items():
        append_many(tx.on_behalf(tx.by, request_id), entries)


def _filed(tx: Tx, filed: Filed) -> tuple[object, ...]:
    taken, report = filed.taken, filed.taken.said
    return (
        filed.id,
        taken.platform,
        report.id,
        filed.item.id,
        filed.brought,
        report.channel,
        report.reason,
        report.comment,
        report.location,
        taken.reporter,
        filed.counts,
        filed.reference,
        filed.reference_key,
        taken.digest,
        taken.created_at,
        tx.now,
    )


_FILED = (
    "id",
    "platform",
    "external_id",
    "item_id",
    "brought_id",
    "channel",
    "reason",
    "comment",
    "location",
    "reporter",
    "counts",
    "reference",
    "reference_key",
    "digest",
    "created_at",
    "received_at",
)


def _received(filed: Filed) -> NewEntry:
    report = filed.taken.said
    record: dict[str, object] = {
        "report": filed.id,
        "channel": report.channel,
        "reason": report.reason,
    }
    if filed.brought is not None:
        record["brought"] = filed.brought
    return NewEntry("report.received", record, filed.item.id, filed.item.platform)


def keep_reports(tx: Tx, told: Sequence[tuple[Taken, ItemRow]]) -> None:
    """Append reports whose ids are new, each of another voice, of which the ledger is not told."""
    rows: list[tuple[object, ...]] = []
    for taken, item in told:
        report = taken.said
        own = (uuid7(tx.now), taken.platform, report.id, item.id, report.channel, report.reason)
        rows.append((*own, report.comment, taken.reporter, taken.digest, taken.created_at, tx.now))
    tx.copy(reports, _MANY, rows)


_MANY = (
    "id",
    "platform",
    "external_id",
    "item_id",
    "channel",
    "reason",
    "comment",
    "reporter",
    "digest",
    "created_at",
    "received_at",
)


class Settled(msgspec.Struct, frozen=True):
    """What became of a report: its case, its answer for retries, and what is to be said of it."""

    report: UUID
    case: UUID
    answer: bytes
    problems: Sequence[str]


def settle_reports(tx: Tx, settled: Sequence[Settled]) -> None:
    """Tie reports to their cases, and keep their answers."""
    given = {
        "reports": [one.report for one in settled],
        "cases": [one.case for one in settled],
        "answers": [seal(one.answer) for one in settled],
    }
    tx.execute(_SETTLE, given)
    if noted := [one for one in settled if one.problems]:
        rows = [{"of_report": one.report, "noted": list(one.problems)} for one in noted]
        tx.execute(_NOTE, rows)


_SETTLE = sa.text(
    "UPDATE reports SET case_id = s.case_id, answer = s.answer FROM unnest(CAST(:reports AS uuid[]),"
    " CAST(:cases AS uuid[]), CAST(:answers AS bytea[])) AS s (report, case_id, answer)"
    " WHERE reports.id = s.report"
)
_NOTE = (
    sa.update(reports)
    .where(reports.c.id == sa.bindparam("of_report"))
    .values(problems=sa.bindparam("noted"))
)


def spend_escalations(tx: Tx, report_ids: Sequence[UUID], platform: str, budget: int) -> int:
    """How many of these reports, the first ones, may escalate: the platform's budget for those that nobody
    answers for has so much left in the hour. What may not is not heard by rules, now and later."""
    # One after the other, or two at once would both have the last of it.
    tx.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"escalations of {platform}"},
    )
    spent = (
        sa.select(reports.c.id)
        .where(reports.c.platform == platform, reports.c.escalated)
        .where(reports.c.received_at > tx.now - ESCALATION_HOUR)
        .limit(budget)
        .subquery()
    )
    left = budget - tx.execute(sa.select(sa.func.count()).select_from(spent)).scalar_one()
    for some, may in ((report_ids[:left], True), (report_ids[left:], False)):
        if some:
            mine = sa.update(reports).where(reports.c.id.in_(some))
            tx.execute(mine.values(escalated=may))
    return min(left, len(report_ids))


def move_reports(tx: Tx, item_ids: Sequence[UUID], case_id: UUID) -> None:
    """The reports on these items wait in another case from now on."""
    tx.execute(sa.update(reports).where(reports.c.item_id.in_(item_ids)).values(case_id=case_id))


def forget_reporters(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """End of retention: what reporters wrote about the items, and who they were, goes. So does what is
    said of where it was that a report brought."""
    forget_sources(tx, item_ids)
    forget_grade_notes(tx, item_ids)
    forget_messages(tx, item_ids)
    forget_trials(tx, item_ids)
    about, brought = reports.c.item_id.in_(item_ids), reports.c.brought_id.in_(item_ids)
    said = {"comment": None, "reporter": None, "location": None}
    tx.execute(sa.update(reports).where(about).values(said))
    tx.execute(sa.update(reports).where(brought).values(location=None))


def forget_reports(tx: Tx, item_id: UUID) -> None:
    """Erasure: the words and the stored answers go too, and by what they were compared; that there
    was a report stays. What a report brought goes by itself, and what the report says of another item
    stays with that."""
    forget_reporters(tx, [item_id])
    known: dict[str, Any] = {"answer": None, "digest": b"", "problems": [], "reference": None}
    tx.execute(sa.update(reports).where(reports.c.brought_id == item_id).values(known))
    about = sa.update(reports).where(reports.c.item_id == item_id)
    tx.execute(about.values(known | {"reason": ""}))

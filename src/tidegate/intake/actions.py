"""Keeping reports: each once, with its reporter, tied to its item and case."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.content.model import ItemRow
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.intake.grades import forget_grade_notes
from tidegate.intake.model import Taken
from tidegate.intake.sources import forget_sources
from tidegate.intake.tables import reports
from tidegate.ledger.actions import append

ESCALATION_HOUR = timedelta(hours=1)


def record_report(tx: Tx, taken: Taken, item: ItemRow, *, counts: bool = True) -> UUID | None:
    """Append a report about this item with its ledger entry; None when its id is taken, also by a
    transaction that committed in between. `counts`: whether its reporter is a new voice."""
    report = taken.said
    report_id = tx.execute(
        insert(reports)
        .values(
            id=uuid7(tx.now),
            platform=taken.platform,
            external_id=report.id,
            item_id=item.id,
            channel=report.channel,
            reason=report.reason,
            comment=report.comment,
            reporter=taken.reporter,
            counts=counts,
            digest=taken.digest,
            created_at=taken.created_at,
            received_at=tx.now,
        )
        .on_conflict_do_nothing(index_elements=["platform", "external_id"])
        .returning(reports.c.id)
    ).scalar_one_or_none()
    if report_id is not None:
        record = {"report": report_id, "channel": report.channel, "reason": report.reason}
        append(tx, "report.received", record, item.id, item.platform)
    return report_id


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


def settle_report(
    tx: Tx, report_id: UUID, case_id: UUID, answer: bytes, problems: Sequence[str]
) -> None:
    """Tie a report to its case and keep the answer for retries, and what was to be said of it."""
    tx.execute(
        sa.update(reports)
        .where(reports.c.id == report_id)
        .values(case_id=case_id, answer=answer, problems=list(problems))
    )


def spend_escalation(tx: Tx, report_id: UUID, platform: str, budget: int) -> bool:
    """Whether this report may escalate: the platform's budget for those that nobody answers for has
    something left in the hour. What may not is not heard by rules, now and later."""
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
    left = tx.execute(sa.select(sa.func.count()).select_from(spent)).scalar_one() < budget
    tx.execute(sa.update(reports).where(reports.c.id == report_id).values(escalated=left))
    return left


def forget_reporters(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """End of retention: what reporters wrote about the items, and who they were, goes."""
    forget_sources(tx, item_ids)
    forget_grade_notes(tx, item_ids)
    tx.execute(
        sa.update(reports)
        .where(reports.c.item_id.in_(item_ids))
        .values(comment=None, reporter=None)
    )


def forget_reports(tx: Tx, item_id: UUID) -> None:
    """Erasure: the words and the stored answers go too, and by what they were compared; that there
    was a report stays."""
    forget_reporters(tx, [item_id])
    tx.execute(
        sa.update(reports)
        .where(reports.c.item_id == item_id)
        .values(reason="", answer=None, digest=b"", problems=[])
    )

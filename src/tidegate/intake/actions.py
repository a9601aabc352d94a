"""Keeping reports: each once, with its reporter, tied to its item and case."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.content.model import ItemRow
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.intake.model import Taken
from tidegate.intake.tables import reports
from tidegate.ledger.actions import append


def record_report(tx: Tx, taken: Taken, item: ItemRow) -> UUID | None:
    """Append a report about this item with its ledger entry; None when its id is taken, also by a
    transaction that committed in between."""
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


def settle_report(tx: Tx, report_id: UUID, case_id: UUID, answer: bytes) -> None:
    """Tie a report to its case and keep the answer for retries."""
    tx.execute(
        sa.update(reports).where(reports.c.id == report_id).values(case_id=case_id, answer=answer)
    )


def forget_reporters(tx: Tx, item_ids: Sequence[UUID]) -> None:
    """End of retention: what reporters wrote about the items, and who they were, goes."""
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
        .values(reason="", answer=None, digest=b"")
    )

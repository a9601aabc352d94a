"""Reading reports."""

from uuid import UUID

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.intake.model import ReportView, StoredReport
from tidegate.intake.tables import reports
from tidegate.policy.facts import ReportFacts


def find_report(tx: Tx, platform: str, external_id: str) -> StoredReport | None:
    """The report under the reporting side's id, or None."""
    query = sa.select(reports.c.id, reports.c.digest, reports.c.item_id, reports.c.answer).where(
        reports.c.platform == platform, reports.c.external_id == external_id
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else StoredReport(*row)


def reports_of(tx: Tx, item_id: UUID) -> list[ReportView]:
    """All reports on an item, the first first."""
    query = (
        sa.select(
            reports.c.external_id.label("id"),
            reports.c.channel,
            reports.c.reason,
            reports.c.comment,
            reports.c.reporter,
            reports.c.created_at,
            reports.c.received_at,
        )
        .where(reports.c.item_id == item_id)
        .order_by(reports.c.received_at, reports.c.id)
    )
    return [ReportView(**row) for row in tx.execute(query).mappings()]


def report_facts(tx: Tx, item_id: UUID) -> ReportFacts:
    """What rules see of the reports on an item."""
    query = sa.select(
        sa.func.count().label("total"),
        # A reporter without a name cannot be told from another: each counts.
        sa.func.count(
            sa.distinct(sa.func.coalesce(reports.c.reporter, reports.c.external_id))
        ).label("reporters"),
        sa.func.array_agg(sa.distinct(reports.c.channel)).label("channels"),
        sa.func.array_agg(sa.distinct(reports.c.reason)).label("reasons"),
    ).where(reports.c.item_id == item_id)
    row = tx.execute(query).one()
    return ReportFacts(
        row.total, row.reporters, sorted(row.channels or []), sorted(row.reasons or [])
    )

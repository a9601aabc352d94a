"""Reading reports."""

from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.holds.queries import is_closed
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.model import ReportView, StoredReport, Taken
from tidegate.intake.tables import reports
from tidegate.policy.facts import ReportFacts


def stored_answer(tx: Tx, taken: Taken) -> bytes | None:
    """The answer to a report that was here before, or None. Raises Refusal: 410 when its item was
    erased, 409 when another report has its id."""
    known = find_report(tx, taken.platform, taken.said.id)
    if known is None:
        return None
    if known.answer is None:
        raise Refusal(
            "item-erased",
            410,
            "The item was erased",
            "What this report was about was erased, and the answer to the report with it.",
        )
    if known.digest != taken.digest:
        raise Refusal(
            "report-changed",
            409,
            "Another report has this id",
            "Nothing was written. A new report needs a new id; a sent one stays as it is.",
        )
    return known.answer


def find_report(tx: Tx, platform: str, external_id: str) -> StoredReport | None:
    """The report under the reporting side's id, or None."""
    query = sa.select(reports.c.id, reports.c.digest, reports.c.item_id, reports.c.answer).where(
        reports.c.platform == platform,
        reports.c.external_id == external_id,
        tx.within(reports.c.platform),
    )
    row = tx.execute(query).one_or_none()
    return None if row is None else StoredReport(*row)


def reports_of(tx: Tx, item_id: UUID) -> list[ReportView]:
    """All reports on an item, the first first. What reporters wrote, and who they were, is closed with
    the content."""
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
        .where(reports.c.item_id == item_id, tx.within(reports.c.platform))
        .order_by(reports.c.received_at, reports.c.id)
    )
    views = [ReportView(**row) for row in tx.execute(query).mappings()]
    if not views or not is_closed(tx, item_id):
        return views
    return [msgspec.structs.replace(one, comment=None, reporter=None) for one in views]


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
    ).where(reports.c.item_id == item_id, tx.within(reports.c.platform))
    row = tx.execute(query).one()
    return ReportFacts(
        row.total, row.reporters, sorted(row.channels or []), sorted(row.reasons or [])
    )

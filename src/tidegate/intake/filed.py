"""One report by itself: under the id that its sender gave it, or under the code that its reporter was given."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.tables import reports


class FiledReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it is kept. `erased`: what it was about, or what it brought, was erased, and the words
    of the report with it."""

    id: UUID
    platform: str
    external_id: str
    item_id: UUID
    brought_id: UUID | None
    case_id: UUID | None
    channel: str
    reason: str
    comment: str | None
    location: str | None
    reporter: str | None
    counts: bool
    problems: list[str]
    reference: str | None
    created_at: datetime
    received_at: datetime
    erased: bool


def get_report(tx: Tx, platform: str, external_id: str) -> FiledReport:
    """The report under its sender's id. Raises Refusal (404)."""
    where = sa.and_(reports.c.platform == platform, reports.c.external_id == external_id)
    found = _find(tx, where)
    if found is None:
        raise Refusal(
            "report-unknown",
            404,
            "There is no such report",
            f"No report {external_id[:64]!r} on this platform.",
        )
    return found


def find_by_reference(tx: Tx, key: bytes) -> FiledReport | None:
    """The report whose code has this key (`reference_key`), or None."""
    return _find(tx, reports.c.reference_key == key)


def _find(tx: Tx, where: sa.ColumnElement[bool]) -> FiledReport | None:
    query = sa.select(*_COLUMNS, reports.c.answer.is_(None).label("erased"))
    row: Any = tx.execute(query.where(where, tx.within(reports.c.platform))).mappings().first()
    return None if row is None else FiledReport(**row)


_COLUMNS = [reports.c[name] for name in FiledReport.__struct_fields__ if name != "erased"]

"""One report by itself: under the id that its sender gave it, or under the code that its reporter was given."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.holds.queries import is_closed
from tidegate.infra.db import Tx
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


def find_report(tx: Tx, platform: str, external_id: str) -> FiledReport | None:
    """The report under its sender's id, or None."""
    return _find(tx, sa.and_(reports.c.platform == platform, reports.c.external_id == external_id))


def find_by_reference(tx: Tx, key: bytes) -> FiledReport | None:
    """The report whose code has this key (`reference_key`), or None."""
    return _find(tx, reports.c.reference_key == key)


def answer_to(tx: Tx, report_id: UUID) -> bytes | None:
    """What a report was answered with; None once it is forgotten."""
    query = sa.select(reports.c.answer).where(reports.c.id == report_id)
    return tx.execute(query).scalar_one_or_none()


class SaidIn(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a report beside those of what it brought, which is `brought`, and its answer."""

    id: UUID
    external_id: str
    brought: UUID
    comment: str | None
    location: str | None
    answer: bytes | None


def said_in(tx: Tx, report_ids: Collection[UUID]) -> dict[UUID, SaidIn]:
    """What these reports say, by our ids; of what is closed to the reader nothing."""
    brought = sa.func.coalesce(reports.c.brought_id, reports.c.item_id).label("brought")
    own = [reports.c[name] for name in SaidIn.__struct_fields__ if name != "brought"]
    query = sa.select(*own, brought, reports.c.item_id).where(
        reports.c.id.in_(report_ids), tx.within(reports.c.platform)
    )
    rows = tx.execute(query).mappings().all()
    about = {one for row in rows for one in (row["item_id"], row["brought"])}
    closed = {one for one in about if is_closed(tx, one)}
    return {
        row["id"]: SaidIn(**{name: row[name] for name in SaidIn.__struct_fields__})
        for row in rows
        if not {row["item_id"], row["brought"]} & closed
    }


def items_of_reports(tx: Tx, platform: str, names: Sequence[str]) -> dict[str, UUID]:
    """What each of these reports brought, else what it is about, by the senders' ids; those that there are."""
    item = sa.func.coalesce(reports.c.brought_id, reports.c.item_id).label("item")
    query = sa.select(reports.c.external_id, item).where(
        reports.c.platform == platform,
        reports.c.external_id.in_(names),
        tx.within(reports.c.platform),
    )
    return {row.external_id: row.item for row in tx.execute(query)}


def reports_on(tx: Tx, item_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The senders' ids of the reports about, or that brought, each of these items, the first first."""
    about = sa.select(reports.c.item_id.label("item"), reports.c.external_id, reports.c.received_at)
    brought = sa.select(
        reports.c.brought_id.label("item"), reports.c.external_id, reports.c.received_at
    )
    both = sa.union_all(
        about.where(reports.c.item_id.in_(item_ids), tx.within(reports.c.platform)),
        brought.where(reports.c.brought_id.in_(item_ids), tx.within(reports.c.platform)),
    ).subquery()
    found: dict[UUID, list[str]] = {}
    for row in tx.execute(sa.select(both).order_by(both.c.received_at, both.c.external_id)):
        found.setdefault(row.item, []).append(row.external_id)
    return found


def _find(tx: Tx, where: sa.ColumnElement[bool]) -> FiledReport | None:
    query = sa.select(*_COLUMNS, reports.c.answer.is_(None).label("erased"))
    row: Any = tx.execute(query.where(where, tx.within(reports.c.platform))).mappings().first()
    return None if row is None else FiledReport(**row)


_COLUMNS = [reports.c[name] for name in FiledReport.__struct_fields__ if name != "erased"]

"""Reading reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.holds.queries import is_closed
from tidegate.content.queries import item_names
from tidegate.infra.cursors import read_cursor, write_cursor
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.grades import present_grades
from tidegate.intake.model import Before, ReportView, StoredReport, Taken
from tidegate.intake.tables import reports
from tidegate.policy.facts import ReportFacts

THREAT = "threat_to_life"  # a report with this reason
FIRST_REPORTS = 50  # what a case, or an item, shows with itself


def stored_answer(tx: Tx, taken: Taken) -> Before | None:
    """The answer to a report that was here before, or None. Raises Refusal: 410 when its item was
    erased, 409 when another report has its id."""
    known = stored_reports(tx, [taken.key]).get(taken.key)
    return None if known is None else answer_of(known, taken)


def answer_of(known: StoredReport, taken: Taken) -> Before:
    """The answer to a report that was here before, as `stored_answer` gives it."""
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
    return Before(known.answer)


def stored_reports(tx: Tx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], StoredReport]:
    """The reports that exist under these platforms and the reporting side's ids there."""
    given = {"platforms": [key[0] for key in keys], "ids": [key[1] for key in keys]}
    return {
        (row.platform, row.external_id): StoredReport(row.id, row.digest, row.item_id, row.answer)
        for row in tx.execute(_STORED, given)
        if tx.sees(row.platform)
    }


_STORED = sa.text(
    "SELECT r.platform, r.external_id, r.id, r.digest, r.item_id, r.answer"
    " FROM unnest(CAST(:platforms AS text[]), CAST(:ids AS text[])) AS k (platform, id)"
    " JOIN reports r ON r.platform = k.platform AND r.external_id = k.id"
).columns(answer=reports.c.answer.type)


def report_names(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The reporting sides' ids of reports, by ours; also of those whose item is erased."""
    if not ids:
        return {}
    query = sa.select(reports.c.id, reports.c.external_id).where(
        reports.c.id.in_(ids), tx.within(reports.c.platform)
    )
    return {row.id: row.external_id for row in tx.execute(query)}


def has_reported(tx: Tx, item_id: UUID, reporter: str | None) -> bool:
    """Whether this reporter counts for the item already, by whatever channel they came."""
    if reporter is None:
        return False
    query = sa.exists().where(
        reports.c.item_id == item_id, reports.c.reporter == reporter, reports.c.counts
    )
    return bool(tx.execute(sa.select(query)).scalar_one())


def is_threat(tx: Tx, item_id: UUID) -> bool:
    """Whether somebody reports a threat to life."""
    query = sa.exists().where(reports.c.item_id == item_id, reports.c.reason == THREAT)
    return bool(tx.execute(sa.select(query)).scalar_one())


def reports_of(
    tx: Tx, item_ids: Sequence[UUID], cursor: str | None = None, limit: int = FIRST_REPORTS
) -> tuple[list[ReportView], str | None]:
    """A page of the reports on these items, the first first, and the cursor of the next page, if there is
    one. What reporters wrote, and who they were, is closed with the content.

    Raises Refusal (422) for a cursor that no answer gave.
    """
    query = (
        sa.select(
            reports.c.id.label("own_id"),
            reports.c.external_id.label("id"),
            reports.c.channel,
            reports.c.reason,
            reports.c.comment,
            reports.c.reporter,
            reports.c.created_at,
            reports.c.received_at,
            reports.c.counts,
            reports.c.problems,
            reports.c.item_id,
            reports.c.location,
            reports.c.brought_id,
        )
        .where(reports.c.item_id.in_(item_ids), tx.within(reports.c.platform))
        .order_by(reports.c.received_at, reports.c.id)
        .limit(limit + 1)
    )
    if cursor is not None:
        place = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        query = query.where(sa.tuple_(reports.c.received_at, reports.c.id) > place)
    rows = tx.execute(query).mappings().all()
    following = None
    if len(rows) > limit:
        following = write_cursor(rows[limit - 1]["received_at"], rows[limit - 1]["own_id"])
    brought = item_names(tx, [row["brought_id"] for row in rows if row["brought_id"]])
    names = [name for name in ReportView.__struct_fields__ if name not in ("brought", "grade")]
    graded = present_grades(tx, [row["own_id"] for row in rows[:limit]])
    closed = {item for item in {row["item_id"] for row in rows} if is_closed(tx, item)}
    nothing: dict[str, Any] = {"comment": None, "reporter": None, "location": None}
    views = [
        ReportView(
            **({name: row[name] for name in names} | (nothing if row["item_id"] in closed else {})),
            brought=brought.get(row["brought_id"], (None, None))[1],
            grade=graded.get(row["own_id"]),
        )
        for row in rows[:limit]
    ]
    return views, following


def report_facts(tx: Tx, item_id: UUID, *, without: UUID | None = None) -> ReportFacts:
    """What rules see of the reports on an item: each voice once. One without a name cannot be told from
    another: each counts. Channel and reason of what had no budget to escalate are not heard.

    `without` leaves out what one report says, which is counted all the same.
    """
    return report_facts_on(tx, [item_id], without=without).get(item_id, ReportFacts())


def report_facts_on(
    tx: Tx, item_ids: Sequence[UUID], *, without: UUID | None = None
) -> dict[UUID, ReportFacts]:
    """The same of several items; those of which nothing was reported are left out."""
    heard = reports.c.escalated.isnot(False)
    if without is not None:
        heard = sa.and_(heard, reports.c.id != without)
    query = (
        sa.select(
            reports.c.item_id,
            sa.func.count().label("total"),
            sa.func.array_agg(sa.distinct(reports.c.channel)).filter(heard).label("channels"),
            sa.func.array_agg(sa.distinct(reports.c.reason)).filter(heard).label("reasons"),
        )
        .where(reports.c.item_id.in_(item_ids), reports.c.counts, tx.within(reports.c.platform))
        .group_by(reports.c.item_id)
    )
    return {
        row.item_id: ReportFacts(
            row.total, row.total, sorted(row.channels or []), sorted(row.reasons or [])
        )
        for row in tx.execute(query)
    }


class Heard(msgspec.Struct, frozen=True):
    """What was reported about an item: distinct voices, how many reports came lately, the channels they
    came by, and the reasons that are heard, of repeated voices too."""

    voices: int = 0
    recent: int = 0
    channels: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def heard_on(tx: Tx, item_ids: Sequence[UUID], since: datetime) -> dict[UUID, Heard]:
    """What was reported about each of these items; `since` says what is lately. Where nothing was, there is
    none."""
    heard = reports.c.escalated.isnot(False)
    query = (
        sa.select(
            reports.c.item_id,
            sa.func.count().filter(reports.c.counts).label("voices"),
            sa.func.count().filter(reports.c.received_at > since).label("recent"),
            sa.func.array_agg(sa.distinct(reports.c.channel)).filter(heard).label("channels"),
            sa.func.array_agg(sa.distinct(reports.c.reason)).filter(heard).label("reasons"),
        )
        .where(reports.c.item_id.in_(item_ids))
        .group_by(reports.c.item_id)
    )
    return {
        row.item_id: Heard(
            row.voices, row.recent, tuple(row.channels or ()), tuple(row.reasons or ())
        )
        for row in tx.execute(query)
    }


def together(heard: Sequence[Heard]) -> Heard | None:
    """What was reported of several items, as of one."""
    if len(heard) < 2:
        return heard[0] if heard else None
    return Heard(
        sum(one.voices for one in heard),
        sum(one.recent for one in heard),
        tuple(sorted({channel for one in heard for channel in one.channels})),
        tuple(sorted({reason for one in heard for reason in one.reasons})),
    )

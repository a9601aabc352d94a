"""Grades of reports, each with who gave it and when: only ever added to, and the newest is the present one."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from tidegate.content.holds.queries import is_closed
from tidegate.infra.columns import one_of
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.grading import (
    Caveat,
    Grade,
    GradeIn,
    GradeView,
    Schemes,
    check_grade,
    most_restrictive,
    told,
    told_caveat,
)
from tidegate.intake.tables import grades, reports
from tidegate.ledger.actions import append


class GradedReport(msgspec.Struct, frozen=True):
    """A report as it is graded: our own ids of it, of its item, and of its case if it has one."""

    id: UUID
    item_id: UUID
    case_id: UUID | None
    platform: str


class ShownReport(msgspec.Struct, frozen=True):
    """A report by the reporting side's id, with its present grade."""

    id: str
    channel: str
    reason: str
    grade: GradeView | None


def report_to_grade(tx: Tx, platform: str, external_id: str) -> GradedReport:
    """The report under the reporting side's id. Raises Refusal (404)."""
    columns = (reports.c.id, reports.c.item_id, reports.c.case_id, reports.c.platform)
    query = sa.select(*columns).where(
        reports.c.platform == platform,
        reports.c.external_id == external_id,
        tx.within(reports.c.platform),
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        raise report_unknown(external_id)
    return GradedReport(*row)


def report_unknown(external_id: str) -> Refusal:
    return Refusal(
        "report-unknown",
        404,
        "There is no such report",
        f"No report {external_id[:64]!r} on this platform.",
    )


def add_grade(tx: Tx, schemes: Schemes, report: GradedReport, given: GradeIn) -> GradeView:
    """Append an assessment; those of before stay. The caller holds the report's item. Raises Refusal
    (422)."""
    grade = check_grade(schemes, given)
    last = sa.select(sa.func.max(grades.c.number)).where(grades.c.report_id == report.id)
    number: int = (tx.execute(last).scalar_one() or 0) + 1
    caveat = grade.handling
    codes: dict[str, Any] = {
        "scheme": grade.scheme,
        "source": grade.source,
        "information": grade.information,
        "handling_scheme": caveat and caveat.scheme,
        "handling": caveat and caveat.code,
    }
    own = {"report_id": report.id, "number": number, "note": given.note}
    own |= {"graded_by": tx.actor, "graded_at": tx.now}
    tx.execute(sa.insert(grades).values(own | codes))
    record = {"report": report.id, "number": number} | codes
    append(tx, "report.graded", record, report.item_id, report.platform)
    return _view(schemes, grade, own)


def grades_of(
    tx: Tx, schemes: Schemes, report: GradedReport, before: int | None = None, limit: int = 50
) -> tuple[list[GradeView], int | None]:
    """A page of a report's grades, the newest first, and the number `before` which the next page begins, if
    there is one. Notes are closed with the report's words."""
    query = sa.select(grades).where(grades.c.report_id == report.id)
    if before is not None:
        query = query.where(grades.c.number < before)
    rows = tx.execute(query.order_by(grades.c.number.desc()).limit(limit + 1)).mappings().all()
    hidden = {"note": None} if rows and is_closed(tx, report.item_id) else {}
    views = [_view(schemes, _grade(row), {**row, **hidden}) for row in rows[:limit]]
    return views, views[-1].number if len(rows) > limit else None


def present_grades(tx: Tx, report_ids: Collection[UUID]) -> dict[UUID, Grade]:
    """The present grade of each of these reports that has one, by our own ids. Its caveat is the last one
    that was given: a newer grade that names none does not lift it."""
    return {
        row["report_id"]: _present(row)
        for row in _newest(tx, one_of(grades.c.report_id, report_ids))
    }


def grades_on(tx: Tx, item_ids: Collection[UUID]) -> dict[UUID, list[Grade]]:
    """The present grades of the reports on each of these items; those without any are left out."""
    found: dict[UUID, list[Grade]] = {}
    for row in _newest(tx, one_of(reports.c.item_id, item_ids)):
        found.setdefault(row["item_id"], []).append(_present(row))
    return found


def handling_on(tx: Tx, schemes: Schemes, item_ids: Collection[UUID]) -> Caveat | None:
    """The caveat of whatever is about these items: the narrowest of their reports' present ones."""
    graded = grades_on(tx, item_ids).values()
    return most_restrictive(schemes, (one.handling for several in graded for one in several))


def reports_to_grade(
    tx: Tx, schemes: Schemes, item_id: UUID, limit: int
) -> tuple[list[ShownReport], int]:
    """The newest reports on an item, each with its present grade, and how many there are. Notes are closed
    with the reports' words."""
    here = sa.and_(reports.c.item_id == item_id, tx.within(reports.c.platform))
    columns = (reports.c.id, reports.c.external_id, reports.c.channel, reports.c.reason)
    order = (reports.c.received_at.desc(), reports.c.id.desc())
    rows = tx.execute(sa.select(*columns).where(here).order_by(*order).limit(limit)).all()
    total = len(rows)
    if total == limit:
        total = tx.execute(sa.select(sa.func.count()).where(here)).scalar_one()
    newest = _newest(tx, grades.c.report_id.in_([row.id for row in rows])) if rows else []
    hidden = {"note": None} if newest and is_closed(tx, item_id) else {}
    graded = {row["report_id"]: _view(schemes, _present(row), {**row, **hidden}) for row in newest}
    return [
        ShownReport(row.external_id, row.channel, row.reason, graded.get(row.id)) for row in rows
    ], total


def forget_grade_notes(tx: Tx, item_ids: Collection[UUID]) -> None:
    """Erasure and the end of retention: what was written of the reports on these items goes; codes stay."""
    about = sa.select(reports.c.id).where(reports.c.item_id.in_(item_ids))
    tx.execute(sa.update(grades).where(grades.c.report_id.in_(about)).values(note=None))


def _newest(tx: Tx, where: sa.ColumnElement[bool]) -> list[sa.RowMapping]:
    """The newest grade of each report, with the caveat that was given last."""
    later = grades.alias("later")
    newest = ~sa.exists().where(
        later.c.report_id == grades.c.report_id, later.c.number > grades.c.number
    )
    named = grades.alias("named")
    last = (
        sa.select(named.c.handling_scheme, named.c.handling)
        .where(named.c.report_id == grades.c.report_id, named.c.handling.isnot(None))
        .order_by(named.c.number.desc())
        .limit(1)
        .lateral()
    )
    query = (
        sa.select(
            grades,
            reports.c.item_id,
            last.c.handling_scheme.label("last_scheme"),
            last.c.handling.label("last_handling"),
        )
        .join(reports, reports.c.id == grades.c.report_id)
        .outerjoin(last, sa.true())
        .where(where, newest, tx.within(reports.c.platform))
        .order_by(grades.c.report_id)
    )
    return list(tx.execute(query).mappings())


def _present(row: sa.RowMapping) -> Grade:
    code = row["last_handling"]
    caveat = None if code is None else Caveat(row["last_scheme"], code)
    return msgspec.structs.replace(_grade(row), handling=caveat)


def _grade(row: Any) -> Grade:
    return Grade(
        scheme=row["scheme"],
        source=row["source"],
        information=row["information"],
        handling=(
            None if row["handling"] is None else Caveat(row["handling_scheme"], row["handling"])
        ),
    )


def _view(schemes: Schemes, grade: Grade, row: Any) -> GradeView:
    return GradeView(
        number=row["number"],
        scheme=grade.scheme,
        source=told(schemes, grade.scheme, "source", grade.source),
        information=told(schemes, grade.scheme, "information", grade.information),
        handling=told_caveat(schemes, grade.handling),
        note=row["note"],
        by=row["graded_by"],
        at=row["graded_at"],
    )

"""Grading a report: an assessment beside it, which whoever decides its case sees at once."""

from collections.abc import Sequence
from uuid import UUID

from tidegate.content.queries import item_by_id, lock_item_by_id
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.intake.grades import (
    GradedReport,
    add_grade,
    grades_of,
    handling_on,
    report_to_grade,
    report_unknown,
)
from tidegate.intake.grading import GradeIn, GradeView, Schemes, ToldCaveat, told_caveat
from tidegate.review.actions import touch
from tidegate.review.queries import subject_of_case


def grade_report(
    tx: Tx, schemes: Schemes, platform: str, external_id: str, given: GradeIn
) -> tuple[GradeView, UUID]:
    """Append a grade to the report under the reporting side's id; returns it, and the item that the report
    is about. The versions of its cases move. Raises Refusal: 422; 404, also for a report whose case is not
    the actor's to see; 410 where the item was erased."""
    report = _seen(tx, platform, external_id)
    return _grade(tx, schemes, report, given), report.item_id


def grade_report_on(
    tx: Tx, schemes: Schemes, item_id: UUID, external_id: str, given: GradeIn
) -> GradeView:
    """The same of a report on an item whose case the actor has before them. Raises Refusal as it does, 404
    also for a report on another item."""
    item = item_by_id(tx, item_id)
    if item is None or not tx.sees(item.platform):
        raise report_unknown(external_id)
    report = report_to_grade(tx, item.platform, external_id)
    if report.item_id != item_id:
        raise report_unknown(external_id)
    return _grade(tx, schemes, report, given)


def _grade(tx: Tx, schemes: Schemes, report: GradedReport, given: GradeIn) -> GradeView:
    lock_item_by_id(tx, report.item_id)
    made = add_grade(tx, schemes, report, given)
    touch(tx, [report.item_id])
    return made


def read_grades(
    tx: Tx, schemes: Schemes, platform: str, external_id: str, before: int | None, limit: int
) -> tuple[Sequence[GradeView], int | None]:
    """A page of a report's grades, the newest first. Raises Refusal (404) as `grade_report` does."""
    return grades_of(tx, schemes, _seen(tx, platform, external_id), before, limit)


def case_handling(tx: Tx, schemes: Schemes, subject: UUID) -> ToldCaveat | None:
    """The caveat of a case about this subject: the narrowest of all reports on it."""
    return told_caveat(schemes, handling_on(tx, schemes, [subject]))


def _seen(tx: Tx, platform: str, external_id: str) -> GradedReport:
    report = report_to_grade(tx, platform, external_id)
    if report.case_id is not None:
        try:
            subject_of_case(tx, report.case_id)
        except Refusal:
            raise report_unknown(external_id) from None
    return report

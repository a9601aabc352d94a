"""How far the reports on a case's item are believed, and the form that says so."""

from uuid import UUID

import msgspec

from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal, bad_field
from tidegate.intake.grades import ShownReport, reports_to_grade
from tidegate.intake.grading import GradeIn, ShownScheme, ToldCaveat, shown_schemes
from tidegate.pipeline.grading import case_handling, grade_report_on
from tidegate.web.pages.visit import Visit

SHOWN = 20

# The fields of the form, and what they are of a grade.
_FIELDS = {
    "/scheme": "grade_source",
    "/source": "grade_source",
    "/information": "grade_information",
    "/handling": "grade_handling",
    "/note": "grade_note",
}


class GradingView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest reports on the item, those with a grade with it; `more` are older. `handling` is the
    narrowest circle of all of them."""

    reports: list[ShownReport]
    more: int
    handling: ToldCaveat | None
    schemes: list[ShownScheme]


def graded(visit: Visit, tx: Tx, item_id: UUID | None) -> GradingView | None:
    """None where nothing was reported."""
    if item_id is None:
        return None
    schemes = visit.instance.grading
    found, total = reports_to_grade(tx, schemes, item_id, SHOWN)
    if not found:
        return None
    return GradingView(
        reports=found,
        more=total - len(found),
        handling=case_handling(tx, schemes, item_id),
        schemes=shown_schemes(schemes),
    )


def grade_typed(visit: Visit, tx: Tx, item_id: UUID) -> None:
    """Give the grade that was typed. Raises Refusal: 404; 410; 422 with the fields of the form."""
    source, information = _code(visit, "grade_source"), _code(visit, "grade_information")
    if source[0] != information[0]:
        expected = f"a code of the source's scheme, {source[0]}"
        raise bad_field("/grade_information", expected, information[0])
    handling = visit.field("grade_handling").partition(" ")[2]
    try:
        given = GradeIn(
            scheme=source[0],
            source=source[1],
            information=information[1],
            handling=handling or None,
            note=visit.field("grade_note") or None,
        )
        if len(given.note or "") > 2000:
            raise bad_field("/note", "at most 2000 characters", str(len(given.note or "")))
        grade_report_on(tx, visit.instance.grading, item_id, visit.field("grade_report"), given)
    except Refusal as refusal:
        if refusal.status != 422:
            raise
        raise _of_form(refusal) from None


def _code(visit: Visit, name: str) -> tuple[str, str]:
    scheme, _, code = visit.field(name).partition(" ")
    if not code:
        raise bad_field(f"/{name}", "one of the codes", "none")
    return scheme, code


def _of_form(refusal: Refusal) -> Refusal:
    """The same about the fields of the form."""
    errors = [
        FieldError(f"/{_FIELDS.get(one.pointer, one.pointer[1:])}", one.expected, one.got)
        for one in refusal.errors
    ]
    return Refusal(refusal.type, 422, refusal.title, refusal.detail, errors=errors)

"""`/v1/reports/{id}/grade` and `/grades`, and `/v1/grading/schemes`: how far a report is believed."""

from tidegate.infra.db import Tx
from tidegate.intake.grading import GradeIn, GradeView, shown_schemes
from tidegate.pipeline.grading import grade_report, read_grades
from tidegate.web.api.endpoint import Call, Endpoint, bad_parameter
from tidegate.web.api.paging import Page, PageQuery
from tidegate.web.gate import segment


def grade(tx: Tx, call: Call[GradeIn]) -> GradeView:
    schemes, id = call.instance.grading, segment(call.path["id"])
    made, call.subject = grade_report(tx, schemes, call.platform(), id, call.body)
    return made


def list_grades(tx: Tx, call: Call[object, PageQuery]) -> Page:
    q, id = call.query, segment(call.path["id"])
    found, following = read_grades(
        tx, call.instance.grading, call.platform(), id, _before(q.cursor), q.limit
    )
    return Page(list(found), None if following is None else str(following))


def list_schemes(tx: Tx, call: Call) -> Page:
    return Page(list(shown_schemes(call.instance.grading)))


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise bad_parameter("cursor", "the `next` of a page before", cursor)
    return int(cursor)


endpoints = [
    Endpoint(
        method="POST",
        path="/v1/reports/{id}/grade",
        scope="cases:decide",
        summary="Say how far a report's source and what it says are believed, each for itself",
        handler=grade,
        body=GradeIn,
        answer=GradeView,
        status=201,
        idempotent=True,
        refusals=(404, 410),
    ),
    Endpoint(
        method="GET",
        path="/v1/reports/{id}/grades",
        scope="cases:read",
        summary="List a report's grades, the newest and present one first",
        handler=list_grades,
        query=PageQuery,
        answer=Page,
        refusals=(404,),
    ),
    Endpoint(
        method="GET",
        path="/v1/grading/schemes",
        scope="cases:read",
        summary="List the schemes that grades are given in, with the words of each code",
        handler=list_schemes,
        answer=Page,
    ),
]

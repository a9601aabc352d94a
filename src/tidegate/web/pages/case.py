"""The page of one case: what was posted, why it is here, and the decision."""

from uuid import UUID

from starlette.responses import Response

from tidegate.infra.errors import bad_field
from tidegate.pipeline.decide import reopen_case
from tidegate.pipeline.notes import note_case
from tidegate.review.drafts import save_draft
from tidegate.review.notes import answer_mentions
from tidegate.review.queries import case_unknown, subject_of_case
from tidegate.web.pages.case_parts.asked import ask_typed
from tidegate.web.pages.case_parts.graded import grade_typed
from tidegate.web.pages.case_parts.model import CasePage
from tidegate.web.pages.case_parts.read import read_page
from tidegate.web.pages.case_parts.typed import CaseQuery, typed_fields
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.visit import Visit


def show(visit: Visit) -> CasePage:
    case_id = visit.uuid("case", case_unknown)
    with visit.begin() as tx:
        page = read_page(visit, tx, case_id)
        answer_mentions(tx, case_id)
        return page


def draft(visit: Visit) -> Response:
    """Keep what is typed: a script sends the form of the decision after each pause."""
    case_id = visit.uuid("case", case_unknown)
    with visit.begin() as tx:
        save_draft(tx, case_id, typed_fields(visit))
    return Response(status_code=204)


def note(visit: Visit) -> str:
    """Write a note about the case."""
    case_id = visit.uuid("case", case_unknown)
    with visit.begin() as tx:
        note_case(tx, case_id, visit.field("text"))
    return _back(visit, case_id, "notes")


def grade(visit: Visit) -> str:
    """Say how far one of the reports on it is believed."""
    case_id = visit.uuid("case", case_unknown)
    with visit.begin() as tx:
        grade_typed(visit, tx, subject_of_case(tx, case_id).id)
    return _back(visit, case_id, "grades")


def ask(visit: Visit) -> str:
    """Ask whoever sent one of the reports on it."""
    case_id = visit.uuid("case", case_unknown)
    with visit.begin() as tx:
        ask_typed(visit, tx, subject_of_case(tx, case_id).id)
    return _back(visit, case_id, "asked")


def reopen(visit: Visit) -> str:
    """Put a decided case back into its queue."""
    case_id = visit.uuid("case", case_unknown)
    reason = visit.field("reopen_reason") or visit.field("reason")
    if not 1 <= len(reason) <= 4000:
        raise bad_field("/reopen_reason", "a reason of up to 4000 characters", f"{len(reason)}")
    with visit.begin() as tx:
        reopen_case(tx, case_id, reason)
    return _back(visit, case_id)


def _back(visit: Visit, case_id: UUID, place: str = "") -> str:
    """The case again, within the list that it was opened from."""
    within = visit.field("filter")
    return f"/cases/{case_id}{'?' if within else ''}{within}{'#' if place else ''}{place}"


case_page = PageRoute(
    path="/cases/{case}",
    handler=show,
    scope="cases:read",
    query=CaseQuery,
    template="case.html",
)
pages = [
    case_page,
    PageRoute(method="POST", path="/cases/{case}/draft", handler=draft, scope="cases:decide"),
    PageRoute(
        method="POST",
        path="/cases/{case}/note",
        handler=note,
        scope="cases:decide",
        again=case_page,
    ),
    PageRoute(
        method="POST",
        path="/cases/{case}/grade",
        handler=grade,
        scope="cases:decide",
        again=case_page,
    ),
    PageRoute(
        method="POST",
        path="/cases/{case}/ask",
        handler=ask,
        scope="cases:decide",
        again=case_page,
    ),
    PageRoute(
        method="POST",
        path="/cases/{case}/reopen",
        handler=reopen,
        scope="cases:decide",
        again=case_page,
    ),
]

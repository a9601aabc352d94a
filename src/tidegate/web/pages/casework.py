"""What is to be done about a case, and which cases belong with it: the forms of its page."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.parsing import convert
from tidegate.pipeline import casework
from tidegate.review.queries import case_unknown
from tidegate.review.work.model import LinkIn, TaskIn, task_unknown
from tidegate.web.pages.case import case_page
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit
from tidegate.web.words import zone

_TASK = {"/text": "task_text", "/for": "task_for", "/due": "task_due"}
_LINK = {"/case": "link_case", "/why": "link_why"}


def add_task(visit: Visit) -> str:
    case_id = visit.uuid("case", case_unknown)
    said = {"text": visit.field("task_text"), "for": visit.field("task_for"), "due": _due(visit)}
    try:
        given = convert({name: value for name, value in said.items() if value}, TaskIn)
        with visit.begin() as tx:
            casework.add_task(tx, case_id, given)
    except Refusal as refusal:
        raise of_form(refusal, _TASK) from None
    return _back(visit, case_id, "task-added")


def finish_task(visit: Visit) -> str:
    case_id, task_id = visit.uuid("case", case_unknown), visit.uuid("task", task_unknown)
    with visit.begin() as tx:
        casework.finish_task(tx, task_id)
    return _back(visit, case_id, "task-done")


def link(visit: Visit) -> str:
    """With a case by its id, or the address of its page."""
    case_id, typed = visit.uuid("case", case_unknown), visit.field("link_case")
    try:
        other = UUID(typed.partition("?")[0].rstrip("/").rpartition("/")[2])
    except ValueError:
        expected = "the address of a case's page, or its id"
        raise bad_field("/link_case", expected, typed[:64] or "nothing") from None
    said: dict[str, Any] = {"case": str(other)}
    said |= {"why": why} if (why := visit.field("link_why")) else {}
    try:
        given = convert(said, LinkIn)
        with visit.begin() as tx:
            casework.link_cases(tx, case_id, given)
    except Refusal as refusal:
        raise of_form(refusal, _LINK) from None
    return _back(visit, case_id, "linked")


def unlink(visit: Visit) -> str:
    case_id, other = visit.uuid("case", case_unknown), visit.uuid("other", case_unknown)
    with visit.begin() as tx:
        casework.unlink_cases(tx, case_id, other)
    return _back(visit, case_id, "unlinked")


def _due(visit: Visit) -> str | None:
    """A day and a time by the person's clock, as the browser sends it."""
    typed = visit.field("task_due")
    if not typed:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone()).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        raise bad_field("/task_due", "a day and a time", typed[:64]) from None


def _back(visit: Visit, case_id: UUID, done: str) -> str:
    """The case again, within the list that it was opened from."""
    within = visit.field("filter")
    return f"/cases/{case_id}?{within}{'&' if within else ''}done={done}#work"


def _form(path: str, handler: Any) -> PageRoute:
    return PageRoute(
        method="POST",
        path=f"/cases/{{case}}/{path}",
        handler=handler,
        scope="cases:decide",
        again=case_page,
    )


pages = [
    _form("tasks", add_task),
    _form("tasks/{task}/done", finish_task),
    _form("links", link),
    _form("links/{other}/remove", unlink),
]

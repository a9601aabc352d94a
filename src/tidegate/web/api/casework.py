"""What is to be done about a case, and which cases belong with it."""

from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.pipeline import casework
from tidegate.review import queries as review
from tidegate.review.again import case_for_keys
from tidegate.review.work.actions import case_of_task
from tidegate.review.work.model import LinkIn, Task, TaskIn, task_unknown
from tidegate.review.work.queries import tasks_for
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.api.paging import Page

_CASE = "/v1/cases/{id}"


def add_task(tx: Tx, call: Call[TaskIn]) -> Task:
    return casework.add_task(tx, _case(tx, call), call.body)


def finish_task(tx: Tx, call: Call) -> Task:
    try:
        task_id = UUID(call.path["id"])
    except ValueError:
        raise task_unknown(call.path["id"]) from None
    call.subject = review.subject_of_case(tx, case_of_task(tx, task_id)).id
    return casework.finish_task(tx, task_id)


def list_tasks(tx: Tx, call: Call) -> Page:
    return Page(tasks_for(tx, tx.identity))


def link(tx: Tx, call: Call[LinkIn]) -> Page:
    return Page(casework.link_cases(tx, _case(tx, call), call.body))


def unlink(tx: Tx, call: Call) -> Page:
    return Page(casework.unlink_cases(tx, _case(tx, call), _id(call.path["other"])))


def _case(tx: Tx, call: Call) -> UUID:
    """A kept answer speaks of the case's subject, and goes with it."""
    case_id = _id(call.path["id"])
    call.subject = case_for_keys(tx, case_id).id
    return case_id


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise review.case_unknown(text) from None


endpoints = [
    Endpoint(
        method="POST",
        path=f"{_CASE}/tasks",
        scope="cases:decide",
        summary="Say what is to be done about a case",
        handler=add_task,
        body=TaskIn,
        answer=Task,
        status=201,
        idempotent=True,
        refusals=(404, 409, 410),
    ),
    Endpoint(
        method="GET",
        path="/v1/tasks",
        scope="cases:read",
        summary="List what the key's person is asked to do, the first due first",
        handler=list_tasks,
        answer=Page,
    ),
    Endpoint(
        method="POST",
        path="/v1/tasks/{id}/done",
        scope="cases:decide",
        summary="Say that a task is done",
        handler=finish_task,
        answer=Task,
        idempotent=True,
        refusals=(404, 409, 410),
    ),
    Endpoint(
        method="POST",
        path=f"{_CASE}/links",
        scope="cases:decide",
        summary="Link a case with another, both ways",
        handler=link,
        body=LinkIn,
        answer=Page,
        status=201,
        idempotent=True,
        refusals=(404, 409, 410),
    ),
    Endpoint(
        method="DELETE",
        path=f"{_CASE}/links/{{other}}",
        scope="cases:decide",
        summary="Take a link away",
        handler=unlink,
        answer=Page,
        refusals=(404, 410),
    ),
]

"""More functions as those of `calls.py`, one a route: about tasks and links of cases."""

from datetime import datetime

import msgspec

from tidegate.client.call import Call
from tidegate.client.given import encoder, given, in_path, once
from tidegate.client.model import Page


class Task(msgspec.Struct, frozen=True, kw_only=True, rename={"person": "for"}):
    """Something to be done about a case, by the `person` who is asked, if somebody is."""

    id: str
    case: str
    text: str
    person: str | None
    due: datetime | None
    by: str
    created_at: datetime
    done_by: str | None = None
    done_at: datetime | None = None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A case that belongs with another."""

    case: str
    item: str | None
    state: str
    why: str | None
    by: str
    created_at: datetime


def tasks() -> Call[Page[Task]]:
    """What the key's person is asked to do, the first due first."""
    return Call(method="GET", path="/v1/tasks", answer=Page[Task])


def add_task(
    case: str, text: str, *, person: str | None = None, due: datetime | None = None
) -> Call[Task]:
    """Say what is to be done about a case; by whom, and until when."""
    body = given(text=text, due=due) | ({} if person is None else {"for": person})
    path = f"{_case(case)}/tasks"
    return Call(method="POST", path=path, answer=Task, json=encoder.encode(body), key=once())


def finish_task(id: str) -> Call[Task]:
    """Say that a task is done."""
    path = f"/v1/tasks/{in_path(id)}/done"
    return Call(method="POST", path=path, answer=Task, key=once())


def link_cases(case: str, other: str, why: str | None = None) -> Call[Page[Link]]:
    """Link a case with another, both ways; the links of the first."""
    body = encoder.encode(given(case=other, why=why))
    path = f"{_case(case)}/links"
    return Call(method="POST", path=path, answer=Page[Link], json=body, key=once())


def unlink_cases(case: str, other: str) -> Call[Page[Link]]:
    """Take a link away; those of the first that are left."""
    path = f"{_case(case)}/links/{in_path(other)}"
    return Call(method="DELETE", path=path, answer=Page[Link])


def _case(id: str) -> str:
    return f"/v1/cases/{in_path(id)}"

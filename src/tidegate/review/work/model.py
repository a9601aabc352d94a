"""Tasks and links of cases, as callers write and read them. Pure."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.content.model import Moment
from tidegate.infra.errors import Refusal

MOST_TASKS = 200  # of a case
MOST_LINKS = 200


class TaskIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"person": "for"}):
    """What is to be done, by whom (their address, or what others know them by), and until when."""

    text: Annotated[str, Meta(min_length=1, max_length=2000)]
    person: Annotated[str, Meta(min_length=1, max_length=254)] | None = None
    due: Moment | None = None


class LinkIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The case that this one belongs with, and why."""

    case: UUID
    why: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True, rename={"person": "for"}):
    """Something to be done about a case. `for` and the others who are named are actors."""

    id: UUID
    case: UUID
    text: str
    person: str | None
    due: datetime | None
    by: str
    created_at: datetime
    done_by: str | None
    done_at: datetime | None


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Another case that belongs with this one: of which item, by the platform's id, and how far it is."""

    case: UUID
    item: str | None
    state: str
    why: str | None
    by: str
    created_at: datetime


def task_unknown(task_id: object) -> Refusal:
    return Refusal(
        "task-unknown",
        404,
        "There is no such task",
        f"No task {str(task_id)[:64]}. A case lists its own.",
    )


def link_unknown() -> Refusal:
    return Refusal(
        "link-unknown",
        404,
        "These cases are not linked",
        "Nothing was changed. A case lists its links.",
    )

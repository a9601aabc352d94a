"""What every page carries around its own content: alerts that ring, decisions that can still be undone,
and how the person wants the pages."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.access.preferences import Preferences, preferences_of
from tidegate.access.queries import session_ends
from tidegate.review.alerts import Alert, ringing
from tidegate.web.pages.visit import Visit


class Undoable(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of the person's that has not left yet. `bulk` is the batch that it is of, `count` how
    many were decided with it."""

    decision: UUID
    outcome: str
    case: UUID | None
    leaves_at: datetime
    bulk: UUID | None = None
    count: int = 1


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of a page; strangers' pages have an empty one."""

    alerts: list[Alert] = []
    back: str = "/"  # where the forms of the frame lead back to: this page, if one can go to it
    undoable: list[Undoable] = []
    preferences: Preferences = Preferences()
    session_ends_at: datetime | None = None


def frame_of(visit: Visit) -> Frame:
    """Read in a transaction of its own: a page that shows a refusal has none any more."""
    session = visit.who.session
    with visit.begin() as tx:
        chosen: Any = preferences_of(tx, tx.identity)
        return Frame(
            alerts=ringing(tx) if visit.may("cases:read") else [],
            back=visit.request.url.path if visit.request.method == "GET" else "/",
            preferences=chosen,
            session_ends_at=session_ends(tx, session) if session else None,
        )

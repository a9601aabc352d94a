"""What every page carries around its own content: alerts that ring, decisions that can still be undone,
and how the person wants the pages."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tidegate.access.preferences import Preferences, preferences_of
from tidegate.access.queries import session_ends
from tidegate.decisions.held import held_by
from tidegate.infra.db import Tx
from tidegate.review.alerts import Alert, ringing
from tidegate.web.pages.visit import Visit


class Undoable(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of the person's that has not left yet. `bulk` is the batch that it is of, `count` how
    many were decided with it."""

    decision: UUID
    outcome: str
    case: UUID | None
    item: UUID | None
    decided_at: datetime
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


def undoable(tx: Tx) -> list[Undoable]:
    """What the person has decided and can undo, the last first."""
    held = sorted(held_by(tx, tx.identity), key=lambda one: one.created_at, reverse=True)
    return [
        Undoable(
            decision=one.id,
            outcome=one.outcome,
            case=one.case_id,
            item=one.item_id,
            decided_at=one.created_at,
            leaves_at=one.leaves_at,
        )
        for one in held
        if one.leaves_at is not None
    ]


def frame_of(visit: Visit) -> Frame:
    """Read in a transaction of its own: a page that shows a refusal has none any more."""
    session = visit.who.session
    with visit.begin() as tx:
        chosen: Any = preferences_of(tx, tx.identity)
        return Frame(
            undoable=undoable(tx),
            alerts=ringing(tx) if visit.may("cases:read") else [],
            back=visit.request.url.path if visit.request.method == "GET" else "/",
            preferences=chosen,
            session_ends_at=session_ends(tx, session) if session else None,
        )

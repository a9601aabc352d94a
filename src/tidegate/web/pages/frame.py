"""What every page carries around its own content: alerts that ring, decisions that can still be undone,
and how the person wants the pages."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from tidegate.access.preferences import Preferences, preferences_of
from tidegate.access.queries import session_ends
from tidegate.decisions.held import held_by
from tidegate.decisions.looks import proposed_by
from tidegate.infra.db import Tx
from tidegate.review.alert_lists import Ringing, ringing
from tidegate.review.bulk import of_bulks, undoable_bulks
from tidegate.review.rows import rows_of
from tidegate.signals.banks.held_changes import changes_by
from tidegate.web.pages.ringing import RingingOrder, ringing_orders
from tidegate.web.pages.visit import Visit

_SAID = ("done", "undo")
WORDED = 10  # alerts that the bar shows with words


class Undoable(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of the person's that has not left yet; or a `bulk`, by which `count` cases were decided:
    while it is carried out it has no time to leave; or a `change` of a `bank` or of one of its entries."""

    decision: UUID | None
    outcome: str
    case: UUID | None
    item: UUID | None
    decided_at: datetime
    leaves_at: datetime | None
    bulk: UUID | None = None
    count: int = 1
    change: UUID | None = None
    bank: str | None = None
    entry: UUID | None = None
    proposed: bool = False  # it waits for another person


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of a page; strangers' pages have an empty one."""

    alerts: list[Ringing] = []
    orders: list[RingingOrder] = []
    back: str = "/"  # where the forms of the frame lead back to: this page, if one can go to it
    undoable: list[Undoable] = []
    preferences: Preferences = Preferences()
    session_ends_at: datetime | None = None


def undoable(tx: Tx, lately: timedelta) -> list[Undoable]:
    """What the person has decided and can undo, the last first; a bulk as one. What they proposed is among
    it for as long as a decision would be, and after that on its case's page."""
    held, bulks = held_by(tx, tx.identity), undoable_bulks(tx)
    together = of_bulks(tx, [one.id for one in bulks], [one.id for one in held])
    found = [
        Undoable(
            decision=one.id,
            outcome=one.outcome,
            case=one.case_id,
            item=one.item_id,
            decided_at=one.created_at,
            leaves_at=one.leaves_at,
        )
        for one in held
        if one.id not in together
    ]
    found += [
        Undoable(
            decision=None,
            outcome=one.outcome,
            case=None,
            item=None,
            decided_at=one.applied_at,
            leaves_at=one.leaves_at,
            bulk=one.id,
            count=one.decided,
        )
        for one in bulks
    ]
    found += [
        Undoable(
            decision=None,
            outcome=one.what,
            case=None,
            item=None,
            decided_at=one.created_at,
            leaves_at=one.leaves_at,
            change=one.id,
            bank=one.bank,
            entry=one.entry,
        )
        for one in changes_by(tx, tx.identity)
    ]
    found += [
        Undoable(
            decision=one.id,
            outcome=one.answers[0].choice.outcome,
            case=one.case_id,
            item=one.item_id,
            decided_at=one.created_at,
            leaves_at=None,
            proposed=True,
        )
        for one in proposed_by(tx, tx.identity)
        if one.state == "proposed" and one.created_at + lately > tx.now
    ]
    return sorted(found, key=lambda one: one.decided_at, reverse=True)


def frame_of(visit: Visit) -> Frame:
    """Read in a transaction of its own: a page that shows a refusal has none any more."""
    session = visit.who.session
    with visit.begin() as tx:
        chosen: Any = preferences_of(tx, tx.identity)
        return Frame(
            undoable=undoable(tx, timedelta(seconds=visit.instance.settings.undo_seconds)),
            alerts=_alerts(visit, tx) if visit.may("alerts:read") else [],
            orders=ringing_orders(tx) if visit.may("orders:read") and not visit.who.limited else [],
            back=_back(visit),
            preferences=chosen,
            session_ends_at=session_ends(tx, session) if session else None,
        )


def _alerts(visit: Visit, tx: Tx) -> list[Ringing]:
    """What rings; the first of it with its words, where the person may read them."""
    found = ringing(tx)
    if not found or not visit.may("cases:read"):
        return found
    words = words_of(tx, (one.case for one in found[:WORDED]))
    return [
        msgspec.structs.replace(one, words=words.get(one.case) if one.case else None)
        for one in found
    ]


def words_of(tx: Tx, cases: Iterable[UUID | None]) -> dict[UUID, str]:
    """What cases are about, in a few words, as far as the actor sees them."""
    wanted = list(dict.fromkeys(one for one in cases if one is not None))
    return {row.id: row.text for row in rows_of(tx, wanted) if row.text} if wanted else {}


def _back(visit: Visit) -> str:
    """This page, without what it said was done; home, where it came of a form."""
    request = visit.request
    if request.method != "GET":
        return "/"
    kept = [
        (name, value) for name, value in request.query_params.multi_items() if name not in _SAID
    ]
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")

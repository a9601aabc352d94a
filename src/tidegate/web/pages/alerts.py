"""Alerts: which ring, which somebody has, and how the others ended; one of them, with what it names. Saying
that one was heard, and closing it."""

from uuid import UUID

import msgspec

from tidegate.content.kept import kept_revisions
from tidegate.content.queries import item_by_id
from tidegate.infra.db import Tx
from tidegate.infra.parsing import convert
from tidegate.pipeline.alerts import acknowledge, close
from tidegate.pipeline.rang import rang_itself, rang_of
from tidegate.review.alert_lists import get_alert, gravity, item_of, rang_of_late
from tidegate.review.alert_model import OUTCOMES, Alert, AlertDetail, AlertState, CloseIn
from tidegate.review.alerts import alert_unknown
from tidegate.web.nextpath import own_path
from tidegate.web.pages.case_parts.rang import RangView, rang_views
from tidegate.web.pages.frame import words_of
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.visit import Visit

MOST = 200  # of those that ring, or that somebody has
CLOSED = 50


class AlertsQuery(Query, frozen=True):
    state: AlertState | None = None


class AlertsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Those that ring, the gravest first, those that somebody has, and those that were closed, the
    latest first. With a `state` the others are left out. `words` are what their cases, by id, are about."""

    state: AlertState | None
    ringing: list[Alert]
    acknowledged: list[Alert]
    closed: list[Alert]
    words: dict[UUID, str]


class AlertPage(msgspec.Struct, frozen=True):
    """One alert, the words that it rang for where the reader sees its case, and how it can be said to have
    ended."""

    alert: AlertDetail
    rang: list[RangView]
    outcomes: tuple[str, ...] = OUTCOMES


def show(visit: Visit) -> AlertsPage:
    query: AlertsQuery = visit.query
    with visit.begin() as tx:

        def of(state: AlertState, most: int) -> list[Alert]:
            return rang_of_late(tx, state, most) if query.state in (None, state) else []

        ringing = sorted(of("open", MOST), key=lambda one: gravity(one.kind, one.level))
        acknowledged, closed = of("acknowledged", MOST), of("closed", CLOSED)
        shown = (*ringing, *acknowledged, *closed) if visit.may("cases:read") else ()
        return AlertsPage(
            state=query.state,
            ringing=ringing,
            acknowledged=acknowledged,
            closed=closed,
            words=words_of(tx, (one.case for one in shown)),
        )


def show_one(visit: Visit) -> AlertPage:
    with visit.begin() as tx:
        alert = get_alert(tx, _alert(visit))
        return AlertPage(alert, _rang(visit, tx, alert))


def _rang(visit: Visit, tx: Tx, alert: Alert) -> list[RangView]:
    if alert.case is None or not visit.may("cases:read"):
        return []
    found = rang_of(tx, visit.instance, alert.id)
    item_id = item_of(tx, alert.id)
    item = item_id and item_by_id(tx, item_id)
    if alert.kind == "threat_to_life" and not found and item:
        kept = kept_revisions(tx, [(item.id, item.revision)]).get((item.id, item.revision))
        found = rang_itself(tx, visit.instance, item.id, kept and kept.content)
    return rang_views(found)


def hear(visit: Visit) -> str:
    """Acknowledge an alert. Back to where it was pressed; who comes second to where it says who was first."""
    with visit.begin() as tx:
        heard = acknowledge(tx, _alert(visit))
    if heard.before:
        return with_query("/alerts", done="acknowledged-before")
    back = own_path(visit.field("back"))
    return f"{back}{'&' if '?' in back else '?'}done=acknowledged"


def end(visit: Visit) -> str:
    """Say how an alert ended."""
    names = ("outcome", "reason", "referred_to")
    given = convert({name: one for name in names if (one := visit.field(name))}, CloseIn)
    with visit.begin() as tx:
        closed = close(tx, _alert(visit), given)
    return with_query(f"/alerts/{closed.id}", done="alert-closed")


def _alert(visit: Visit) -> UUID:
    return visit.uuid("alert", alert_unknown)


one_page = PageRoute(
    path="/alerts/{alert}", handler=show_one, scope="alerts:read", template="alert.html"
)

pages = [
    PageRoute(
        path="/alerts",
        handler=show,
        scope="alerts:read",
        query=AlertsQuery,
        template="alerts_page.html",
    ),
    one_page,
    PageRoute(
        method="POST", path="/alerts/{alert}/acknowledge", handler=hear, scope="alerts:write"
    ),
    PageRoute(
        method="POST",
        path="/alerts/{alert}/close",
        handler=end,
        scope="alerts:write",
        again=one_page,
    ),
]

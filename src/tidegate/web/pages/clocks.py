"""What has to be done by when: the clocks, those first that are due first, and who has what rings."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tidegate.clocks.actions import acknowledge
from tidegate.clocks.model import State
from tidegate.clocks.queries import Filter, clock_unknown, list_clocks
from tidegate.clocks.views import ClockView, clock_view
from tidegate.pipeline.orders.verbs import SILENCES, who_silences
from tidegate.web.nextpath import own_path
from tidegate.web.pages.page import PageRoute, Query, refuse_without, with_more, with_query
from tidegate.web.pages.visit import Visit

PAGE = 50
Bearer = Literal["us", "them"]


class ClocksQuery(Query, frozen=True, kw_only=True):
    bearer: Bearer | None = None
    state: State = "running"
    ringing: Annotated[str, Meta(pattern="^yes$")] | None = None
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class ClocksPage(msgspec.Struct, frozen=True, kw_only=True):
    """Clocks of one state, or all that ring, whatever their state; `asked` is their address."""

    clocks: list[ClockView]
    next: str | None
    bearer: Bearer | None
    state: State
    ringing: bool
    asked: str


def show(visit: Visit) -> ClocksPage:
    query: ClocksQuery = visit.query
    ringing = query.ringing is not None
    wanted = Filter(
        bearer=query.bearer, state=None if ringing else query.state, ringing=ringing or None
    )
    with visit.begin() as tx:
        found, following = list_clocks(tx, wanted, query.cursor, PAGE)
        clocks = [clock_view(one, tx.now) for one in found]
    given = {"ringing": "yes"} if ringing else {"state": str(query.state)}
    if query.bearer is not None:
        given["bearer"] = str(query.bearer)
    asked = with_query("/clocks", **given)
    return ClocksPage(
        clocks=clocks,
        next=following and with_more(asked, cursor=following),
        bearer=query.bearer,
        state=query.state,
        ringing=ringing,
        asked=asked,
    )


def heard(visit: Visit) -> str:
    with visit.begin() as tx:
        clock = acknowledge(tx, visit.uuid("clock", clock_unknown))
        refuse_without(visit, who_silences(tx, clock.order))
    return with_more(own_path(visit.field("back")), done="clock-heard")


pages = [
    PageRoute(
        path="/clocks",
        handler=show,
        scope="orders:read",
        query=ClocksQuery,
        template="clocks.html",
    ),
    PageRoute(
        method="POST",
        path="/clocks/{clock}/acknowledge",
        handler=heard,
        scope=None,
        any_of=SILENCES,
    ),
]

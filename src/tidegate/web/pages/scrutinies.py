"""The scrutiny desk of an authority: orders of others to providers that are established here, and who asked to have
them looked into.
"""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import convert
from tidegate.orders.scrutinies.model import DecisionIn, IntentionIn
from tidegate.orders.scrutinies.queries import list_scrutinies, scrutiny_of, scrutiny_unknown
from tidegate.pipeline.orders import desk
from tidegate.pipeline.orders.shown_desk import (
    ScrutinyLine,
    ScrutinyView,
    scrutiny_line,
    scrutiny_view,
)
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit

PAGE = 50


class ScrutiniesQuery(Query, frozen=True, kw_only=True):
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class ScrutiniesPage(msgspec.Struct, frozen=True):
    """What is at the desk, the newest first."""

    scrutinies: list[ScrutinyLine]
    next: str | None


class ScrutinyPage(msgspec.Struct, frozen=True):
    scrutiny: ScrutinyView


def show_all(visit: Visit) -> ScrutiniesPage:
    query: ScrutiniesQuery = visit.query
    with visit.begin() as tx:
        found, following = list_scrutinies(tx, states=None, cursor=query.cursor, limit=PAGE)
        lines = [scrutiny_line(tx, one) for one in found]
    return ScrutiniesPage(lines, following and with_query("/scrutinies", cursor=following))


def show(visit: Visit) -> ScrutinyPage:
    with visit.begin() as tx:
        return ScrutinyPage(scrutiny_view(tx, scrutiny_of(tx, _id(visit))))


def intend(visit: Visit) -> str:
    try:
        given = convert(_given(reasons=visit.field("intention")), IntentionIn)
        with visit.begin() as tx:
            desk.intend(tx, visit.instance, _id(visit), given)
    except Refusal as refusal:
        raise of_form(refusal, {"/reasons": "intention"}) from None
    return f"/scrutinies/{_id(visit)}?done=scrutiny-intended"


def decide(visit: Visit) -> str:
    said = _given(finding=visit.field("finding"), reasons=visit.field("reasons"))
    with visit.begin() as tx:
        desk.decide(tx, visit.instance, _id(visit), convert(said, DecisionIn))
    return f"/scrutinies/{_id(visit)}?done=decided"


def communicate(visit: Visit) -> str:
    with visit.begin() as tx:
        desk.communicate(tx, visit.instance, _id(visit))
    return f"/scrutinies/{_id(visit)}?done=scrutiny-told"


def _given(**values: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _id(visit: Visit) -> UUID:
    return visit.uuid("scrutiny", lambda _: scrutiny_unknown())


_one = PageRoute(
    path="/scrutinies/{scrutiny}",
    handler=show,
    scope="orders:read",
    template="scrutiny.html",
    whole=True,
)

pages = [
    PageRoute(
        path="/scrutinies",
        handler=show_all,
        scope="orders:read",
        query=ScrutiniesQuery,
        template="scrutinies.html",
        whole=True,
    ),
    _one,
    *(
        PageRoute(
            method="POST",
            path=f"/scrutinies/{{scrutiny}}/{name}",
            handler=handler,
            scope="orders:approve",
            again=_one,
            whole=True,
        )
        for name, handler in (
            ("intention", intend),
            ("decide", decide),
            ("communicate", communicate),
        )
    ),
]

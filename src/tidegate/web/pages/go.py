"""Go to: the pages, the queues, and the case or item of an id that somebody pasted."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from msgspec import Meta

from tidegate.review.queries import waiting_counts
from tidegate.web.pages.named import named
from tidegate.web.pages.names import queue_name, said
from tidegate.web.pages.page import PageRoute, Query
from tidegate.web.pages.render import offered
from tidegate.web.pages.visit import Visit
from tidegate.web.words import gettext

MOST = 20


class GoQuery(Query, frozen=True):
    q: Annotated[str, Meta(max_length=512)] = ""


class Place(msgspec.Struct, frozen=True):
    """Where one can go: what it is called, what sort of thing it is, and its path."""

    name: str
    kind: str
    to: str


class GoPage(msgspec.Struct, frozen=True):
    """What was typed, and the places that it may mean, the surest first."""

    q: str
    found: list[Place]


def show(visit: Visit) -> GoPage:
    query: GoQuery = visit.query
    typed = query.q.strip()
    with visit.begin() as tx:
        meant = named(visit, tx, typed) if typed else []
        queues = [*waiting_counts(tx)] if visit.may("cases:read") else []
    places = [Place(called, gettext("page"), at) for _, called, at in offered(visit)]
    places += [Place(gettext("Account"), gettext("page"), "/account")]
    places += [
        Place(queue_name(queue), gettext("queue"), f"/cases?queue={quote(queue, safe='')}")
        for queue in queues
    ]
    called = [Place(one.name, said(one.kind), one.to) for one in meant]
    fitting = [one for one in places if typed.casefold() in one.name.casefold()]
    return GoPage(typed, [*called, *fitting][:MOST])


pages = [PageRoute(path="/go", handler=show, scope=None, query=GoQuery, template="go.html")]

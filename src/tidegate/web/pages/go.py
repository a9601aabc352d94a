"""Go to: the pages, the queues, and the case or item of an id that somebody pasted."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.content.queries import find_item, item_by_id
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.review.queries import subject_of_case, waiting_counts
from tidegate.web.pages.names import said
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
        named = [*_named(visit, tx, typed)] if typed else []
        queues = [*waiting_counts(tx)] if visit.may("cases:read") else []
    places = [Place(called, gettext("page"), at) for _, called, at in offered(visit)]
    places += [Place(gettext("Account"), gettext("page"), "/account")]
    places += [
        Place(said(queue), gettext("queue"), f"/cases?queue={quote(queue, safe='')}")
        for queue in queues
    ]
    fitting = [one for one in places if typed.casefold() in one.name.casefold()]
    return GoPage(typed, [*named, *fitting][:MOST])


def _named(visit: Visit, tx: Tx, typed: str) -> list[Place]:
    """The case or the items that are called so; nothing that the person may not open."""
    found: list[Place] = []
    id = _uuid(typed)
    if id is not None and visit.may("cases:read") and _is_case(tx, id):
        found.append(Place(typed, gettext("case"), f"/cases/{id}"))
    if visit.may("items:read"):
        items = [item_by_id(tx, id)] if id is not None else []
        first, slash, rest = typed.partition("/")
        asked = [(one, typed) for one in sorted(visit.who.platforms or {"default"})]
        asked += [(first, rest)] if slash and rest else []
        items += [find_item(tx, platform, name) for platform, name in asked]
        found += [
            Place(one.external_id, gettext("item"), f"/items/{one.id}")
            for one in items
            if one is not None
        ]
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_case(tx: Tx, id: UUID) -> bool:
    try:
        _ = subject_of_case(tx, id)
    except Refusal:
        return False
    return True


pages = [PageRoute(path="/go", handler=show, scope=None, query=GoQuery, template="go.html")]

"""The registry: the organisations of the other side and their keys. One person registers, another confirms who knows
the fingerprints from elsewhere.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tidegate.exchange.actions import confirm_party, revoke_key
from tidegate.exchange.model import Party
from tidegate.exchange.published import Published
from tidegate.exchange.queries import parties
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.parsing import convert, decode
from tidegate.orders.drafts.model import PriorIn
from tidegate.pipeline.orders.informing import inform
from tidegate.pipeline.registering import check_found, fetch_published, register
from tidegate.web.api.registry import RevokeIn
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn

PAGE = 50


class RegistryQuery(Query, frozen=True, kw_only=True):
    after: Annotated[str, Meta(max_length=100)] | None = None


class RegistryPage(msgspec.Struct, frozen=True):
    """The registered organisations, by id."""

    parties: list[Party]
    next: str | None


def show(visit: Visit) -> RegistryPage:
    query: RegistryQuery = visit.query
    with visit.begin() as tx:
        found = parties(tx, after=query.after, limit=PAGE + 1)
    more = len(found) > PAGE
    return RegistryPage(
        found[:PAGE], with_query("/registry", after=found[PAGE - 1].id) if more else None
    )


async def add(visit: Visit) -> str:
    """Fetched and checked before the transaction begins."""
    settings, url, document = visit.instance.settings, visit.field("url"), visit.field("document")
    if not url and not document:
        raise bad_field("/url", "an address, or a document below", "nothing")
    try:
        found = (
            decode(document.encode(), Published)
            if document
            else await fetch_published(settings, url)
        )
        await check_found(settings, found)
        return await in_turn(visit.request, _register, visit, found)
    except Refusal as refusal:
        if refusal.status == 400:
            raise bad_field(
                "/document", "the JSON that an organisation publishes", "no JSON"
            ) from None
        field = "document" if document else "url"
        raise of_form(refusal, {one.pointer: field for one in refusal.errors}) from None


def _register(visit: Visit, found: Published) -> str:
    with visit.begin() as tx:
        register(tx, visit.instance.settings, found)
    return "/registry?done=party-registered"


def confirm(visit: Visit) -> str:
    typed = visit.parts("kids")
    if not typed:
        raise bad_field("/kids", "the fingerprint of each key", "nothing")
    try:
        with visit.begin() as tx:
            confirm_party(tx, visit.path["party"], typed)
    except Refusal as refusal:
        raise of_form(refusal, {one.pointer: "kids" for one in refusal.errors}) from None
    return "/registry?done=party-confirmed"


def revoke(visit: Visit) -> str:
    said: dict[str, Any] = {name: visit.field(name) for name in ("at", "reason")}
    given = convert({name: one for name, one in said.items() if one}, RevokeIn)
    with visit.begin() as tx:
        revoke_key(tx, visit.path["party"], visit.path["kid"], given.at, given.reason)
    return "/registry?done=key-revoked"


def tell_prior(visit: Visit) -> str:
    said: dict[str, Any] = {name: visit.field(name) for name in ("procedures", "deadlines")}
    given = convert({name: one for name, one in said.items() if one}, PriorIn)
    with visit.begin() as tx:
        inform(tx, visit.instance, visit.path["party"], given)
    return "/registry?done=prior-sent"


_page = PageRoute(
    path="/registry",
    handler=show,
    scope="registry:write",
    query=RegistryQuery,
    template="registry.html",
)

pages = [
    _page,
    PageRoute(
        method="POST",
        path="/registry",
        handler=add,
        scope="registry:write",
        again=_page,
        whole=True,
    ),
    PageRoute(
        method="POST",
        path="/registry/{party}/confirm",
        handler=confirm,
        scope="registry:write",
        again=_page,
        whole=True,
    ),
    PageRoute(
        method="POST",
        path="/registry/{party}/keys/{kid}/revoke",
        handler=revoke,
        scope="registry:write",
        again=_page,
        whole=True,
    ),
    PageRoute(
        method="POST",
        path="/registry/{party}/prior-information",
        handler=tell_prior,
        scope="orders:draft",
        again=_page,
        whole=True,
    ),
]

"""The registry: the organisations of the other side and their keys. One person registers, another confirms who knows
the fingerprints from elsewhere.
"""

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from tidegate.exchange.actions import confirm_party, revoke_key
from tidegate.exchange.model import Kind, Party
from tidegate.exchange.published import Published
from tidegate.exchange.queries import organisation, parties
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.parsing import convert, decode
from tidegate.orders.drafts.model import PriorIn
from tidegate.orders.drafts.queries import prior_with
from tidegate.pipeline.orders.informing import inform
from tidegate.pipeline.registering import check_found, fetch_published, register
from tidegate.web.api.registry import RevokeIn
from tidegate.web.pages.page import PageRoute, Query, with_query
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn

T = TypeVar("T")
PAGE = 50


class RegistryQuery(Query, frozen=True, kw_only=True):
    after: Annotated[str, Meta(max_length=100)] | None = None


class Told(msgspec.Struct, frozen=True):
    """Prior information that went to a provider, or came from an authority, and since when the first order may
    follow."""

    sent_at: datetime
    received_at: datetime | None
    opens_at: datetime | None


class RegistryPage(msgspec.Struct, frozen=True):
    """The registered organisations, by id. `prior` is of those with whom there was prior information; `kind` is
    ours."""

    parties: list[Party]
    next: str | None
    kind: Kind | None
    prior: dict[str, Told]


def show(visit: Visit) -> RegistryPage:
    query: RegistryQuery = visit.query
    with visit.begin() as tx:
        found = parties(tx, after=query.after, limit=PAGE + 1)
        ours = organisation(tx)
        kind = None if ours is None else ours.kind
        way = "out" if kind == "authority" else "in"
        prior = prior_with(tx, way, [one.id for one in found[:PAGE]])
    more = len(found) > PAGE
    return RegistryPage(
        found[:PAGE],
        with_query("/registry", after=found[PAGE - 1].id) if more else None,
        kind,
        {id: Told(one.sent_at, one.received_at, one.opens_at) for id, one in prior.items()},
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
    """What the page showed is confirmed, and nothing that came since."""
    party = visit.path["party"]
    field = f"kids:{party}"
    typed = visit.parts(field)
    if not typed:
        raise bad_field(f"/{field}", "the fingerprint of each key", "nothing")
    try:
        with visit.begin() as tx:
            confirm_party(tx, party, typed, visit.field(f"document:{party}"))
    except Refusal as refusal:
        raise of_form(refusal, {one.pointer: field for one in refusal.errors}) from None
    return "/registry?done=party-confirmed"


def revoke(visit: Visit) -> str:
    party, kid = visit.path["party"], visit.path["kid"]
    fields = {name: f"{name}:{party}:{kid}" for name in ("at", "reason")}
    try:
        given = _said(visit, fields, RevokeIn)
        with visit.begin() as tx:
            revoke_key(tx, party, kid, given.at, given.reason)
    except Refusal as refusal:
        raise _at_fields(refusal, fields) from None
    return "/registry?done=key-revoked"


def tell_prior(visit: Visit) -> str:
    party = visit.path["party"]
    fields = {name: f"{name}:{party}" for name in ("procedures", "deadlines")}
    try:
        given = _said(visit, fields, PriorIn)
        with visit.begin() as tx:
            inform(tx, visit.instance, party, given)
    except Refusal as refusal:
        raise _at_fields(refusal, fields) from None
    return "/registry?done=prior-sent"


def _said(visit: Visit, fields: dict[str, str], type: type[T]) -> T:
    """What a form says; its fields are called after the party, since the page has several forms."""
    said = {name: visit.field(field) for name, field in fields.items()}
    return convert({name: one for name, one in said.items() if one}, type)


def _at_fields(refusal: Refusal, fields: dict[str, str]) -> Refusal:
    return of_form(refusal, {f"/{name}": field for name, field in fields.items()})


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

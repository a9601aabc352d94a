"""`/v1/registry`: the organisations of the other side, and which of their keys are trusted."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.exchange.actions import confirm_party, revoke_key, set_provisional
from tidegate.exchange.model import Kind, Party, PartyState
from tidegate.exchange.published import Contact, Jwk, Named, Published
from tidegate.exchange.queries import get_party, parties
from tidegate.exchange.slice import REGISTRY
from tidegate.infra.db import Tx, again
from tidegate.infra.parsing import decode
from tidegate.infra.times import told
from tidegate.pipeline.registering import check_found, fetch_published, register
from tidegate.web.api.endpoint import Call, Endpoint, require_json
from tidegate.web.api.paging import Page, PageQuery, decode_text, encode_cursor
from tidegate.web.body import read
from tidegate.web.gate import segment
from tidegate.web.places import in_turn


class RegistryIn(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation publishes of itself, or where: `url` alone."""

    url: Annotated[str, Meta(max_length=2048)] | None = None
    organisation: Named | None = None
    keys: list[Jwk] = []
    inbox: str | None = None
    contact: Contact | None = None
    languages: list[str] = []
    protocol: list[str] = []
    synthetic: bool = False


class ConfirmIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fingerprints of the keys, as whoever confirms them knows them from elsewhere, and the digest of the
    document that they saw: nothing else is confirmed then."""

    kids: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(min_length=1, max_length=100)]
    document: Annotated[str, Meta(max_length=100)] | None = None


class RevokeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As of when a key counts no more, and why."""

    at: Annotated[datetime, Meta(tz=True)]
    reason: str


class ProvisionalIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether orders of theirs may be executed provisionally while nobody is awake."""

    on: bool


class RegistryQuery(PageQuery, frozen=True, kw_only=True):
    """What the registry is filtered by."""

    kind: Kind | None = None
    state: PartyState | None = None


class _Where(msgspec.Struct, frozen=True):
    url: Annotated[str, Meta(max_length=2048)] | None = None


async def add(call: Call) -> Response:
    """Fetched and checked before the transaction begins."""
    require_json(call.request)
    settings = call.instance.settings
    body = await read(call.request, settings.json_limit)
    where = decode(body, _Where).url
    if where is None:
        found = decode(body, Published)
    else:
        found = await fetch_published(settings, where)
    await check_found(settings, found)
    party = await in_turn(call.request, again, lambda: _register(call, found))
    return Response(msgspec.json.encode(told(party)), 201, media_type="application/json")


def _register(call: Call, found: Published) -> Party:
    with call.instance.database.begin(call.principal.acting, call.request_id) as tx:
        return register(tx, call.instance.settings, found)


def list_all(tx: Tx, call: Call[object, RegistryQuery]) -> Page:
    asked = call.query
    after = decode_text(asked.cursor)
    found = parties(tx, kind=asked.kind, state=asked.state, after=after, limit=asked.limit + 1)
    shown = found[: asked.limit]
    more = len(found) > len(shown)
    return Page(told(shown), encode_cursor(shown[-1].id) if more else None)


def show(tx: Tx, call: Call) -> Any:
    return told(get_party(tx, segment(call.path["id"])))


def confirm(tx: Tx, call: Call[ConfirmIn]) -> Any:
    given = call.body
    return told(confirm_party(tx, segment(call.path["id"]), given.kids, given.document))


def revoke(tx: Tx, call: Call[RevokeIn]) -> Any:
    id, kid = segment(call.path["id"]), segment(call.path["kid"])
    return told(revoke_key(tx, id, kid, call.body.at, call.body.reason))


def switch_provisional(tx: Tx, call: Call[ProvisionalIn]) -> Any:
    return told(set_provisional(tx, segment(call.path["id"]), call.body.on))


_PARTY = "/v1/registry/{id}"

endpoints = [
    Endpoint(
        method="POST",
        path="/v1/registry",
        scope=REGISTRY,
        summary="Register an organisation by what it publishes; a second person confirms it",
        handler=add,
        body=RegistryIn,
        answer=Party,
        status=201,
        whole=True,
        person=True,
        refusals=(413, 415),
    ),
    Endpoint(
        method="GET",
        path="/v1/registry",
        scope=REGISTRY,
        or_scope="orders:read",
        summary="List the registered organisations, by id",
        handler=list_all,
        query=RegistryQuery,
        answer=Page,
    ),
    Endpoint(
        method="GET",
        path=_PARTY,
        scope=REGISTRY,
        or_scope="orders:read",
        summary="Read a registered organisation with its keys",
        handler=show,
        answer=Party,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_PARTY}/confirm",
        scope=REGISTRY,
        summary="Trust an organisation and keys of it, whose fingerprints are known from elsewhere",
        handler=confirm,
        body=ConfirmIn,
        answer=Party,
        whole=True,
        person=True,
        refusals=(404, 409),
    ),
    Endpoint(
        method="POST",
        path=f"{_PARTY}/keys/{{kid}}/revoke",
        scope=REGISTRY,
        summary="Count a key of an organisation no more, as of a moment",
        handler=revoke,
        body=RevokeIn,
        answer=Party,
        whole=True,
        person=True,
        refusals=(404,),
    ),
    Endpoint(
        method="POST",
        path=f"{_PARTY}/provisional",
        scope=REGISTRY,
        summary="Switch on or off that orders of an authority are executed provisionally while nobody is awake",
        handler=switch_provisional,
        body=ProvisionalIn,
        answer=Party,
        whole=True,
        person=True,
        refusals=(404, 409),
    ),
]

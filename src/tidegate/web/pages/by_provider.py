"""Signing in at an OpenID provider: there, and back. Also for whoever shows again that it is them."""

import hmac
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.access.challenges import Challenge, begin_challenge, take_challenge
from tidegate.access.identities import Told, is_known_as
from tidegate.access.provider import CALLBACK, Begun, Provider, begin, oidc_failed
from tidegate.access.queries import get_user
from tidegate.access.sessions import freshen
from tidegate.access.sign_in import open_for
from tidegate.infra.errors import Refusal
from tidegate.pipeline.people import admit
from tidegate.web.nextpath import HOME, LONGEST, own_path
from tidegate.web.pages.page import PageRoute, Query, see_other
from tidegate.web.pages.sign_in import (
    PROVIDER_COOKIE,
    STEP_SECONDS,
    brought,
    note_failed,
    set_cookie,
    with_session,
)
from tidegate.web.pages.visit import Visit
from tidegate.web.places import in_turn

# In whose name users are made and changed who come from the provider.
ACTOR = "oidc"


class GoQuery(Query, frozen=True):
    """`next`: where to go on to afterwards."""

    next: Annotated[str, Meta(max_length=LONGEST)] = HOME


class _Gone(msgspec.Struct, frozen=True):
    """What is kept of somebody who went there: all that must be known again, and where they go on."""

    begun: Begun
    next: str
    at: datetime


def provider(visit: Visit) -> Provider:
    """Raises Refusal (404) where there is none."""
    found: Provider | None = visit.request.app.state.provider
    if found is None:
        raise Refusal("not-found", 404, "There is nothing at this path")
    return found


async def go(visit: Visit) -> Response:
    """To the provider. A link and no form: browsers let a form lead to our own pages alone."""
    if visit.principal is not None:
        return see_other(own_path(visit.query.next))
    return await _go(visit, session=None)


async def go_again(visit: Visit) -> Response:
    """The same for somebody who is signed in, and shall show that it is still them."""
    return await _go(visit, session=visit.who.session_id)


async def _go(visit: Visit, session: UUID | None) -> Response:
    now = visit.instance.clock.now()
    gone = _Gone(begin(), own_path(visit.query.next), now)
    where = await provider(visit).address(gone.begun, now, again=session is not None)

    def note() -> str:
        said = msgspec.to_builtins(gone)
        with visit.begin() as tx:
            return begin_challenge(tx, "provider", said, session=session)

    token = await in_turn(visit.request, note)
    response = see_other(where)
    # Not strict: who comes back comes from elsewhere.
    set_cookie(visit, response, PROVIDER_COOKIE, token, STEP_SECONDS)
    return response


async def come_back(visit: Visit) -> Response:
    """From the provider, with a code that it gives us who they are for."""
    try:
        known = provider(visit)
        challenge, gone = await in_turn(visit.request, _taken, visit)
        code = _read_answer(visit, known, gone)
        again = challenge.session is not None
        told = await known.told(
            gone.begun, code, visit.instance.clock.now(), since=gone.at if again else None
        )
        if again:
            await in_turn(visit.request, _confirm, visit, challenge, told)
            return see_other(gone.next)
        return await in_turn(visit.request, _let_in, visit, known, told, gone.next)
    except Refusal:
        note_failed(visit, None)
        raise


def _taken(visit: Visit) -> tuple[Challenge, _Gone]:
    with visit.begin() as tx:
        token = visit.request.cookies.get(PROVIDER_COOKIE, "")
        challenge = take_challenge(tx, "provider", token)
    if challenge is None:
        raise oidc_failed()
    return challenge, msgspec.convert(challenge.said, _Gone)


def _read_answer(visit: Visit, known: Provider, gone: _Gone) -> str:
    """The code, from an answer that belongs to what was asked. Raises Refusal (401)."""
    said = visit.request.query_params
    state, code = said.get("state", ""), said.get("code", "")
    ours = hmac.compare_digest(state.encode(), gone.begun.state.encode())
    if not ours or said.get("iss", known.issuer) != known.issuer:
        raise oidc_failed()
    if not code:
        detail = "It was left there, or refused. Nothing was changed."
        raise Refusal("sign-in-failed", 401, "You were not signed in there", detail)
    return code


def _let_in(visit: Visit, known: Provider, told: Told, path: str) -> Response:
    with visit.begin(ACTOR) as tx:
        user = admit(tx, told, known.rules)
        hours = visit.instance.settings.session_hours
        opened = open_for(tx, user.id, ["oidc"], hours, brought(visit))
    return with_session(visit, opened, see_other(path))


def _confirm(visit: Visit, challenge: Challenge, told: Told) -> None:
    who = visit.principal
    if who is None or who.session is None or who.session_id != challenge.session:
        raise oidc_failed()
    with visit.begin() as tx:
        if not is_known_as(tx, get_user(tx, who.name).id, told):
            raise oidc_failed()
        freshen(tx, who.session)


pages = [
    PageRoute(path="/sign-in/oidc", handler=go, scope=None, public=True, query=GoQuery),
    PageRoute(path=CALLBACK, handler=come_back, scope=None, public=True, followed=True),
    PageRoute(path="/account/confirm/provider", handler=go_again, scope=None, query=GoQuery),
]

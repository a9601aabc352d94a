"""The person's own keys to this place: passkeys, recovery codes, and where they are signed in."""

from datetime import datetime
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.access.ceremony import check_new
from tidegate.access.codes import Codes, codes_of, make_codes
from tidegate.access.passkeys import (
    Passkey,
    add_passkey,
    check_name,
    known_passkeys,
    passkey_unknown,
    passkeys_of,
    remove_passkey,
    rename_passkey,
)
from tidegate.access.queries import get_user
from tidegate.access.sessions import end_own, sessions_of
from tidegate.infra.errors import Refusal
from tidegate.web.pages.agents import browser_of
from tidegate.web.pages.page import Handler, PageRoute, see_other
from tidegate.web.pages.render import html
from tidegate.web.pages.showing import ask_for_new, needed_party, party, taken
from tidegate.web.pages.sign_in import sign_out
from tidegate.web.pages.visit import Visit
from tidegate.web.words import to_json

PATH = "/account/security"


class SessionLine(msgspec.Struct, frozen=True, kw_only=True):
    """An open session; `this` is the one that looks."""

    id: UUID
    browser: str
    began_by: list[str]
    since: datetime
    last_seen_at: datetime
    ends_at: datetime
    this: bool


class SecurityPage(msgspec.Struct, frozen=True, kw_only=True):
    """`possible`: browsers make passkeys at this address. `fresh`: the person has shown lately that it is
    them, and may change what they sign in by."""

    passkeys: list[Passkey]
    codes: Codes
    sessions: list[SessionLine]
    possible: bool
    fresh: bool
    has_password: bool


class NewCodes(msgspec.Struct, frozen=True):
    """Codes, shown this once."""

    codes: list[str]


def show(visit: Visit) -> SecurityPage:
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name)
        passkeys, codes = passkeys_of(tx, user.id), codes_of(tx, user.id)
        sessions = sessions_of(tx, user.id)
    return SecurityPage(
        passkeys=passkeys,
        codes=codes,
        sessions=[
            SessionLine(
                id=one.id,
                browser=browser_of(one.user_agent),
                began_by=one.began_by,
                since=one.since,
                last_seen_at=one.last_seen_at,
                ends_at=one.ends_at,
                this=one.id == visit.who.session_id,
            )
            for one in sessions
        ],
        possible=party(visit) is not None,
        fresh=visit.shows_what_is_asked_for(),
        has_password=user.has_password,
    )


def ask(visit: Visit) -> Response:
    """What the browser needs to have a device make a passkey."""
    check_name(visit.field("name"))
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name)
        return ask_for_new(visit, tx, user.email, user.id, known_passkeys(tx, user.id))


def add(visit: Visit) -> Response:
    asks = needed_party(visit)
    challenge, text = taken(visit, "add")
    new = check_new(asks, challenge.said["challenge"], text)
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name, lock=True)
        first = not passkeys_of(tx, user.id) and not codes_of(tx, user.id).left
        add_passkey(tx, user, visit.field("name"), new)
    return see_other(PATH, done="passkey-first" if first else "passkey-added")


def rename(visit: Visit) -> Response:
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name)
        rename_passkey(tx, user.id, visit.uuid("id", _unknown), visit.field("name"))
    return see_other(PATH, done="passkey-renamed")


def remove(visit: Visit) -> Response:
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name, lock=True)
        remove_passkey(tx, user, visit.uuid("id", _unknown))
    return see_other(PATH, done="passkey-removed")


def new_codes(visit: Visit) -> Response:
    """Ten new codes, in the answer itself: they are nowhere kept."""
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name, lock=True)
        made = NewCodes(make_codes(tx, visit.instance.secrets.terms_key, user))
    if visit.by_script:
        return Response(to_json(made), media_type="application/json")
    return html("account_codes.html", visit, made)


def end(visit: Visit) -> Response:
    """End one session; one's own is signed out of."""
    id = visit.uuid("id", _no_session)
    if id == visit.who.session_id:
        return sign_out(visit)
    with visit.begin() as tx:
        if not end_own(tx, get_user(tx, visit.who.name), [id]):
            raise _no_session("")
    return see_other(PATH, done="session-ended")


def end_others(visit: Visit) -> Response:
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name)
        others = [one.id for one in sessions_of(tx, user.id) if one.id != visit.who.session_id]
        end_own(tx, user, others)
    return see_other(PATH, done="sessions-ended")


def _unknown(_: str) -> Refusal:
    return passkey_unknown()


def _no_session(_: str) -> Refusal:
    return Refusal("session-unknown", 404, "There is no such session", "It may have ended already.")


_page = PageRoute(path=PATH, handler=show, scope=None, template="security.html")


def _post(path: str, handler: Handler, *, fresh: bool = False) -> PageRoute:
    return PageRoute(
        method="POST", path=PATH + path, handler=handler, scope=None, again=_page, fresh=fresh
    )


pages = [
    _page,
    _post("/passkeys/options", ask, fresh=True),
    _post("/passkeys", add, fresh=True),
    _post("/passkeys/{id}/rename", rename),
    _post("/passkeys/{id}/remove", remove, fresh=True),
    _post("/codes", new_codes, fresh=True),
    _post("/sessions/end-others", end_others),
    _post("/sessions/{id}/end", end),
]

"""Signing in and out: by a one-time link, or by a password where one was set. What follows a password is in
`second.py`, passkeys alone in `by_passkey.py`, and an OpenID provider in `by_provider.py`."""

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import quote, unquote

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.access.attempts import Attempt, begin_attempt
from tidegate.access.challenges import LIFETIME
from tidegate.access.codes import use_code
from tidegate.access.model import DEVICE_LASTS, is_email
from tidegate.access.passwords import verify_password
from tidegate.access.provider import Provider
from tidegate.access.queries import owner_of_link, principal_of_session, session_ends
from tidegate.access.sign_in import (
    Brought,
    Opened,
    begin_second,
    close_session,
    extend_session,
    link_gone,
    needs_second,
    open_by_code,
    open_session,
    redeem_link,
)
from tidegate.infra.errors import FieldError, Refusal
from tidegate.pipeline.house import SCOPES
from tidegate.web.csrf import masked
from tidegate.web.gate import COOKIE
from tidegate.web.nextpath import HOME, LONGEST, own_path
from tidegate.web.pages.page import PageRoute, Query, see_other, with_query
from tidegate.web.pages.render import html
from tidegate.web.pages.showing import party
from tidegate.web.pages.visit import Visit
from tidegate.web.problems import problem
from tidegate.web.words import to_json

# Before there is a session, the form's token stands in a cookie of its own (double submit), so that
# no other site can sign a visitor in as somebody else.
FORM_COOKIE = "tidegate_form"
# Where somebody wanted to go who then signed in by a link from their mail.
NEXT_COOKIE = "tidegate_next"
# By it strangers' failures are told from those of somebody who signed in here before. It stays when
# they sign out, and opens nothing.
DEVICE_COOKIE = "tidegate_device"
# The step after a password; the way to a provider and back.
STEP_COOKIE = "tidegate_step"
PROVIDER_COOKIE = "tidegate_provider"
EMPTY = "not-confirmed"
STEP_SECONDS = int(LIFETIME.total_seconds())


class SignInQuery(Query, frozen=True):
    """`next`: where to go on to afterwards."""

    next: Annotated[str, Meta(max_length=LONGEST)] = HOME


class SignInPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The form; `token` is its CSRF token. To a script of a page whose session may have ended it says
    who is signed in by now, the token of their forms, and when that session ends."""

    token: str = ""
    next: str = HOME
    passkeys: bool = False  # can be shown at this address
    provider: str | None = None  # what it is called
    name: str | None = None
    csrf: str | None = None
    ends_in: float | None = None


def show_form(visit: Visit) -> Response:
    """The form as HTML, with the cookie that its token is compared with."""
    if visit.principal is not None:
        return see_other(own_path(visit.query.next))
    page = _strangers(visit, own_path(_wanted(visit)))
    refusal = visit.refusal
    status = refusal.status if refusal else 200
    if visit.by_script and refusal:
        response = problem(refusal, visit.request_id)
    else:
        response = html("sign_in.html", visit, page, status, refusal and refusal.headers)
    if page.next != HOME:
        set_cookie(visit, response, NEXT_COOKIE, quote(page.next, safe=""), 3600)
    return _with_form(visit, response, page.token)


def show_state(visit: Visit) -> Response:
    """The same for a script: the form's token for a stranger, else who it is."""
    who = visit.principal
    if who is None or who.session is None:
        page = _strangers(visit, HOME)
        return _with_form(visit, _json(page), page.token)
    with visit.begin() as tx:
        return _json(_state(who.name, who.csrf or "", session_ends(tx, who.session), tx.now))


def _strangers(visit: Visit, path: str) -> SignInPage:
    """The form, and what else there is."""
    provider: Provider | None = visit.request.app.state.provider
    return SignInPage(
        token=secrets.token_urlsafe(24),
        next=path,
        passkeys=party(visit) is not None,
        provider=None if provider is None else provider.name,
    )


def _state(name: str, csrf: str, ends: datetime | None, now: datetime) -> SignInPage:
    left = (ends - now).total_seconds() if ends else 0.0
    return SignInPage(name=name, csrf=masked(csrf), ends_in=left)


def _json(value: object) -> Response:
    return Response(to_json(value), media_type="application/json")


def _with_form(visit: Visit, response: Response, token: str) -> Response:
    set_cookie(visit, response, FORM_COOKIE, token, 3600, strict=True)
    return response


def _wanted(visit: Visit) -> str:
    """Where to go on to: what the form says, else what led to it."""
    return visit.field("next") or visit.query.next


def sign_in(visit: Visit) -> Response:
    """Try a password. Wrong and unknown look and last the same."""
    if not form_is_ours(visit):
        visit.refusal = form_too_old()
        return show_form(visit)
    email = visit.field("email")
    password = next((value for key, value in visit.form.fields if key == "password"), "")
    try:
        refuse_empty(visit, {"email": "an e-mail address", "password": "your password"})
    except Refusal as refusal:
        visit.refusal = refusal
        return show_form(visit)
    try:
        with visit.begin() as tx:
            attempt = begin_attempt(tx, email, visit.address, brought(visit).device)
        if not verify_password(attempt.password_hash, password):
            opened = _by_code(visit, attempt, password)
        else:
            with visit.begin() as tx:
                if needs_second(tx, attempt):
                    return _go_on(visit, begin_second(tx, attempt))
                hours = visit.instance.settings.session_hours
                opened = open_session(tx, attempt, hours, brought(visit))
    except Refusal as refusal:
        note_failed(visit, email)
        visit.refusal = refusal
        return show_form(visit)
    return with_session(visit, opened, _signed_in(visit, opened))


def _by_code(visit: Visit, attempt: Attempt, typed: str) -> Opened:
    """Whoever has no password may type a recovery code in its place. Raises Refusal (401)."""
    with visit.begin() as tx:
        without = attempt.user_id is not None and attempt.password_hash is None
        key = visit.instance.secrets.terms_key
        if without and attempt.user_id and use_code(tx, key, attempt.user_id, typed):
            return open_by_code(tx, attempt, visit.instance.settings.session_hours, brought(visit))
    raise Refusal(
        "sign-in-failed",
        401,
        "That did not match",
        "Check the address and the password, or ask an administrator for a one-time link.",
    )


def _go_on(visit: Visit, token: str) -> Response:
    """To what follows a password. A script's page has no room for that."""
    if visit.by_script:
        said = "Sign in in a new tab, with your passkey or a recovery code, and come back here."
        refusal = Refusal("second-step", 401, "A passkey is asked for", said)
        return problem(refusal, visit.request_id)
    response = see_other("/sign-in/second", next=own_path(_wanted(visit)))
    set_cookie(visit, response, STEP_COOKIE, token, STEP_SECONDS, strict=True)
    return response


def _signed_in(visit: Visit, opened: Opened) -> Response:
    """Back to where they wanted to go; a script is told what its page needs to go on."""
    if not visit.by_script:
        return see_other(own_path(_wanted(visit)))
    with visit.begin() as tx:
        who = principal_of_session(tx, SCOPES, opened.session)
        if who is None or who.session is None:
            raise Refusal("session-ended", 401, "The session has ended", "Sign in again.")
        return _json(_state(who.name, who.csrf or "", session_ends(tx, who.session), tx.now))


def stay(visit: Visit) -> Response:
    """Have the session last as long again from now, while it is alive."""
    session, cookie = visit.who.session, visit.request.cookies.get(COOKIE, "")
    assert session is not None  # keys open no pages
    with visit.begin() as tx:
        _ = extend_session(tx, session, visit.instance.settings.session_hours)
    response = see_other(with_query(own_path(visit.field("back")).partition("?")[0], done="stayed"))
    set_cookie(visit, response, COOKIE, cookie, _session_seconds(visit))
    return response


class LinkPage(msgspec.Struct, frozen=True):
    """Whom a one-time link would sign in, and where it leads then. Whoever has the link could be them by one
    click more."""

    email: str
    next: str


def show_link(visit: Visit) -> LinkPage:
    """What a one-time link opens: a button. Mail scanners and previews follow links, and use up none."""
    with visit.begin() as tx:
        email = owner_of_link(tx, visit.path["token"])
    if email is None:
        raise link_gone(to_admin=visit.may("admin"))
    return LinkPage(email, own_path(visit.request.query_params.get("next", "")))


def follow_link(visit: Visit) -> Response:
    """Use up a one-time link. It is the secret, so the form has no token; but a page elsewhere may not
    sign a visitor in with a link of its own, and browsers say where a form came from."""
    check_site(visit)
    with visit.begin() as tx:
        hours = visit.instance.settings.session_hours
        try:
            opened = redeem_link(tx, visit.path["token"], hours, brought(visit))
        except Refusal as refusal:
            note_failed(visit, None)
            raise link_gone(to_admin=visit.may("admin")) from refusal
    wanted = own_path(visit.field("next"))
    if wanted == HOME:
        wanted = own_path(unquote(visit.request.cookies.get(NEXT_COOKIE, "")))
    return with_session(visit, opened, see_other(wanted))


def sign_out(visit: Visit) -> Response:
    session = visit.who.session
    if session is not None:
        with visit.begin() as tx:
            close_session(tx, session)
    response = see_other("/sign-in", done="signed-out")
    response.delete_cookie(COOKIE)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def note_failed(visit: Visit, email: str | None) -> None:
    """Have the ledger tell of a failed sign-in, by the account if it is one."""
    name = email.lower() if email is not None and is_email(email) else None
    visit.instance.refused.note("sign_in.failed", name, visit.address, visit.instance.clock.now())


def refuse_empty(visit: Visit, expected: Mapping[str, str]) -> None:
    """Raises Refusal (422) where one of these fields is empty, which is no try and counts as none."""
    filled = {name for name, value in visit.form.fields if value}
    errors = [
        FieldError(f"/{name}", what, "nothing")
        for name, what in expected.items()
        if name not in filled
    ]
    if errors:
        detail = f"Expected {errors[0].expected}."
        raise Refusal(EMPTY, 422, "That did not match", detail, errors=errors)


def check_site(visit: Visit) -> None:
    """Raises Refusal (403) for what a page elsewhere sent."""
    if visit.request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        detail = "Nothing was changed. Open the link itself, and press the button there."
        raise Refusal("csrf-missing", 403, "The form was not ours", detail)


def form_is_ours(visit: Visit) -> bool:
    """Whether a stranger's form came from a page that we gave to this browser."""
    token = visit.request.cookies.get(FORM_COOKIE, "")
    return bool(token) and hmac.compare_digest(token.encode(), visit.field("token").encode())


def form_too_old() -> Refusal:
    return Refusal("form-too-old", 403, "The form was too old", "Please try again.")


def brought(visit: Visit) -> Brought:
    """What came with a request to sign in."""
    cookies, agent = visit.request.cookies, visit.request.headers.get("user-agent", "")
    return Brought(cookies.get(COOKIE), cookies.get(DEVICE_COOKIE), agent)


def with_session(visit: Visit, opened: Opened, response: Response) -> Response:
    """The response, with the cookies of somebody who has just signed in."""
    set_cookie(visit, response, COOKIE, opened.session, _session_seconds(visit))
    device_seconds = int(DEVICE_LASTS.total_seconds())
    set_cookie(visit, response, DEVICE_COOKIE, opened.device, device_seconds)
    response.delete_cookie(FORM_COOKIE)
    for name in (NEXT_COOKIE, STEP_COOKIE, PROVIDER_COOKIE):
        if name in visit.request.cookies:
            response.delete_cookie(name)
    return response


def _session_seconds(visit: Visit) -> int:
    return int(visit.instance.settings.session_hours * 3600)


def set_cookie(
    visit: Visit, response: Response, name: str, value: str, seconds: int, *, strict: bool = False
) -> None:
    """A cookie that no script reads; one that is `strict` does not come with links from elsewhere."""
    secure = visit.instance.settings.https_only
    same_site = "strict" if strict else "lax"
    response.set_cookie(name, value, seconds, httponly=True, samesite=same_site, secure=secure)


pages = [
    PageRoute(path="/sign-in", handler=show_form, scope=None, public=True, query=SignInQuery),
    PageRoute(path="/sign-in/index.json", handler=show_state, scope=None, public=True, json=True),
    PageRoute(
        method="POST", path="/sign-in", handler=sign_in, scope=None, public=True, query=SignInQuery
    ),
    PageRoute(method="POST", path="/session/stay", handler=stay, scope=None),
    PageRoute(
        path="/sign-in/{token}",
        handler=show_link,
        scope=None,
        public=True,
        followed=True,
        template="sign_in_link.html",
    ),
    PageRoute(
        method="POST",
        path="/sign-in/{token}",
        handler=follow_link,
        scope=None,
        public=True,
        followed=True,
    ),
    PageRoute(method="POST", path="/sign-out", handler=sign_out, scope=None),
]

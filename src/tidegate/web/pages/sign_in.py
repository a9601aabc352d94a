"""Signing in and out: by a one-time link, or by a password where one was set."""

import hmac
import secrets

import msgspec
from starlette.responses import Response

from tidegate.access.attempts import begin_attempt
from tidegate.access.model import DEVICE_LASTS, is_email
from tidegate.access.passwords import verify_password
from tidegate.access.queries import owner_of_link
from tidegate.access.sign_in import (
    Brought,
    Opened,
    close_session,
    link_gone,
    open_session,
    redeem_link,
)
from tidegate.infra.errors import Refusal
from tidegate.web.gate import COOKIE
from tidegate.web.pages.page import PageRoute, see_other
from tidegate.web.pages.render import html
from tidegate.web.pages.visit import Visit

# Before there is a session, the form's token stands in a cookie of its own (double submit), so that
# no other site can sign a visitor in as somebody else.
FORM_COOKIE = "tidegate_form"
# By it strangers' failures are told from those of somebody who signed in here before. It stays when
# they sign out, and opens nothing.
DEVICE_COOKIE = "tidegate_device"


class SignInPage(msgspec.Struct, frozen=True):
    """The form; `token` is its CSRF token."""

    token: str


def show(visit: Visit) -> SignInPage | Response:
    if visit.principal is not None:
        return see_other("/")
    return SignInPage(secrets.token_urlsafe(24))


def show_form(visit: Visit) -> Response:
    """The form as HTML, with the cookie that its token is compared with."""
    page = show(visit)
    if isinstance(page, Response):
        return page
    status = visit.refusal.status if visit.refusal else 200
    response = html("sign_in.html", visit, page, status, visit.refusal and visit.refusal.headers)
    secure = visit.instance.settings.https_only
    response.set_cookie(
        FORM_COOKIE, page.token, 3600, httponly=True, samesite="strict", secure=secure
    )
    return response


def sign_in(visit: Visit) -> Response:
    """Try a password. Wrong and unknown look and last the same."""
    token = visit.request.cookies.get(FORM_COOKIE, "")
    if not token or not hmac.compare_digest(token.encode(), visit.field("token").encode()):
        visit.refusal = Refusal("csrf-missing", 403, "The form was too old", "Please try again.")
        return show_form(visit)
    email = visit.field("email")
    password = next((value for key, value in visit.form.fields if key == "password"), "")
    try:
        with visit.begin() as tx:
            attempt = begin_attempt(tx, email, visit.address, _brought(visit).device)
        if not verify_password(attempt.password_hash, password):
            raise Refusal(
                "sign-in-failed",
                401,
                "That did not match",
                "Check the address and the password, or ask an administrator for a one-time link.",
            )
        with visit.begin() as tx:
            hours = visit.instance.settings.session_hours
            opened = open_session(tx, attempt, hours, _brought(visit))
    except Refusal as refusal:
        note_failed(visit, email)
        visit.refusal = refusal
        return show_form(visit)
    return _with_session(visit, opened)


class LinkPage(msgspec.Struct, frozen=True):
    """Whom a one-time link would sign in. Whoever has the link could be them by one click more."""

    email: str


def show_link(visit: Visit) -> LinkPage:
    """What a one-time link opens: a button. Mail scanners and previews follow links, and use up none."""
    with visit.begin() as tx:
        email = owner_of_link(tx, visit.path["token"])
    if email is None:
        raise link_gone()
    return LinkPage(email)


def follow_link(visit: Visit) -> Response:
    """Use up a one-time link. It is the secret, so the form has no field; but a page elsewhere may not
    sign a visitor in with a link of its own, and browsers say where a form came from."""
    if visit.request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        detail = "Nothing was changed. Open the link itself, and press the button there."
        raise Refusal("csrf-missing", 403, "The form was not ours", detail)
    with visit.begin() as tx:
        hours = visit.instance.settings.session_hours
        try:
            opened = redeem_link(tx, visit.path["token"], hours, _brought(visit))
        except Refusal:
            note_failed(visit, None)
            raise
    return _with_session(visit, opened)


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


def _brought(visit: Visit) -> Brought:
    cookies = visit.request.cookies
    return Brought(cookies.get(COOKIE), cookies.get(DEVICE_COOKIE))


def _with_session(visit: Visit, opened: Opened) -> Response:
    settings = visit.instance.settings
    session_seconds = int(settings.session_hours * 3600)
    device_seconds = int(DEVICE_LASTS.total_seconds())
    response = see_other("/")
    for name, value, seconds in (
        (COOKIE, opened.session, session_seconds),
        (DEVICE_COOKIE, opened.device, device_seconds),
    ):
        response.set_cookie(
            name, value, seconds, httponly=True, samesite="lax", secure=settings.https_only
        )
    response.delete_cookie(FORM_COOKIE)
    return response


pages = [
    PageRoute(path="/sign-in", handler=show_form, scope=None, public=True),
    PageRoute(path="/sign-in/index.json", handler=show, scope=None, public=True, json=True),
    PageRoute(method="POST", path="/sign-in", handler=sign_in, scope=None, public=True),
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

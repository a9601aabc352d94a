"""Signing in and out: by a one-time link, or by a password where one was set."""

import hmac
import secrets

import msgspec
from starlette.responses import Response

from tidegate.access.passwords import verify_password
from tidegate.access.queries import link_stands
from tidegate.access.sign_in import begin_attempt, close_session, open_session, redeem_link
from tidegate.infra.errors import Refusal
from tidegate.web.gate import COOKIE
from tidegate.web.pages.page import PageRoute, see_other
from tidegate.web.pages.render import html
from tidegate.web.pages.visit import Visit

# Before there is a session, the form's token stands in a cookie of its own (double submit), so that
# no other site can sign a visitor in as somebody else.
FORM_COOKIE = "tidegate_form"


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
    secure = visit.instance.settings.secure_cookies
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
    email, address = visit.field("email"), visit.address
    password = next((value for key, value in visit.form.fields if key == "password"), "")
    try:
        with visit.begin() as tx:
            attempt = begin_attempt(tx, email, address)
        if not verify_password(attempt.password_hash, password):
            raise Refusal(
                "sign-in-failed",
                401,
                "That did not match",
                "Check the address and the password, or ask an administrator for a one-time link.",
            )
        with visit.begin() as tx:
            hours = visit.instance.settings.session_hours
            cookie = open_session(tx, attempt, hours, visit.request.cookies.get(COOKIE))
    except Refusal as refusal:
        visit.refusal = refusal
        return show_form(visit)
    return _with_session(visit, cookie)


def follow_link(visit: Visit) -> Response:
    """Use up a one-time link. HEAD only asks whether it stands: link checkers must not use it."""
    token = visit.path["token"]
    if visit.request.method == "HEAD":
        with visit.begin() as tx:
            return Response(status_code=200 if link_stands(tx, token) else 410)
    with visit.begin() as tx:
        hours = visit.instance.settings.session_hours
        cookie = redeem_link(tx, token, hours, visit.request.cookies.get(COOKIE))
    return _with_session(visit, cookie)


def sign_out(visit: Visit) -> Response:
    session = visit.who.session
    if session is not None:
        with visit.begin() as tx:
            close_session(tx, session)
    response = see_other("/sign-in", done="signed-out")
    response.delete_cookie(COOKIE)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _with_session(visit: Visit, cookie: str) -> Response:
    settings = visit.instance.settings
    response = see_other("/")
    response.set_cookie(
        COOKIE,
        cookie,
        int(settings.session_hours * 3600),
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )
    response.delete_cookie(FORM_COOKIE)
    return response


pages = [
    PageRoute(path="/sign-in", handler=show_form, scope=None, public=True),
    PageRoute(path="/sign-in/index.json", handler=show, scope=None, public=True, json=True),
    PageRoute(method="POST", path="/sign-in", handler=sign_in, scope=None, public=True),
    PageRoute(path="/sign-in/{token}", handler=follow_link, scope=None, public=True),
    PageRoute(method="POST", path="/sign-out", handler=sign_out, scope=None),
]

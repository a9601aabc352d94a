"""What follows a right password for whoever has a passkey: the passkey, or a recovery code."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.access.attempts import begin_attempt, clear_attempts
from tidegate.access.challenges import Challenge, look_at_challenge
from tidegate.access.codes import codes_of, use_code
from tidegate.access.model import Way
from tidegate.access.passkeys import count_use, known_passkeys
from tidegate.access.sign_in import Opened, end_second
from tidegate.infra.errors import Refusal
from tidegate.web.nextpath import HOME, LONGEST, own_path
from tidegate.web.pages.page import PageRoute, Query, see_other
from tidegate.web.pages.render import html
from tidegate.web.pages.showing import Shown, ask_for_one, party, shown
from tidegate.web.pages.sign_in import (
    EMPTY,
    STEP_COOKIE,
    brought,
    check_site,
    note_failed,
    refuse_empty,
    with_session,
)
from tidegate.web.pages.visit import Visit


class SecondQuery(Query, frozen=True):
    """`next`: where to go on to afterwards."""

    next: Annotated[str, Meta(max_length=LONGEST)] = HOME


class SecondPage(msgspec.Struct, frozen=True):
    """Who has typed a right password, and what they can go on with."""

    email: str
    passkeys: bool
    codes: int
    next: str


def show(visit: Visit) -> SecondPage | Response:
    step = _step(visit)
    if step is None or step.user_id is None:
        return see_other("/sign-in", next=own_path(visit.query.next))
    with visit.begin() as tx:
        codes = codes_of(tx, step.user_id).left
    path = own_path(visit.field("next") or visit.query.next)
    return SecondPage(step.said["email"], party(visit) is not None, codes, path)


def ask(visit: Visit) -> Response:
    """What the browser needs to ask its devices for one of the person's passkeys."""
    check_site(visit)
    step = _needed(visit)
    with visit.begin() as tx:
        known = known_passkeys(tx, step.user_id) if step.user_id else []
        return ask_for_one(visit, tx, "second", known, step.user_id)


def go_on(visit: Visit) -> Response:
    """Let in who shows what they should."""
    check_site(visit)
    email = None
    try:
        step = _needed(visit)
        email = step.said["email"]
        if visit.field("credential"):
            opened = _by_passkey(visit, step)
        else:
            refuse_empty(visit, {"code": "a recovery code that was not used yet"})
            opened = _by_code(visit, step)
    except Refusal as refusal:
        if refusal.type != EMPTY:
            note_failed(visit, email)
        found = show(visit)
        if visit.by_script or isinstance(found, Response):
            raise
        visit.refusal = refusal
        return html("sign_in_second.html", visit, found, refusal.status, refusal.headers)
    return with_session(visit, opened, see_other(own_path(visit.field("next"))))


def _by_passkey(visit: Visit, step: Challenge) -> Opened:
    return _end(visit, step, "passkey", shown(visit, "second", step.user_id))


def _by_code(visit: Visit, step: Challenge) -> Opened:
    """Codes are guessed no faster than passwords."""
    with visit.begin() as tx:
        begin_attempt(tx, step.said["email"], visit.address, brought(visit).device)
    return _end(visit, step, "code")


def _end(visit: Visit, step: Challenge, way: Way, one: Shown | None = None) -> Opened:
    cookies, key = brought(visit), visit.instance.secrets.terms_key
    with visit.begin() as tx:
        if one is not None:
            count_use(tx, one.passkey, one.sign_count)
        elif step.user_id is None or not use_code(tx, key, step.user_id, visit.field("code")):
            raise Refusal(
                "sign-in-failed",
                401,
                "That did not match",
                "Check the code: each works once, and new ones take the place of all before.",
            )
        clear_attempts(tx, step.said["email"], visit.address, cookies.device)
        hours = visit.instance.settings.session_hours
        return end_second(tx, visit.request.cookies[STEP_COOKIE], way, hours, cookies)


def _step(visit: Visit) -> Challenge | None:
    with visit.begin() as tx:
        return look_at_challenge(tx, "step", visit.request.cookies.get(STEP_COOKIE, ""))


def _needed(visit: Visit) -> Challenge:
    step = _step(visit)
    if step is None:
        detail = "It is more than ten minutes since the password. Sign in again."
        raise Refusal("sign-in-failed", 401, "Begin again", detail)
    return step


pages = [
    PageRoute(
        path="/sign-in/second",
        handler=show,
        scope=None,
        public=True,
        query=SecondQuery,
        template="sign_in_second.html",
    ),
    PageRoute(method="POST", path="/sign-in/second/options", handler=ask, scope=None, public=True),
    PageRoute(
        method="POST",
        path="/sign-in/second",
        handler=go_on,
        scope=None,
        public=True,
        query=SecondQuery,
    ),
]

"""Signing in by a passkey alone: it is kept on a device, and the device has asked who it is."""

from starlette.responses import Response

from tidegate.access.attempts import clear_attempts
from tidegate.access.passkeys import count_use
from tidegate.access.sign_in import open_for
from tidegate.infra.errors import Refusal
from tidegate.web.nextpath import own_path
from tidegate.web.pages.page import PageRoute, see_other
from tidegate.web.pages.showing import ask_for_one, shown
from tidegate.web.pages.sign_in import (
    SignInQuery,
    brought,
    form_is_ours,
    form_too_old,
    note_failed,
    show_form,
    with_session,
)
from tidegate.web.pages.visit import Visit


def ask(visit: Visit) -> Response:
    """What the browser needs to ask its devices for any passkey of ours."""
    if not form_is_ours(visit):
        raise form_too_old()
    with visit.begin() as tx:
        return ask_for_one(visit, tx, "sign-in")


def sign_in(visit: Visit) -> Response:
    """Let in whose passkey it is."""
    try:
        if not form_is_ours(visit):
            raise form_too_old()
        try:
            one = shown(visit, "sign-in")
            with visit.begin() as tx:
                count_use(tx, one.passkey, one.sign_count)
                cookies = brought(visit)
                clear_attempts(tx, one.passkey.email, visit.address, cookies.device)
                hours = visit.instance.settings.session_hours
                opened = open_for(tx, one.passkey.user_id, ["passkey"], hours, cookies)
        except Refusal:
            note_failed(visit, None)
            raise
    except Refusal as refusal:
        if visit.by_script:
            raise  # the form stays as it is, and so does the cookie of its token
        visit.refusal = refusal
        return show_form(visit)
    return with_session(visit, opened, see_other(own_path(visit.field("next"))))


pages = [
    PageRoute(method="POST", path="/sign-in/passkey/options", handler=ask, scope=None, public=True),
    PageRoute(
        method="POST",
        path="/sign-in/passkey",
        handler=sign_in,
        scope=None,
        public=True,
        query=SignInQuery,
    ),
]

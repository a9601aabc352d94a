"""The person's own page: who they are here, and their password."""

import msgspec
from starlette.responses import Response

from tidegate.access.actions import set_password
from tidegate.access.attempts import begin_attempt_within, clear_attempt
from tidegate.access.model import User
from tidegate.access.names import rename
from tidegate.access.passwords import SHORTEST, hash_password, verify_password
from tidegate.access.queries import find_password, get_user
from tidegate.access.signatures import Signature, set_signature, signature_of
from tidegate.infra.errors import FieldError, Refusal
from tidegate.pipeline.house import SCOPES
from tidegate.web.pages.page import PageRoute, confirm_again, see_other, with_query
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.sign_in import DEVICE_COOKIE, note_failed
from tidegate.web.pages.visit import Visit


class AccountPage(msgspec.Struct, frozen=True):
    """A user, what the role lets them do, and what they sign as."""

    user: User
    may: dict[str, str]
    signs: Signature
    shortest_password: int = SHORTEST


def show(visit: Visit) -> AccountPage:
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name)
        signs = signature_of(tx, user.email)
    may = {name: scope.allows for name, scope in SCOPES.known.items() if visit.may(name)}
    return AccountPage(user, may, signs)


def change_password(visit: Visit) -> Response:
    """Set a password; where there is one, the old one must be known, and guessing it is slowed. The first is a
    factor more, and asks for one that was shown lately."""
    email, session = visit.who.name, visit.who.session
    assert session is not None  # keys open no pages
    new, again = _typed(visit, "password"), _typed(visit, "again")
    if new != again:
        raise _refused("/again", "the same password twice", "two different ones")
    with visit.begin() as tx:
        old = find_password(tx, email)
    if old is not None and old[1] is not None:
        with visit.begin() as tx:
            attempt = begin_attempt_within(tx, email, session)
        if not verify_password(attempt.password_hash, _typed(visit, "old")):
            note_failed(visit, email)
            raise _refused("/old", "your password until now", "another")
        with visit.begin() as tx:
            clear_attempt(tx, attempt)
    elif visit.needs_fresh():
        raise confirm_again(visit)
    hashed = hash_password(new, email)
    with visit.begin() as tx:
        set_password(tx, email, hashed, session, visit.request.cookies.get(DEVICE_COOKIE))
    return see_other("/account", done="password")


def change_name(visit: Visit) -> str:
    """Have others know the person by another name."""
    with visit.begin() as tx:
        rename(tx, visit.who.name, visit.field("display_name"))
    return with_query("/account", done="renamed")


def change_signature(visit: Visit) -> str:
    """Say by which name and in which post the person signs legal documents."""
    with visit.begin() as tx:
        name, post = visit.field("signs_name"), visit.field("signs_post")
        try:
            set_signature(tx, visit.who.name, name=name, post=post)
        except Refusal as refusal:
            raise of_form(refusal, {"/name": "signs_name", "/post": "signs_post"}) from None
    return with_query("/account", done="signs")


def _typed(visit: Visit, name: str) -> str:
    """A password as it was typed: the space around it may be part of it."""
    return next((value for key, value in visit.form.fields if key == name), "")


def _refused(pointer: str, expected: str, got: str) -> Refusal:
    return Refusal(
        "invalid-password",
        422,
        "The password was not changed",
        f"Expected {expected}, got {got}.",
        errors=[FieldError(pointer, expected, got)],
    )


_page = PageRoute(path="/account", handler=show, scope=None, template="account.html")
pages = [
    _page,
    PageRoute(method="POST", path="/account/name", handler=change_name, scope=None, again=_page),
    PageRoute(
        method="POST", path="/account/signs", handler=change_signature, scope=None, again=_page
    ),
    PageRoute(
        method="POST", path="/account/password", handler=change_password, scope=None, again=_page
    ),
]

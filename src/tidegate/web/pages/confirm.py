"""Showing again that it is you, before what could not be taken back: roles, keys, exports, deletions.

Whoever has a passkey shows it, or a recovery code; whoever has none types the password; whoever comes from
a provider goes there. One who has none of these takes a fresh one-time link.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tidegate.access.attempts import begin_attempt_within, clear_attempt
from tidegate.access.codes import codes_of, use_code
from tidegate.access.identities import has_identity
from tidegate.access.model import User
from tidegate.access.passkeys import count_use, has_passkeys, known_passkeys
from tidegate.access.passwords import verify_password
from tidegate.access.provider import Provider
from tidegate.access.queries import get_user
from tidegate.access.sessions import freshen
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError, Refusal
from tidegate.web.nextpath import HOME, LONGEST, own_path
from tidegate.web.pages.page import CONFIRM, PageRoute, Query, see_other
from tidegate.web.pages.showing import ask_for_one, party, shown
from tidegate.web.pages.sign_in import note_failed, refuse_empty
from tidegate.web.pages.visit import Visit

_EXPECTED = {"code": "a recovery code that was not used yet", "password": "your password"}


class ConfirmQuery(Query, frozen=True):
    """`next`: where to go on to afterwards."""

    next: Annotated[str, Meta(max_length=LONGEST)] = HOME


class ConfirmPage(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody can show. `passkeys`: they have one, and it can be shown at this address; `command`: what
    makes a fresh link, for who runs the instance."""

    email: str
    next: str
    passkeys: bool
    codes: int
    password: bool
    provider: str | None
    command: str | None

    @property
    def nothing(self) -> bool:
        return not (self.passkeys or self.codes or self.password or self.provider)


def show(visit: Visit) -> ConfirmPage:
    known: Provider | None = visit.request.app.state.provider
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name)
        has = has_passkeys(tx, user.id)
        comes = known is not None and has_identity(tx, user.id, known.issuer)
        return ConfirmPage(
            email=user.email,
            next=own_path(visit.field("next") or visit.query.next),
            passkeys=has and party(visit) is not None,
            codes=codes_of(tx, user.id).left if has or not user.has_password else 0,
            password=user.has_password and not has,
            provider=known.name if known is not None and comes else None,
            command=f"tidegate users link --email {user.email}" if visit.may("admin") else None,
        )


def ask(visit: Visit) -> Response:
    """What the browser needs to ask its devices for one of the person's passkeys."""
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name)
        return ask_for_one(visit, tx, "confirm", known_passkeys(tx, user.id), user.id)


def confirm(visit: Visit) -> Response:
    """Take what they show; nothing is asked again for ten minutes."""
    with visit.begin() as tx:
        user = get_user(tx, visit.who.name)
    session = visit.who.session
    assert session is not None  # keys open no pages
    if not visit.field("credential"):
        one = "code" if visit.fields("code") else "password"
        refuse_empty(visit, {one: _EXPECTED[one]})
    try:
        if visit.field("credential"):
            _by_passkey(visit, user, session)
        elif visit.fields("code"):
            _by_code(visit, user, session)
        else:
            _by_password(visit, user, session)
    except Refusal:
        note_failed(visit, user.email)
        raise
    return see_other(own_path(visit.field("next")))


def _by_passkey(visit: Visit, user: User, session: bytes) -> None:
    one = shown(visit, "confirm", user.id)
    with visit.begin() as tx:
        count_use(tx, one.passkey, one.sign_count)
        freshen(tx, session)


def _by_code(visit: Visit, user: User, session: bytes) -> None:
    with visit.begin() as tx:
        attempt = begin_attempt_within(tx, user.email, session)
    with visit.begin() as tx:
        if not use_code(tx, visit.instance.secrets.terms_key, user.id, visit.field("code")):
            raise _wrong("code", _EXPECTED["code"])
        clear_attempt(tx, attempt)
        freshen(tx, session)


def _by_password(visit: Visit, user: User, session: bytes) -> None:
    with visit.begin() as tx:
        _password_will_do(tx, user)
        attempt = begin_attempt_within(tx, user.email, session)
    typed = next((value for key, value in visit.form.fields if key == "password"), "")
    if not verify_password(attempt.password_hash, typed):
        raise _wrong("password", _EXPECTED["password"])
    with visit.begin() as tx:
        _password_will_do(tx, user)
        clear_attempt(tx, attempt)
        freshen(tx, session)


def _password_will_do(tx: Tx, user: User) -> None:
    if has_passkeys(tx, user.id):
        raise _wrong("password", "a passkey or a recovery code")


def _wrong(field: str, expected: str) -> Refusal:
    return Refusal(
        "not-confirmed",
        422,
        "That did not match",
        f"Expected {expected}.",
        errors=[FieldError(f"/{field}", expected, "another")],
    )


_page = PageRoute(
    path=CONFIRM, handler=show, scope=None, query=ConfirmQuery, template="confirm.html"
)
pages = [
    _page,
    PageRoute(method="POST", path=CONFIRM, handler=confirm, scope=None, again=_page),
    PageRoute(method="POST", path=f"{CONFIRM}/options", handler=ask, scope=None),
]

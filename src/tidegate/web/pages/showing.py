"""Passkeys on the pages: a browser asks for what its device shall sign, and brings it back. Each challenge
is kept here, good once, for what and whom it was made for."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from tidegate.access.ceremony import (
    Known,
    Party,
    check_assertion,
    creation_options,
    new_challenge,
    party_of,
    passkey_refused,
    read_assertion,
    request_options,
)
from tidegate.access.challenges import Challenge, Purpose, begin_challenge, take_challenge
from tidegate.access.passkeys import Kept, find_passkey
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.web.pages.visit import Visit

_LONGEST = 64_000


class Shown(msgspec.Struct, frozen=True):
    """A passkey that was shown, and the count of its uses that the device signed."""

    passkey: Kept
    sign_count: int


def party(visit: Visit) -> Party | None:
    """Whom a browser keeps passkeys for on these pages, as far as it can."""
    request = visit.request
    server = request.scope.get("server")
    public_url = visit.instance.settings.public_url
    return party_of(public_url, request.headers.get("host", ""), server[1] if server else None)


def needed_party(visit: Visit) -> Party:
    """Raises Refusal (409) where browsers know no passkeys."""
    if (found := party(visit)) is None:
        raise Refusal(
            "passkeys-not-here",
            409,
            "Passkeys do not work at this address",
            "Browsers keep them for names such as tidegate.example over HTTPS, or for localhost.",
        )
    return found


def ask_for_new(
    visit: Visit, tx: Tx, email: str, user_id: UUID, known: Sequence[Known]
) -> Response:
    """What a browser needs to have its device make a passkey."""
    asks, challenge = needed_party(visit), new_challenge()
    token = begin_challenge(
        tx, "add", {"challenge": challenge}, user_id=user_id, session=visit.who.session_id
    )
    return _options(token, creation_options(asks, challenge, user_id, email, known))


def ask_for_one(
    visit: Visit, tx: Tx, purpose: Purpose, known: Sequence[Known] = (), user_id: UUID | None = None
) -> Response:
    """What a browser needs to have its device show a passkey: one of those that are `known`, or any."""
    asks, challenge = needed_party(visit), new_challenge()
    session = None if visit.principal is None else visit.principal.session_id
    token = begin_challenge(tx, purpose, {"challenge": challenge}, user_id=user_id, session=session)
    return _options(token, request_options(asks, challenge, known))


def taken(visit: Visit, purpose: Purpose) -> tuple[Challenge, str]:
    """The challenge that a form answers, used up whatever comes of it, and what it brings. Raises Refusal
    (401)."""
    text = visit.field("credential")
    if not text:
        raise Refusal(
            "passkey-without-script",
            422,
            "Passkeys need JavaScript",
            "The browser was asked for nothing. Allow scripts for this site, or use another way.",
        )
    with visit.begin() as tx:
        challenge = take_challenge(tx, purpose, visit.field("challenge"))
    session = None if visit.principal is None else visit.principal.session_id
    if challenge is None or challenge.session != session or len(text) > _LONGEST:
        raise passkey_refused()
    return challenge, text


def shown(visit: Visit, purpose: Purpose, user_id: UUID | None = None) -> Shown:
    """The passkey that a form brings, of that user if one is named. Nothing is written yet but that the
    challenge is used up. Raises Refusal (401)."""
    asks = needed_party(visit)
    challenge, text = taken(visit, purpose)
    assertion = read_assertion(text)
    with visit.begin() as tx:
        passkey = find_passkey(tx, assertion.credential)
    if passkey is None or challenge.user_id != user_id:
        raise passkey_refused()
    if user_id is not None and passkey.user_id != user_id:
        raise passkey_refused()
    if assertion.owner is not None and assertion.owner != passkey.user_id.bytes:
        raise passkey_refused()
    said: str = challenge.said["challenge"]
    count = check_assertion(asks, said, assertion, passkey.public_key, passkey.sign_count)
    return Shown(passkey, count)


def _options(token: str, options: dict[str, Any]) -> Response:
    body = msgspec.json.encode({"challenge": token, "options": options})
    return Response(body, media_type="application/json")

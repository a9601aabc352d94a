"""Passkeys as WebAuthn has them: what a browser is asked, and whether what it brings is right. Pure.

User verification is required and the key stays on the device (resident), so a passkey is two factors and
can sign in alone. What it is called, whose it is and how often it was used stands in `passkeys.py`.
"""

import json
import secrets
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import structlog
import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tidegate.infra.errors import Refusal

log = structlog.get_logger()

LOCALHOST = "localhost"
_TRANSPORTS = {one.value for one in AuthenticatorTransport}


class Party(msgspec.Struct, frozen=True):
    """Who asks, as browsers know it: the domain that passkeys are kept for, and the origin of the pages."""

    id: str
    origin: str


class Known(msgspec.Struct, frozen=True):
    """A passkey as a browser finds it again."""

    credential: bytes
    transports: list[str]


class NewPasskey(msgspec.Struct, frozen=True):
    """What a device made."""

    credential: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]


class Assertion(msgspec.Struct, frozen=True):
    """What a device signed, not yet looked at: `owner` is whom it says it is of."""

    text: str
    credential: bytes
    owner: bytes | None


def party_of(public_url: str | None, host: str, port: int | None) -> Party | None:
    """Who asks, by the address that people reach the pages under; without one by `host`, the request's, as
    far as that is localhost and the `port` that is listened on. None where browsers know no passkeys: on
    an IP address, and over plain HTTP."""
    try:
        url = urlsplit(public_url or f"http://{host}")
        name, own = (url.hostname or "").rstrip("."), url.port
    except ValueError:  # whatever stands in the header of a request
        return None
    here = name == LOCALHOST
    if not name or _is_ip(name) or not (url.scheme == "https" or here):
        return None
    if not public_url and not (here and (own or 80) == port):
        return None
    at = "" if own in (None, {"http": 80, "https": 443}[url.scheme]) else f":{own}"
    return Party(name, f"{url.scheme}://{name}{at}")


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def new_challenge() -> str:
    """Random bytes that a device is to sign, as texts carry them."""
    return bytes_to_base64url(secrets.token_bytes(32))


def creation_options(
    party: Party, challenge: str, user_id: UUID, email: str, known: Sequence[Known]
) -> dict[str, Any]:
    """What `navigator.credentials.create` is asked; `known` are not made again."""
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name="Tidegate",
        user_id=user_id.bytes,
        user_name=email,
        challenge=base64url_to_bytes(challenge),
        exclude_credentials=_described(known),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return json.loads(webauthn.options_to_json(options))


def request_options(party: Party, challenge: str, known: Sequence[Known]) -> dict[str, Any]:
    """What `navigator.credentials.get` is asked: for one of those that are `known`, or for any."""
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        challenge=base64url_to_bytes(challenge),
        allow_credentials=_described(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return json.loads(webauthn.options_to_json(options))


def check_new(party: Party, challenge: str, text: str) -> NewPasskey:
    """The passkey that a device made. Raises Refusal (422)."""
    try:
        found = webauthn.verify_registration_response(
            credential=text,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
        told: list[Any] = json.loads(text)["response"].get("transports") or []
        transports = [str(one) for one in told if one in _TRANSPORTS]
    except Exception as error:  # whatever is wrong with what a stranger sent
        raise _refused(422, error) from error
    return NewPasskey(
        found.credential_id, found.credential_public_key, found.sign_count, transports
    )


def read_assertion(text: str) -> Assertion:
    """Which passkey was shown. Raises Refusal (401)."""
    try:
        told = json.loads(text)
        owner = told["response"].get("userHandle")
        credential = base64url_to_bytes(told["rawId"])
        return Assertion(text, credential, None if owner is None else base64url_to_bytes(owner))
    except Exception as error:
        raise _refused(401, error) from error


def check_assertion(
    party: Party, challenge: str, shown: Assertion, public_key: bytes, sign_count: int
) -> int:
    """The count of uses that the device signed, which is above `sign_count` where it counts at all.
    Raises Refusal (401)."""
    try:
        found = webauthn.verify_authentication_response(
            credential=shown.text,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception as error:
        raise _refused(401, error) from error
    return found.new_sign_count


def passkey_refused(status: int = 401) -> Refusal:
    """Why exactly is for the log: it would help a guesser more than its owner."""
    return Refusal(
        "passkey-refused",
        status,
        "The passkey was not accepted",
        "Nothing was changed. Try again; if it goes on, use another passkey or a recovery code.",
    )


def _refused(status: int, error: Exception) -> Refusal:
    log.info("passkey.refused", error=type(error).__name__, why=str(error)[:200])
    return passkey_refused(status)


def _described(known: Sequence[Known]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=one.credential,
            transports=[AuthenticatorTransport(name) for name in one.transports],
        )
        for one in known
    ]

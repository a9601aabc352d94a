"""Whom an instance speaks for, and whom it trusts, as pure types.

What an organisation publishes of itself (`Published`) is what others register. Its keys are told apart by
their RFC 7638 thumbprint, the `kid`, which is also the fingerprint that people compare.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

PROTOCOL = "tidegate-orders/1"

Kind = Literal["platform", "authority"]
Function = Literal["issue", "scrutinise", "oversee", "penalise"]
"""Of an authority: those of Article 12(1) of Regulation (EU) 2021/784."""
KINDS: tuple[Kind, ...] = get_args(Kind)
FUNCTIONS: tuple[Function, ...] = get_args(Function)
KeyState = Literal["unconfirmed", "confirmed", "revoked"]
PartyState = Literal["named", "unconfirmed", "confirmed"]
"""`named`: known by name alone, without keys."""


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an instance speaks for. `functions` are an authority's; the content of a platform lies on its
    `hosts`; `synthetic`: it is none, and says so everywhere."""

    id: str
    name: str
    kind: Kind
    member_state: str
    functions: list[Function] = []
    languages: list[str] = []
    contact_email: str
    zone: str
    hosts: list[str] = []
    synthetic: bool = False


class PartyKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key (Ed25519, `x` as RFC 8037 writes it) of a registered organisation. One that is revoked stays known:
    `confirmed_at` says whether it was ever trusted."""

    organisation: str
    kid: str
    x: str
    state: KeyState
    valid_from: datetime
    revoked_at: datetime | None = None
    confirmed_at: datetime | None = None


class Party(Organisation, frozen=True, kw_only=True):
    """A registered organisation of the other side. What a trusted one says otherwise by now is `proposed`, until
    a second person confirms that too. `provisional`: its orders may be executed while nobody is awake.
    `document`: the digest of what a confirmation would trust, by which a second person binds it."""

    inbox: str | None = None
    protocol: list[str] = []
    state: PartyState
    keys: list[PartyKey] = []
    added_by: str
    confirmed_by: str | None = None
    proposed: dict[str, Any] | None = None
    proposed_by: str | None = None
    provisional: bool = False
    document: str = ""

    def key(self, kid: str) -> PartyKey | None:
        return next((one for one in self.keys if one.kid == kid), None)


SAID = (*Organisation.__struct_fields__, "inbox", "protocol")
"""What a registered organisation says of itself."""


def document_digest(said: Mapping[str, Any]) -> str:
    """The SHA-256, in hex, of what an organisation says of itself."""
    named = {name: said[name] for name in SAID}
    return hashlib.sha256(msgspec.json.encode(named, order="sorted")).hexdigest()


def thumbprint(x: str) -> str:
    """The `kid` of a key: the SHA-256 of its JWK with its required members in order (RFC 7638), base64url."""
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return unpadded(hashlib.sha256(jwk.encode()).digest())


def unpadded(data: bytes) -> str:
    """base64url without padding, as JOSE writes bytes."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def public_bytes(x: str) -> bytes | None:
    """The 32 bytes of a public key; None for what is not exactly their base64url."""
    try:
        data = base64.b64decode(x + "=" * (-len(x) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    # Another spelling of the same bytes would be the same key under another thumbprint.
    return data if len(data) == 32 and unpadded(data) == x else None

"""What the API says of registered organisations, as Python objects."""

from datetime import datetime
from typing import Any

import msgspec


class PartyKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a registered organisation; `kid` is its fingerprint. `state`: unconfirmed, confirmed, revoked."""

    kid: str
    x: str
    state: str
    valid_from: datetime
    revoked_at: datetime | None = None
    confirmed_at: datetime | None = None


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A registered organisation. `state`: named (without keys), unconfirmed, confirmed. What a confirmed one says
    otherwise by now is `proposed`; `document` is the digest of what a confirmation would trust."""

    id: str
    name: str
    kind: str
    member_state: str
    state: str
    added_by: str
    keys: list[PartyKey] = []
    functions: list[str] = []
    languages: list[str] = []
    contact_email: str = ""
    zone: str = ""
    hosts: list[str] = []
    synthetic: bool = False
    inbox: str | None = None
    protocol: list[str] = []
    confirmed_by: str | None = None
    proposed: dict[str, Any] | None = None
    proposed_by: str | None = None
    provisional: bool = False
    document: str = ""

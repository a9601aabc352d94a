"""An organisation of the other side in tests: its key, and what it publishes of itself."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.exchange.keys import OwnKey
from tidegate.exchange.model import Organisation
from tidegate.exchange.published import Published
from tidegate.infra.parsing import decode

FORUM = Organisation(
    id="forum.example",
    name="The Forum",
    kind="platform",
    member_state="DE",
    languages=["de", "en"],
    contact_email="orders@forum.example",
    zone="Europe/Berlin",
    hosts=["forum.example"],
)
"""Whom an instance of the tests speaks for."""
SINCE = datetime(2025, 1, 1, tzinfo=UTC)


class Other:
    """An authority that issues and scrutinises, unless it is told otherwise."""

    def __init__(self, id: str = "bka.example", kind: str = "authority", state: str = "DE") -> None:
        self.id, self.kind, self.state = id, kind, state
        self.key = OwnKey(Ed25519PrivateKey.generate())

    @property
    def kid(self) -> str:
        return self.key.kid

    def document(self, **fields: Any) -> dict[str, Any]:
        """What it publishes; `fields` of the organisation, or of the document, are as they say."""
        named = {
            "id": self.id,
            "name": f"The {self.kind} {self.id}",
            "kind": self.kind,
            "member_state": self.state,
            "functions": ["issue", "scrutinise"] if self.kind == "authority" else [],
            "zone": "Europe/Berlin",
            "hosts": [] if self.kind == "authority" else [self.id],
        }
        whole: dict[str, Any] = {
            "keys": [jwk(self.key)],
            "inbox": f"https://{self.id}/public/orders/inbox",
            "contact": {"email": f"orders@{self.id}"},
            "languages": ["de", "en"],
            "protocol": ["tidegate-orders/1"],
            "synthetic": False,
        }
        own = {name: value for name, value in fields.items() if name in named}
        rest = {name: value for name, value in fields.items() if name not in named}
        return {"organisation": named | own, **whole, **rest}

    def published(self, **fields: Any) -> Published:
        return decode(msgspec.json.encode(self.document(**fields)), Published)


def new_key() -> OwnKey:
    return OwnKey(Ed25519PrivateKey.generate())


def jwk(key: OwnKey, **fields: Any) -> dict[str, Any]:
    """A key as it is published."""
    known = {"kty": "OKP", "crv": "Ed25519", "x": key.x, "kid": key.kid}
    return known | {"valid_from": SINCE.isoformat(), "revoked_at": None} | fields

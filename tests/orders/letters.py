"""Organisations on the other side, with keys of their own: they sign what a test wants them to say."""

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tidegate.exchange.actions import add_party, confirm_party, set_organisation
from tidegate.exchange.keys import OwnKey
from tidegate.exchange.model import Function, Kind, Organisation
from tidegate.exchange.published import Jwk, publish
from tidegate.infra.db import Database
from tidegate.infra.times import in_full
from tidegate.pipeline.instance import Instance

OURS = Organisation(
    id="forum.example",
    name="A forum",
    kind="platform",
    member_state="DE",
    languages=["de", "en"],
    contact_email="legal@forum.example",
    zone="Europe/Berlin",
    hosts=["forum.example"],
)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Sender:
    """An organisation that sends messages, each under an id of its own unless told otherwise."""

    def __init__(
        self,
        id: str = "bka.example",
        *,
        kind: Kind = "authority",
        functions: Iterable[Function] = ("issue",),
        member_state: str = "DE",
        synthetic: bool = False,
        inbox: str = "https://bka.example/public/orders/inbox",
        seed: bytes | None = None,
    ) -> None:
        self.organisation = Organisation(
            id=id,
            name=f"Unit at {id}",
            kind=kind,
            member_state=member_state,
            functions=list(functions) if kind == "authority" else [],
            languages=["de"],
            contact_email=f"orders@{id}",
            zone="Europe/Berlin",
            synthetic=synthetic,
        )
        self.inbox = inbox
        self.private = (
            Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()
        )
        self.key = OwnKey(self.private)

    @property
    def id(self) -> str:
        return self.organisation.id

    def register(self, database: Database, *, confirm: bool = True) -> None:
        """Have it registered by one person, and confirmed by another."""
        jwk = Jwk(x=self.key.x, kid=self.key.kid, valid_from=LONG_AGO)
        found = publish(self.organisation, [jwk], self.inbox)
        with database.begin("user:one@forum.example") as tx:
            add_party(tx, found, own_kid="another", synthetic=self.organisation.synthetic)
        if confirm:
            with database.begin("user:two@forum.example") as tx:
                confirm_party(tx, self.id, [self.key.kid])

    def says(self, now: datetime, type: str = "prior_information", **fields: Any) -> dict[str, Any]:
        """The nine fields of a message."""
        return {
            "protocol": "tidegate-orders/1",
            "type": type,
            "id": uuid4().hex,
            "order": None,
            "from": self.id,
            "to": OURS.id,
            "sent_at": in_full(now),
            "synthetic": False,
            "body": {},
        } | fields

    def message(self, now: datetime, type: str = "prior_information", **fields: Any) -> bytes:
        return self.sign(self.says(now, type, **fields))

    def sign(self, said: object, **header: Any) -> bytes:
        """A message over a value as JSON, or over bytes. `header` says otherwise than it is."""
        payload = said if isinstance(said, bytes) else json.dumps(said).encode()
        protected = json.dumps({"alg": "EdDSA", "kid": self.key.kid} | header).encode()
        text = f"{b64(protected)}.{b64(payload)}"
        return flat(payload, protected, self.private.sign(text.encode()))


def flat(payload: bytes, protected: bytes, signature: bytes) -> bytes:
    """A flattened JWS of three parts."""
    parts = {"payload": payload, "protected": protected, "signature": signature}
    return json.dumps({name: b64(part) for name, part in parts.items()}).encode()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def found_ours(instance: Instance, ours: Organisation = OURS) -> Organisation:
    """Say whom the test's instance speaks for."""
    with instance.database.begin("system:cli") as tx:
        return set_organisation(tx, ours)


def read_signed(raw: bytes, x: str) -> dict[str, Any]:
    """What a message says that the key `x` signed. Raises InvalidSignature for any other."""
    outer = json.loads(raw)
    assert outer.keys() == {"payload", "protected", "signature"}
    key = Ed25519PublicKey.from_public_bytes(unb64(x))
    key.verify(unb64(outer["signature"]), f"{outer['protected']}.{outer['payload']}".encode())
    return json.loads(unb64(outer["payload"]))


def payload_sha256(raw: bytes) -> str:
    return sha256(unb64(json.loads(raw)["payload"])).hexdigest()

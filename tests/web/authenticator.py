"""A device that keeps passkeys, in software: what a browser would bring, and what it never would."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ORIGIN = "http://localhost:8420"
_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def data(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """One passkey. `count` is what it says of its uses; None: it does not count."""

    def __init__(self, origin: str = ORIGIN, rp: str = "localhost", counts: bool = True) -> None:
        self.origin, self.rp = origin, rp
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.owner = b""
        self.count = 0
        self.counts = counts
        self.verifies = True

    def create(self, options: Mapping[str, Any]) -> str:
        """What `navigator.credentials.create` gives for these options."""
        self.owner = data(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(public)
        found = {"fmt": "none", "attStmt": {}, "authData": self._data(_ATTESTED) + attested}
        return self._credential(
            clientDataJSON=text(self._client("webauthn.create", options["challenge"])),
            attestationObject=text(cbor2.dumps(found)),
            transports=["internal", "carrier-pigeon"],
        )

    def get(self, options: Mapping[str, Any]) -> str:
        """What `navigator.credentials.get` gives."""
        self.count += 1
        client, said = self._client("webauthn.get", options["challenge"]), self._data()
        signed = said + hashlib.sha256(client).digest()
        return self._credential(
            clientDataJSON=text(client),
            authenticatorData=text(said),
            signature=text(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            userHandle=text(self.owner),
        )

    def _data(self, more: int = 0) -> bytes:
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | more
        count = self.count if self.counts else 0
        return hashlib.sha256(self.rp.encode()).digest() + bytes([flags]) + count.to_bytes(4)

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _credential(self, **response: object) -> str:
        id = text(self.id)
        return json.dumps({"id": id, "rawId": id, "type": "public-key", "response": response})

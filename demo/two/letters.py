"""An authority without an instance of its own, whose signing key was stolen: it writes its messages by hand."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.exchange.keys import OwnKey
from tidegate.exchange.published import Jwk, publish
from tidegate.infra.times import told
from tidegate.orders.jws import MEDIA_TYPE, parse, sign, verified

from . import cast
from .hourglass import Hourglass
from .meeting import published, trust
from .sides import Side


class Stranger:
    """Known to a platform, which was told that its key does not count any more."""

    def __init__(self, hourglass: Hourglass) -> None:
        self._hourglass = hourglass
        self._key = OwnKey(Ed25519PrivateKey.generate())

    def register(self, platform: Side) -> None:
        """Registered and confirmed a while ago; the key was revoked yesterday."""
        now = self._hourglass.now
        jwk = Jwk(x=self._key.x, kid=self._key.kid, valid_from=now - timedelta(days=300))
        document = publish(cast.FRANCE, [jwk], f"{platform.url}/nowhere")
        trust(platform, told(document), [self._key.kid])
        path = f"/v1/registry/{cast.FRANCE.id}/keys/{self._key.kid}/revoke"
        revoked = {"at": (now - timedelta(days=1)).isoformat(), "reason": "It was stolen."}
        platform.post("legal", path, revoked)

    def order(self, platform: Side, urls: list[str]) -> Any:
        """Send an order of these URLs; what the receipt says, which the platform's published key has signed."""
        now = self._hourglass.now.isoformat()
        message = {
            "protocol": "tidegate-orders/1",
            "type": "order.issued",
            "id": uuid4().hex,
            "order": uuid4().hex,
            "from": cast.FRANCE.id,
            "to": platform.id,
            "sent_at": now,
            "synthetic": True,
            "body": cast.annex(cast.FRANCE, platform.organisation, urls, now),
        }
        signed = sign(msgspec.json.encode(message), self._key)
        receipt = parse(platform.bring(signed, MEDIA_TYPE))
        [jwk] = published(platform)["keys"]
        if not verified(receipt, jwk["x"]):
            raise ValueError("The receipt is not the platform's")
        return msgspec.json.decode(receipt.payload)

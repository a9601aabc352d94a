"""The bytes that we sign: of a message, and of a receipt. Times go out in UTC with six decimals."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.exchange.model import PROTOCOL, Organisation
from tidegate.infra.times import in_full, told
from tidegate.orders.messages.model import Envelope, Problem


def write_envelope(envelope: Envelope) -> bytes:
    """The bytes that are signed."""
    said = {
        "protocol": envelope.protocol,
        "type": envelope.type,
        "id": envelope.id,
        "order": envelope.order,
        "from": envelope.from_,
        "to": envelope.to,
        "sent_at": in_full(envelope.sent_at),
        "synthetic": envelope.synthetic,
        "body": told(envelope.body),
    }
    return msgspec.json.encode(said)


def write_receipt(
    envelope: Envelope,
    ours: Organisation,
    *,
    sha256: str,
    received_at: datetime,
    verified: bool,
    problems: Iterable[Problem],
    order: UUID | None,
) -> bytes:
    """The bytes of a receipt, to be signed."""
    said: Mapping[str, object] = {
        "protocol": PROTOCOL,
        "type": "receipt",
        "from": ours.id,
        "to": envelope.from_,
        "message": envelope.id,
        "sha256": sha256,
        "received_at": in_full(received_at),
        "verified": verified,
        "problems": list(problems),
        "order": None if order is None else str(order),
    }
    return msgspec.json.encode(said)

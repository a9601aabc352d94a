"""Whether the ledger explains the messages about orders: that each came or went as it says, in these very
bytes, and that what counts as delivered was receipted at the time that stands there."""

from collections.abc import Iterator

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.scratch import Scratch
from tidegate.infra.slices import Heard
from tidegate.orders.jws import parse
from tidegate.orders.messages.tables import order_messages

_COLUMNS = (
    "message uuid, entry text, direction text, type text, name text, issuer_order text, sender text,"
    " recipient text, sha256 text, verified boolean, problems text[]"
)
_MESSAGES = sa.text("""
    SELECT coalesce(m.id, h.message) AS message, m.id IS NOT NULL AS there, h.entry
    FROM order_messages m FULL JOIN heard_order_messages h ON h.message = m.id
    WHERE (m.direction, m.type, m.message, m.order_ref, m.sender, m.recipient, m.sha256)
        IS DISTINCT FROM (h.direction, h.type, h.name, h.issuer_order, h.sender, h.recipient, h.sha256)
        OR m.direction = 'in'
        AND (m.verified, m.problems) IS DISTINCT FROM (h.verified, h.problems)
    ORDER BY 1
""")
_RECEIPTS = sa.text("""
    SELECT coalesce(m.id, h.message) AS message, h.entry
    FROM (SELECT id, received_at FROM order_messages
        WHERE direction = 'out' AND (received_at IS NOT NULL OR state = 'delivered')) m
    FULL JOIN heard_order_receipts h ON h.message = m.id
    WHERE (m.id, m.received_at) IS DISTINCT FROM (h.message, h.received_at)
    ORDER BY 1
""")
_BYTES = sa.select(order_messages.c.id, order_messages.c.jws, order_messages.c.sha256)


class MessageWitness:
    """Messages about orders, in and out, and the receipts of those that went."""

    kinds = ("order.message_received", "order.message_sent", "order.message_delivered")

    def __init__(self, tx: Tx) -> None:
        self._messages = Scratch(tx, "heard_order_messages", _COLUMNS)
        receipts = "message uuid, entry text, received_at timestamptz"
        self._receipts = Scratch(tx, "heard_order_receipts", receipts)

    def hear(self, entry: Heard) -> None:
        said = entry.record
        if said is None:
            return
        if entry.kind == "order.message_delivered":
            self._receipts.add(said["message"], entry.name, said["received_at"])
            return
        names = ("type", "id", "issuer_order", "from", "to", "sha256")
        values = [said[name] for name in names]
        direction = "in" if entry.kind == "order.message_received" else "out"
        found = (said.get("verified"), said.get("problems"))
        self._messages.add(said["message"], entry.name, direction, *values, *found)

    def say(self, tx: Tx) -> Iterator[str]:
        self._messages.flush()
        self._receipts.flush()
        for row in tx.execute(_MESSAGES):
            if not row.there:
                yield f"the message {row.message} of {row.entry} is gone"
            elif row.entry is None:
                yield f"the message {row.message} is there, and no entry of the ledger explains it"
            else:
                yield f"the message {row.message} is not as {row.entry} says"
        for row in tx.execute(_RECEIPTS):
            told = "no entry tells" if row.entry is None else f"{row.entry} tells otherwise"
            yield f"when the message {row.message} was received: {told}"
        for row in tx.execute(_BYTES.order_by(order_messages.c.id)):
            if _sha256(row.jws) != row.sha256:
                yield f"the bytes of the message {row.id} are not those that came or went"


def _sha256(raw: bytes) -> str | None:
    try:
        return parse(raw).sha256
    except Refusal:
        return None

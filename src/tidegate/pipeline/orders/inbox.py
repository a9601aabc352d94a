"""What comes in about orders: a message is read, acted on, and kept with its receipt, in one transaction.

What is too much to take, or no message, is refused, and nothing of it is kept. But where it names a key
that we know, the law may call it received: its beginning and the time are kept, and it rings.
"""

import hashlib

from tidegate.clocks.rings import ring
from tidegate.exchange.queries import key_named
from tidegate.infra.db import Tx
from tidegate.infra.digests import keyed
from tidegate.infra.networks import network_around
from tidegate.orders.messages.actions import keep, read
from tidegate.orders.messages.flood import Refused, note_refused
from tidegate.orders.messages.model import Known
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.handling import not_ours
from tidegate.pipeline.orders.sides import HANDLERS
from tidegate.pipeline.own import own_of


def take(tx: Tx, instance: Instance, raw: bytes, address: str | None) -> bytes:
    """Take a message; the signed receipt, which may be sent once this has committed. Without an `address` it
    was brought by somebody of ours, whom no flood keeps out.

    Raises Refusal: 503 before the organisation was set; 413, 422, 409 "message-changed", 429 "too-many".
    """
    own = own_of(tx, instance)
    incoming = read(tx, raw, own=own, place=place_of(instance, address))
    if isinstance(incoming, Known):
        return incoming.receipt
    handler = HANDLERS[own.organisation.kind].get(incoming.envelope.type, not_ours)
    handled = handler(tx, instance, incoming)
    told, problems = handled.order_id, handled.problems
    if not incoming.verified or "not-competent" in problems:
        told = handled.told
    if not incoming.verified and told is None:
        problems = ()  # they say whether we know what it is about
    return keep(tx, incoming, order_id=handled.order_id, told=told, problems=problems)


def tell_refused(tx: Tx, instance: Instance, refused: Refused, address: str | None) -> bool:
    """Note what was refused with 413 or 422, and ring, where it names a key that we know. Returns whether it
    was noted: what came before is not noted anew. Raises Refusal (429) as `take` does."""
    if refused.kid is None or key_named(tx, refused.kid) is None:
        return False
    ours = own_of(tx, instance).organisation
    noted = note_refused(tx, refused, place=place_of(instance, address), ours=ours)
    if noted is None:
        return False
    said = {"order": None, "state": "refused", "due_at": None, "refusal": noted}
    ring(tx, "order.received", said, order=None)
    return True


def place_of(instance: Instance, address: str | None) -> bytes | None:
    """By what strangers are counted: of IPv6 the /64 is one's own. No address can be read from it."""
    if address is None:
        return None
    network = network_around(address, bits=32, bits_of_v6=64)
    digest = hashlib.sha256(network.encode()).digest()
    return keyed(instance.secrets.terms_key, "inbox", digest)

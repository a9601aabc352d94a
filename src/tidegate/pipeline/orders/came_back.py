"""The Annexes II and III that came back about an order of ours, as their messages hold them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tidegate.orders.jws import Jws
from tidegate.orders.messages.model import HARMLESS, StoredMessage

_NAMES = {"order.executed": "annex-2", "order.not_executed": "annex-3"}


class _Envelope(msgspec.Struct):
    body: msgspec.Raw


def came_back(messages: Sequence[StoredMessage]) -> list[tuple[str, UUID]]:
    """Each by its name and the message that it is in, the newest first; what is not proven is no document."""
    return [
        (_NAMES[one.type], one.id)
        for one in reversed(messages)
        if one.direction == "in"
        and one.type in _NAMES
        and one.verified
        and HARMLESS.issuperset(one.problems)
    ]


def annex_in(jws: Jws) -> bytes:
    """The annex of a message, to the byte."""
    return bytes(msgspec.json.decode(jws.payload, type=_Envelope).body)

"""What goes out about an order, sent once more: what was given up after three days, or what the other side says
it never got."""

from typing import Any
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.orders.messages.actions import replay
from tidegate.orders.messages.queries import message_unknown, stored_message
from tidegate.pipeline.orders.shown import MessageView, shown_message
from tidegate.web.api.endpoint import Call, Endpoint


def _id(call: Call[Any, Any], name: str) -> UUID:
    try:
        return UUID(call.path[name])
    except ValueError:
        raise message_unknown() from None


def send_again(tx: Tx, call: Call) -> Any:
    id = _id(call, "message")
    if stored_message(tx, id).order_id != _id(call, "id"):
        raise message_unknown()
    return told(shown_message(replay(tx, id)))


endpoints: list[Endpoint[Any, Any]] = [
    Endpoint(
        method="POST",
        path="/v1/orders/{id}/messages/{message}/replay",
        scope="orders:execute",
        or_scope="orders:draft",
        summary="Send a message of ours once more, the same to the byte, with three days for it",
        handler=send_again,
        answer=MessageView,
        idempotent=True,
        whole=True,
        person=True,
        refusals=(404, 409),
    ),
]

"""For the platform's receiver: is this message ours, and what does it say?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from tidegate.client.model import Effective, Subject

__all__ = ["Message", "MessageData", "WebhookVerificationError", "verify_webhook"]


class MessageData(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is about. `item` is the platform's own id; None where the message is about no
    item, as a case about a bank entry is: `subject` says about what. `effective`, which every action
    has, is all that the item has to be kept to from now on.

    A message whose `sequence` is below one that was seen for the same item is late: leave it be.
    """

    version: int
    item: str | None
    revision: int | None
    sequence: int | None
    action: str | None = None
    platform: str | None = "default"
    decision: dict[str, Any] | None = None
    effective: Effective | None = None
    case: str | None = None
    subject: Subject | None = None


class Message(msgspec.Struct, frozen=True):
    """A verified message. `id` stays the same when it is sent again: keep those you have seen."""

    id: str
    type: str
    timestamp: datetime
    data: MessageData


class _Body(msgspec.Struct, frozen=True):
    type: str
    timestamp: datetime
    data: MessageData


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes) -> Message:
    """Check a message's signature and age (Standard Webhooks: five minutes), and read it.

    `body` are the bytes as received. Raises WebhookVerificationError: answer 4xx then.
    """
    plain = {name.lower(): value for name, value in headers.items()}
    try:
        Webhook(secret).verify(body, plain, json_parse=False)
        read = msgspec.json.decode(body, type=_Body)
    except (ValueError, msgspec.MsgspecError) as error:  # a malformed signature or body
        raise WebhookVerificationError(f"Not a message of Tidegate: {error}") from error
    return Message(plain["webhook-id"], read.type, read.timestamp, read.data)

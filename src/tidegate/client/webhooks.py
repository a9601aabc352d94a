"""For the platform's receiver: is this message ours, and what does it say?"""

from collections.abc import Mapping, Sequence
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

    Of an alert it says which `alert`, of which `kind` and `level`, and where on the pages it is (`path`);
    `report` is the one that it rang for, `reports` are the latest that it names, and `step` says how often
    it was told that nobody has it.

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
    alert: str | None = None
    kind: str | None = None
    level: str | None = None
    state: str | None = None
    path: str | None = None
    report: str | None = None
    reports: list[str] = []
    reports_total: int = 0
    rings: int = 0
    opened_at: datetime | None = None
    rang_at: datetime | None = None
    step: int = 0


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


def verify_webhook(secret: str | Sequence[str], headers: Mapping[str, str], body: bytes) -> Message:
    """Check a message's signature and age (Standard Webhooks: five minutes), and read it.

    `body` are the bytes as received. While a secret is rotated a message carries a signature of the
    new one and of the old one: one that is yours is enough. Of several secrets, so is any. Raises
    WebhookVerificationError: answer 4xx then.
    """
    plain = {name.lower(): value for name, value in headers.items()}
    try:
        _check([secret] if isinstance(secret, str) else secret, plain, body)
        read = msgspec.json.decode(body, type=_Body)
    except (ValueError, msgspec.MsgspecError) as error:  # a malformed signature or body
        raise WebhookVerificationError(f"Not a message of Tidegate: {error}") from error
    return Message(plain["webhook-id"], read.type, read.timestamp, read.data)


def _check(secrets: Sequence[str], headers: dict[str, str], body: bytes) -> None:
    for place, secret in enumerate(secrets, 1):
        try:
            return Webhook(secret).verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError):
            if place == len(secrets):
                raise
    raise WebhookVerificationError("No secret was given to check with.")

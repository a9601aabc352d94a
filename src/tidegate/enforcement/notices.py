"""Messages that instruct nobody: what came of legal orders and their clocks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tidegate.enforcement.actions import new_message, send, targets_of
from tidegate.enforcement.model import notice_body
from tidegate.infra.db import Tx


def notify(tx: Tx, type: str, data: Mapping[str, Any], *, item_id: UUID | None = None) -> None:
    """Tell the webhooks that want messages of this type; nothing is written when none does. What is about an
    item is erased with it. It commits with what it tells of, and goes by one id in every attempt."""
    if targets_of(tx, {type}):
        body = notice_body(type, tx.now, data, about_item=item_id is not None)
        send(tx, [new_message(tx, type, item_id, body)])

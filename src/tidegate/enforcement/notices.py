"""Messages that instruct nobody: what came of legal orders and their clocks."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tidegate.enforcement.actions import new_message, send, targets_of
from tidegate.enforcement.model import notice_body
from tidegate.infra.db import Tx


def notify(tx: Tx, type: str, data: Mapping[str, Any], *, item_id: UUID | None = None) -> None:
    """Tell the webhooks that want messages of this type; nothing is written when none does. What is about an
    item is erased with it. It commits with what it tells of, and goes by one id in every attempt."""
    notify_all(tx, [(type, data, item_id)])


def notify_all(
    tx: Tx, told: Sequence[tuple[str, Mapping[str, Any], UUID | None]], *, ahead: bool = False
) -> None:
    """The same for any number of messages, (type, data, item_id) each, at once; with `ahead` before what waits."""
    types = {type for type, _, _ in told}
    targets = targets_of(tx, types) if types else []
    wanted = {type for _, _, taken in targets for type in taken}
    drafts = [
        new_message(tx, type, item, notice_body(type, tx.now, data, about_item=item is not None))
        for type, data, item in told
        if type in wanted
    ]
    if drafts:
        send(tx, drafts, ahead=ahead)

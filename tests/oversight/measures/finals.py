"""Orders of ours that are final, set as if they had come there."""

from typing import Any
from uuid import UUID

import msgspec
from tests.orders.sides import drafted

from tidegate.orders.drafts.actions import step
from tidegate.orders.drafts.model import DraftIn
from tidegate.pipeline.orders import drafted as drafting


def final_order(overseer: Any, reference: str, to: str = "forum.example") -> str:
    instance = overseer.side.instance
    given = msgspec.convert(drafted(to=to), DraftIn)
    with instance.database.begin("user:officer@bka.example") as tx:
        order = drafting.begin(tx, instance, given)
        step(tx, order, "final", "final", reference=reference, received_at=tx.now)
        found: UUID = order.id
    return str(found)

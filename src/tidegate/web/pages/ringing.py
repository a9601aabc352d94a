"""Legal orders that ring: what every page shows until a person has them."""

from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.clocks.queries import Filter, list_clocks
from tidegate.clocks.rings import list_rings
from tidegate.infra.db import Tx
from tidegate.orders.queries import orders_by_ids

MOST = 20


class RingingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that rings on every page until somebody has it. Without an id it was too much to take."""

    id: UUID | None
    issuer: str
    reference: str | None
    due_at: datetime | None
    since: datetime


def ringing_orders(tx: Tx) -> list[RingingOrder]:
    """What rings, and nobody has: each order once, that with the first end first."""
    rings = list_rings(tx, MOST)
    clocks, _ = list_clocks(tx, Filter(ringing=True), limit=MOST)
    since = {one.order: one.due_at for one in clocks if one.order is not None}
    since |= {one.order_id: one.since for one in rings if one.order_id is not None}
    found = [
        RingingOrder(
            id=one.id,
            issuer=one.issuer,
            reference=one.reference,
            due_at=one.due_at,
            since=since[one.id],
        )
        for one in orders_by_ids(tx, list(since))
    ]
    found += [
        RingingOrder(id=None, issuer="", reference=None, due_at=None, since=one.since)
        for one in rings
        if one.order_id is None
    ]
    return sorted(found, key=lambda one: (one.due_at is None, one.due_at or one.since))

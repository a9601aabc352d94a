"""Rings: a message that is told at once, and again and again until somebody has it. What rings of a clock is
its own (`sweeping`); these are the others, such as an order that came."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from tidegate.clocks.calls import call_off
from tidegate.clocks.tables import rings
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.ids import uuid7
from tidegate.infra.times import told
from tidegate.ledger.actions import append


class Ring(Struct, frozen=True, kw_only=True):
    """A message that rings. `rung`: how often it was told."""

    id: UUID
    type: str
    data: dict[str, Any]
    order_id: UUID | None
    since: datetime
    rung: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None


_COLUMNS = tuple(rings.c[name] for name in Ring.__struct_fields__)


def ring(tx: Tx, type: str, data: Mapping[str, object], *, order: UUID | None) -> UUID:
    """Let a message ring until somebody has it, at once and then by the sweep: ids, codes and times alone."""
    ring_id = uuid7(tx.now)
    row = {"id": ring_id, "type": type, "data": told(data)}
    row["order_id"] = order
    times = {"since": tx.now, "next_at": tx.now}
    tx.execute(sa.insert(rings).values(row | times))
    append(tx, "ring.began", {"ring": ring_id, "type": type, "order": order}, order)
    return ring_id


def sweep_rings(tx: Tx, limit: int, *, seconds: float = 60.0) -> list[Ring]:
    """The rings that are to be told now, and are noted as told until so many seconds later."""
    c = rings.c
    due = sa.select(c.id).where(c.next_at <= tx.now).order_by(c.next_at).limit(limit)
    values = {"rung": c.rung + 1, "next_at": tx.now + timedelta(seconds=seconds)}
    query = sa.update(rings).where(c.id.in_(due.with_for_update(skip_locked=True))).values(values)
    rows = tx.execute(query.returning(*_COLUMNS)).mappings()
    return sorted((Ring(**row) for row in rows), key=lambda one: one.id)


def list_rings(tx: Tx, limit: int = 50) -> list[Ring]:
    """Those that ring, the last first."""
    query = sa.select(*_COLUMNS).where(rings.c.acknowledged_at.is_(None))
    rows = tx.execute(query.order_by(rings.c.id.desc()).limit(limit)).mappings()
    return [Ring(**row) for row in rows]


def ring_unknown(ring_id: object) -> Refusal:
    return Refusal("ring-unknown", 404, "There is no such ring", f"No ring {str(ring_id)[:64]}.")


def acknowledge_ring(tx: Tx, ring_id: UUID) -> Ring:
    """The actor has it. Raises Refusal (404)."""
    acknowledge_rings(tx, ring_id=ring_id)
    row = tx.execute(sa.select(*_COLUMNS).where(rings.c.id == ring_id)).mappings().one_or_none()
    if row is None:
        raise ring_unknown(ring_id)
    call_off(tx, ring_id)
    append(tx, "ring.acknowledged", {"ring": ring_id}, row["order_id"])
    return Ring(**row)


def acknowledge_rings(tx: Tx, *, order_id: UUID | None = None, ring_id: UUID | None = None) -> None:
    """What rings about an order, or one by itself, rings no more: the actor has it."""
    which = rings.c.id == ring_id if order_id is None else rings.c.order_id == order_id
    values = {"acknowledged_at": tx.now, "acknowledged_by": tx.actor, "next_at": None}
    tx.execute(sa.update(rings).where(which, rings.c.acknowledged_at.is_(None)).values(values))

"""The verbs of the scrutiny desk as stored: keep a copy, keep who asks, go a step."""

import msgspec
import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.ledger.actions import append
from tidegate.orders.scrutinies.model import OrderState, Requested, Scrutiny, State
from tidegate.orders.scrutinies.queries import scrutiny_about
from tidegate.orders.scrutinies.tables import scrutinies, scrutiny_requests


def open_scrutiny(tx: Tx, issuer: str, order_ref: str) -> Scrutiny:
    """The order of an issuer at the desk, its row locked: as it was, or new, with nothing known of it but
    that somebody speaks of it."""
    name = f"scrutiny {issuer} {order_ref}"
    lock = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 14))")
    tx.execute(lock, {"name": name})
    if (known := scrutiny_about(tx, issuer, order_ref)) is not None:
        return known
    id, values = uuid7(tx.now), {"issuer": issuer, "order_ref": order_ref}
    begins = {"state": "received", "order_state": "live", "created_at": tx.now}
    tx.execute(sa.insert(scrutinies).values(id=id, **values, **begins))
    record = {"scrutiny": id, "issuer": issuer, "issuer_order": order_ref}
    append(tx, "scrutiny.opened", record, id)
    found = scrutiny_about(tx, issuer, order_ref)
    assert found is not None
    return found


def keep_copy(
    tx: Tx, scrutiny: Scrutiny, *, recipient: str, reference: str | None, annex: object
) -> Scrutiny:
    """Keep the copy of an order; one that was there before stands."""
    changed = {"recipient": recipient, "reference": reference, "annex": annex}
    return _change(tx, scrutiny, "scrutiny.copied", received_at=tx.now, **changed)


def keep_request(
    tx: Tx, scrutiny: Scrutiny, *, by: str, sender: str, reasons: str, late: bool
) -> Requested:
    """Keep that somebody asked."""
    row = {"id": uuid7(tx.now), "by": by, "sender": sender, "reasons": reasons}
    row |= {"received_at": tx.now, "late": late}
    tx.execute(sa.insert(scrutiny_requests).values(row | {"scrutiny_id": scrutiny.id}))
    record = {"scrutiny": scrutiny.id, "by": by, "sender": sender, "late": late}
    append(tx, "scrutiny.requested", record, scrutiny.id)
    return msgspec.convert(row, Requested)


def step(tx: Tx, scrutiny: Scrutiny, state: State, **changes: object) -> Scrutiny:
    """Go a step, with what was said."""
    return _change(tx, scrutiny, "scrutiny.stepped", state=state, **changes)


def order_ended(tx: Tx, scrutiny: Scrutiny, state: OrderState) -> Scrutiny:
    """Note what became of the order itself."""
    return _change(tx, scrutiny, "scrutiny.order_ended", order_state=state)


def _change(tx: Tx, scrutiny: Scrutiny, kind: str, **changes: object) -> Scrutiny:
    tx.execute(sa.update(scrutinies).where(scrutinies.c.id == scrutiny.id).values(changes))
    after = msgspec.structs.replace(scrutiny, **changes)
    record = {
        "scrutiny": after.id,
        "state": after.state,
        "order_state": after.order_state,
        "finding": after.finding,
    }
    append(tx, kind, record, after.id)
    return after

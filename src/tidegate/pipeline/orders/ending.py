"""An order ends before its time: revoked, found to infringe, annulled, or no order at all. What stood by it stands
no more, and what stands by other decisions goes on; what is held stays held until its date.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_items
from tidegate.enforcement.model import Instruction
from tidegate.orders import actions as orders
from tidegate.orders.bodies import AllReinstated, Annulled, Reinstated
from tidegate.orders.model import Event, ItemOfOrder, OrderRow
from tidegate.orders.queries import items_of
from tidegate.pipeline.orders.answers import tell_issuer
from tidegate.pipeline.orders.timing import Timing
from tidegate.pipeline.orders.watching import about_order
from tidegate.pipeline.standing import end_of_order

_WHY = {
    "revoked": "revoked by its issuer",
    "infringed": "found to infringe the Regulation",
    "annul": "annulled by a court",
}


def void(
    timing: Timing,
    order: OrderRow,
    items: Sequence[ItemOfOrder],
    event: Event,
    given: Mapping[str, Any],
) -> list[Instruction]:
    """End these items of an order. Returns what the platform's systems are to do, which the caller issues
    last: nothing where something else holds the post down."""
    tx = timing.tx
    rest = [one for one in items_of(tx, order.id) if one.n not in {other.n for other in items}]
    posts = _locked(timing, items)
    orders.move(tx, items, event, given=given)
    timing.of_items(items, "order.voided")
    down = [one for one in items if one.decision_id is not None]
    begins = "infringement.received" if event == "infringed" else "order.voided"
    timing.start_each("tco.reinstate", timing.about(down), begins, tx.now)
    kept = {other.item_id for other in rest if _holds_down(other)}
    back = [id for id in dict.fromkeys(one.item_id for one in down) if id not in kept]
    reference = order.reference or order.order_ref or str(order.id)
    reason = f"Removal order {reference} of {order.issuer} was {_WHY[event]}."
    ends = [posts[id] for id in back if id in posts]
    instructions = end_of_order(tx, ends, order=order.id, reason=reason)
    timing.of_items(down, "reinstated")
    if not any(one.state not in ("void", "rejected") for one in rest):
        timing.happen("order.voided", about_order(order.id))
    # Of a court's decision its issuer hears though nothing had been taken down.
    if heard := items if event == "annul" else down:
        why = Annulled(given["court"], given["reference"]) if event == "annul" else None
        said = AllReinstated([Reinstated(one.url, tx.now) for one in heard], why)
        tell_issuer(tx, timing.own, order, "reinstated", said)
    timing.settle()
    return instructions


def reject(
    timing: Timing, order: OrderRow, items: Sequence[ItemOfOrder], given: Mapping[str, Any]
) -> None:
    """Say of what came that it is no order, or none to us: nothing had followed from it but its clocks."""
    orders.move(timing.tx, items, "reject", given=given)
    timing.of_items(items, "order.rejected")
    if all(one.state in ("void", "rejected") for one in items_of(timing.tx, order.id)):
        timing.happen("order.rejected", about_order(order.id))
    timing.settle()


def _holds_down(item: ItemOfOrder) -> bool:
    return item.decision_id is not None and item.state in ("executed", "final")


def _locked(timing: Timing, items: Sequence[ItemOfOrder]) -> dict[UUID | None, ItemRow]:
    """The posts that are down by these, without those that are gone, held."""
    ids = {one.item_id for one in items if one.item_id is not None and one.decision_id is not None}
    return {one.id: one for one in lock_items(timing.tx, ids) if one.erased_at is None}

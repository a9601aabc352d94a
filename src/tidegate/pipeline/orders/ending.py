"""An order ends before its time: revoked, found to infringe, annulled, or no order at all. What stood by it stands
no more, and what stands by other decisions goes on; what is held stays held until its date.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tidegate.content.model import ItemRow
from tidegate.content.queries import items_by_ids, lock_item_by_id
from tidegate.enforcement.model import Instruction
from tidegate.orders import actions as orders
from tidegate.orders.bodies import AllReinstated, Annulled, Reinstated
from tidegate.orders.model import Event, ItemOfOrder, OrderRow
from tidegate.orders.queries import items_of
from tidegate.pipeline.orders.answers import tell_issuer
from tidegate.pipeline.orders.timing import Timing
from tidegate.pipeline.orders.watching import about_item, about_order
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
    instructions: list[Instruction] = []
    back: list[Reinstated] = []
    for one in items:
        orders.move(tx, one, event, given=given)
        timing.of_item(one, "order.voided")
        if one.decision_id is None:
            # Nothing had been taken down; of a court's decision its issuer hears all the same.
            back += [Reinstated(one.url, tx.now)] if event == "annul" else []
            continue
        begins = "infringement.received" if event == "infringed" else "order.voided"
        timing.start("tco.reinstate", about_item(order.id, one.n), begins, tx.now)
        if one.item_id not in {other.item_id for other in rest if _holds_down(other)}:
            post = posts.get(one.item_id)
            instructions += [] if post is None else _end(timing, order, post.id, event)
        timing.of_item(one, "reinstated")
        back.append(Reinstated(one.url, tx.now))
    if not any(one.state not in ("void", "rejected") for one in rest):
        timing.happen("order.voided", about_order(order.id))
    if back:
        why = Annulled(given["court"], given["reference"]) if event == "annul" else None
        tell_issuer(tx, timing.own, order, "reinstated", AllReinstated(back, why))
    timing.settle()
    return instructions


def reject(
    timing: Timing, order: OrderRow, items: Sequence[ItemOfOrder], given: Mapping[str, Any]
) -> None:
    """Say of what came that it is no order, or none to us: nothing had followed from it but its clocks."""
    for one in items:
        orders.move(timing.tx, one, "reject", given=given)
        timing.of_item(one, "order.rejected")
    if all(one.state in ("void", "rejected") for one in items_of(timing.tx, order.id)):
        timing.happen("order.rejected", about_order(order.id))
    timing.settle()


def _holds_down(item: ItemOfOrder) -> bool:
    return item.decision_id is not None and item.state in ("executed", "final")


def _locked(timing: Timing, items: Sequence[ItemOfOrder]) -> dict[UUID | None, ItemRow]:
    """The posts that are down by these, without those that are gone, in the order in which everybody locks
    several."""
    ids = {one.item_id for one in items if one.item_id is not None and one.decision_id is not None}
    found = [one for one in items_by_ids(timing.tx, ids) if one.erased_at is None]
    return {one.id: lock_item_by_id(timing.tx, one.id) for one in found}


def _end(timing: Timing, order: OrderRow, post_id: UUID, event: Event) -> list[Instruction]:
    (post,) = items_by_ids(timing.tx, [post_id])
    reference = order.reference or order.order_ref or str(order.id)
    reason = f"Removal order {reference} of {order.issuer} was {_WHY[event]}."
    return end_of_order(timing.tx, post, order=order.id, reason=reason)[1]

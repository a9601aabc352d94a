"""What follows once the other side has signed for a message of ours: its times are the receiver's, and both
sides' clocks go by them. What nobody signed for was not received.
"""

from typing import cast

from tidegate.exchange.queries import get_party
from tidegate.infra.db import Tx
from tidegate.orders import drafting
from tidegate.orders.actions import change, move
from tidegate.orders.drafting import LIVE, DraftState
from tidegate.orders.drafts.actions import step
from tidegate.orders.messages.model import Receipt, StoredMessage
from tidegate.orders.model import OrderRow
from tidegate.orders.queries import items_of, order_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.heard import settle
from tidegate.pipeline.orders.watching import (
    HOUR,
    Watching,
    about_item,
    about_order,
    about_party,
)
from tidegate.pipeline.oversight.checking import watch_order
from tidegate.pipeline.own import own_of

_BEFORE = {"executed": "order.executed", "impeded": "order.impeded", "asking": "order.asked"}


def informed(tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt) -> None:
    """From the provider's receipt of prior information on, our first order to it has to wait."""
    ours = own_of(tx, instance).organisation
    subject = about_party(message.recipient)
    watching = Watching(tx, instance)
    at = receipt.received_at
    watching.start("tco.prior_information", subject, "prior_information.received", at, ours)


def delivered(tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt) -> None:
    """The hour of each address runs from the provider's receipt, whatever became of the order meanwhile."""
    order = _order(tx, message)
    at = receipt.received_at
    provider = get_party(tx, message.recipient)
    watching = Watching(tx, instance)
    known = {"received_at": at, "problems": list(receipt.problems)}
    state = drafting.after(_state(order), "deliver")
    if state is None:  # it was revoked, or void, before it came
        change(tx, order.id, **known)
        return
    live = [one for one in items_of(tx, order.id) if one.state not in ("void", "final")]
    subjects = [about_item(order.id, one.n) for one in live]
    watching.start_each(HOUR, subjects, "order.received", at, provider, order.id)
    for now, heard in _BEFORE.items():  # the answer was quicker
        since = {about_item(order.id, one.n): one.since for one in live if one.state == now}
        watching.happen_each(heard, since)
    step(tx, order, "deliver", state, due_at=watching.due_at(order.id), **known)
    watch_order(tx, order, live, at)


def copied(tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt) -> None:
    """The authority of the establishment has its copy."""
    subject = about_order(_order(tx, message).id)
    Watching(tx, instance).happen("copy.received", subject, receipt.received_at)


def clarified(tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt) -> None:
    """A fresh hour runs from the receipt of the answer."""
    order = _order(tx, message)
    if order.state not in LIVE:
        return
    watching = Watching(tx, instance)
    asking = [one for one in items_of(tx, order.id) if one.state == "asking"]
    move(tx, asking, "clarified", given={"message": str(message.id)})
    subjects = (about_item(order.id, one.n) for one in asking)
    watching.happen_each("order.clarified", dict.fromkeys(subjects, receipt.received_at))
    settle(watching, order, "resumed")


def revoked(tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt) -> None:
    """What was taken down for the order has to be there again."""
    order = _order(tx, message)
    if message.recipient != order.recipient:
        return  # the authority of the establishment, which is told as well
    if any(item.measure is not None for item in items_of(tx, order.id)):
        provider = get_party(tx, message.recipient)
        subject = about_order(order.id)
        watching = Watching(tx, instance)
        at = receipt.received_at
        watching.start("tco.reinstate", subject, "order.voided", at, provider, order.id)


def _order(tx: Tx, message: StoredMessage) -> OrderRow:
    assert message.order_id is not None
    return order_of(tx, message.order_id, lock=True)


def _state(order: OrderRow) -> DraftState:
    return cast("DraftState", order.state)

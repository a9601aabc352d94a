"""When nobody is awake: the third leg on which something may be restricted, beside a person's decision and a live
rule on a confirmed exact match. It is off, until somebody switches it on for an authority; then a verified order of
theirs that nobody has is executed shortly before its hour ends, provisionally, and a person looks within a day.
"""

from datetime import timedelta
from uuid import UUID

import structlog

from tidegate.clocks.queries import was_heard
from tidegate.content.queries import items_by_ids
from tidegate.decisions.queries import concluded_on
from tidegate.exchange.queries import party
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.orders.model import ItemOfOrder, OrderRow
from tidegate.orders.queries import came, items_of, open_before, proposed_of, stays_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.execute import carry_out
from tidegate.pipeline.orders.lookup import problems_of
from tidegate.pipeline.orders.receive import HARMLESS
from tidegate.pipeline.own import own_of

BEFORE = timedelta(minutes=15)
"""How long before its hour ends."""
MOST_ITEMS = 20
_BATCH = 50
log = structlog.get_logger()


def execute_unheard(instance: Instance) -> int:
    """Execute what nobody has and may be; returns how many orders. For the worker."""
    with instance.database.begin() as tx:
        found = open_before(tx, tx.now + BEFORE, _BATCH)
    return sum(_one(instance, id) for id in found)


def _one(instance: Instance, order_id: UUID) -> bool:
    try:
        with instance.database.begin() as tx:
            order = came(tx, order_id)
            items = items_of(tx, order_id)
            if not may_act(tx, order, items):
                return False
            known = {one.n: one.item_id for one in items if one.item_id is not None}
            own = own_of(tx, instance)
            carry_out(tx, instance, own, order, items, known, "disabled", provisional=True)
            return True
    except Refusal as refusal:
        log.warning("order.not_provisional", order=str(order_id), why=refusal.type)
        return False


def may_act(tx: Tx, order: OrderRow, items: list[ItemOfOrder]) -> bool:
    """Whether an order, which is held, may be executed without a person: all of it, or nothing."""
    issuer = party(tx, order.issuer)
    return (
        issuer is not None
        and issuer.provisional
        and issuer.state == "confirmed"
        and order.due_at is not None
        and tx.now >= order.due_at - BEFORE
        and order.verified
        and set(order.problems) <= HARMLESS
        and not order.contradictory
        and 0 < len(items) <= MOST_ITEMS
        and all(_is_sure(tx, one) for one in items)
        and not _is_with_a_person(tx, order)
    )


def _is_sure(tx: Tx, item: ItemOfOrder) -> bool:
    """Whether it is open, found exactly once, public, there, and nobody ever left it up for an exemption."""
    if item.state != "open" or item.item_id is None or item.problems:
        return False
    posts = items_by_ids(tx, [item.item_id])
    return (
        len(posts) == 1
        and len(item.candidates) == 1
        and not problems_of(posts[0])
        and all(one.exemption in (None, "none") for one in concluded_on(tx, item.item_id))
    )


def _is_with_a_person(tx: Tx, order: OrderRow) -> bool:
    """Whether anybody has it, or has done anything about it: then it is theirs."""
    untouched = all(one.event == "received" for one in stays_of(tx, order.id))
    return was_heard(tx, order.id) or not untouched or bool(proposed_of(tx, order.id))

"""What the author of an ordered post is told (Article 11), or provably not: the platform's own systems are given
the document to bring it; while non-disclosure runs nobody is, and it goes out once that is over.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tidegate.content.model import ItemRow
from tidegate.content.queries import items_by_ids, lock_items
from tidegate.decisions.disclosure import release_each, withhold_each
from tidegate.enforcement.notices import notify_all
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.times import in_full
from tidegate.ledger.actions import append_many
from tidegate.ledger.model import NewEntry
from tidegate.orders import actions as orders
from tidegate.orders.annexes import Annex1
from tidegate.orders.model import ItemOfOrder, OrderRow
from tidegate.orders.queries import came, item_numbered, items_of, order_of, silences_over
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.answers import annex_of, crosses_borders
from tidegate.pipeline.orders.lookup import refuse_elsewhere
from tidegate.pipeline.orders.timing import Timing
from tidegate.pipeline.own import own_of


class AnswerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the author was given, on request."""

    gave: Literal["reasons", "copy"]


INFORM = "tco.inform_author"
LAW = "Regulation (EU) 2021/784, Article 3"


def inform(timing: Timing, order: OrderRow, items: Sequence[ItemOfOrder]) -> None:
    """Tell the authors of posts that were executed just now, unless nobody may yet."""
    if not order.is_silent(timing.tx.now):
        _tell(timing, order, items, "order.executed")


def keep_silent(timing: Timing, until: datetime) -> None:
    """Nobody is told of what the order did for longer."""
    tx, order_id = timing.tx, timing.order_id
    done = {one.item_id for one in items_of(tx, order_id) if one.decision_id is not None}
    posts = lock_items(tx, {one for one in done if one is not None})
    withhold_each(tx, [one.id for one in posts if one.erased_at is None], order_id, until)


def end_silences(tx: Tx, instance: Instance, limit: int = 50) -> int:
    """Tell the authors of what was ordered once non-disclosure is over; returns of how many orders. For the
    worker."""
    over = silences_over(tx, limit)
    for order_id in over:
        order = order_of(tx, order_id)
        orders.change(tx, order_id, disclosed_at=tx.now)
        timing = Timing(tx, instance, own_of(tx, instance), order_id)
        done = {one.item_id: one for one in items_of(tx, order_id) if one.measure is not None}
        posts = lock_items(tx, [id for id in done if id is not None])
        release_each(tx, [one.id for one in posts if one.erased_at is None], order_id)
        _tell(timing, order, list(done.values()), "non_disclosure.over")
    return len(over)


def author_asked(tx: Tx, instance: Instance, order_id: UUID, n: int | None) -> OrderRow:
    """The author asks for the reasons, or for a copy of the order (Article 11(2)). Raises Refusal: 404; 409
    "not-executed"."""
    timing, order, items = _executed(tx, instance, order_id, n)
    timing.start_each(INFORM, timing.about(items), "author.asked", tx.now)
    records = ({"order": order.id, "n": one.n} for one in items)
    append_many(tx, [NewEntry("order.author_asked", one, order.id) for one in records])
    return order


def author_answered(
    tx: Tx, instance: Instance, order_id: UUID, n: int | None, given: AnswerIn
) -> OrderRow:
    """The author was given them: of an order from another state their two days for scrutiny run. Raises
    Refusal as `author_asked` does; 409 "not-disclosed" while nobody may be told."""
    timing, order, items = _executed(tx, instance, order_id, n)
    if order.is_silent(tx.now):
        raise Refusal(
            "not-disclosed",
            409,
            "The author must not be told yet",
            "Nothing was written. The authority has decided that nobody tells them of the order.",
            until=order.non_disclosure_until,
        )
    timing.of_items(items, "author.answered")
    if crosses_borders(tx, timing.own, order):
        timing.start_each("tco.scrutiny_request", timing.about(items), "author.answered", tx.now)
    records = ({"order": order.id, "n": one.n, "gave": given.gave} for one in items)
    append_many(tx, [NewEntry("order.author_answered", one, order.id) for one in records])
    return order


def _executed(
    tx: Tx, instance: Instance, order_id: UUID, n: int | None
) -> tuple[Timing, OrderRow, list[ItemOfOrder]]:
    order = came(tx, order_id)
    found = items_of(tx, order_id)
    wanted = found if n is None else [item_numbered(found, n)]
    items = [one for one in wanted if one.measure is not None]
    if not items:
        raise Refusal(
            "not-executed",
            409,
            "Nothing was taken down by the order",
            "Nothing was written. Its author has nothing to ask about.",
        )
    refuse_elsewhere(tx, [one.item_id for one in items if one.item_id is not None])
    return Timing(tx, instance, own_of(tx, instance), order_id), order, items


def _tell(timing: Timing, order: OrderRow, items: Sequence[ItemOfOrder], event: str) -> None:
    """Tell the authors of the posts that these items are about, but of those that were erased."""
    tx, annex = timing.tx, annex_of(order, timing.own)
    found = items_by_ids(tx, {one.item_id for one in items if one.item_id is not None})
    posts: dict[UUID | None, ItemRow] = {one.id: one for one in found if one.erased_at is None}
    told = [one for one in items if one.item_id in posts]
    timing.start_each(INFORM, timing.about(told), event, tx.now)
    notices: list[tuple[str, dict[str, Any], UUID | None]] = []
    for item in told:
        post = posts[item.item_id]
        data = {"item": post.external_id, "platform": post.platform, "order": order.id}
        data |= {"document": _document(annex, order, item)}
        notices.append(("order.author_information", data, post.id))
    notify_all(tx, notices)
    timing.of_items(told, "author.informed")


def _document(annex: Annex1, order: OrderRow, item: ItemOfOrder) -> dict[str, Any]:
    """What the author is told: that it is down, by which order, and where that can be challenged."""
    return {
        "url": item.url,
        "measure": item.measure,
        "at": None if item.at is None else in_full(item.at),
        "law": LAW,
        "authority": annex.issuing.name,
        "member_state": annex.issuing.member_state,
        "reference": order.reference,
        "redress": {
            "body": annex.redress.body,
            "deadline": annex.redress.deadline,
            "law_url": annex.redress.law_url,
        },
        "rights": "You can ask for the reasons of the removal, or for a copy of the order, and challenge it.",
    }

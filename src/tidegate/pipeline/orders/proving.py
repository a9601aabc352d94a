"""What came without a proof, in the name of an authority, is proven: its issuer signed the same. From then on
everything is as they signed it; of what was there before, only what people did about it stands.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from tidegate.orders import actions as orders
from tidegate.orders.model import UNDONE, ItemOfOrder, OrderRow
from tidegate.orders.queries import items_of, url_keys_of
from tidegate.pipeline.orders.lookup import Found
from tidegate.pipeline.orders.timing import Timing
from tidegate.pipeline.orders.watching import HOUR, about_order


class Signed(msgspec.Struct, frozen=True):
    """A URL as it was signed, and what it is about."""

    url: str
    found: Found


def name_anew(timing: Timing, order: OrderRow, signed: Sequence[Signed]) -> None:
    """Let the items be about what the signed order names, to the letter: whoever wrote the first may have
    named other posts beside the same addresses. What is done stays as it is."""
    tx = timing.tx
    left: dict[bytes | None, list[Signed]] = defaultdict(list)
    for one in signed:
        left[one.found.url_key].append(one)
    last = {key: ones[-1] for key, ones in left.items()}
    items = items_of(tx, order.id)
    named: list[ItemOfOrder] = []
    for item, key in zip(items, url_keys_of(tx, order.id), strict=True):
        one = left[key].pop(0) if left[key] else last[key]
        if item.state in UNDONE:
            named.append(msgspec.structs.replace(item, url=one.url, **_about(one)))
    rest = [one for ones in left.values() for one in ones]
    more = [
        (_item(timing, order, n, one), one.found.url_key)
        for n, one in enumerate(rest, len(items) + 1)
    ]
    orders.note_proved(tx, order.id, named, more)
    subjects = timing.about([item for item, _ in more])
    timing.start_each(HOUR, subjects, "order.received", order.received_at or tx.now)


def end_silence(timing: Timing, order: OrderRow) -> None:
    """Nobody signed the silence that was kept so far: it is over, unless the signed order keeps it."""
    if order.non_disclosure_until is None or order.disclosed_at is not None:
        return
    now = timing.tx.now
    timing.happen("non_disclosure.lifted", about_order(order.id), now)
    if order.is_silent(now):
        orders.change(timing.tx, order.id, non_disclosure_until=now)


def _item(timing: Timing, order: OrderRow, n: int, signed: Signed) -> ItemOfOrder:
    return ItemOfOrder(
        order_id=order.id,
        n=n,
        url=signed.url,
        state="doubtful",
        measure=None,
        at=None,
        provisional=False,
        hold_id=None,
        decision_id=None,
        since=timing.tx.now,
        **_about(signed),
    )


def _about(signed: Signed) -> dict[str, Any]:
    found = signed.found
    return {
        "problems": found.problems,
        "candidates": [one.id for one in found.candidates],
        "item_id": None if found.item is None else found.item.id,
    }

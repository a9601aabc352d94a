"""What is like an ordered post: it is listed with the order and goes to people as cases. Taking it down is the
platform's own decision, with a statement; by the order nothing happens to it.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from tidegate.content.kept import kept_revision
from tidegate.content.model import ItemRow
from tidegate.content.queries import items_by_ids
from tidegate.decisions.model import Subject
from tidegate.enforcement.actions import announce_cases
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.orders.actions import keep_copies
from tidegate.orders.model import ItemOfOrder, OrderRow
from tidegate.orders.queries import Copy
from tidegate.pipeline.instance import Instance
from tidegate.review.actions import open_case
from tidegate.review.model import EVALUATION_QUEUE
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import decode_codes

MOST = 20
"""Proposals for one item of an order: what is copied more often is an incident."""
_OF_CONTENT = ("bytes", "text", "pixels")


def find_copies(
    tx: Tx, instance: Instance, items: Sequence[ItemOfOrder], known: Mapping[int, UUID]
) -> dict[int, list[UUID]]:
    """The open posts that are like those that the order's items are about, by these' numbers: none that the
    order itself names."""
    named = {one.item_id for one in items} | set(known.values())
    found: dict[int, list[UUID]] = {}
    for n, item_id in known.items():
        posts = items_by_ids(tx, [item_id])
        near = _near(tx, instance, posts[0]) if posts and posts[0].erased_at is None else []
        found[n] = [one for one in near if one not in named][:MOST]
        named |= set(found[n])
    return found


def propose(tx: Tx, order: OrderRow, copies: Mapping[int, Sequence[UUID]]) -> None:
    """Ask people about them. While the author must not be told of the order, neither do the cases tell of
    it. The caller holds the items' rows."""
    posts = {one.id: one for one in items_by_ids(tx, {id for ids in copies.values() for id in ids})}
    opened: list[OpenedCase] = []
    kept: list[Copy] = []
    for n, ids in copies.items():
        for post in (posts[id] for id in ids if posts[id].erased_at is None):
            subject = Subject("item", post.id)
            case, is_new = open_case(
                tx,
                subject=subject,
                item=post,
                revision=post.revision,
                queue=EVALUATION_QUEUE,
                origin="evaluation" if order.is_silent(tx.now) else "order",
            )
            if is_new:
                opened.append(OpenedCase(case.id, subject, post, post.revision))
            kept.append(Copy(n, post.id, case.id))
    keep_copies(tx, order.id, kept)
    announce_cases(tx, opened)


def _near(tx: Tx, instance: Instance, post: ItemRow) -> list[UUID]:
    codes = [
        (part, code)
        for part, code in decode_codes(kept_revision(tx, post).fingerprints)
        if KINDS[code.kind].source in _OF_CONTENT
    ]
    return [one.item for one in instance.near_items.search(tx, codes)]

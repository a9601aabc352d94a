"""What is like an ordered post: it is listed with the order and goes to people as cases. Taking it down is the
platform's own decision, with a statement; by the order nothing happens to it.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from tidegate.content.kept import Kept, kept_of_each
from tidegate.content.queries import items_by_ids
from tidegate.decisions.model import Subject
from tidegate.enforcement.actions import announce_cases
from tidegate.enforcement.model import OpenedCase
from tidegate.infra.db import Tx
from tidegate.orders.actions import keep_copies
from tidegate.orders.model import ItemOfOrder, OrderRow
from tidegate.orders.queries import Copy
from tidegate.pipeline.instance import Instance
from tidegate.review.actions import open_cases
from tidegate.review.model import EVALUATION_QUEUE
from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Codes, decode_codes

MOST = 20
"""Proposals for one item of an order: what is copied more often is an incident."""
_OF_CONTENT = ("bytes", "text", "pixels")


def find_copies(
    tx: Tx, instance: Instance, items: Sequence[ItemOfOrder], known: Mapping[int, UUID]
) -> dict[int, list[UUID]]:
    """The open posts that are like those that the order's items are about, by these' numbers: none that the
    order itself names."""
    named = {one.item_id for one in items} | set(known.values())
    posts = [one for one in items_by_ids(tx, set(known.values())) if one.erased_at is None]
    kept = kept_of_each(tx, posts)
    near = instance.near_items.search_each(tx, [_codes(kept[one.id]) for one in posts])
    near_of = {post.id: [one.item for one in some] for post, some in zip(posts, near, strict=True)}
    found: dict[int, list[UUID]] = {}
    for n, item_id in known.items():
        found[n] = [one for one in near_of.get(item_id, []) if one not in named][:MOST]
        named |= set(found[n])
    return found


def propose(tx: Tx, order: OrderRow, copies: Mapping[int, Sequence[UUID]]) -> None:
    """Ask people about them. While the author must not be told of the order, neither do the cases tell of
    it. The caller holds the items' rows."""
    about = [(n, id) for n, ids in copies.items() for id in ids]
    rows = {one.id: one for one in items_by_ids(tx, {id for _, id in about})}
    posts = [(n, rows[id]) for n, id in about if rows[id].erased_at is None]
    asked = open_cases(
        tx,
        [post for _, post in posts],
        queue=EVALUATION_QUEUE,
        origin="evaluation" if order.is_silent(tx.now) else "order",
    )
    opened: list[OpenedCase] = []
    kept: list[Copy] = []
    for (n, post), (case, is_new) in zip(posts, asked, strict=True):
        if is_new:
            opened.append(OpenedCase(case.id, Subject("item", post.id), post, post.revision))
        kept.append(Copy(n, post.id, case.id))
    keep_copies(tx, order.id, kept)
    announce_cases(tx, opened)


def _codes(kept: Kept) -> Codes:
    """What a post is like another by."""
    return [
        (part, code)
        for part, code in decode_codes(kept.fingerprints)
        if KINDS[code.kind].source in _OF_CONTENT
    ]

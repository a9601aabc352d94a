"""An order is executed: what it names is down in all Member States and held, Annex II goes back, and the author
is told, or provably not. The one path that decides by an order; it takes down what the order names, and no more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.clocks.actions import taken_up
from tidegate.content.holds.actions import place_holds
from tidegate.content.holds.model import HoldIn, HoldView
from tidegate.content.model import ItemRow
from tidegate.content.queries import items_by_ids, items_named, lock_items, platforms_posting
from tidegate.decisions.disclosure import withhold_each
from tidegate.decisions.model import Restriction
from tidegate.decisions.queries import standing_on_each
from tidegate.decisions.restrictions import Standing, standing_at
from tidegate.enforcement.actions import issue_many
from tidegate.enforcement.model import Instruction
from tidegate.exchange.states import UNION
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.orders import actions as orders
from tidegate.orders.model import ItemOfOrder, Measure, OrderRow, movable, moved
from tidegate.orders.queries import came, item_numbered, items_of, order_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders import answers
from tidegate.pipeline.orders.authors import inform
from tidegate.pipeline.orders.copies import find_copies, propose
from tidegate.pipeline.orders.lookup import NOT_PUBLIC, problems_of, refuse_elsewhere
from tidegate.pipeline.orders.timing import Timing, about_hold
from tidegate.pipeline.own import Own, own_of
from tidegate.pipeline.standing import impose

EVERYWHERE = sorted(UNION)
"""Where an order is executed: in all Member States."""


REVIEW = "ours.provisional_review"


class ExecuteIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it is executed: `item` chooses the post, where it may be several."""

    item: str | None = None
    measure: Measure = "disabled"


def execute(
    tx: Tx, instance: Instance, order_id: UUID, n: int | None, given: ExecuteIn
) -> OrderRow:
    """Execute one item of an order, or all that are open and of which it is known what they are about, with
    one Annex II. What was taken down provisionally is the person's from then on, and nothing else changes.
    Raises Refusal: 404; 409 "order-not-open"; 422 where a person has to choose the post, or "not-public";
    410 "item-erased" of what went since the order came; 403 "platform-bound"."""
    own = own_of(tx, instance)
    order = came(tx, order_id)
    taken_up(tx, order_id)
    found = items_of(tx, order_id)
    waiting = [one for one in (found if n is None else [item_numbered(found, n)]) if one.waits]
    if waiting:
        _confirm(tx, instance, own, order, waiting, given)
        if n is not None or all(one.state != "open" for one in found):
            return order_of(tx, order_id)
    chosen = _chosen(found, n)
    known = _known(tx, chosen, given.item)
    return carry_out(tx, instance, own, order, found, known, given.measure)


def _confirm(
    tx: Tx,
    instance: Instance,
    own: Own,
    order: OrderRow,
    waiting: Sequence[ItemOfOrder],
    given: ExecuteIn,
) -> None:
    """Take over what is down without a person. Raises Refusal (422) for another post than it is."""
    timing = Timing(tx, instance, own, order.id)
    for one in waiting:
        if given.item is not None and _post_of(tx, one, given.item) != one.item_id:
            raise bad_field("/item", "nothing: the post is down already", given.item[:64])
    orders.confirm(tx, waiting)
    timing.of_items(waiting, "provisional.confirmed")
    timing.settle()


def carry_out(
    tx: Tx,
    instance: Instance,
    own: Own,
    order: OrderRow,
    found: Sequence[ItemOfOrder],
    known: Mapping[int, UUID],
    measure: Measure,
    *,
    provisional: bool = False,
) -> OrderRow:
    """Take down the posts that are `known` by their numbers, with one Annex II; `provisional`: without a person,
    who looks within a day. Raises Refusal as `execute` does."""
    copies = find_copies(tx, instance, found, known)
    copied = {id for ids in copies.values() for id in ids}
    posts = _locked(tx, order, set(known.values()), copied)
    timing = Timing(tx, instance, own, order.id)
    down = [(one, posts[known[one.n]]) for one in found if one.n in known]
    done, instructions = _take_down(timing, order, down, measure, provisional=provisional)
    answers.executed(timing, order, done)
    timing.of_items(done, "order.executed")
    if provisional:
        event = "order.executed_provisionally"
        timing.start_each(REVIEW, timing.about(done), event, tx.now)
    inform(timing, order, done)
    propose(tx, order, copies)
    timing.settle()
    issue_many(tx, instructions)
    return order_of(tx, order.id)


def _chosen(found: Sequence[ItemOfOrder], n: int | None) -> list[ItemOfOrder]:
    if n is None:
        return [found[place] for place in movable([one.state for one in found], "execute")]
    item = item_numbered(found, n)
    moved(item.state, "execute")
    return [item]


def _known(tx: Tx, chosen: Sequence[ItemOfOrder], named: str | None) -> dict[int, UUID]:
    """The posts that are meant, by the items' numbers, as far as there is no doubt. Raises Refusal (422)."""
    if named is not None and len(chosen) > 1:
        raise bad_field("/item", "nothing, unless one item of the order is executed", named[:64])
    posts = {one.n: _post_of(tx, one, named) for one in chosen}
    known = {n: id for n, id in posts.items() if id is not None}
    if not known:
        raise bad_field("/item", _expected(tx, chosen), "nothing")
    return known


def _post_of(tx: Tx, item: ItemOfOrder, named: str | None) -> UUID | None:
    """The post that an item is about: the one that a person names, of the candidates where there are any."""
    if named is None:
        return item.item_id
    fitting = items_named(tx, platforms_posting(tx), [named])[named]
    if item.candidates:
        fitting = [one for one in fitting if one.id in item.candidates]
    if len(fitting) != 1:
        raise bad_field("/item", _expected(tx, [item]), named[:64])
    return fitting[0].id


def _expected(tx: Tx, chosen: Sequence[ItemOfOrder]) -> str:
    candidates = [id for one in chosen for id in one.candidates]
    names = sorted({one.external_id for one in items_by_ids(tx, candidates)})
    if not names:
        return "the id of the post that the order means"
    return f"the post that the order means, one of {', '.join(names[:10])}"


def _locked(tx: Tx, order: OrderRow, ordered: set[UUID], copies: set[UUID]) -> dict[UUID, ItemRow]:
    """Hold all rows that this is about. Raises Refusal."""
    refuse_elsewhere(tx, ordered)
    posts = {one.id: one for one in lock_items(tx, ordered | copies)}
    for one in posts.values():
        if one.id in ordered:
            _refuse(order, one)
    return posts


def _refuse(order: OrderRow, post: ItemRow) -> None:
    if NOT_PUBLIC in problems_of(post):
        raise Refusal(
            "not-public",
            422,
            "The post is not public",
            "Nothing was written. An order is about what is disseminated to the public: answer with"
            " an Annex III, manifest error.",
        )
    if post.erased_at is not None and post.erased_at > (order.received_at or order.created_at):
        raise Refusal(
            "item-erased",
            410,
            "The post was erased after the order came",
            f"Nothing was written. It was erased at {post.erased_at:%Y-%m-%d %H:%M:%S} UTC: answer"
            " with an Annex III, impossible.",
            erased_at=post.erased_at,
        )


def _take_down(
    timing: Timing,
    order: OrderRow,
    down: Sequence[tuple[ItemOfOrder, ItemRow]],
    measure: Measure,
    *,
    provisional: bool,
) -> tuple[list[ItemOfOrder], list[Instruction]]:
    """Restrict and hold the posts by the order, each as an item of it. Where one was down in the whole Union
    before, or gone, nothing changes for it, and Annex II says since when."""
    tx = timing.tx
    gone = {
        item.n: {"item_id": post.id, "measure": "removed", "at": post.erased_at}
        for item, post in down
        if post.erased_at is not None
    }
    there = [(item, post) for item, post in down if item.n not in gone]
    posts = {post.id: post for _, post in there}
    standing = standing_on_each(tx, posts)
    before = {id: down_since(standing_at(some, tx.now)) for id, some in standing.items()}
    if order.is_silent(tx.now):
        assert order.non_disclosure_until is not None
        withhold_each(tx, posts, order.id, order.non_disclosure_until)
    reference = order.reference or order.order_ref or str(order.id)
    decisions, told = impose(
        tx,
        [post for _, post in there],
        order=order.id,
        restriction=Restriction("item", EVERYWHERE),
        reason=f"Removal order {reference} of {order.issuer}.",
        reference=reference,
    )
    holds = _held(timing, order, [post for _, post in there], reference)
    changes = {
        item.n: {
            "item_id": post.id,
            "measure": measure,
            "at": before[post.id] or tx.now,
            "hold_id": hold.id,
            "decision_id": decision.id,
            "provisional": provisional,
        }
        for (item, post), decision, hold in zip(there, decisions, holds, strict=True)
    }
    removed = [item for item, _ in down if item.n in gone]
    taken = [item for item, _ in there]
    given = {"provisional": True} if provisional else None
    moved = [
        *orders.move(tx, removed, "execute", changes=gone),
        *orders.move(tx, taken, "execute", given=given, changes=changes),
    ]
    return sorted(moved, key=lambda one: one.n), told


def _held(
    timing: Timing, order: OrderRow, posts: Sequence[ItemRow], reference: str
) -> list[HoldView]:
    """Keep the content for the six months of Article 6."""
    tx = timing.tx
    until = timing.due("tco.preserve", tx.now).due_latest
    reason = f"Content of removal order {reference}, kept under Article 6."
    holds = place_holds(tx, posts, HoldIn(reason, "review", until), order=order.id)
    subjects = [about_hold(one.id) for one in holds]
    timing.start_each("tco.preserve", subjects, "order.executed", tx.now)
    return holds


def down_since(standing: Sequence[Standing]) -> datetime | None:
    """Since when something is down in all Member States, by what stands; None: it is not."""
    since: dict[str, datetime] = {}
    for one in standing:
        for state in EVERYWHERE if one.territory is None else one.territory:
            since[state] = min(one.since, since.get(state, one.since))
    if not since.keys() >= UNION:
        return None
    return max(since[state] for state in UNION)

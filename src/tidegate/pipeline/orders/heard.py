"""What comes back about orders of ours: from the provider that was ordered, and from the authority of its
establishment. What is not proven, not complete or nobody's to say is kept with the order, and moves nothing.

Times in answers are their senders' claims: a clock goes by when we received them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, cast

from tidegate.clocks.model import Subject
from tidegate.infra.db import Tx
from tidegate.infra.errors import FieldError
from tidegate.infra.times import told
from tidegate.orders import drafting
from tidegate.orders.actions import change, contradict, move
from tidegate.orders.annexes import Annex2, Annex3
from tidegate.orders.bodies import AllReinstated, ImpedimentEnded, ScrutinyDecided, read_body
from tidegate.orders.drafting import LIVE, DraftState, Event, ItemState
from tidegate.orders.drafts.actions import step
from tidegate.orders.drafts.queries import draft_of
from tidegate.orders.messages.model import Incoming, Problem
from tidegate.orders.model import ItemOfOrder, OrderRow, after
from tidegate.orders.queries import items_of, order_of, orders_called
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.handling import Handled, Handler
from tidegate.pipeline.orders.watching import Watching, about_item, about_order

Act = Callable[[Watching, OrderRow, object], None]
"""What follows from a message that is proven, complete and its sender's to say."""

_ANSWERED: dict[str, ItemState] = {
    "executed": "executed",
    "final": "executed",
    "impeded": "not_executed",
    "asking": "not_executed",
}


def from_provider(act: Act) -> Handler:
    """The handler of a message that the provider sends which an order was for."""

    def handle(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
        order = _order(tx, incoming)
        who = order and order.recipient
        return _handle(tx, instance, incoming, order, who, act)

    return handle


def from_establishment(act: Act) -> Handler:
    """The handler of a message that the authority sends which has a copy of an order."""

    def handle(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
        order = _order(tx, incoming)
        draft = order and draft_of(tx, order.id)
        return _handle(tx, instance, incoming, order, draft and draft.copy_to, act)

    return handle


def read(incoming: Incoming) -> tuple[object, list[FieldError]]:
    """A message's body as far as it can be read, and its faults."""
    envelope = incoming.envelope
    zone = "UTC" if incoming.party is None else incoming.party.zone
    return read_body(envelope.type, envelope.body, zone=zone)


def answered_states(items: Sequence[ItemOfOrder]) -> list[ItemState]:
    """The states of an order's items as far as its own follows from them."""
    return [_ANSWERED.get(one.state, "open") for one in items]


def _order(tx: Tx, incoming: Incoming) -> OrderRow | None:
    """The order of ours that a message is about, which is the transaction's until the end."""
    envelope = incoming.envelope
    found = orders_called(tx, "out", envelope.to, order_ref=envelope.order)
    return order_of(tx, found[0].id, lock=True) if found else None


def _handle(
    tx: Tx,
    instance: Instance,
    incoming: Incoming,
    order: OrderRow | None,
    who: str | None,
    act: Act,
) -> Handled:
    if order is None or order.issued_at is None:
        return Handled(problems=("incomplete",))
    problems: list[Problem] = []
    if incoming.envelope.from_ != who:
        problems.append("not-competent")
    body, faults = read(incoming)
    if faults:
        problems.append("incomplete")
    if not problems and not incoming.doubtful:
        act(Watching(tx, instance), order, body)
    return Handled(order.id, problems)


def executed(watching: Watching, order: OrderRow, body: object) -> None:
    """Annex II: these addresses are gone in all Member States, since a time that the provider says."""
    tx, answer = watching.tx, cast("Annex2", body)
    said = {one.url: one for one in answer.items}
    items = items_of(tx, order.id)
    if unknown := set(said) - {one.url for one in items}:
        contradict(tx, order.id, f"{len(unknown)} addresses that it does not name were executed")
    opened = _open(tx, [one for one in items if one.url in said and one.state != "executed"])
    done = [one for one in opened if after(one.state, "execute") is not None]
    measures = {one.n: said[one.url] for one in done}
    changes = {n: {"measure": one.measure, "at": one.at} for n, one in measures.items()}
    given = {"own_reference": answer.own_reference}
    move(tx, done, "execute", given=given, changes=changes)
    moments = {about_item(order.id, n): one.at for n, one in measures.items()}
    watching.happen_each("order.executed", moments, claimed=True)
    settle(watching, order, "executed")


def not_executed(watching: Watching, order: OrderRow, body: object) -> None:
    """Annex III: why these addresses, or all that are open, are not executed, or not yet."""
    tx, answer = watching.tx, cast("Annex3", body)
    named = {one.url for one in answer.items}
    impeded = {"force_majeure", "impossible"} & set(answer.grounds)
    what, event = ("impede", "order.impeded") if impeded else ("ask", "order.asked")
    put_off = [
        one
        for one in items_of(tx, order.id)
        if one.state == "open" and (not named or one.url in named)
    ]
    move(tx, put_off, what, given=told(answer))
    watching.happen_each(event, _moments(put_off, tx.now))
    settle(watching, order, "not_executed")


def impediment_ended(watching: Watching, order: OrderRow, body: object) -> None:
    """A fresh hour runs."""
    tx, answer = watching.tx, cast("ImpedimentEnded", body)
    impeded = [one for one in items_of(tx, order.id) if one.state == "impeded"]
    move(tx, impeded, "resume", given=told(answer))
    watching.happen_each("impediment.ended", _moments(impeded, answer.at), claimed=True)
    settle(watching, order, "resumed")


def reinstated(watching: Watching, order: OrderRow, body: object) -> None:
    """What came back once the order was over, or because a court annulled it, of which we hear by this: that is over
    with these addresses, and where they are all of them the order is void. Who thinks otherwise asks the court."""
    answer = cast("AllReinstated", body)
    if answer.annulled is not None and order.state in LIVE:
        _annulled(watching, order, answer)
    elif order.state not in ("revoked", "void"):
        contradict(watching.tx, order.id, "content was reinstated, and the order stands")
    at = max((one.at for one in answer.items), default=watching.tx.now)
    watching.happen("reinstated", about_order(order.id), at, claimed=True)


def _annulled(watching: Watching, order: OrderRow, answer: AllReinstated) -> None:
    tx, urls = watching.tx, {one.url for one in answer.items}
    items = items_of(tx, order.id)
    over = [one for one in items if one.url in urls and after(one.state, "annul") is not None]
    move(tx, over, "annul", given=told(answer.annulled))
    watching.happen_each("order.voided", _moments(over, tx.now))
    if all(one.state == "void" for one in items_of(tx, order.id)):
        step(tx, order, "void", "void", due_at=None)
    else:
        change(tx, order.id, due_at=watching.due_at(order.id))


def intended(watching: Watching, order: OrderRow, body: object) -> None:
    """That an infringement is to be found: it is kept with its reasons among the order's messages."""


def decided(watching: Watching, order: OrderRow, body: object) -> None:
    """The decision of the establishment's authority: an infringement makes the order void."""
    tx, decision = watching.tx, cast("ScrutinyDecided", body)
    if decision.finding == "none":
        return
    new = drafting.after(_state(order), "void")
    if new is None:
        if order.state != "void":
            contradict(tx, order.id, f"an infringement was found of an order that is {order.state}")
        return
    end_items(watching, order, "infringed")
    step(tx, order, "void", new, due_at=None)


def end_items(watching: Watching, order: OrderRow, event: Literal["infringed", "revoked"]) -> None:
    """No address is ordered any more, and no hour runs."""
    tx = watching.tx
    items = items_of(tx, order.id)
    move(tx, [one for one in items if after(one.state, event) is not None], event)
    watching.happen_each("order.voided", _moments(items, tx.now))


def settle(watching: Watching, order: OrderRow, event: Event) -> None:
    """Let the order's own state follow from its items, and when its first hour ends."""
    tx = watching.tx
    due_at = watching.due_at(order.id)
    said = drafting.answered(answered_states(items_of(tx, order.id)))
    if event in ("executed", "not_executed"):
        if said is None:  # of some items alone: the order waits for the rest
            change(tx, order.id, due_at=due_at)
            return
        event = said
    new = drafting.after(_state(order), event)
    if new is None:
        contradict(tx, order.id, f"{event} was said of an order that is {order.state}")
        return
    step(tx, order, event, new, due_at=due_at)


def _open(tx: Tx, items: Sequence[ItemOfOrder]) -> list[ItemOfOrder]:
    """Items that are executed although we thought that they could not be: what kept them must be over."""
    impeded = [one for one in items if one.state == "impeded"]
    asking = [one for one in items if one.state == "asking"]
    rest = [one for one in items if one.state not in ("impeded", "asking")]
    over = [*move(tx, impeded, "resume"), *move(tx, asking, "clarified")]
    return sorted([*over, *rest], key=lambda one: one.n)


def _moments(items: Sequence[ItemOfOrder], at: datetime) -> dict[Subject, datetime]:
    return {about_item(one.order_id, one.n): at for one in items}


def _state(order: OrderRow) -> DraftState:
    return cast("DraftState", order.state)

"""What people do about an order beside executing it: prove it, turn it down, say what is in the way, ask, ask for
scrutiny, write down that a court annulled it. Each about one item, or about all that it can be done to.
"""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from tidegate.clocks.actions import acknowledge_order, taken_up
from tidegate.enforcement.actions import issue_many
from tidegate.exchange.queries import establishment
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.wording import written
from tidegate.orders import actions as orders
from tidegate.orders.annexes import LONGEST_REASONS, Ground
from tidegate.orders.bodies import ImpedimentEnded, ScrutinyRequested
from tidegate.orders.model import ItemOfOrder, OrderRow, Verb, movable, moved
from tidegate.orders.queries import came, item_numbered, items_of, order_of, orders_by_ids
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders import answers
from tidegate.pipeline.orders.ending import reject as turn_down
from tidegate.pipeline.orders.ending import void
from tidegate.pipeline.orders.lookup import refuse_elsewhere
from tidegate.pipeline.orders.timing import Timing
from tidegate.pipeline.own import own_of

EXECUTES = "orders:execute"
SILENCES = (EXECUTES, "orders:draft", "orders:approve", "oversight:write")
Words = Annotated[str, Meta(min_length=1, max_length=LONGEST_REASONS)]


class ImpedeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in the way (Article 3(7)), and the reasons."""

    ground: Literal["force_majeure", "impossible"]
    explanation: Words


class AskIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong with the order or missing from it (Article 3(8)), and what is needed."""

    ground: Literal["manifest_error", "insufficient_information"]
    needed: Words


class AuthenticateIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it was found that the order is its issuer's: who called back, where they looked."""

    how: Words


class RejectIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is none of ours to execute."""

    reason: Literal["forged", "not_an_order", "not_ours"]


class AnnulIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The court that annulled it, and the reference of its decision."""

    court: Annotated[str, Meta(min_length=1, max_length=500)]
    reference: Annotated[str, Meta(min_length=1, max_length=500)]


class ScrutinyIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the authority of our establishment is to look into the order (Article 4(4))."""

    reasons: Words


class _Work(msgspec.Struct, frozen=True):
    """An order that is held, with its items that a verb moves, and its clocks."""

    order: OrderRow
    items: list[ItemOfOrder]
    timing: Timing


def impede(tx: Tx, instance: Instance, order_id: UUID, n: int | None, given: ImpedeIn) -> OrderRow:
    """Answer with an Annex III that it cannot be executed now; its hour stops. Raises Refusal: 404, 409
    "order-not-open", 422."""
    _in_words(given.explanation, "/explanation")
    return _put_off(tx, instance, order_id, n, "impede", given.ground, given.explanation, None)


def ask(tx: Tx, instance: Instance, order_id: UUID, n: int | None, given: AskIn) -> OrderRow:
    """Answer with an Annex III that the order cannot be executed as it is; its hour stops. Raises Refusal as
    `impede` does."""
    _in_words(given.needed, "/needed")
    return _put_off(tx, instance, order_id, n, "ask", given.ground, given.needed, given.needed)


def _put_off(
    tx: Tx,
    instance: Instance,
    order_id: UUID,
    n: int | None,
    verb: Literal["impede", "ask"],
    ground: Ground,
    explanation: str,
    needed: str | None,
) -> OrderRow:
    work = _begin(tx, instance, order_id, n, verb)
    event = "order.impeded" if verb == "impede" else "order.asked"
    given = {"ground": ground, "explanation": explanation}
    orders.move(tx, work.items, verb, given=given)
    work.timing.of_items(work.items, event)
    answers.not_executed(
        work.timing,
        work.order,
        work.items,
        ground=ground,
        explanation=explanation,
        needed=needed,
        event=event,
    )
    return _settled(work)


def resume(tx: Tx, instance: Instance, order_id: UUID, n: int | None) -> OrderRow:
    """What was in the way is gone: a fresh hour runs, and the issuer is told. Raises Refusal: 404, 409."""
    work = _begin(tx, instance, order_id, n, "resume")
    orders.move(tx, work.items, "resume")
    work.timing.of_items(work.items, "impediment.ended")
    said = ImpedimentEnded(tx.now)
    answers.tell_issuer(tx, work.timing.own, work.order, "impediment.ended", said)
    return _settled(work)


def authenticate(
    tx: Tx, instance: Instance, order_id: UUID, n: int | None, given: AuthenticateIn
) -> OrderRow:
    """A person has made sure that the order is its issuer's: its hour runs on. Raises Refusal: 404, 409, 422."""
    _in_words(given.how, "/how")
    work = _begin(tx, instance, order_id, n, "authenticate")
    orders.move(tx, work.items, "authenticate", given={"how": given.how})
    return _settled(work)


def reject(
    tx: Tx, instance: Instance, order_id: UUID, n: int | None, given: RejectIn
) -> OrderRow | None:
    """Two persons say that it is no order of ours to execute; None: it is proposed. Raises Refusal: 404, 409
    "order-not-open", "same-person"."""
    work = _begin(tx, instance, order_id, n, "reject")
    said = {"reason": given.reason}
    if not orders.propose(tx, order_id, n or 0, "reject", said):
        return None
    turn_down(work.timing, work.order, work.items, said)
    return order_of(tx, order_id)


def annul(
    tx: Tx, instance: Instance, order_id: UUID, n: int | None, given: AnnulIn
) -> OrderRow | None:
    """Two persons write down that a court annulled the order; None: it is proposed. Raises Refusal as
    `reject` does, and 422."""
    _in_words(given.court, "/court")
    _in_words(given.reference, "/reference")
    work = _begin(tx, instance, order_id, n, "annul")
    said = {"court": given.court, "reference": given.reference}
    if not orders.propose(tx, order_id, n or 0, "annul", said):
        return None
    issue_many(tx, void(work.timing, work.order, work.items, "annul", said))
    return order_of(tx, order_id)


def who_silences(tx: Tx, order_id: UUID | None) -> tuple[str, ...]:
    """The scopes of which it takes one to silence what rings: of an order that came, that to execute it; of whatever
    else rings, any by which people work on such things."""
    found = [] if order_id is None else orders_by_ids(tx, [order_id])
    return (EXECUTES,) if any(one.direction == "in" for one in found) else SILENCES


def acknowledge(tx: Tx, order_id: UUID) -> OrderRow:
    """A person has it: it rings no more until there is something else to say. Raises Refusal (404)."""
    order = order_of(tx, order_id, lock=True)
    acknowledge_order(tx, order_id)
    return order


def ask_scrutiny(tx: Tx, instance: Instance, order_id: UUID, given: ScrutinyIn) -> OrderRow:
    """Ask the authority of our establishment to look into an order from another state; also late, which is marked.
    Raises Refusal: 404; 409 "establishment-unknown"; 422."""
    _in_words(given.reasons, "/reasons")
    order = came(tx, order_id)
    own = own_of(tx, instance)
    if not answers.crosses_borders(tx, own, order):
        raise Refusal(
            "establishment-unknown",
            409,
            "Nobody scrutinises an order of one's own state",
            "Nothing was written. Article 4 is about orders from another member state; against one of your"
            " own state its courts are open, which Annex I names under G.",
        )
    authority = establishment(tx, own.organisation)
    if authority is None or order.order_ref is None:
        raise Refusal(
            "establishment-unknown",
            409,
            "There is nobody to ask",
            "Nothing was written. It takes a confirmed authority of our member state with the function"
            " scrutinise in the registry, and an order that came as a message.",
        )
    said = ScrutinyRequested(order.issuer, "provider", given.reasons)
    answers.tell_issuer(tx, own, order, "scrutiny.requested", said, authority.id)
    timing = Timing(tx, instance, own, order_id)
    timing.ask_scrutiny()
    return order_of(tx, order_id)


def _begin(tx: Tx, instance: Instance, order_id: UUID, n: int | None, verb: Verb) -> _Work:
    """Hold the order and choose the items that the verb moves. Raises Refusal: 404; 409 "order-not-open"; 403
    "platform-bound"."""
    order = came(tx, order_id)
    found = items_of(tx, order_id)
    if n is None:
        chosen = [found[place] for place in movable([one.state for one in found], verb)]
    else:
        chosen = [item_numbered(found, n)]
        moved(chosen[0].state, verb)
    refuse_elsewhere(tx, [one.item_id for one in chosen if one.item_id is not None])
    taken_up(tx, order_id)
    return _Work(order, chosen, Timing(tx, instance, own_of(tx, instance), order_id))


def _settled(work: _Work) -> OrderRow:
    work.timing.settle()
    return order_of(work.timing.tx, work.order.id)


def _in_words(text: str, pointer: str) -> None:
    if not written(text):
        raise bad_field(pointer, "an answer in words", "blanks")

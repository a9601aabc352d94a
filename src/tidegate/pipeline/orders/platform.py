"""What a platform does with the messages of authorities about orders: each is kept, and what is its sender's to say
changes the order; what does not go with the rest makes it contradictory, for a person.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from tidegate.content.holds.actions import extend_hold
from tidegate.content.holds.queries import ends_of_holds
from tidegate.enforcement.actions import issue_many
from tidegate.exchange.model import Party
from tidegate.exchange.queries import establishment
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.orders import actions as orders
from tidegate.orders.annex_rules import kept_longest, read_annex1, silence_ends
from tidegate.orders.annexes import Annex1
from tidegate.orders.bodies import (
    Clarified,
    DisclosureExtended,
    PreservationExtended,
    Reason,
    ScrutinyDecided,
    read_body,
)
from tidegate.orders.jws import parse
from tidegate.orders.messages.actions import attach
from tidegate.orders.messages.model import (
    HARMLESS,
    Incoming,
    Problem,
    Receipt,
    StoredMessage,
    read_envelope,
)
from tidegate.orders.messages.queries import messages_about
from tidegate.orders.model import ItemOfOrder, OrderRow, Said, heard
from tidegate.orders.queries import items_of, order_of, orders_called
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.authors import keep_silent
from tidegate.pipeline.orders.ending import void
from tidegate.pipeline.orders.handling import Handled, Handler, ReceiptHook
from tidegate.pipeline.orders.lookup import Named
from tidegate.pipeline.orders.receive import Arrived, Silence, receive
from tidegate.pipeline.orders.timing import Timing, about_hold
from tidegate.pipeline.orders.watching import about_item, about_order
from tidegate.pipeline.own import own_of

B = TypeVar("B", bound=msgspec.Struct)
LONGEST_EXTENSION = timedelta(weeks=6)


def order_issued(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """An order: its hour runs, whatever is wrong with it."""
    own, envelope = incoming.own, incoming.envelope
    zone = "UTC" if incoming.party is None else incoming.party.zone
    annex, faults = read_annex1(envelope.body, zone=zone)
    wrong: list[Problem] = ["incomplete"] if faults or envelope.order is None else []
    if incoming.party is not None and "issue" not in incoming.party.functions:
        wrong.append("not-competent")
    said = _said_before(tx, incoming) if incoming.verified else []
    earlier = _earlier(tx, incoming, said) if incoming.verified else []
    arrived = Arrived(
        issuer=envelope.from_,
        recipient=envelope.to,
        channel="inbox",
        received_at=incoming.received_at,
        verified=incoming.verified,
        problems=[*incoming.problems, *wrong],
        doubts="order.revoked" in earlier or "infringement" in earlier,
        order_ref=envelope.order,
        reference=annex.reference or None,
        issued_at=annex.issued_at,
        annex=envelope.body,
        named=named_in(annex),
        silence=silence_of(annex, zone, incoming.received_at),
    )
    taken = receive(tx, instance, own, arrived)
    longer = _extended_before(said)
    if (earlier or longer) and not taken.joined and envelope.order is not None:
        attach(tx, sender=envelope.from_, order_ref=envelope.order, order_id=taken.order.id)
        if longer is not None:
            timing = Timing(tx, instance, own, taken.order.id)
            _extend(timing, taken.order, longer.until, incoming.received_at)
        if earlier:
            orders.contradict(tx, taken.order.id, f"before it came: {', '.join(earlier)}")
    found: list[Problem] = [*wrong]
    if "host-unknown" in taken.problems:
        found.append("host-unknown")
    return Handled(taken.order.id, found, taken.told)


def named_in(annex: Annex1) -> list[Named]:
    return [Named(one.url, one.item_id, one.sha256) for one in annex.items]


def silence_of(annex: Annex1, zone: str, received_at: datetime) -> Silence | None:
    """Until when the author is not told; never longer than the law has it, also where it says so. Where it cannot
    be read when that was decided, it counts as decided when it came: an author who was told cannot be untold."""
    said = annex.non_disclosure
    if said is None:
        return None
    if said.decided_at is None:
        return Silence(received_at, silence_ends(received_at, zone))
    longest = silence_ends(said.decided_at, zone)
    return Silence(said.decided_at, longest if said.until is None else min(said.until, longest))


def clarified(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    return _act(tx, instance, incoming, Clarified, "clarified", _clarify)


def revoked(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    return _act(tx, instance, incoming, Reason, "revoked", _void("revoked"))


def final(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    return _act(tx, instance, incoming, msgspec.Struct, "final", _finalise)


def scrutiny_decided(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """What the authority of our establishment found, and nobody else's word. Where it found otherwise before,
    neither is acted on any more: a person asks."""
    body, faults = read_body("scrutiny.decided", incoming.envelope.body)
    assert isinstance(body, ScrutinyDecided)
    order = _about(tx, incoming, body.issuer)
    authority = establishment(tx, incoming.own.organisation)
    if authority is None or authority.id != incoming.envelope.from_:
        return Handled(order and order.id, ["not-competent"])
    if faults or order is None or not _proven(incoming):
        return Handled(order and order.id, ["incomplete"] if faults else [])
    timing = Timing(tx, instance, incoming.own, order.id)
    timing.happen("scrutiny.communicated", about_order(order.id), incoming.received_at)
    before = _findings(tx, authority, body.issuer, incoming.envelope.order)
    if any(finding != body.finding for _, finding in before):
        _contradict(timing, f"{body.finding} is found, after another finding")
        return Handled(order.id)
    said: Said = "infringed" if body.finding == "infringement" else "upheld"
    _hear(timing, order, said, {"reasons": body.reasons}, _void("infringed"))
    return Handled(order.id)


def non_disclosure_extended(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """Once, by the same authority, and by six weeks at most."""
    order, body, problems = _read(tx, incoming, DisclosureExtended)
    if order is None or body is None:
        return Handled(order and order.id, problems)
    timing = Timing(tx, instance, incoming.own, order.id)
    _extend(timing, order, body.until, incoming.received_at)
    return Handled(order.id)


def _extend(timing: Timing, order: OrderRow, until: datetime, at: datetime) -> None:
    first = order.non_disclosure_until
    allowed = (
        order.is_silent(timing.tx.now)
        and first is not None
        and order.non_disclosure_first is None
        and first < until <= first + LONGEST_EXTENSION
    )
    if not allowed:
        _contradict(timing, "its non-disclosure cannot be extended so")
        return
    orders.change(timing.tx, order.id, non_disclosure_until=until, non_disclosure_first=first)
    timing.happen("non_disclosure.extended", about_order(order.id), at, until=until)
    keep_silent(timing, until)


def preservation_extended(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """What is held is held for longer, for the period that the authority states, by six months at most."""
    order, body, problems = _read(tx, incoming, PreservationExtended)
    if order is None or body is None:
        return Handled(order and order.id, problems)
    timing = Timing(tx, instance, incoming.own, order.id)
    held = [one.hold_id for one in items_of(tx, order.id) if one.hold_id is not None]
    ends = ends_of_holds(tx, held).values()
    if any(end is not None and body.until > kept_longest(end) for end in ends):
        _contradict(timing, "it asks for more than six months more of keeping")
        return Handled(order.id)
    try:
        with tx.savepoint():
            for hold_id in held:
                extend_hold(tx, hold_id, body.until)
    except Refusal:
        _contradict(timing, "what is held cannot be held for longer so")
        return Handled(order.id)
    moments = {about_hold(hold_id): incoming.received_at for hold_id in held}
    timing.happen_each("preservation.extended", moments, until=body.until)
    if not held:
        _contradict(timing, "nothing is held under it")
    return Handled(order.id)


def preservation_access(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """The request to see what is held: it is kept and rings; a person opens the hold, and that is counted."""
    order = _about(tx, incoming, incoming.envelope.from_)
    _, faults = read_body("preservation.access", incoming.envelope.body)
    if order is not None and not faults and _proven(incoming):
        Timing(tx, instance, incoming.own, order.id).ring()
    return Handled(order and order.id, ["incomplete"] if faults else [])


def prior_information(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """What procedures and deadlines are: it is read, and the receipt is what it asks for."""
    _, faults = read_body("prior_information", incoming.envelope.body)
    return Handled(problems=["incomplete"] if faults else [])


_Do = Callable[[Timing, OrderRow, list[ItemOfOrder], dict[str, Any]], None]


def _act(
    tx: Tx, instance: Instance, incoming: Incoming, body: type[B], said: Said, do: _Do
) -> Handled:
    """What an order's issuer says of it."""
    order, read, problems = _read(tx, incoming, body)
    if order is None or read is None:
        return Handled(order and order.id, problems)
    timing = Timing(tx, instance, incoming.own, order.id)
    _hear(timing, order, said, msgspec.to_builtins(read), do)
    return Handled(order.id)


def _hear(timing: Timing, order: OrderRow, said: Said, given: dict[str, Any], do: _Do) -> None:
    items = items_of(timing.tx, order.id)
    found = heard([one.state for one in items], said)
    if found.moves:
        do(timing, order, [items[place] for place in found.moves], given)
        timing.settle()
        if said != "final":  # nothing is to be done about that
            timing.ring()
    elif found.contradictory:
        _contradict(timing, f"{said}, although it is {order.state}")


def _contradict(timing: Timing, what: str) -> None:
    orders.contradict(timing.tx, timing.order_id, what)
    timing.ring(contradictory=True)


def _clarify(
    timing: Timing, order: OrderRow, items: list[ItemOfOrder], given: dict[str, Any]
) -> None:
    orders.move(timing.tx, items, "clarified", given=given)
    timing.of_items(items, "order.clarified")


def _finalise(
    timing: Timing, order: OrderRow, items: list[ItemOfOrder], given: dict[str, Any]
) -> None:
    orders.move(timing.tx, items, "final", given=given)


def _void(said: Said) -> _Do:
    def do(
        timing: Timing, order: OrderRow, items: list[ItemOfOrder], given: dict[str, Any]
    ) -> None:
        issue_many(timing.tx, void(timing, order, items, said, given))

    return do


def _read(
    tx: Tx, incoming: Incoming, body: type[B]
) -> tuple[OrderRow | None, B | None, list[Problem]]:
    """The order that its issuer speaks of, and what they say; None of what nothing may act by."""
    order = _about(tx, incoming, incoming.envelope.from_)
    read, faults = read_body(incoming.envelope.type, incoming.envelope.body)
    if faults:
        return order, None, ["incomplete"]
    if order is None or not _proven(incoming):
        return order, None, []
    assert isinstance(read, body)
    return order, read, []


def _about(tx: Tx, incoming: Incoming, issuer: str) -> OrderRow | None:
    """The order of an issuer that a message is about, held; the proven one where there are several."""
    if incoming.envelope.order is None:
        return None
    orders.hold_issuer(tx, issuer)
    found = orders_called(tx, "in", issuer, order_ref=incoming.envelope.order)
    return order_of(tx, found[0].id, lock=True) if found else None


def _proven(incoming: Incoming) -> bool:
    """Whether it is its sender's word, and to us."""
    return incoming.verified and not incoming.doubtful


def _said_before(tx: Tx, incoming: Incoming) -> list[tuple[StoredMessage, bytes]]:
    """What its issuer said of an order before it came, each with its bytes: nothing more of it comes until the
    end."""
    ref, issuer = incoming.envelope.order, incoming.envelope.from_
    if ref is None:
        return []
    orders.hold_issuer(tx, issuer)
    return [one for one in messages_about(tx, issuer, ref) if _counted(one[0])]


def _earlier(
    tx: Tx, incoming: Incoming, before: Sequence[tuple[StoredMessage, bytes]]
) -> list[str]:
    """What was said of an order before it came, by who may: each as its type, or as what was found."""
    said = [one.type for one, _ in before if one.type in ("order.revoked", "order.final")]
    authority = establishment(tx, incoming.own.organisation)
    ref, issuer = incoming.envelope.order, incoming.envelope.from_
    found = [] if authority is None else _findings(tx, authority, issuer, ref)
    return said + [finding for one, finding in found if _counted(one) and finding == "infringement"]


def _findings(
    tx: Tx, authority: Party, issuer: str, ref: str | None
) -> list[tuple[StoredMessage, str]]:
    """What an authority has found of an issuer's order, each message with its finding."""
    found: list[tuple[StoredMessage, str]] = []
    for one, jws in messages_about(tx, authority.id, ref) if ref is not None else []:
        if one.type == "scrutiny.decided" and _meant(one):
            body = read_envelope(parse(jws)).body
            if body.get("issuer") == issuer:
                found.append((one, str(body.get("finding"))))
    return found


def _extended_before(
    before: Sequence[tuple[StoredMessage, bytes]],
) -> DisclosureExtended | None:
    """The extension of an order's non-disclosure that overtook the order: the author is not told sooner for
    that."""
    for one, jws in before:
        if one.type == "non_disclosure.extended":
            body, faults = read_body(one.type, read_envelope(parse(jws)).body)
            if isinstance(body, DisclosureExtended) and not faults:
                return body
    return None


def _counted(said: StoredMessage) -> bool:
    """Whether it was its sender's word to us, of an order that we did not know then."""
    return _meant(said) and said.order_id is None


def _meant(said: StoredMessage) -> bool:
    return said.verified and set(said.problems) <= HARMLESS


def _delivered(tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt) -> None:
    """An Annex arrived: the feedback is given."""
    answer = orders.document_delivered(tx, message.id)
    if answer is None:
        return
    order_id, items = answer
    timing = Timing(tx, instance, own_of(tx, instance), order_id)
    moments = {about_item(order_id, n): receipt.received_at for n in items}
    timing.happen_each("feedback.delivered", moments)


def _scrutiny_requested(
    tx: Tx, instance: Instance, message: StoredMessage, receipt: Receipt
) -> None:
    """The request arrived: the three days of the authority run."""
    if message.order_id is not None:
        timing = Timing(tx, instance, own_of(tx, instance), message.order_id)
        subject = about_order(message.order_id)
        at = receipt.received_at
        timing.start("tco.scrutiny_decision", subject, "scrutiny.requested", at)


HANDLERS: dict[str, Handler] = {
    "order.issued": order_issued,
    "order.clarified": clarified,
    "order.revoked": revoked,
    "order.final": final,
    "non_disclosure.extended": non_disclosure_extended,
    "preservation.extended": preservation_extended,
    "preservation.access": preservation_access,
    "prior_information": prior_information,
    "scrutiny.decided": scrutiny_decided,
}
RECEIPTS: dict[str, ReceiptHook] = {
    "order.executed": _delivered,
    "order.not_executed": _delivered,
    "scrutiny.requested": _scrutiny_requested,
}

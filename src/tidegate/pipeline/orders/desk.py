"""The scrutiny desk: copies of other authorities' orders to providers established here, who asks to have them
looked into, and what is decided and told. An infringement ends the order; the intention is told first.
"""

from typing import cast
from uuid import UUID

import msgspec

from tidegate.exchange.queries import party
from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.orders.annexes import Annex1
from tidegate.orders.bodies import OrderCopy, ScrutinyDecided, ScrutinyIntention, ScrutinyRequested
from tidegate.orders.drafts.actions import add_targets, note_carried, take_turns
from tidegate.orders.drafts.model import CarriedIn, check_past, check_said
from tidegate.orders.drafts.targets import targets_of
from tidegate.orders.jws import parse, verified
from tidegate.orders.messages.actions import send
from tidegate.orders.messages.model import Envelope, Incoming, Ours, Problem, read_envelope
from tidegate.orders.scrutinies import actions as desk
from tidegate.orders.scrutinies.model import (
    DecisionIn,
    IntentionIn,
    OrderState,
    Scrutiny,
    after,
    not_now,
)
from tidegate.orders.scrutinies.queries import requests_of, scrutiny_about, scrutiny_of
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.drafted import authority_of
from tidegate.pipeline.orders.handling import Handled, Handler
from tidegate.pipeline.orders.heard import read
from tidegate.pipeline.orders.watching import ESTABLISHMENT, Watching, about_scrutiny
from tidegate.pipeline.own import Own

FUNCTION = "scrutinise"
_REQUEST = "tco.scrutiny_request"


def copied(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """A copy comes: what it orders is known here, so that nobody orders it twice."""
    envelope, own = incoming.envelope, incoming.own
    if (wrong := _wrong(own, incoming)) is not None:
        return Handled(problems=(wrong,))
    if incoming.party is not None and "issue" not in incoming.party.functions:
        return Handled(problems=("not-competent",))
    body, faults = read(incoming)
    copy = cast("OrderCopy", body)
    order = _enclosed(incoming, copy)
    if faults or order is None:
        return Handled(problems=("incomplete",))
    if incoming.doubtful:
        return Handled()
    take_turns(tx)
    scrutiny = desk.open_scrutiny(tx, envelope.from_, envelope.order or "")
    if scrutiny.annex is not None:
        return Handled(scrutiny.id)
    annex = Annex1(**{name: getattr(copy, name) for name in Annex1.__struct_fields__})
    desk.keep_copy(tx, scrutiny, recipient=order.to, reference=annex.reference, annex=told(annex))
    keys = targets_of(instance.secrets.terms_key, annex.items)
    add_targets(tx, scrutiny.id, "copy", keys)
    watching, ours = _watching(tx, instance), own.organisation
    subject = about_scrutiny(scrutiny.id)
    watching.start("tco.scrutiny_own", subject, "copy.received", tx.now, ours, scrutiny.id)
    return Handled(scrutiny.id)


def requested(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
    """Somebody asks: a decision is owed, whatever it will be. Who asks late is heard, and marked."""
    own = incoming.own
    if (wrong := _wrong(own, incoming)) is not None:
        return Handled(problems=(wrong,))
    body, faults = read(incoming)
    if faults:
        return Handled(problems=("incomplete",))
    asked, envelope = cast("ScrutinyRequested", body), incoming.envelope
    if incoming.doubtful:
        return Handled()
    scrutiny = desk.open_scrutiny(tx, asked.issuer, envelope.order or "")
    if scrutiny.recipient not in (None, envelope.from_):
        return Handled(scrutiny.id, ("not-competent",))
    late = _late(tx, instance, own, scrutiny, asked.by)
    said = {"by": asked.by, "reasons": asked.reasons, "late": late}
    desk.keep_request(tx, scrutiny, sender=envelope.from_, **said)  # pyright: ignore[reportArgumentType]
    if scrutiny.state not in ("decided", "communicated"):
        subject = about_scrutiny(scrutiny.id)
        _watching(tx, instance).start(
            "tco.scrutiny_decision",
            subject,
            "scrutiny.requested",
            tx.now,
            own.organisation,
            scrutiny.id,
        )
    return Handled(scrutiny.id)


def order_over(state: OrderState) -> Handler:
    """The handler of what an issuer says of an order that we have a copy of: it is final, or revoked."""

    def handle(tx: Tx, instance: Instance, incoming: Incoming) -> Handled:
        envelope = incoming.envelope
        scrutiny = scrutiny_about(tx, envelope.from_, envelope.order or "")
        if scrutiny is None:
            return Handled(problems=("incomplete",))
        if not incoming.doubtful and scrutiny.order_state == "live":
            desk.order_ended(tx, scrutiny, state)
            if state == "revoked":
                subject = about_scrutiny(scrutiny.id)
                _watching(tx, instance).happen("order.voided", subject, tx.now)
        return Handled(scrutiny.id)

    return handle


def intend(tx: Tx, instance: Instance, id: UUID, given: IntentionIn) -> Scrutiny:
    """Tell the issuer that an infringement is going to be found, and why. Raises Refusal: 403, 404, 409, 422."""
    check_said("/reasons", given.reasons)
    own, scrutiny = _ours(tx, instance, id)
    state = after(scrutiny.state, "intend")
    body = ScrutinyIntention(scrutiny.issuer, given.reasons)
    _send(tx, own, scrutiny, "scrutiny.intention", body, scrutiny.issuer)
    said = {"intention": given.reasons, "intention_by": tx.identity, "intention_at": tx.now}
    return desk.step(tx, scrutiny, state, **said)


def decide(tx: Tx, instance: Instance, id: UUID, given: DecisionIn) -> Scrutiny:
    """Decide, with reasons. Raises Refusal: 403, 404, 422; 409 "intention-first"."""
    check_said("/reasons", given.reasons)
    _, scrutiny = _ours(tx, instance, id)
    state = after(scrutiny.state, "decide", given.finding)
    said = {"finding": given.finding, "reasons": given.reasons}
    said |= {"decided_by": tx.identity, "decided_at": tx.now}
    scrutiny = desk.step(tx, scrutiny, state, **said)
    _watching(tx, instance).happen("scrutiny.decided", about_scrutiny(id), tx.now)
    return scrutiny


def communicate(tx: Tx, instance: Instance, id: UUID) -> Scrutiny:
    """Tell the decision to the issuer and the provider, which tells an author who asked; where no copy says who
    that is, to whom asked. Europol's copy is carried by hand and noted as such. Raises Refusal: 403, 404, 409."""
    own, scrutiny = _ours(tx, instance, id)
    state = after(scrutiny.state, "communicate")
    assert scrutiny.finding is not None
    body = ScrutinyDecided(scrutiny.issuer, scrutiny.finding, scrutiny.reasons or "")
    known = scrutiny.recipient
    providers = {one.sender for one in requests_of(tx, id)} if known is None else {known}
    for to in [scrutiny.issuer, *sorted(providers)]:
        _send(tx, own, scrutiny, "scrutiny.decided", body, to)
    said = {"communicated_by": tx.identity, "communicated_at": tx.now}
    scrutiny = desk.step(tx, scrutiny, state, **said)
    if scrutiny.finding == "infringement" and scrutiny.order_state == "live":
        scrutiny = desk.order_ended(tx, scrutiny, "void")
    _watching(tx, instance).happen("scrutiny.communicated", about_scrutiny(id), tx.now)
    return scrutiny


def carry_copy(tx: Tx, instance: Instance, id: UUID, given: CarriedIn) -> Scrutiny:
    """Write down that a decision was brought to somebody by hand, Europol say. Raises Refusal: 403, 404; 409
    before it was communicated; 422."""
    _, scrutiny = _ours(tx, instance, id)
    if scrutiny.state != "communicated":
        raise not_now(scrutiny.state)
    check_past(given.at, tx.now)
    note_carried(tx, id, given)
    return scrutiny


def _wrong(own: Ours, incoming: Incoming) -> Problem | None:
    """Why a message is nothing for our desk."""
    if FUNCTION not in own.organisation.functions:
        return "not-competent"
    return "incomplete" if incoming.envelope.order is None else None


def _enclosed(incoming: Incoming, copy: OrderCopy) -> Envelope | None:
    """The order that a copy encloses, as it was sent; None where it is not its sender's own, or says something
    else than the copy."""
    try:
        jws = parse(copy.jws.encode(errors="replace"))
        order = read_envelope(jws)
    except Exception:  # whatever is wrong with it, it proves nothing
        return None
    key = None if incoming.party is None or jws.kid is None else incoming.party.key(jws.kid)
    outer = incoming.envelope
    same = (order.type, order.from_, order.order) == ("order.issued", outer.from_, outer.order)
    same = same and outer.body == order.body | {"jws": copy.jws}
    return order if same and key is not None and verified(jws, key.x) else None


def _late(tx: Tx, instance: Instance, own: Ours, scrutiny: Scrutiny, by: str) -> bool:
    """Whether a provider asks after its 48 hours, by the generous reading from our copy on: its own receipt
    of the order we do not know. When an author was informed we do not know either."""
    if by != "provider" or scrutiny.received_at is None:
        return False
    packs, holder = instance.clocks, party(tx, scrutiny.recipient or "") or own.organisation
    terms = packs.terms(holder.zone, holder.member_state)
    due = packs.due(packs.definition(_REQUEST), scrutiny.received_at, terms)
    return tx.now > due.due_latest


def _ours(tx: Tx, instance: Instance, id: UUID) -> tuple[Own, Scrutiny]:
    return authority_of(tx, instance, FUNCTION), scrutiny_of(tx, id, lock=True)


def _send(tx: Tx, own: Own, scrutiny: Scrutiny, type: str, body: msgspec.Struct, to: str) -> None:
    send(
        tx,
        own,
        type=type,
        order=scrutiny.order_ref,
        order_id=scrutiny.id,
        to=to,
        body=body,
    )


def _watching(tx: Tx, instance: Instance) -> Watching:
    return Watching(tx, instance, ESTABLISHMENT)

"""What an order is answered with: Annex II of what was executed, Annex III of what cannot be, or not yet. Each
is kept to the byte and sent, in the same commit, to whoever can be sent it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tidegate.access.signatures import signature_of
from tidegate.exchange.queries import party
from tidegate.infra.db import Tx
from tidegate.infra.ids import uuid7
from tidegate.orders import actions as orders
from tidegate.orders.annex_rules import read_annex1
from tidegate.orders.annexes import (
    Annex1,
    Annex2,
    Annex3,
    Executed,
    Ground,
    Signatory,
    annex2,
    annex3,
    as_json,
)
from tidegate.orders.messages.actions import send
from tidegate.orders.messages.model import Ours
from tidegate.orders.model import ItemOfOrder, OrderRow
from tidegate.orders.queries import Document, documents_of, order_of
from tidegate.pipeline.orders.timing import Timing

ANNEX_2, ANNEX_3 = "annex-2", "annex-3"
_TYPES = {ANNEX_2: "order.executed", ANNEX_3: "order.not_executed"}


def executed(timing: Timing, order: OrderRow, items: Sequence[ItemOfOrder]) -> Document:
    """Annex II of these items, which were executed just now."""
    done = [Executed(one.url, one.measure, one.at) for one in items if one.measure and one.at]
    document = annex2(
        annex_of(order, timing.own),
        done,
        own_reference=str(order.id),
        received_at=_received(order),
        signatory=_signatory(timing),
    )
    return _answer(timing, order, ANNEX_2, document, items, "order.executed")


def not_executed(
    timing: Timing,
    order: OrderRow,
    items: Sequence[ItemOfOrder],
    *,
    ground: Ground,
    explanation: str,
    needed: str | None,
    event: str,
) -> Document:
    """Annex III of these items: why they are not executed, and what would be needed."""
    document = annex3(
        annex_of(order, timing.own),
        [ground],
        explanation,
        clarification=needed,
        urls=[one.url for one in items],
        own_reference=str(order.id),
        received_at=_received(order),
        signatory=_signatory(timing),
    )
    return _answer(timing, order, ANNEX_3, document, items, event)


def annex_of(order: OrderRow, own: Ours) -> Annex1:
    """Annex I as it came; of what came without one, what is known."""
    known = {
        "issuing": {"name": order.issuer},
        "addressee": {"name": own.organisation.name},
        "reference": order.reference,
    }
    return read_annex1(order.annex or known)[0]


def crosses_borders(tx: Tx, own: Ours, order: OrderRow) -> bool:
    """Whether an order comes from another state than ours: these alone Article 4 lets an authority look into. One
    of which it is not known counts as such."""
    issuer = party(tx, order.issuer)
    state = annex_of(order, own).issuing.member_state if issuer is None else issuer.member_state
    return state != own.organisation.member_state


def tell_issuer(
    tx: Tx, own: Ours, order: OrderRow, type: str, body: object, to: str | None = None
) -> UUID | None:
    """Send something about an order, to its issuer or another; None where there is nobody to send it to, or
    no name of theirs for the order."""
    to = to or order.issuer
    known = party(tx, to)
    if known is None or known.inbox is None or order.order_ref is None:
        return None
    sent = send(tx, own, type=type, order=order.order_ref, order_id=order.id, to=to, body=body)
    return sent.id


def send_unsent(tx: Tx, own: Ours, order_id: UUID) -> None:
    """Send the answers for which there was nobody to send them to, now that there is."""
    order = order_of(tx, order_id)
    for one in reversed(documents_of(tx, order_id)):
        if one.message_id is None:
            sent = tell_issuer(tx, own, order, _TYPES[one.name], _decoded(one))
            if sent is not None:
                orders.document_sent(tx, one.id, sent)


def _decoded(document: Document) -> object:
    return msgspec.json.decode(document.body)


def _answer(
    timing: Timing,
    order: OrderRow,
    name: str,
    document: Annex2 | Annex3,
    items: Sequence[ItemOfOrder],
    event: str,
) -> Document:
    tx, own = timing.tx, timing.own
    kept = Document(
        id=uuid7(tx.now),
        name=name,
        items=[one.n for one in items],
        body=as_json(document),
        kid=own.key.kid,
        message_id=tell_issuer(tx, own, order, _TYPES[name], document),
        made_at=tx.now,
        made_by=tx.actor,
        delivered_at=None,
    )
    orders.keep_document(tx, order.id, kept)
    timing.start_each("tco.feedback", timing.about(items), event, tx.now)
    return kept


def _received(order: OrderRow) -> datetime:
    return order.received_at or order.created_at


def _signatory(timing: Timing) -> Signatory:
    """Who answers for us: the person who did it, by the name and post that they sign as, else by their address."""
    ours = timing.own.organisation
    person = timing.tx.actor
    if not person.startswith("user:"):
        return Signatory(ours.name, "automatic, provisional", ours.contact_email)
    email = person.removeprefix("user:")
    said = signature_of(timing.tx, email)
    return Signatory(said.name or email, said.post or "authorised person", ours.contact_email)

"""The documents of an order: the annexes, to the byte as they came or went, and as pages."""

import msgspec

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.orders.annex_pdf import render_pdf
from tidegate.orders.jws import parse
from tidegate.orders.messages.queries import message_jws, messages_of
from tidegate.orders.model import OrderRow
from tidegate.orders.queries import documents_of
from tidegate.orders.wording import NAMES
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.came_back import annex_in, came_back
from tidegate.pipeline.orders.shown import ANNEX_1
from tidegate.pipeline.own import own_of


class Paper(msgspec.Struct, frozen=True):
    """The JSON of a document, and the key that signed it; None: nobody did."""

    body: bytes
    kid: str | None


def annex_json(tx: Tx, order: OrderRow, name: str) -> Paper:
    """A document of an order, the newest of that name. Raises Refusal (404)."""
    if name == ANNEX_1 and order.annex is not None:
        return Paper(msgspec.json.encode(order.annex), _signer(tx, order))
    found = documents_of(tx, order.id, name)
    if found:
        return Paper(found[0].body, found[0].kid)
    for called, message in came_back(messages_of(tx, order.id)):
        if called == name:
            jws = parse(message_jws(tx, message))
            return Paper(annex_in(jws), jws.kid)
    raise Refusal("document-unknown", 404, "The order has no such document")


def annex_pdf(tx: Tx, instance: Instance, order: OrderRow, name: str) -> bytes:
    """The same as a PDF. Raises Refusal (404)."""
    paper = annex_json(tx, order, name)
    return render_pdf(
        next(one for one in NAMES if one == name),
        paper.body,
        signer_kid=paper.kid,
        synthetic=own_of(tx, instance).organisation.synthetic,
        wording=instance.wording,
    )


def _signer(tx: Tx, order: OrderRow) -> str | None:
    """The key that is known to have signed an order."""
    for one in messages_of(tx, order.id):
        if one.type == "order.issued" and one.verified:
            return parse(message_jws(tx, one.id)).kid
    return None

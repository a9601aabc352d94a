"""An order that came by mail, fax or post, as a person writes it down with its file: as `POST /v1/orders/upload` is
sent it. A signed message that was brought as a file counts as one that came to the inbox.
"""

import json
from typing import Any
from uuid import UUID

import msgspec

from tidegate.exchange.model import Party
from tidegate.exchange.queries import parties
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.parsing import convert
from tidegate.orders.jws import parse
from tidegate.orders.queries import orders_by_ids
from tidegate.pipeline.orders.inbox import take
from tidegate.pipeline.orders.taking import ByHand, Written, write_down
from tidegate.web.api.orders_taken import MOST_BYTES, is_message, kind_of
from tidegate.web.multipart import File
from tidegate.web.pages.order_drafts import ISSUING, annex_of, given_of
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit

PATH = "/orders/upload"
OFFERED = 200


class UploadPage(msgspec.Struct, frozen=True):
    """The authorities that are registered: an order of one of them is written down by its id."""

    authorities: list[Party]


def show_new(visit: Visit) -> UploadPage:
    with visit.begin() as tx:
        return UploadPage(parties(tx, kind="authority", limit=OFFERED))


def upload(visit: Visit) -> str:
    file = visit.file("file")
    if file is None:
        raise bad_field("/file", "what came, as a file", "nothing")
    if is_message(file) or file.filename.lower().endswith(".jws"):
        return _take(visit, file)
    came = {name: visit.field(name) for name in ("issuer", "channel", "received_at")}
    given = Written(
        came=convert(given_of(**came), ByHand),
        annex=_annex(visit),
        file=file.data,
        content_type=kind_of(file),
    )
    with visit.begin() as tx:
        taken = write_down(tx, visit.instance, given)
    return f"/orders/{taken.order.id}?done=order-{'again' if taken.joined else 'written'}"


def _annex(visit: Visit) -> dict[str, Any]:
    return given_of(
        **annex_of(visit, ("member_state", *ISSUING)),
        reference=visit.field("reference"),
        issued_at=visit.field("issued_at"),
    )


def _take(visit: Visit, file: File) -> str:
    """Take a signed message in, and go on to the order that it is about, if it is about one."""
    try:
        with visit.begin() as tx:
            said = json.loads(parse(take(tx, visit.instance, file.data, None)).payload)["order"]
            known = bool(said and orders_by_ids(tx, [UUID(said)]))
    except Refusal as refusal:
        raise of_form(refusal, {one.pointer: "file" for one in refusal.errors}) from None
    return f"/orders{f'/{said}' if known else ''}?done=order-message"


_new = PageRoute(
    path=PATH,
    handler=show_new,
    scope="orders:execute",
    template="order_upload.html",
    whole=True,
)

pages = [
    _new,
    PageRoute(
        method="POST",
        path=PATH,
        handler=upload,
        scope="orders:execute",
        limit=lambda _: MOST_BYTES,
        again=_new,
        whole=True,
    ),
]

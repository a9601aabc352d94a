"""`POST /public/orders/inbox`: where other instances bring their messages. The signature is the authentication.

The 202 carries a receipt that we signed, which is durable before it is sent. What is too much to take is
read to the end all the same, and thrown away but for its beginning: who sent it stands at its end.
"""

import hashlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tidegate.infra.acting import Acting
from tidegate.infra.db import again
from tidegate.infra.errors import Refusal
from tidegate.orders.jws import MEDIA_TYPE, MOST_BYTES, kid_in, too_large
from tidegate.orders.messages.flood import HEAD_BYTES, Refused
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.inbox import take, tell_refused
from tidegate.web.api.endpoint import Application, require_json
from tidegate.web.body import pieces
from tidegate.web.places import in_turn

PATH = "/public/orders/inbox"
MOST_READ = 16 << 20
_TAIL_BYTES = 16 << 10
_INBOX = Acting("inbox")


async def receive(request: Request) -> Response:
    """Take a message. Raises Refusal as `take` does."""
    require_json(request)
    raw = await _read(request)
    if isinstance(raw, Refused):
        await in_turn(request, again, lambda: _tell(request, raw))
        raise too_large()
    receipt = await in_turn(request, again, lambda: _take(request, raw))
    return Response(receipt, 202, media_type=MEDIA_TYPE)


async def _read(request: Request) -> bytes | Refused:
    """The body, or what can be said of one that is over the limit."""
    body, digest, size, over = bytearray(), hashlib.sha256(), 0, False
    try:
        async for piece in pieces(request, MOST_READ):
            digest.update(piece)
            size += len(piece)
            body += piece
            if over := size > MOST_BYTES:  # the beginning, and what came last
                del body[HEAD_BYTES : max(HEAD_BYTES, len(body) - _TAIL_BYTES)]
    except Refusal as refused:
        if refused.status != 413:
            raise
        over = True
    if not over:
        return bytes(body)
    head, tail = bytes(body[:HEAD_BYTES]), bytes(body[HEAD_BYTES:])
    return Refused(
        head=head,
        size=size,
        digest=digest.digest(),
        kid=kid_in(head) or kid_in(tail),
        refused_as="body-too-large",
    )


def _take(request: Request, raw: bytes) -> bytes:
    instance: Instance = request.app.state.services
    try:
        with instance.database.begin(_INBOX, request.state.request_id) as tx:
            return take(tx, instance, raw, request.state.address)
    except Refusal as refusal:
        if refusal.status in (413, 422):
            _tell(request, Refused.of(raw, refusal))
        raise


def _tell(request: Request, refused: Refused) -> None:
    instance: Instance = request.app.state.services
    with instance.database.begin(_INBOX, request.state.request_id) as tx:
        tell_refused(tx, instance, refused, request.state.address)


route = Route(PATH, Application(receive), methods=["POST"], name=f"POST {PATH}")

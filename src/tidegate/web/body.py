"""Reading request bodies: never more than the limit, never long without movement, never for ever."""

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from tidegate.infra.errors import Refusal
from tidegate.infra.settings import Settings


def too_large(limit: int) -> Refusal:
    """The 413; the connection closes, so that the rest is not read either."""
    return Refusal(
        "body-too-large",
        413,
        "The body is over the limit",
        f"This route takes at most {limit:,} bytes. Send less, or raise the limit in the settings.",
        headers={"Connection": "close"},
        limit=limit,
    )


class Pace:
    """How long a sender may still take: `grace` seconds, and a second more for every `rate` bytes
    that came. Only what is spent waiting for it counts."""

    def __init__(self, grace: float, rate: float) -> None:
        self._grace = grace
        self._rate = rate
        self._left = grace

    async def next(self, receive: Receive) -> Message:
        """The next piece. Raises TimeoutError when nothing moves, or all that came was too little
        for the time it took."""
        began = time.monotonic()
        message = await asyncio.wait_for(receive(), min(self._grace, self._left))
        self._left += len(message.get("body", b"")) / self._rate - (time.monotonic() - began)
        return message


async def chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it comes. Raises Refusal: 413 over `limit` (before reading, where the length is
    declared), 408 when nothing moves, or too slowly."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    async for piece in pieces(request, limit):
        yield piece


async def pieces(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The same, read up to `limit` whatever length is declared."""
    settings: Settings = request.app.state.services.settings
    idle, rate = settings.idle_seconds, settings.body_bytes_per_second
    pace = Pace(idle, rate)
    size = 0
    while True:
        try:
            message = await pace.next(request.receive)
        except TimeoutError:
            raise Refusal(
                "body-stalled",
                408,
                "The body stopped coming",
                f"Nothing arrived for {idle:g} s, or less than {rate:,} bytes a second.",
                headers={"Connection": "close"},
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            return


async def read(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes."""
    return b"".join([chunk async for chunk in chunks(request, limit)])

"""Reading request bodies: never more than the limit, never long without movement."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from tidegate.infra.errors import Refusal


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


async def chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it comes. Raises Refusal: 413 over `limit` (before reading, where the length is
    declared), 408 when nothing moves."""
    idle: float = request.app.state.services.settings.idle_seconds
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)
    size = 0
    while True:
        try:
            message = await asyncio.wait_for(request.receive(), idle)
        except TimeoutError:
            raise Refusal(
                "body-stalled",
                408,
                "The body stopped coming",
                f"Nothing arrived for {idle:g} s.",
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

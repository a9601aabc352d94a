"""`GET /events`: what happens, as it happens, for whoever is signed in: server-sent events of five types.

`case` {id, state, held_by?}, `queue` {queue}, `alert` {id, kind, case, acknowledged_by?}, `order` {} (one
rings, or rings no more) and `session` {ends_at} or {ended}: ids and states, no content. `reset` says that
something was left out: what a page shows may be old. A stream goes on by `Last-Event-ID`, and may then repeat
what was told.
"""

import asyncio

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tidegate.access.model import Principal
from tidegate.web.connection import drop, until_leaving
from tidegate.web.headers import SECURITY_HEADERS
from tidegate.web.hub import Hub, Listener, mark
from tidegate.web.problems import as_refusal, problem

HEARTBEAT_SECONDS = 15.0
LAST_SECONDS = 1.0  # for taking what is still to be sent at the end
_RETRY = b"retry: 2000\n\n"


async def events(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI endpoint: the stream holds neither a thread nor a connection of the database."""
    request = Request(scope)
    principal: Principal = request.state.principal
    hub: Hub = request.app.state.hub
    if request.method == "HEAD":
        await _start(request, send)
        await send({"type": "http.response.body"})
        return
    try:
        listener = await hub.join(principal, _known(request))
    except Exception as error:
        refused = problem(as_refusal(error, request.state.request_id), request.state.request_id)
        await refused(scope, receive, send)
        return
    try:
        await _start(request, send)
        await _stream(scope, receive, send, hub, listener)
    finally:
        hub.leave(listener)


def _known(request: Request) -> str | None:
    """What was told last to who comes again: by itself, or another tab for it."""
    return request.headers.get("last-event-id") or request.query_params.get("after")


async def _start(request: Request, send: Send) -> None:
    named = SECURITY_HEADERS | {
        "content-type": "text/event-stream",
        "cache-control": "no-store, no-transform",
        "x-accel-buffering": "no",  # proxies: hold nothing back
    }
    if request.app.state.services.settings.https_only:
        named["Strict-Transport-Security"] = "max-age=31536000"
    headers = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _stream(scope: Scope, receive: Receive, send: Send, hub: Hub, listener: Listener) -> None:
    """Write until the listener is over, its client goes or the server stops; who does not take the last
    of it is dropped."""
    writing = asyncio.create_task(_write(send, hub, listener))
    ends = [
        asyncio.create_task(end)
        for end in (_gone(receive), until_leaving(scope), listener.until_over())
    ]
    try:
        await asyncio.wait([writing, *ends], return_when=asyncio.FIRST_COMPLETED)
        listener.end()
        done, _ = await asyncio.wait([writing], timeout=LAST_SECONDS)
        if not done:
            await drop(scope)
    finally:
        for task in (writing, *ends):
            task.cancel()
        await asyncio.gather(writing, *ends, return_exceptions=True)


async def _write(send: Send, hub: Hub, listener: Listener) -> None:
    await send({"type": "http.response.body", "body": _RETRY, "more_body": True})
    while (data := await listener.next(HEARTBEAT_SECONDS)) is not None:
        body = data or mark(hub.floor)
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Events:
    """Starlette takes an object with `__call__` as a bare ASGI endpoint."""

    __call__ = staticmethod(events)


route = Route("/events", _Events(), methods=["GET"])

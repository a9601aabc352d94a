"""The HTTP connection: uvicorn's, within limits, and a request can have it dropped at once.

uvicorn reads a head for as long as it comes and waits for as long as it doesn't; here both end. An
ordinary close waits until the client has read what it is owed, which one that never reads will not.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

import msgspec
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tidegate.infra.errors import Refusal
from tidegate.web.crowd import TURNED_AWAY, Crowd

_EXTENSION = "tidegate.drop"
_LEAVING = "tidegate.leaving"

_LINGER_SECONDS, _LINGER_BYTES = 2.0, 1 << 20
"""For so long, and so many bytes, a client that was turned away is still listened to: a connection
closed at once would be reset, and the client would never see the answer."""

_MALFORMED = Refusal(
    "malformed-request", 400, "This is no HTTP request", "It cannot be read as HTTP/1.1."
)


class Connection(HttpToolsProtocol):
    """What uvicorn makes for each client."""

    def __init__(self, crowd: Crowd, **given: Any) -> None:
        super().__init__(**given)
        self._crowd = crowd
        self._limits = crowd.limits
        self._asked = False  # anything, ever
        self._in_head = True
        self._fed = 0  # bytes since a head, a piece of a body or a request was complete
        self._since: float | None = None  # of a head, or of what comes after an answer
        self._turned_away = False
        self._unsent, self._taken_at = 0, 0.0
        self._leaving = asyncio.Event()

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        address = self.client[0] if self.client else None
        if refusal := self._crowd.join(self, address):
            self._turn_away(refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._turned_away:
            self._fed += len(data)
            if self._fed > _LINGER_BYTES:
                self.transport.abort()
            return
        limit = self._limits.head_bytes
        # Up to the limit and no further: the parser copies an unfinished header with each piece.
        while self._in_head and self._fed + len(data) > limit and not self.transport.is_closing():
            room = limit - self._fed
            if not room:
                self._turn_away(_too_large(limit))
                return
            self._fed = limit
            super().data_received(data[:room])
            data = data[room:]
        if self._turned_away or not data:
            return
        self._fed += len(data)
        super().data_received(data)
        if self._fed > limit and not self._in_head:  # a trailer that doesn't end
            self._turn_away(_too_large(limit))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: MutableMapping[str, Any] = self.scope  # pyright: ignore[reportAssignmentType]
        scope["extensions"] = {_EXTENSION: self.transport.abort, _LEAVING: self._leaving}

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._asked, self._in_head, self._fed, self._since = True, False, 0, None

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._fed = 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._fed = True, 0

    def shutdown(self) -> None:
        self._leaving.set()
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        self._turn_away(_MALFORMED)

    def look(self, now: float) -> None:
        """Whether its time is up, for the crowd's timer."""
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent < self._unsent:
            self._taken_at = now
        self._unsent = unsent
        if unsent and now - self._taken_at > self._limits.idle_seconds:
            TURNED_AWAY.labels("unread").inc()
            self.transport.abort()
        elif not self._is_awaited:
            self._since = None
        elif self._since is None:
            self._since = now
        elif self._turned_away:
            if now - self._since > _LINGER_SECONDS:
                self.transport.abort()
        elif now - self._since > self._limits.head_seconds:
            if self._in_head and self._fed:
                self._turn_away(_too_slow(self._limits.head_seconds))
            else:
                self.transport.close()

    @property
    def _is_awaited(self) -> bool:
        """Whether it is the client's turn: to complete a head, the first one of all included, or
        what is left of a body that was answered already. Between two requests it may rest."""
        if self._turned_away:
            return True
        if self.transport.is_closing() or self.pipeline:
            return False
        if not self._asked:
            return True
        return self.cycle.response_complete and (self._fed > 0 or not self._in_head)

    def _turn_away(self, refusal: Refusal) -> None:
        """Say no and read nothing more. Where another answer is under way, close after that."""
        TURNED_AWAY.labels(refusal.type).inc()
        self._unset_keepalive_if_required()
        in_body = not self._in_head
        self._turned_away, self._fed, self._since = True, 0, None
        if self._asked and not self.cycle.response_complete:
            if self.pipeline or self.cycle.response_started or not in_body:
                self.cycle.keep_alive = False
                return
            self.cycle.disconnected = True  # its own body: nobody waits for the rest of it
            self.cycle.message_event.set()
        self.transport.write(_written(refusal))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        # Even where it was held up before: only what was read can be ended politely.
        self.flow.resume_reading()


def _too_large(limit: int) -> Refusal:
    return Refusal(
        "head-too-large",
        431,
        "The request's head is too large",
        f"The request line and all headers together have at most {limit:,} bytes.",
    )


def _too_slow(seconds: float) -> Refusal:
    return Refusal(
        "head-slow",
        408,
        "The request's head did not come in time",
        f"The request line and all headers must be here within {seconds:g} s.",
    )


def _written(refusal: Refusal) -> bytes:
    """A whole answer, for those who never get as far as the application."""
    body = msgspec.json.encode(refusal.document())
    headers = {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "connection": "close",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        **refusal.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"".join((STATUS_LINE[refusal.status], lines.encode(), b"\r\n", body))


async def drop(scope: Scope) -> None:
    """Drop the connection, whatever is still to be sent. Without one of ours this does nothing."""
    abort: Callable[[], None] | None = scope.get("extensions", {}).get(_EXTENSION)
    if abort is not None:
        abort()
        await asyncio.sleep(0)  # now uvicorn knows too


async def until_leaving(scope: Scope) -> None:
    """Return once the server stops: an answer that has no end of its own ends then. Without a
    connection of ours this waits for ever."""
    leaving: asyncio.Event = scope.get("extensions", {}).get(_LEAVING) or asyncio.Event()
    await leaving.wait()

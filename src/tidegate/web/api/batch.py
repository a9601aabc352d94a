"""`POST /v1/items/batch` and `/v1/reports/batch`: NDJSON in, NDJSON out, each line answered once what it
brings is durable.

Two coroutines share a window: one reads lines and submits them, one writes answers in order. What
was read and not yet answered *into the socket* is bounded, so a client that only writes is held up.
It is cut off when neither side has moved for `idle_seconds`, when it takes nothing for so long of an
answer that waits for it, and when a line comes too slowly. What was done by then stays done.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from tidegate.content.model import ItemIn
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import decode
from tidegate.infra.settings import Settings
from tidegate.intake.model import Before, ReportIn
from tidegate.pipeline.instance import Instance
from tidegate.web.api.endpoint import Call, forbidden
from tidegate.web.api.items import submit_item
from tidegate.web.api.reports import submit_report
from tidegate.web.body import Pace
from tidegate.web.connection import drop
from tidegate.web.problems import as_refusal, problem
from tidegate.web.rates import Rates

log = structlog.get_logger()

T = TypeVar("T")

MAX_LINES = 10_000
MAX_BYTES = 8 << 20
MEDIA_AHEAD = 16  # lines with media under way at once; more would crowd out other requests


class Line(Protocol):
    """What a line is about: its id, in whose order it is taken, and its files."""

    @property
    def id(self) -> str: ...

    @property
    def media(self) -> Sequence[object]: ...


L = TypeVar("L", bound=Line)


class Kind(msgspec.Struct, Generic[L], frozen=True, kw_only=True):
    """A sort of batch: what its lines are, by which name they are answered, and with what status and by
    what `submit` as by the route that takes one."""

    path: str
    scope: str
    line: type[L]
    name: str
    status: int
    summary: str
    submit: Callable[[Instance, Call, L], Awaitable[bytes]]


class Window:
    """The answers that are owed, in order, and how much input they stand for."""

    def __init__(self, idle: float) -> None:
        self.idle = idle
        self.moved_at = time.monotonic()
        self.owed: deque[tuple[asyncio.Task[bytes], int]] = deque()
        self.bytes = 0
        self.ended = False
        self.moved = asyncio.Event()  # anything changed on either side

    @property
    def is_full(self) -> bool:
        return len(self.owed) >= MAX_LINES or self.bytes >= MAX_BYTES

    def push(self, task: "asyncio.Task[bytes]", size: int) -> None:
        self.owed.append((task, size))
        self.bytes += size
        self.move()

    def pop(self) -> None:
        _, size = self.owed.popleft()
        self.bytes -= size
        self.move()

    def move(self) -> None:
        self.moved_at = time.monotonic()
        self.moved.set()

    async def change(self) -> None:
        """Until something moves. Raises TimeoutError when nothing does."""
        self.moved.clear()
        await self.patiently(self.moved.wait())

    async def patiently(self, wanted: Awaitable[T]) -> T:
        """The result of `wanted`, waited for as long as either side moves. Raises TimeoutError."""
        task = asyncio.ensure_future(wanted)
        try:
            while not task.done():
                left = self.moved_at + self.idle - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                await asyncio.wait({task}, timeout=left)
        finally:
            task.cancel()  # harmless when done
        self.moved_at = time.monotonic()
        return task.result()

    async def taken(self, sending: Awaitable[None]) -> None:
        """Send, however much comes meanwhile. Raises TimeoutError when the client takes nothing."""
        await asyncio.wait_for(sending, self.idle)
        self.moved_at = time.monotonic()


class Turns:
    """Who is under way in one batch: lines with one id take their turns in the order they came."""

    def __init__(self) -> None:
        self.media = asyncio.Semaphore(MEDIA_AHEAD)
        self._last: dict[str, asyncio.Event] = {}

    async def take(self, line: Line, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work when it is the line's turn."""
        before = self._last.get(line.id)
        done = self._last[line.id] = asyncio.Event()
        try:
            if before is not None:
                await before.wait()
            if not line.media:
                return await work()
            async with self.media:
                return await work()
        finally:
            done.set()
            if self._last[line.id] is done:
                del self._last[line.id]


class Batch(Generic[L]):
    """The ASGI endpoint of a sort of batch, as Starlette takes it bare: an object with `__call__`."""

    def __init__(self, kind: Kind[L]) -> None:
        self.kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _batch(self.kind, scope, receive, send)


async def _batch(kind: Kind[L], scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a batch. Refusals of the envelope are ordinary responses; of a line, its line."""
    request = Request(scope, receive)
    request_id: str = request.state.request_id
    try:
        principal = request.state.principal
        if not principal.may(kind.scope):
            raise forbidden(kind.scope)
        call = Call(request, request.app.state.services, principal, None, None)
        call.platform()
        sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if sent != "application/x-ndjson":
            raise Refusal(
                "unsupported-media-type",
                415,
                "The body's type is not what this route takes",
                f"Expected Content-Type: application/x-ndjson, got {sent[:60]!r}.",
            )
    except Exception as error:
        await problem(as_refusal(error, request_id), request_id)(scope, receive, send)
        return
    headers = [
        (b"content-type", b"application/x-ndjson"),
        (b"x-accel-buffering", b"no"),
        # Whatever the client still sends after the last answer is not read.
        (b"connection", b"close"),
    ]
    window = Window(call.instance.settings.idle_seconds)
    reader = asyncio.create_task(_read(kind, call, receive, window))
    # The reader asks first: whoever sent Expect: 100-continue is told to go on.
    for _ in range(2):
        await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        await _write(window, send, reader)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (TimeoutError, ClientDisconnect):
        log.info("batch.dropped", request_id=request_id, owed=len(window.owed))
        await drop(scope)
    finally:
        reader.cancel()
        for task, _ in window.owed:
            task.cancel()


async def _write(window: Window, send: Send, reader: "asyncio.Task[None]") -> None:
    """Send answers in order as they become durable, several in one piece when they are ready."""
    while not (window.ended and not window.owed):
        if reader.done():
            reader.result()  # raises what ended it early
        if not window.owed:
            await window.change()
            continue
        await window.patiently(asyncio.shield(window.owed[0][0]))
        lines: list[bytes] = []
        while window.owed and window.owed[0][0].done() and len(lines) < 64:
            lines.append(window.owed[0][0].result())
            window.pop()
        message = {"type": "http.response.body", "body": b"".join(lines), "more_body": True}
        await window.taken(send(message))
    await reader


async def _read(kind: Kind[L], call: Call, receive: Receive, window: Window) -> None:
    """Read lines while there is room, and submit each as it comes."""
    index = 0
    turns = Turns()
    rates: Rates = call.request.app.state.rates
    limited = rates.rate_of(call.principal) is not None
    try:
        async for line in _lines(receive, window, call.instance.settings):
            if limited:
                await _turn_of(call, window, rates)
            task = asyncio.create_task(_answer(kind, call, turns, index, line))
            window.push(task, len(line) if isinstance(line, bytes) else 0)
            index += 1
    finally:
        window.ended = True
        window.moved.set()


async def _turn_of(call: Call, window: Window, rates: Rates) -> None:
    """Until the key may send one more: a line that comes too fast waits, and is not refused."""
    while (seconds := rates.wait(call.principal)) > 0:
        await asyncio.sleep(min(seconds, 1.0))
        window.move()  # it is the server that rests


async def _lines(
    receive: Receive, window: Window, settings: Settings
) -> AsyncIterator[bytes | Refusal]:
    """The body's lines, less those with nothing on them. A line over the limit ends the stream with its
    refusal: there is no telling where the next would begin."""
    limit = settings.json_limit
    rest = bytearray()
    pace = Pace(settings.idle_seconds, settings.body_bytes_per_second)
    more = True
    while more:
        while window.is_full:
            await window.change()
        # Between two lines it may rest; one that has begun must come.
        message = await window.patiently(pace.next(receive) if rest else receive())
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        rest += piece
        if b"\n" in piece:
            *whole, tail = bytes(rest).split(b"\n")
            rest = bytearray(tail)
            pace = Pace(settings.idle_seconds, settings.body_bytes_per_second)
            for line in filter(bytes.strip, whole):
                while window.is_full:
                    await window.change()
                yield line
        if len(rest) > limit:
            yield Refusal(
                "line-too-long",
                413,
                "A line is over the limit",
                f"A line has at most {limit:,} bytes; nothing after it was read.",
                limit=limit,
            )
            return
    if rest.strip():
        yield bytes(rest)


async def _answer(
    kind: Kind[L], call: Call, turns: Turns, index: int, line: bytes | Refusal
) -> bytes:
    """One line of the answer, with what the single route would answer."""
    try:
        if isinstance(line, Refusal):
            raise line
        given = decode(line, kind.line)
        body = await turns.take(given, lambda: kind.submit(call.instance, call, given))
        told = (index, kind.status, kind.name.encode(), body)
        before = b',"before":true' if isinstance(body, Before) else b""
        return b'{"index":%d,"status":%d,"%b":%b%b}\n' % (*told, before)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        refusal = as_refusal(error, call.request_id)
        document = msgspec.json.encode(refusal.document())
        return b'{"index":%d,"status":%d,"problem":%b}\n' % (index, refusal.status, document)


ITEMS = Kind(
    path="/v1/items/batch",
    scope="items:write",
    line=ItemIn,
    name="item",
    status=200,
    summary="Submit many posts as NDJSON; each line is answered once it is durable",
    submit=submit_item,
)
REPORTS = Kind(
    path="/v1/reports/batch",
    scope="reports:write",
    line=ReportIn,
    name="report",
    status=201,
    summary="Send many reports as NDJSON; each line is answered once it is durable",
    submit=submit_report,
)
KINDS: tuple[Kind[Any], ...] = (ITEMS, REPORTS)

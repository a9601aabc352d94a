"""The load generator: prepared requests over bare sockets, with as little work as can be.

It shares the machine with the server it drives, so whatever it computed would be taken from it.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence

Build = Callable[[], bytes]


class Run:
    """What came of a load: seconds it took, latencies in ms, answers by verdict."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.latencies: list[float] = []
        self.bodies: list[bytes] = []

    def verdicts(self) -> dict[str, int]:
        """Counts by verdict. Parsed after the clock has stopped."""
        counts: dict[str, int] = {}
        for body in self.bodies:
            for line in body.splitlines():
                answer = json.loads(line)
                verdict = answer.get("item", answer).get("verdict")
                if verdict is None:
                    raise RuntimeError(f"no verdict: {line[:500]!r}")
                counts[verdict] = counts.get(verdict, 0) + 1
        return counts


class _Caller(asyncio.Protocol):
    """One kept-alive connection: sends a request, waits for its whole answer, sends the next."""

    def __init__(self, build: Build, run: Run, until: Callable[[], bool]) -> None:
        self._build = build
        self._run = run
        self._until = until
        self._buffer = b""
        self._sent = 0.0
        self._wanted = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if self._until():
            self._transport.close()
            self.done.set_result(None)
            return
        self._buffer, self._wanted = b"", 0
        request = self._build()
        self._sent = time.perf_counter()
        self._transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._wanted:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower()
            if not head.startswith(b"http/1.1 200"):
                self.done.set_exception(RuntimeError(repr(self._buffer[:800])))
                return
            at = head.index(b"content-length:") + 15
            length = head[at:].split(b"\r", 1)[0]
            self._body = end + 4
            self._wanted = self._body + int(length)
        if len(self._buffer) >= self._wanted:
            self._run.latencies.append((time.perf_counter() - self._sent) * 1000)
            self._run.bodies.append(self._buffer[self._body :])
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("closed without an answer"))


async def one_by_one(port: int, build: Build, *, seconds: float, connections: int) -> Run:
    """Requests one after another on each of `connections`, for `seconds`."""
    run = Run()
    began = time.perf_counter()

    def until() -> bool:
        return time.perf_counter() - began >= seconds

    loop = asyncio.get_running_loop()
    callers: list[_Caller] = []
    for _ in range(connections):
        _, caller = await loop.create_connection(
            lambda: _Caller(build, run, until), "127.0.0.1", port
        )
        callers.append(caller)
    await asyncio.gather(*(caller.done for caller in callers))
    run.seconds = time.perf_counter() - began
    return run


async def in_batches(port: int, build: Build, *, seconds: float, connections: int) -> Run:
    """Streams of NDJSON one after another on each of `connections`; a latency is a stream's."""
    run = Run()
    began = time.perf_counter()

    async def stream() -> None:
        while time.perf_counter() - began < seconds:
            request = build()
            sent = time.perf_counter()
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
            writer.write(request)
            raw = await reader.read(-1)
            run.latencies.append((time.perf_counter() - sent) * 1000)
            run.bodies.append(_unchunked(raw))
            writer.close()

    await asyncio.gather(*(stream() for _ in range(connections)))
    run.seconds = time.perf_counter() - began
    return run


def _unchunked(raw: bytes) -> bytes:
    """The body of a chunked response. Raises RuntimeError where it is not whole."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(repr(raw[:800]))
    parts: list[bytes] = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return b"".join(parts)
        parts.append(rest[:length])
        rest = rest[length + 2 :]
    raise RuntimeError("the stream ended early")


def request(
    method: str, path: str, key: str, body: bytes = b"", content_type: str = "application/json"
) -> bytes:
    """An HTTP/1.1 request, ready to be sent."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a `share` of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

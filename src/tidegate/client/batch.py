"""`POST /v1/items/batch` and `/v1/reports/batch` for streams of any length: windows of lines, answered one by
one.

A window holds what was sent and not yet answered, so memory is bounded by it, and after a failure
only the unanswered lines are sent again.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from tidegate.client.call import Attempts, decode
from tidegate.client.errors import problem_of
from tidegate.client.model import BatchAnswer, Item, Report
from tidegate.client.reports import ReportBatchAnswer

LINES = 2_000
BYTES = 4 << 20  # half of what the server takes before it wants its answers read
HEADERS = {"Content-Type": "application/x-ndjson"}

Line = Item | Report | Mapping[str, Any] | bytes
A = TypeVar("A", BatchAnswer, ReportBatchAnswer)


class Route(msgspec.Struct, Generic[A], frozen=True):
    """Where lines of a sort go, and what answers them."""

    path: str
    answer: type[A]


ITEMS = Route("/v1/items/batch", BatchAnswer)
REPORTS = Route("/v1/reports/batch", ReportBatchAnswer)
_json = msgspec.json.Encoder()


class Window(Generic[A]):
    """Lines on their way: what is owed, and whether to wait before it is sent again.

    `wait` is None while all goes well, else the seconds to wait after this try.
    """

    def __init__(self, route: Route[A], first: int, lines: Iterable[bytes]) -> None:
        self.route = route
        self.wait: float | None = None
        self._owed = deque(lines)
        self._next = first
        self._rest = b""

    @property
    def owed(self) -> bool:
        """Whether lines are unanswered."""
        return bool(self._owed)

    def body(self) -> bytes:
        """The lines that are owed, for the next try."""
        self.wait, self._rest = None, b""
        return b"\n".join(self._owed) + b"\n"

    def refused(self, response: httpx.Response, attempts: Attempts) -> None:
        """The batch as a whole was refused (its body is read). Raises Problem unless that was only
        for the moment."""
        self.wait = attempts.answered(response)
        if self.wait is None:
            raise problem_of(response.status_code, response.content, response.reason_phrase)

    def take(self, received: bytes, attempts: Attempts) -> list[A]:
        """The answers that are complete now, numbered by their place in the whole stream. Stops
        before a line that was refused only for the moment."""
        answers: list[A] = []
        *lines, self._rest = (self._rest + received).split(b"\n")
        for line in lines:
            answer: A = decode(line, self.route.answer, "a batch")
            if answer.status in (429, 503):
                self.wait = attempts.deferred()
                if self.wait is not None:
                    break
            else:
                attempts.progressed()
            answers.append(msgspec.structs.replace(answer, index=self._next))
            self._owed.popleft()
            self._next += 1
        return answers

    def ended(self, attempts: Attempts) -> None:
        """The answer came to its end; if it still owes lines, something cut it. Raises
        Unreachable when that was the last try."""
        if self.wait is None and self._owed:
            self.wait = attempts.failed(httpx.RemoteProtocolError("the answer ended early"))


class Packer(Generic[A]):
    """Gathers lines into windows."""

    def __init__(self, route: Route[A], lines: int = LINES) -> None:
        self._route = route
        self._most = lines
        self._lines: list[bytes] = []
        self._bytes = 0
        self._first = 0

    def add(self, item: Line) -> Window[A] | None:
        """Add an item (or a line of JSON as it is); the window before it, if that is full now."""
        line = item if isinstance(item, bytes) else _json.encode(item)
        if b"\n" in line:
            # A second line in one would shift every answer after it.
            line = line.strip().replace(b"\n", b" ")
        full = None
        if self._lines and self._bytes + len(line) > BYTES:
            full = self.rest()
        self._lines.append(line or b"null")  # the server skips blank lines, answers count all
        self._bytes += len(line)
        if full is None and len(self._lines) >= self._most:
            full = self.rest()
        return full

    def rest(self) -> Window[A] | None:
        """What is gathered, as a window."""
        if not self._lines:
            return None
        window = Window(self._route, self._first, self._lines)
        self._first += len(self._lines)
        self._lines, self._bytes = [], 0
        return window

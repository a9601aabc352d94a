"""The files that wait for a worker, between the pool's door and its threads: whose comes next.

A queue for each key (`infra.fairness`), with limits of its own: who sends too much is refused, and
nobody else.
"""

import threading
from concurrent.futures import Future

from tidegate.content.media import wire
from tidegate.content.media.model import Budget
from tidegate.infra.errors import Refusal
from tidegate.infra.fairness import FairQueue, Ticket

MOST_PIXELS = 16_000_000_000
"""More pixels of one key's pictures do not wait: minutes of work."""

_FILE_SECONDS, _PIXEL_SECONDS = 0.002, 2e-8  # what a file and a pixel cost, roughly


class Job:
    """One file that waits for a worker, and who is told of the answer. `pixels` is what it may have,
    by its own word."""

    def __init__(
        self,
        question: wire.Question,
        data: bytes,
        *,
        pixels: int = 0,
        key: str = "",
        budget: Budget | None = None,
    ) -> None:
        self.question = question
        self.data = data
        self.pixels = pixels
        self.key = key
        self.budget = budget
        self.started = False
        self.future: Future[tuple[wire.Answer, bytes]] = Future()


class WaitingRoom:
    """Safe to use from any thread. Of each key at most `most` files wait."""

    def __init__(self, workers: int, most: int, large_pixels: int, *, reserved: int) -> None:
        self._most = most
        self._large_pixels = large_pixels
        self._queue: FairQueue[Job] = FairQueue(workers, reserved=reserved)
        self._pixels: dict[str, int] = {}  # that wait, of keys of which any do
        self._changed = threading.Condition()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Files that no worker has taken yet."""
        return self._queue.waiting

    def others_wait(self, key: str) -> bool:
        """Whether somebody else's files wait; of those without a key all are others'."""
        with self._changed:
            return self._queue.waiting > (self._queue.waiting_of(key) if key else 0)

    def open(self) -> None:
        with self._changed:
            self._closed = False

    def close(self) -> None:
        """Let nobody in any more and send the workers away."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def drain(self) -> list[Job]:
        """The files that the workers left."""
        with self._changed:
            self._pixels.clear()
            return [ticket.work for ticket in self._queue.drain()]

    def enter(self, job: Job) -> None:
        """Wait in the key's queue. Raises Refusal (503) when there is no room for it."""
        cost = _FILE_SECONDS + job.pixels * _PIXEL_SECONDS
        ticket = Ticket(job.key, job, cost, large=job.pixels >= self._large_pixels)
        with self._changed:
            pixels = self._pixels.get(job.key, 0) + job.pixels
            full = self._queue.waiting_of(job.key) >= self._most or pixels > MOST_PIXELS
            if self._closed or full:
                raise Refusal(
                    "media-busy",
                    503,
                    "Too many files wait to be decoded",
                    headers={"Retry-After": "2"},
                )
            self._pixels[job.key] = pixels
            self._queue.put(ticket)
            self._changed.notify()

    def next(self) -> Ticket[Job] | None:
        """The file that comes next, waited for; None once the room is closed."""
        with self._changed:
            while not self._closed:
                if (ticket := self._queue.take()) is None:
                    self._changed.wait()
                elif self._begins(ticket.work):
                    return ticket
                else:
                    self._queue.done(ticket, 0.0)
        return None

    def done(self, ticket: Ticket[Job], seconds: float, *, again: bool) -> None:
        """A worker is through with a file after so long; `again`: it is to be begun anew, among the
        large ones."""
        with self._changed:
            self._queue.done(ticket, seconds)
            if again:
                ticket.large = True
                self._queue.put(ticket, again=True)
            self._changed.notify_all()  # a large one may start now, with whoever is free

    def _begins(self, job: Job) -> bool:
        """Whether anybody still wants to know."""
        if job.started:
            return True
        self._pixels[job.key] -= job.pixels
        if not self._queue.waiting_of(job.key):
            del self._pixels[job.key]
        job.started = job.future.set_running_or_notify_cancel()
        return job.started

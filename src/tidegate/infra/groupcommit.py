"""Group commit: whoever waits for a commit shares it with everybody who came in the meantime.

One durable commit costs a few milliseconds whether it carries one item or five hundred. A single
thread takes whatever is queued, commits it in one transaction and wakes the waiters; while it
commits, the next group gathers. That is how one-by-one submissions are durable and still fast.

Where several came together the last time, as many are expected again and waited for, for a few
milliseconds: a transaction's own cost is then shared by more. Whoever comes alone never waits.

Works wait in a queue for each key, and take turns by how long they may take (`infra.fairness`); a
group has no more of them than a fraction of a second's worth. So whoever sends much, or what takes
long, keeps others waiting for one group and no more.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import psycopg
import structlog

from tidegate.infra.db import UNAVAILABLE, Database, Tx, again
from tidegate.infra.fairness import FairQueue, Ticket
from tidegate.infra.traces import Context, here, shared_span

log = structlog.get_logger()

W = TypeVar("W")
A = TypeVar("A")

MAX_GROUP = 256
GATHER_SECONDS = 0.004
GROUP_SECONDS = 0.15  # of works, by their estimates; a single one may have more
WORK_SECONDS = 0.0003
ATTEMPTS = 20

# A work, who waits for it, and the trace that it is part of.
Waiting = tuple[W, "asyncio.Future[A]", Context | None]


class Deferred:
    """The answer of a commit function for work that must be tried again in a later group."""


DEFERRED = Deferred()


class GroupCommit(Generic[W, A]):
    """Runs `commit(tx, works) -> answers` for groups of works.

    An answer may be an exception (that work alone failed, nothing of it was written) or DEFERRED.
    A group that fails as a whole is tried work by work, so that one bad work fails alone; a lost
    database fails all that wait, each with the database's error.
    """

    def __init__(
        self,
        database: Database,
        commit: Callable[[Tx, Sequence[W]], Sequence[A | BaseException | Deferred]],
    ) -> None:
        self._database = database
        self._commit = commit
        # No bound here: whoever waits holds the work anyway, and a full queue would lose the order.
        self._queue: FairQueue[Waiting[W, A]] = FairQueue(MAX_GROUP, reserved=0)
        self._changed = threading.Condition()
        self._stopping = False
        # What would have made the last group too long.
        self._spare: Ticket[Waiting[W, A]] | None = None
        self._expected = 1
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether works are being committed."""
        return self._thread.is_alive()

    async def run(self, work: W, key: str = "", seconds: float = WORK_SECONDS) -> A:
        """Commit a work, which may take so many `seconds`; returns when it is durable. The works of
        a key are queued in the order of the calls."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        ticket = Ticket(key, (work, future, here()), seconds)
        with self._changed:
            self._queue.put(ticket)
            self._changed.notify()
        return await future

    def _run(self) -> None:
        carried: list[Waiting[W, A]] = []
        while True:
            if not carried:
                with self._changed:
                    while not self._stopping and not self._left:
                        self._changed.wait()
                    if not self._left:
                        return
                self._gather()
            group, carried = carried, []
            self._fill(group)
            self._expected = len(group)
            if group:
                carried = self._settle(group)

    @property
    def _left(self) -> int:
        return self._queue.waiting + (self._spare is not None)

    def _gather(self) -> None:
        """Wait a moment for as many as came together the last time."""
        until = time.monotonic() + GATHER_SECONDS
        while self._left < self._expected and not self._stopping and time.monotonic() < until:
            time.sleep(0.0005)

    def _fill(self, group: "list[Waiting[W, A]]") -> None:
        """Take what comes next into a group, as far as it has room."""
        seconds = 0.0
        with self._changed:
            while len(group) < MAX_GROUP:
                ticket, self._spare = self._spare or self._queue.take(), None
                if ticket is None:
                    return
                # Whoever gave up while waiting gets nothing done; from here on nobody can.
                if ticket.work[1].cancelled():
                    self._queue.done(ticket, 0.0)
                    continue
                seconds += ticket.estimate
                if group and seconds > GROUP_SECONDS:
                    self._spare = ticket
                    return
                self._queue.done(ticket, ticket.estimate)
                group.append(ticket.work)

    def _settle(self, group: "list[Waiting[W, A]]") -> "list[Waiting[W, A]]":
        """Commit one group and wake its waiters; returns the deferred rest."""
        try:
            with shared_span("transaction", [one[2] for one in group], works=len(group)):
                answers = self._attempt([one[0] for one in group])
        except BaseException as error:
            if len(group) > 1 and not isinstance(error, _LOST):
                log.warning("group.split", size=len(group), error=type(error).__name__)
                return [rest for one in group for rest in self._settle([one])]
            answers = [error] * len(group)
        carried: list[Waiting[W, A]] = []
        settled: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[A], object]]] = {}
        for one, answer in zip(group, answers, strict=True):
            future = one[1]
            if isinstance(answer, Deferred):
                carried.append(one)
            else:
                settled.setdefault(future.get_loop(), []).append((future, answer))
        for loop, answered in settled.items():
            # A loop that was closed has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_deliver, answered)
        return carried

    def _attempt(self, works: list[W]) -> Sequence[A | BaseException | Deferred]:
        def commit() -> Sequence[A | BaseException | Deferred]:
            with self._database.begin() as tx:
                return self._commit(tx, works)

        return again(commit, ATTEMPTS)


def _deliver(answered: Sequence[tuple["asyncio.Future[Any]", object]]) -> None:
    """In the waiters' own loop: wake all of a group at once."""
    for future, answer in answered:
        if future.done():  # given up meanwhile
            continue
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)


_LOST = (*UNAVAILABLE, psycopg.OperationalError)

"""Group commit: whoever waits for a commit shares it with everybody who came in the meantime.

One durable commit costs a few milliseconds whether it carries one item or five hundred. A single
thread takes whatever is queued, commits it in one transaction and wakes the waiters; while it
commits, the next group gathers. That is how one-by-one submissions are durable and still fast.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

import psycopg
import structlog
from sqlalchemy import exc

from tidegate.infra.db import UNAVAILABLE, Database, Tx

log = structlog.get_logger()

W = TypeVar("W")
A = TypeVar("A")

MAX_GROUP = 256
ATTEMPTS = 20


class Deferred:
    """The answer of a commit function for work that must be tried again in a later group."""


DEFERRED = Deferred()
_STOP = object()


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
        max_queued: int = 4096,
    ) -> None:
        self._database = database
        self._commit = commit
        self._queue: queue.Queue[object] = queue.Queue(max_queued)
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._queue.put(_STOP)
        self._thread.join()

    @property
    def waiting(self) -> int:
        """How many works are queued now."""
        return self._queue.qsize()

    def submit(self, work: W) -> "Future[A]":
        """Queue a work from any thread; the future is done when it is durable. Blocks while the
        queue is full."""
        future: Future[A] = Future()
        self._queue.put((work, future))
        return future

    async def run(self, work: W) -> A:
        """The same for coroutines, without blocking the loop."""
        future: Future[A] = Future()
        while True:
            try:
                self._queue.put_nowait((work, future))
                break
            except queue.Full:
                await asyncio.sleep(0.005)
        return await asyncio.wrap_future(future)

    def _run(self) -> None:
        carried: list[tuple[W, Future[A]]] = []
        stopping = False
        while not (stopping and not carried):
            group = carried
            carried = []
            if not group and not stopping:
                stopping = self._take(group, block=True)
            while len(group) < MAX_GROUP and not stopping:
                try:
                    stopping = self._take(group, block=False)
                except queue.Empty:
                    break
            if group:
                carried = self._settle(group)

    def _take(self, group: list[tuple[W, "Future[A]"]], *, block: bool) -> bool:
        found = self._queue.get(block)
        if found is _STOP:
            return True
        group.append(found)  # pyright: ignore[reportArgumentType]
        return False

    def _settle(self, group: list[tuple[W, "Future[A]"]]) -> list[tuple[W, "Future[A]"]]:
        """Commit one group and wake its waiters; returns the deferred rest."""
        try:
            answers = self._attempt([work for work, _ in group])
        except BaseException as error:
            if len(group) > 1 and not isinstance(error, _LOST):
                log.warning("group.split", size=len(group), error=type(error).__name__)
                return [rest for one in group for rest in self._settle([one])]
            answers = [error] * len(group)
        carried: list[tuple[W, Future[A]]] = []
        for (work, future), answer in zip(group, answers, strict=True):
            if isinstance(answer, Deferred):
                carried.append((work, future))
            elif isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        return carried

    def _attempt(self, works: list[W]) -> Sequence[A | BaseException | Deferred]:
        for attempt in range(ATTEMPTS):
            try:
                with self._database.begin() as tx:
                    return self._commit(tx, works)
            except exc.OperationalError as error:
                retriable = (
                    psycopg.errors.DeadlockDetected,
                    psycopg.errors.SerializationFailure,
                )
                if not isinstance(error.orig, retriable) or attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")


_LOST = (*UNAVAILABLE, psycopg.OperationalError)

"""Bringing what waits in an outbox to those it is for: the loop that webhooks and messages about orders share.

Each receiver has a task of its own, so a dead or slow one delays no other. Any number of processes may do it:
what is due is claimed in the database, in the name of the place where it works.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import Generic, TypeVar

import structlog

from tidegate.infra.db import UNAVAILABLE, Database, Tx

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_POLL = 0.2  # seconds; one indexed query, and nothing to lose as a notification could be

log = structlog.get_logger(__name__)


def place_of(data_dir: Path) -> str:
    """The place of a worker, which is the same after it was killed and started anew."""
    return f"{gethostname()}:{data_dir.resolve()}"


class Courier(ABC, Generic[K]):
    """`find_due` says to whom something is due, `drain` brings all that is due to one of them. `name` begins the
    names of its threads and of what it logs. At a `place` there is one worker at a time: what was claimed there
    before it started was another's, which is dead."""

    name: str

    def __init__(self, database: Database, place: str | None = None) -> None:
        self._database = database
        self._place = place
        self._succeeded = place is None
        self._threads = ThreadPoolExecutor(4, thread_name_prefix=self.name)
        self._stopping = False

    @abstractmethod
    def find_due(self, tx: Tx) -> list[K]: ...

    @abstractmethod
    def free(self, tx: Tx, place: str) -> None:
        """Give up what was claimed at a place."""

    @abstractmethod
    async def drain(self, key: K) -> int:
        """Bring what is due to one receiver, until nothing is or `_stopping`; the number of attempts."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close kept connections; `run` does so itself."""

    async def run_once(self) -> int:
        """Deliver until nothing is due; returns the number of attempts."""
        counts = [self.drain(key) for key in await self.in_tx(self.find_due)]
        return sum(await asyncio.gather(*counts))

    async def run(
        self, stop: asyncio.Event, grace: float = 5.0, turn: Callable[[], None] = lambda: None
    ) -> None:
        """Deliver until `stop` is set. Attempts in flight then get `grace` seconds to finish;
        what is not done by then is handed back. `turn` is told of each look at the outbox."""
        self._stopping = False
        tasks: dict[K, asyncio.Task[int]] = {}
        try:
            while not stop.is_set():
                turn()
                for key in [key for key, task in tasks.items() if task.done()]:
                    if fault := tasks.pop(key).exception():
                        log.error(f"{self.name}.fault", receiver=str(key), exc_info=fault)
                for key in await self._find_due():
                    if key not in tasks:
                        tasks[key] = asyncio.create_task(self.drain(key))
                await _wait(stop, _POLL)
        finally:
            self._stopping = True
            if running := list(tasks.values()):
                _, late = await asyncio.wait(running, timeout=grace)
                for task in late:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
            await self.aclose()

    async def _find_due(self) -> list[K]:
        try:
            if not self._succeeded and self._place is not None:
                await self.in_tx(partial(self.free, place=self._place))
                self._succeeded = True
            return await self.in_tx(self.find_due)
        except UNAVAILABLE as error:
            log.warning(f"{self.name}.database_unavailable", error=type(error).__name__)
            return []
        except Exception as error:  # whatever it is, delivery must not end with it
            log.error(f"{self.name}.fault", exc_info=error)
            return []

    async def in_tx(self, work: Callable[[Tx], T]) -> T:
        """The result of work in a transaction of its own, in a thread."""

        def run() -> T:
            with self._database.begin() as tx:
                return work(tx)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)

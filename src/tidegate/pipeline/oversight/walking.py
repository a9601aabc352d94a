"""The requests of a look: from redirect to redirect, each host asked at its own pace, whoever else asks it. No
cookies, no log-in, no script; every hop goes through the guarded egress.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from tidegate.infra.clock import Clock, outside
from tidegate.infra.db import Tx
from tidegate.infra.egress import Client, EgressFailed, EgressRefused
from tidegate.infra.errors import Refusal
from tidegate.infra.fetched import Glanced
from tidegate.oversight.checks.model import Fault, Saw, address_of, pause_after
from tidegate.oversight.checks.pace import free_from, give_host, take_host
from tidegate.oversight.checks.reading import Signs

TIMEOUT = (
    20.0  # seconds for one look, its redirects included, but not the waiting for a host's leave
)
MOST_REDIRECTS = 5
BODY_BYTES = 1 << 20
_SIGN_BYTES = 256 << 10  # in which words are looked for
_PATIENCE = 45.0  # seconds to wait for a host's leave in the middle of a look
_LONGEST_WAIT = 1.0

T = TypeVar("T")
Wait = Callable[[float], Awaitable[object]]


class InTx(Protocol):
    def __call__(self, work: Callable[[Tx], T]) -> Awaitable[T]: ...


class Busy(Exception):
    """A host that has to be asked on the way may not be asked soon."""


class Walker:
    """Asks hosts. `wait` is what passes the time until one may be asked."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        signs: Signs,
        in_tx: InTx,
        *,
        timeout: float = TIMEOUT,
        wait: Wait = asyncio.sleep,
    ) -> None:
        self._client = client
        self._clock = clock
        self._signs = signs
        self._in_tx = in_tx
        self._timeout = timeout
        self._wait = wait

    async def look(self, asked: str, agent: str, held: datetime | None = None) -> Saw:
        """What an address answers, whatever that is; its host is ours until `held`, or is waited for. Raises
        Busy."""
        url, left = asked, self._timeout
        for _ in range(MOST_REDIRECTS + 1):
            try:
                host = address_of(url).host
            except Refusal:
                return self._fault(asked, url, "unreachable")
            if not self._signs.may_ask(host):
                if held is not None:
                    await self.give(host, held)
                return self._fault(asked, url, "asked_to_stop")
            if held is None:
                held = await self.take(host)
            began = asyncio.get_running_loop().time()
            answer = await self._ask(url, host, agent, held, left)
            left -= asyncio.get_running_loop().time() - began
            if answer is None:
                return self._fault(asked, url, "unreachable")
            if answer.onward is None:
                return self._saw(asked, url, answer)
            url, held = answer.onward, None
        return self._fault(asked, url, "redirects")

    async def _ask(
        self, url: str, host: str, agent: str, held: datetime, left: float
    ) -> Glanced | None:
        """One request to a host that is ours, which is given back; None where nothing came."""
        answer = None
        headers = {"user-agent": agent}
        with suppress(EgressRefused, EgressFailed):  # who was asked in vain is asked no faster
            answer = await self._client.glance(
                url, headers=headers, limit_bytes=BODY_BYTES, timeout=max(left, 0.01)
            )
        status = None if answer is None else answer.status
        asked = None if answer is None else answer.headers.get("retry-after")
        await self.give(host, held, pause_after(status, asked, outside(self._clock)))
        return answer

    async def take(self, host: str) -> datetime:
        """Wait until a host is ours; until when it is. Raises Busy."""
        waited = 0.0
        while True:
            at = outside(self._clock)
            held, free = await self._in_tx(partial(_take, host=host, at=at))
            if held is not None:
                return held
            seconds = (free - at).total_seconds() if free is not None else 0.0
            if waited + seconds > _PATIENCE:
                raise Busy(host)
            pause = min(max(seconds, 0.05), _LONGEST_WAIT)
            await self._wait(pause)
            waited += pause

    async def give(self, host: str, held: datetime, pause: timedelta = timedelta()) -> None:
        """Give a host back, to be asked again after a pause."""
        next_at = outside(self._clock) + pause
        await self._in_tx(lambda tx: give_host(tx, host, held, next_at))

    def _saw(self, asked: str, url: str, answer: Glanced) -> Saw:
        return Saw(
            asked=asked,
            at=self._clock.now(),
            url=url,
            status=answer.status,
            headers=answer.headers,
            body=answer.data[:_SIGN_BYTES],
            sha256=answer.sha256,
            whole=answer.whole,
        )

    def _fault(self, asked: str, url: str, fault: Fault) -> Saw:
        return Saw(asked=asked, at=self._clock.now(), url=url, fault=fault)


def _take(tx: Tx, host: str, at: datetime) -> tuple[datetime | None, datetime | None]:
    """Until when a host is ours; or from when on it may be asked."""
    held = take_host(tx, host, at)
    return held, None if held is not None else free_from(tx, host)

"""The delivery worker: brings messages to their targets, at least once, by Standard Webhooks.

Any number of workers may run, each at a place of its own; a killed one's work comes back when its leases
end, or when it is started again. Each target has
a task of its own, so a dead or slow one delays no other.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from random import Random, SystemRandom
from uuid import UUID

import structlog
from standardwebhooks import Webhook

from tidegate.enforcement.model import asked_delay
from tidegate.enforcement.outbox import (
    Attempt,
    Claim,
    Target,
    claim,
    due_targets,
    free,
    hand_back,
    record,
)
from tidegate.infra.clock import Clock, outside
from tidegate.infra.courier import Courier
from tidegate.infra.db import UNAVAILABLE, Database, Tx
from tidegate.infra.egress import AddressGuard, Client
from tidegate.infra.errors import Refusal

BATCH = 16  # most messages in flight to one target
_FIRST_BATCH = 4  # small servers drop what comes in a burst
TIMEOUT = 15.0  # seconds for one attempt, redirects included
LEASE = timedelta(seconds=20)  # after which what a killed worker had is sent again
_BUSY = frozenset({429, 503})  # who answers so may say how long to wait

log = structlog.get_logger(__name__)


class Deliverer(Courier[UUID]):
    """Delivers what is due. `allowed_addresses` are private networks that any target may be in.

    `clock` gives the time of an attempt; when something is due is judged by the database's clock. In the
    signed headers stands the time that receivers compare with their own.
    """

    name = "delivery"

    def __init__(
        self,
        database: Database,
        clock: Clock,
        allowed_addresses: Sequence[str] = (),
        *,
        place: str | None = None,
        timeout: float = TIMEOUT,
        rng: Random | None = None,
    ) -> None:
        super().__init__(database, place)
        self._clock = clock
        self._allowed = list(allowed_addresses)
        self._timeout = timeout
        self._rng = rng or SystemRandom()
        self._clients: dict[bool, Client] = {}

    def find_due(self, tx: Tx) -> list[UUID]:
        return due_targets(tx)

    def free(self, tx: Tx, place: str) -> None:
        free(tx, place)

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def drain(self, key: UUID) -> int:
        """Send batch after batch to one target, until nothing is due for it."""
        done, size = 0, _FIRST_BATCH
        attempts: list[Attempt] = []
        while attempts or not self._stopping:
            try:
                batch = await self._next(key, attempts, size)
                if batch is None:
                    break
                attempts = await self._send_all(*batch)
            except UNAVAILABLE as error:
                # The leases end by themselves, and the receiver knows the ids it has seen.
                log.warning("delivery.database_unavailable", error=type(error).__name__)
                break
            done += len(attempts)
            all_well = all(attempt.accepted for attempt in attempts)
            size = min(size * 2, BATCH) if all_well else _FIRST_BATCH
        return done

    async def _send_all(self, target: Target, claims: Sequence[Claim]) -> list[Attempt]:
        try:
            return await asyncio.gather(*(self._send(target, one) for one in claims))
        except asyncio.CancelledError:
            await self.in_tx(lambda tx: hand_back(tx, target.id, claims))
            raise

    async def _send(self, target: Target, claim: Claim) -> Attempt:
        began, sent_at = self._clock.now(), outside(self._clock)
        try:
            headers = {
                "content-type": "application/json",
                "webhook-id": claim.message_id,
                "webhook-timestamp": str(int(sent_at.timestamp())),
                "webhook-signature": " ".join(
                    Webhook(secret).sign(claim.message_id, sent_at, claim.body.decode())
                    for secret in target.secrets
                ),
            }
            answer = await self._client(target.allow_private).post(
                target.url, headers=headers, content=claim.body, timeout=self._timeout
            )
        except Refusal as refused:
            return self._told(target, Attempt(claim, began, None, refused.detail))
        except Exception as error:  # a fault of this message, which must not hold up the next
            return self._told(target, Attempt(claim, began, None, type(error).__name__))
        asked = asked_delay(answer.retry_after, sent_at) if answer.status in _BUSY else None
        return self._told(target, Attempt(claim, began, answer.status, None, asked))

    def _told(self, target: Target, attempt: Attempt) -> Attempt:
        if not attempt.accepted:
            log.info(
                "delivery.failed",
                webhook=str(target.id),
                message=attempt.claim.message_id,
                attempt=attempt.claim.attempts + 1,
                status=attempt.status,
            )
        return attempt

    def _client(self, allow_private: bool) -> Client:
        if allow_private not in self._clients:
            self._clients[allow_private] = Client(AddressGuard(self._allowed, allow_private))
        return self._clients[allow_private]

    async def _next(
        self, key: UUID, attempts: Sequence[Attempt], size: int
    ) -> tuple[Target, Sequence[Claim]] | None:
        """Write down a batch and take the next, in one transaction; what is to be written is tried as long as
        the lease keeps others from sending it again."""

        def step(tx: Tx) -> tuple[Target, Sequence[Claim]] | None:
            if attempts:
                record(tx, key, attempts, self._rng)
            return None if self._stopping else claim(tx, key, size, LEASE, self._place)

        until = time.monotonic() + LEASE.total_seconds() - self._timeout
        while True:
            try:
                return await self.in_tx(step)
            except UNAVAILABLE:
                if not attempts or time.monotonic() > until or self._stopping:
                    raise
                await asyncio.sleep(0.5)

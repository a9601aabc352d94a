"""What goes out about orders: each message is brought to its receiver's inbox until a receipt comes that the
receiver signed, for three days. A receipt that does not verify counts as none.

The errand and its back-off are those of webhooks; each organisation has a task of its own.
"""

import asyncio
from datetime import datetime
from functools import partial
from random import Random, SystemRandom

import msgspec
import structlog

from tidegate.clocks.rings import ring
from tidegate.enforcement.deliver import LEASE, TIMEOUT
from tidegate.enforcement.model import asked_delay
from tidegate.exchange.queries import organisation, party
from tidegate.infra.clock import outside
from tidegate.infra.courier import Courier, place_of
from tidegate.infra.db import UNAVAILABLE, Tx
from tidegate.infra.egress import AddressGuard, Client
from tidegate.infra.errors import Refusal
from tidegate.infra.fetched import Fetched
from tidegate.infra.pulse import Steps
from tidegate.infra.slices import Errand, Home
from tidegate.orders.jws import MEDIA_TYPE, parse
from tidegate.orders.messages.model import read_receipt
from tidegate.orders.messages.outbox import (
    Claim,
    Failure,
    claim,
    deliver,
    due_recipients,
    fail,
    free,
    hand_back,
    overdue,
    rings_by,
)
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.orders.sides import RECEIPTS

TURN_SECONDS = 300.0  # in which the outbox is looked at; usually five times a second
_RECEIPT_BYTES = 64 << 10
_BUSY = frozenset({429, 503})  # who answers so may say how long to wait
_RUNG_AT_ONCE = 100

log = structlog.get_logger(__name__)


class Postman(Courier[str]):
    """Brings messages to the inboxes of registered organisations."""

    name = "order_messages"

    def __init__(
        self, instance: Instance, *, timeout: float = TIMEOUT, rng: Random | None = None
    ) -> None:
        super().__init__(instance.database, place_of(instance.settings.data_dir))
        self._instance = instance
        self._timeout = timeout
        self._rng = rng or SystemRandom()
        self._client = Client(AddressGuard(instance.settings.allowed_addresses))

    def find_due(self, tx: Tx) -> list[str]:
        return due_recipients(tx)

    def free(self, tx: Tx, place: str) -> None:
        free(tx, place)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def drain(self, key: str) -> int:
        """Send one after another, in the order in which they were written."""
        done = 0
        while not self._stopping:
            try:
                claimed, inbox = await self.in_tx(partial(_claim, recipient=key, place=self._place))
                if claimed is None:
                    break
                await self._bring(claimed, inbox)
            except UNAVAILABLE as error:
                # The lease ends by itself, and the receiver gives the same receipt again.
                log.warning("order_messages.database_unavailable", error=type(error).__name__)
                break
            done += 1
        return done

    async def _bring(self, claimed: Claim, inbox: str | None) -> None:
        """One attempt, and what became of it."""
        began = self._instance.clock.now()
        try:
            answer = await self._post(claimed, inbox)
            failure = await self.in_tx(lambda tx: self._accept(tx, claimed, began, answer))
        except asyncio.CancelledError:
            await self.in_tx(lambda tx: hand_back(tx, [claimed]))
            raise
        except UNAVAILABLE:
            raise
        except Refusal as refused:
            failure = Failure(began, refused.detail or refused.title)
        except Exception as error:  # a fault of this message, which must not hold up the next
            log.error("order_messages.fault", message=str(claimed.message.id), exc_info=error)
            failure = Failure(began, type(error).__name__)
        if failure is not None:
            log.info("order_messages.failed", message=str(claimed.message.id))
            await self.in_tx(lambda tx: fail(tx, claimed, failure, self._rng))

    async def _post(self, claimed: Claim, inbox: str | None) -> Fetched:
        if inbox is None:
            receiver = claimed.message.recipient
            raise Refusal("no-inbox", 409, f"The registry knows no inbox of {receiver}")
        headers = {"content-type": MEDIA_TYPE, "accept": MEDIA_TYPE}
        return await self._client.ask(
            "POST",
            inbox,
            headers=headers,
            content=claimed.jws,
            limit_bytes=_RECEIPT_BYTES,
            timeout=self._timeout,
        )

    def _accept(self, tx: Tx, claimed: Claim, began: datetime, answer: Fetched) -> Failure | None:
        """Write down the receipt, and do what follows from it; or say why the answer is none."""
        message = claimed.message
        if answer.status not in (200, 202):
            at = outside(self._instance.clock)
            asked = asked_delay(answer.retry_after, at) if answer.status in _BUSY else None
            return Failure(began, f"it answered {answer.status}{_said(answer)}", asked)
        receipt = read_receipt(parse(answer.data), message, party(tx, message.recipient), tx.now)
        if isinstance(receipt, str):
            return Failure(began, receipt)
        delivered = deliver(tx, claimed, began, receipt, answer.data)
        ours = organisation(tx)
        hook = None if ours is None else RECEIPTS[ours.kind].get(message.type)
        if delivered is not None and hook is not None:
            hook(tx, self._instance, delivered, receipt)
        return None


class _Problem(msgspec.Struct):
    type: str = ""
    detail: str = ""


def _said(answer: Fetched) -> str:
    """What a refusal says of itself, as far as it can be read."""
    try:
        problem = msgspec.json.decode(answer.data, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    said = " ".join(one for one in (problem.type.rpartition("/")[2], problem.detail) if one)
    return f": {said}".replace("\0", "") if said else ""


def _claim(tx: Tx, recipient: str, place: str | None) -> tuple[Claim | None, str | None]:
    """The next message to an organisation, and where it goes."""
    claimed = claim(tx, recipient, 1, LEASE, place)
    if not claimed:
        return None, None
    receiver = party(tx, recipient)
    known = receiver is not None and receiver.state == "confirmed"
    return claimed[0], receiver.inbox if receiver is not None and known else None


def deliver_messages(instance: Instance) -> Errand:
    """The errand of this process."""

    async def run(_: Home, stop: asyncio.Event, steps: Steps) -> None:
        postman = Postman(instance)
        try:
            await postman.run(stop, turn=lambda: steps.turn("order messages", TURN_SECONDS))
        finally:
            steps.over("order messages")

    return run


def tell_undelivered(tx: Tx) -> int:
    """Ring for each message that nobody has given a receipt for in a quarter of an hour, until one comes or
    somebody has it."""
    found = overdue(tx, _RUNG_AT_ONCE)
    for one in found:
        said = {"order": one.order_id, "message": one.id, "type": one.type}
        said |= {"to": one.recipient, "sent_at": one.sent_at}
        rings_by(tx, one.id, ring(tx, "order.undelivered", said, order=one.order_id))
    return len(found)

"""What happens, told to everybody who follows it: one look at the database each half second in a web
process, however many listen. Between looks a listener costs nothing but its place.
"""

import asyncio
import re
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from tidegate.access.model import Principal
from tidegate.access.queries import standing_sessions
from tidegate.clocks.queries import rung_orders
from tidegate.infra.acting import Sight
from tidegate.pipeline.instance import Instance
from tidegate.review.alert_lists import ringing
from tidegate.review.steps import Step, begin, follow, shown, steps_after
from tidegate.review.tail import Tail

PAUSE_SECONDS = 0.5
SESSION_SECONDS = 1.0  # a session is looked at this often, and whenever there is something to tell
LOST_SECONDS = 5.0  # who cannot be told anything for so long had better know that
MOST_BYTES = 64 << 10  # that wait for a listener who is slow to take them
NEEDS = "cases:read"
ORDERS = "orders:read"

_NUMBER = re.compile(r"[0-9]{1,18}")

Standing = Mapping[bytes, datetime]
Rung = Mapping[UUID | None, datetime]

log = structlog.get_logger()


class Listener:
    """One stream: what it is still to be sent, and whether it is over."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal
        self.ends_at: datetime | None = None
        self._waiting = bytearray()
        self._woken, self._over = asyncio.Event(), asyncio.Event()

    def begin(self, data: bytes) -> None:
        """What it is sent before all that has come since it joined."""
        self._waiting[:0] = data
        self._woken.set()

    def put(self, data: bytes) -> None:
        """Something more to send. Who lets too much of it lie loses it, is told so, and comes anew."""
        if self._over.is_set() or not data:
            return
        self._waiting += data
        if len(self._waiting) > MOST_BYTES:
            self._waiting[:] = event("reset", {})
            self._over.set()
        self._woken.set()

    def end(self) -> None:
        """Nothing comes any more; what waits is still sent."""
        self._over.set()
        self._woken.set()

    async def until_over(self) -> None:
        await self._over.wait()

    async def next(self, seconds: float) -> bytes | None:
        """What is to be sent, b"" after so long without anything, None at the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return b""
        data = bytes(self._waiting)
        self._waiting.clear()
        if not self._over.is_set():
            self._woken.clear()
        return data or None


class _Look(msgspec.Struct, frozen=True):
    """What one look at the database has found; no steps: too many to tell, no sessions: not asked for.
    `orders`: those that ring, and nobody has."""

    tail: Tail
    steps: list[Step] | None
    standing: Standing | None
    orders: Rung


class Hub:
    """All listeners of a process. It looks as long as there are any."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._listeners: set[Listener] = set()
        self._tail = Tail()
        self._orders: Rung = {}
        self._following: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._looked_at = self._checked_at = 0.0

    @property
    def floor(self) -> int:
        """The number from which on a listener who was told everything goes on."""
        return self._tail.floor

    async def join(self, principal: Principal, after: str | None) -> Listener:
        """A new listener, who is told of all that comes from now on, and before that what there was after
        the number that it was told last, and what rings. Raises as the database does."""
        listener = Listener(principal)
        async with self._starting:
            if self._following is None or self._following.done():
                self._tail = await asyncio.to_thread(self._begin)
                self._looked_at = self._checked_at = time.monotonic()
                self._following = asyncio.create_task(self._follow())
            self._listeners.add(listener)
        try:
            first = await asyncio.to_thread(self._first, principal, after, self.floor)
        except BaseException:
            self.leave(listener)
            raise
        data, listener.ends_at = first
        listener.begin(data)
        if listener.ends_at is None:
            listener.end()
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def close(self) -> None:
        """The process ends."""
        for listener in self._listeners:
            listener.end()
        if self._following is not None:
            self._following.cancel()

    def _begin(self) -> Tail:
        with self._instance.database.begin() as tx:
            return begin(tx)

    def _first(
        self, principal: Principal, after: str | None, floor: int
    ) -> tuple[bytes, datetime | None]:
        """What a listener is told first, and until when its session stands; None: it has ended."""
        own = _session(principal)
        with self._instance.database.begin(principal.acting) as tx:
            ends_at = standing_sessions(tx, [own]).get(own)
            if ends_at is None:
                return ENDED, None
            said = [event("session", {"ends_at": ends_at})]
            if principal.may(NEEDS):
                if after is not None:
                    steps = steps_after(tx, int(after)) if _NUMBER.fullmatch(after) else None
                    said += tell(steps, floor)
                said += [_alert(one.id, one.kind, one.case) for one in ringing(tx)]
                said.append(mark(floor))
            return b"".join(said), ends_at

    async def _follow(self) -> None:
        while self._listeners:
            await asyncio.sleep(PAUSE_SECONDS)
            now = time.monotonic()
            asked = {_session(one.principal) for one in self._listeners}
            try:
                found = await asyncio.to_thread(self._look, asked, now - self._checked_at)
                self._looked_at, self._tail = now, found.tail
                if found.standing is not None:
                    self._checked_at = now
                    self._check(asked, found.standing)
                self._tell(found.steps)
                self._tell_orders(found.orders)
            except Exception as error:
                log.warning("events.not_told", error=type(error).__name__)
                if now - self._looked_at > LOST_SECONDS:
                    for listener in self._listeners:
                        listener.end()

    def _look(self, asked: Collection[bytes], unchecked: float) -> _Look:
        """One transaction: what has happened and, where there is something to tell or it is time, which
        sessions stand."""
        with self._instance.database.begin() as tx:
            tail, steps = follow(tx, self._tail)
            if steps == [] and unchecked < SESSION_SECONDS:
                return _Look(tail, steps, None, self._orders)
            return _Look(tail, steps, standing_sessions(tx, asked), rung_orders(tx))

    def _check(self, asked: Collection[bytes], standing: Standing) -> None:
        """Who is not signed in any more is told so and nothing else."""
        for listener in self._listeners:
            own = _session(listener.principal)
            if own in standing:
                if listener.ends_at not in (None, standing[own]):
                    listener.ends_at = standing[own]
                    listener.put(event("session", {"ends_at": standing[own]}))
            elif own in asked:
                listener.put(ENDED)
                listener.end()

    def _tell(self, steps: list[Step] | None) -> None:
        """Everybody what they may see; said once for all who may see the same."""
        if steps == []:
            return
        said: dict[Sight, bytes] = {}
        for listener in self._listeners:
            sight = listener.principal.acting.sight
            if sight not in said:
                seen = steps and shown(steps, sight)
                said[sight] = b"".join(tell(seen, self.floor))
            if listener.principal.may(NEEDS):
                listener.put(said[sight])

    def _tell_orders(self, now: Rung) -> None:
        """That an order rings, rings anew, or is somebody's; which, whoever may read orders asks."""
        if now == self._orders:
            return
        self._orders = now
        for listener in self._listeners:
            if listener.principal.may(ORDERS):
                listener.put(event("order", {}))


def _session(principal: Principal) -> bytes:
    assert principal.session is not None
    return principal.session


def tell(steps: Iterable[Step] | None, floor: int) -> list[bytes]:
    """Steps as events, of each case and alert the last; too many of them as one that says so. Each carries
    the number up to which everything was told with it."""
    if steps is None:
        return [event("reset", {}, floor)]
    last: dict[object, Step] = {}
    for step in steps:
        about = step.alert or step.case
        last.pop(about, None)
        last[about] = step
    said: list[bytes] = []
    for step in last.values():
        upto = min(step.number, floor)
        if step.alert is not None:
            said.append(_alert(step.alert, step.kind, step.case, step.acknowledged_by, upto))
        else:
            case = {"id": step.case, "state": step.state} | _named("held_by", step.held_by)
            said.append(event("case", case, upto))
    queues = dict.fromkeys(step.queue for step in last.values() if step.queue and not step.alert)
    return said + [event("queue", {"queue": queue}) for queue in queues]


def _alert(
    id: UUID, kind: str | None, case: UUID | None, by: str | None = None, number: int | None = None
) -> bytes:
    data = {"id": id, "kind": kind, "case": case} | _named("acknowledged_by", by)
    return event("alert", data, number)


def _named(field: str, actor: str | None) -> dict[str, str]:
    """Who it was, as people call them, where it was somebody."""
    return {} if actor is None else {field: actor}


def event(type: str, data: Mapping[str, object], number: int | None = None) -> bytes:
    """One event on the wire."""
    numbered = b"" if number is None else b"id: %d\n" % number
    return b"%bevent: %b\ndata: %b\n\n" % (numbered, type.encode(), msgspec.json.encode(data))


def mark(number: int) -> bytes:
    """No event: from here a listener goes on when it comes again. Also a sign of life."""
    return b": still here\nid: %d\n\n" % number


ENDED = event("session", {"ended": True})

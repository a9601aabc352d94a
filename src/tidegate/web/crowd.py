"""How much of the server strangers may hold: connections in all and from one address, and how long
one of them may keep a place without getting on.

Every connection is registered here (`web.connection`). One timer looks at all of them several times
within the shortest limit, so that a request costs no timer of its own.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Protocol

import msgspec
import prometheus_client

from tidegate.infra.errors import Refusal
from tidegate.infra.networks import network_around

TURNED_AWAY = prometheus_client.Counter(
    "tidegate_connections_turned_away", "Connections that were refused or cut off", ["reason"]
)
RESERVED_FILES = 192
"""Descriptors that are kept for all but connections: database, evidence, index, decoders."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """`head_bytes` and `head_seconds` are for a request up to its body. `idle_seconds`: who takes
    nothing of an answer for so long is cut off. `open_files` is what the process may open."""

    head_bytes: int = 64 << 10
    head_seconds: float = 10.0
    idle_seconds: float = 60.0
    per_address: int = 512
    open_files: int = 1 << 20

    @property
    def total(self) -> int:
        """Connections at once, so that no other part of the process lacks descriptors."""
        return max(16, self.open_files - RESERVED_FILES)


class Member(Protocol):
    """A connection, as the crowd sees it."""

    def look(self, now: float) -> None:
        """Asked again and again: end what has taken too long."""
        ...


class Crowd:
    """All connections of a process. `unlimited` says of which addresses there may be any number:
    those of proxies, behind which are many people."""

    def __init__(
        self, limits: Limits, unlimited: Callable[[str], bool] = lambda address: False
    ) -> None:
        self.limits = limits
        self._unlimited = unlimited
        self._members: dict[Member, str | None] = {}
        self._by_address: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._pause = min(1.0, limits.head_seconds / 8, limits.idle_seconds / 8)

    def __len__(self) -> int:
        return len(self._members)

    def join(self, member: Member, address: str | None) -> Refusal | None:
        """Take a connection in; the refusal with which it has to leave again, if it has."""
        # Of IPv6 the /64 is one address: one line alone has all of them.
        place = (
            None if address is None or self._unlimited(address) else network_around(address, 32, 64)
        )
        self._members[member] = place
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._look)
        if place is not None:
            self._by_address[place] += 1
            # Where few files may be open, one address must not have them all.
            if self._by_address[place] > min(self.limits.per_address, self.limits.total // 2):
                return _too_many("from this address")
        if len(self._members) > self.limits.total:
            return _too_many("in all")
        return None

    def leave(self, member: Member) -> None:
        place = self._members.pop(member, None)
        if place is not None:
            self._by_address[place] -= 1
            if not self._by_address[place]:
                del self._by_address[place]

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        for member in list(self._members):
            member.look(loop.time())
        self._timer = loop.call_later(self._pause, self._look) if self._members else None


def _too_many(where: str) -> Refusal:
    return Refusal(
        "too-many-connections",
        503,
        "There are too many connections",
        f"There are too many {where}. Use those that are open again, or try later.",
        headers={"Retry-After": "5"},
    )

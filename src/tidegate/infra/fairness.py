"""Who comes next where several wait for a few workers: a fair queue, pure, for costly work.

Each key has a queue of its own. The key that has used least comes next, by the seconds its work
really took; while that work is under way it counts by an estimate. A key that rests gains nothing by
it and loses nothing. *Large* work never takes the last free worker: small work always finds one, soon. Work
is large by its estimate, or because its key's last works turned out slow and other keys are about.
"""

from collections import deque
from typing import Generic, TypeVar

W = TypeVar("W")

SLOW_SECONDS = 0.5
"""A key whose work took so long is slow, until some ten quick ones have followed."""
_FADES = 0.8

_ABOUT_SECONDS = 30.0
"""A key is about until the workers have worked for so long without any new work of it."""
CREDIT_SECONDS = 0.25
"""So much less than the others a key may have used when it comes; what large work could not use
while there was no room for it is not saved up beyond that."""
_MOST_SHARES = 1024


class Ticket(Generic[W]):
    """One work in its key's queue. `estimate` is in seconds."""

    __slots__ = ("estimate", "key", "large", "number", "work")

    def __init__(self, key: str, work: W, estimate: float, *, large: bool = False) -> None:
        self.key = key
        self.work = work
        self.estimate = estimate
        self.large = large
        self.number = 0


class _Share(Generic[W]):
    """What one key has: its works that wait, and the seconds that it has used."""

    __slots__ = ("large", "recent", "running", "small", "used")

    def __init__(self, used: float) -> None:
        self.used = used
        self.small: deque[Ticket[W]] = deque()
        self.large: deque[Ticket[W]] = deque()
        self.running = 0
        self.recent = 0.0

    @property
    def waiting(self) -> int:
        return len(self.small) + len(self.large)

    @property
    def idle(self) -> bool:
        return not self.running and not self.waiting


class FairQueue(Generic[W]):
    """Works wait in `put`, are given out by `take` and end with `done`. `reserved` are the workers
    that large works leave free. Not safe for several threads: whoever has them holds a lock."""

    def __init__(self, workers: int, *, reserved: int = 1) -> None:
        self._most_large = max(1, workers - reserved)
        self._shares: dict[str, _Share[W]] = {}
        self._waiting: dict[str, _Share[W]] = {}  # of keys of which any work waits
        self._clock = 0.0  # what the key that came last had used by then
        self._most_used = 0.0
        self._worked = 0.0  # seconds, by all workers
        self._latest = ("", -_ABOUT_SECONDS)  # the key that last brought work, and `_worked` then
        self._before = ("", -_ABOUT_SECONDS)  # the same of the last one that was another
        self._running = 0
        self._count = 0
        self._large_running = 0
        self.waiting = 0

    def put(self, ticket: Ticket[W], *, again: bool = False) -> None:
        """Let a work wait; `again`: one that was taken already and turned out slow. It comes before
        all of its key."""
        share = self._share(ticket.key)
        if again:
            share.recent = max(share.recent, 4 * SLOW_SECONDS)
        else:
            self._count += 1
            ticket.number = self._count
            if self._latest[0] != ticket.key:
                self._before = self._latest
            self._latest = (ticket.key, self._worked)
        lane = share.large if ticket.large else share.small
        (lane.appendleft if again else lane.append)(ticket)
        self._waiting[ticket.key] = share
        self.waiting += 1

    def take(self) -> Ticket[W] | None:
        """The work that comes next, if any may start now; `done` must follow."""
        chosen: tuple[float, int] | None = None
        found: deque[Ticket[W]] | None = None
        for key, share in self._waiting.items():
            if (lane := self._next(key, share)) is not None:
                place = (share.used, lane[0].number)
                if chosen is None or place < chosen:
                    chosen, found = place, lane
        if found is None:
            return None
        ticket = found.popleft()
        share = self._shares[ticket.key]
        ticket.large = ticket.large or self._is_slow(ticket.key, share)
        self._clock = max(self._clock, share.used)
        self._large_running += ticket.large
        share.used += ticket.estimate
        share.running += 1
        self._running += 1
        self.waiting -= 1
        if not share.waiting:
            del self._waiting[ticket.key]
        return ticket

    def done(self, ticket: Ticket[W], seconds: float) -> None:
        """A work that was taken has ended, for now or for good, after so long."""
        share = self._shares[ticket.key]
        share.used += seconds - ticket.estimate
        share.recent = max(seconds, share.recent * _FADES)
        self._worked += seconds
        share.running -= 1
        self._running -= 1
        self._large_running -= ticket.large
        self._most_used = max(self._most_used, share.used)
        if not self._running and not self.waiting:
            self._clock = self._most_used  # nobody competed: nobody owes anything
        if len(self._shares) > _MOST_SHARES:
            self._tidy()

    def waiting_of(self, key: str) -> int:
        share = self._shares.get(key)
        return 0 if share is None else share.waiting

    def drain(self) -> list[Ticket[W]]:
        """All that wait; they wait no more."""
        tickets = [one for share in self._shares.values() for one in (*share.small, *share.large)]
        for share in self._shares.values():
            share.small.clear()
            share.large.clear()
        self._waiting.clear()
        self.waiting = 0
        return sorted(tickets, key=lambda ticket: ticket.number)

    def _share(self, key: str) -> _Share[W]:
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = _Share(self._clock)
        credit = 0.0 if share.idle else CREDIT_SECONDS
        share.used = max(share.used, self._clock - credit)
        return share

    def _is_slow(self, key: str, share: _Share[W]) -> bool:
        """Whether all works of a key are large: they were slow, and others may want a worker."""
        if share.recent <= SLOW_SECONDS:
            return False
        other = self._latest if self._latest[0] != key else self._before
        return self._worked - other[1] < _ABOUT_SECONDS

    def _next(self, key: str, share: _Share[W]) -> deque[Ticket[W]] | None:
        """The queue of a key whose first work may start now: of two the one that waits longer."""
        room = self._large_running < self._most_large
        small = share.small if share.small and (room or not self._is_slow(key, share)) else None
        large = share.large if share.large and room else None
        if small is None or large is None:
            return small or large
        return min(small, large, key=lambda lane: lane[0].number)

    def _tidy(self) -> None:
        """Forget keys that rest, owe nothing and are not known as slow."""
        self._shares = {
            key: share
            for key, share in self._shares.items()
            if not share.idle or share.used > self._clock or share.recent > SLOW_SECONDS
        }

"""Guessing at codes that only those have who were given one: each miss is counted, for who asks and for all
together, by each web process for itself. Whoever asks for what is there is held up by nobody's guessing but
their own, unless so many guess that all of it must stop.
"""

import math
from threading import Lock

from tidegate.infra.clock import Clock
from tidegate.infra.errors import Refusal
from tidegate.infra.rates import Bucket, Rate, give_back, is_full, take

EACH = Rate(30, 3600)  # misses of one who asks, given back over an hour
ALL = Rate(3000, 3600)
_MOST = 10_000  # buckets, before those that are full again are dropped
_EVERYBODY = ""


class Guesses:
    """Who asks is counted before it is looked, and what is found is given back: of many who ask at once
    no more are admitted than may miss."""

    def __init__(self, clock: Clock, each: Rate = EACH, every: Rate = ALL) -> None:
        self._clock = clock
        self._each, self._every = each, every
        self._buckets: dict[str, Bucket] = {}
        self._lock = Lock()  # handlers run in threads

    def admit(self, who: str) -> None:
        """Count a miss of `who` (a key, an address). Raises Refusal (429) where there were too many; that
        one is not counted."""
        with self._lock:
            now = self._now()
            counted: dict[str, Bucket] = {}
            for name, rate in self._counted(who):
                counted[name], taken = take(rate, self._buckets.get(name), now)
                if not taken.admitted:
                    raise _too_many(taken.seconds)
            self._buckets |= counted
            self._tidy(now)

    def found(self, who: str) -> None:
        """It was no miss."""
        with self._lock:
            for name, rate in self._counted(who):
                if (bucket := self._buckets.get(name)) is not None:
                    self._buckets[name] = give_back(rate, bucket)

    def _counted(self, who: str) -> list[tuple[str, Rate]]:
        return [(f"by {who}", self._each), (_EVERYBODY, self._every)]

    def _tidy(self, now: int) -> None:
        if len(self._buckets) > _MOST:
            self._buckets = {
                name: bucket
                for name, bucket in self._buckets.items()
                if not is_full(self._every if name == _EVERYBODY else self._each, bucket, now)
            }

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1_000_000)


def _too_many(seconds: float) -> Refusal:
    wait = max(1, math.ceil(seconds))
    return Refusal(
        "guessed-too-often",
        429,
        "Too many codes that are none",
        f"So many were asked for that this looks like guessing. Try again in {wait} seconds.",
        headers={"Retry-After": str(wait)},
    )

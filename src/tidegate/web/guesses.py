"""What strangers may do so often: guess at codes that only those have who were given one, and send public forms.
Each is counted, for who asks and for all together, by each web process for itself. Whoever asks for what is there
is held up by nobody's guessing but their own, unless so many guess that all of it must stop.

A stranger is known here by the network of their address, hashed under a key that this process alone has and that
ends with it: nothing of that is written anywhere.
"""

import hashlib
import math
import secrets
from collections.abc import Callable
from threading import Lock

from tidegate.infra.clock import Clock
from tidegate.infra.errors import Refusal
from tidegate.infra.networks import network_around
from tidegate.infra.rates import Bucket, Rate, give_back, is_full, take

EACH = Rate(30, 3600)  # misses of one who asks, given back over an hour
ALL = Rate(3000, 3600)
# Public forms of one address: opened to be sent, sent with a puzzle solved, and without.
POSTED, SOLVED, WAITED = Rate(240, 3600), Rate(60, 3600), Rate(6, 3600)
ALL_POSTED, ALL_SOLVED, ALL_WAITED = Rate(60_000, 3600), Rate(20_000, 3600), Rate(600, 3600)
_KEY = secrets.token_bytes(32)
_MOST = 10_000  # buckets, before those that are full again are dropped
_EVERYBODY = ""


class Guesses:
    """Who asks is counted before it is looked, and what is found is given back: of many who ask at once
    no more are admitted than may miss. `refused` says what whoever asks too often is told."""

    def __init__(
        self,
        clock: Clock,
        each: Rate = EACH,
        every: Rate = ALL,
        refused: Callable[[float], Refusal] | None = None,
    ) -> None:
        self._refused = refused or _too_many
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
                    raise self._refused(taken.seconds)
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


class Sent:
    """The counts of public forms: what was `posted` at all, what was `solved`, and what `waited` instead."""

    def __init__(self, clock: Clock) -> None:
        self.posted = Guesses(clock, POSTED, ALL_POSTED, _too_often)
        self.solved = Guesses(clock, SOLVED, ALL_SOLVED, _too_often)
        self.waited = Guesses(clock, WAITED, ALL_WAITED, _too_often)


def stranger(address: str) -> str:
    """What a stranger is counted by: nobody learns an address from it. Of IPv6 the /64, which is one's own."""
    network = network_around(address, bits=32, bits_of_v6=64)
    return hashlib.blake2b(network.encode(), key=_KEY, digest_size=16).hexdigest()


def _too_often(seconds: float) -> Refusal:
    wait = max(60, math.ceil(seconds))
    minutes = math.ceil(wait / 60)
    return Refusal(
        "sent-too-often",
        429,
        "Too many forms came from where you are",
        f"Nothing was sent. Try again in {minutes} minutes. If a life is in danger, call the police now.",
        headers={"Retry-After": str(wait)},
    )

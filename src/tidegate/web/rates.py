"""How fast a key may ask: counted by each web process for itself, and told in the header fields of
draft-ietf-httpapi-ratelimit-headers."""

import math

from tidegate.access.model import Principal
from tidegate.infra.clock import Clock
from tidegate.infra.errors import Refusal
from tidegate.infra.rates import Bucket, Rate, Taken, is_full, take

_MOST = 10_000  # buckets, before those that are full again are dropped

Header = tuple[bytes, bytes]


class Rates:
    """The buckets of the keys that have a limit: their own, else the setting's."""

    def __init__(self, clock: Clock, default: Rate | None) -> None:
        self._clock = clock
        self._default = default
        self._buckets: dict[tuple[str, Rate], Bucket] = {}

    def rate_of(self, principal: Principal) -> Rate | None:
        """The key's limit; None where there is none."""
        return principal.rate or self._default

    def admit(self, principal: Principal) -> list[Header]:
        """Count a request, and give the fields that tell how many more there may be. Raises Refusal
        (429), with the same fields in `headers`."""
        rate = self.rate_of(principal)
        if rate is None:
            return []
        taken = self._take(principal, rate)
        if not taken.admitted:
            raise _too_fast(rate, taken)
        return [
            (name.lower().encode(), value.encode()) for name, value in _told(rate, taken).items()
        ]

    def wait(self, principal: Principal) -> float:
        """Count one line of a batch. 0, or the seconds until it can be counted: ask again then."""
        rate = self.rate_of(principal)
        if rate is None:
            return 0.0
        taken = self._take(principal, rate)
        return 0.0 if taken.admitted else taken.seconds

    def _take(self, principal: Principal, rate: Rate) -> Taken:
        now = int(self._clock.now().timestamp() * 1_000_000)
        name = principal.key or principal.actor, rate
        if len(self._buckets) >= _MOST and name not in self._buckets:
            self._buckets = {
                known: bucket
                for known, bucket in self._buckets.items()
                if not is_full(known[1], bucket, now)
            }
        self._buckets[name], taken = take(rate, self._buckets.get(name), now)
        return taken


def _told(rate: Rate, taken: Taken) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"key";q={rate.quota};w={rate.seconds}',
        "RateLimit": f'"key";r={taken.left};t={math.ceil(taken.seconds)}',
    }


def _too_fast(rate: Rate, taken: Taken) -> Refusal:
    seconds = max(1, math.ceil(taken.seconds))
    return Refusal(
        "rate-limited",
        429,
        "The key asks too often",
        f"It may make {rate.quota} requests at once, which come back over {rate.seconds} seconds. Nothing"
        f" was done. Send the same request again in {seconds} seconds.",
        headers={"Retry-After": str(seconds), **_told(rate, taken)},
    )

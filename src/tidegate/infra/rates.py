"""So many in so long, as a bucket of tokens: a full one is spent at once or bit by bit, and fills
evenly. Pure; in whole numbers, so that nothing is lost by rounding however long it runs."""

import re

import msgspec

RATES = "requests in a time of at most a day (50/s, 600/m, 100/10s)"
_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_RATE = re.compile(r"([0-9]{1,7})/([0-9]{0,5})([smhd])")
_LONGEST = 86_400
_MICROSECONDS = 1_000_000


class Rate(msgspec.Struct, frozen=True):
    """`quota` requests at once, given back evenly over `seconds`."""

    quota: int
    seconds: int

    def __str__(self) -> str:
        unit, size = next(one for one in _UNITS.items() if self.seconds % one[1] == 0)
        count = self.seconds // size
        return f"{self.quota}/{'' if count == 1 else count}{unit}"


def read_rate(text: str) -> Rate:
    """`50/s`, `600/m`, `100/10s`. Raises ValueError that says what is expected."""
    if found := _RATE.fullmatch(text.strip()):
        rate = Rate(int(found[1]), int(found[2] or 1) * _UNITS[found[3]])
        if rate.quota >= 1 and 1 <= rate.seconds <= _LONGEST:
            return rate
    raise ValueError(f"expected {RATES}, got {text[:40]!r}")


class Bucket(msgspec.Struct, frozen=True):
    """How full it was `at` a time, in microseconds. A microsecond gives `quota` parts back, and a
    request takes as many as its rate has microseconds."""

    parts: int
    at: int


class Taken(msgspec.Struct, frozen=True):
    """Whether there was one to take, how many are left, and in how many seconds: if there was, until it
    is full again, else until there is one."""

    admitted: bool
    left: int
    seconds: float


def take(rate: Rate, bucket: Bucket | None, now: int) -> tuple[Bucket, Taken]:
    """Take one at a time in microseconds; without a bucket it is a full one. A clock that was set back
    gives nothing back, and takes nothing."""
    one = rate.seconds * _MICROSECONDS
    full = rate.quota * one
    parts = full
    if bucket is not None:
        parts = min(full, bucket.parts + max(0, now - bucket.at) * rate.quota)
    admitted = parts >= one
    if admitted:
        parts -= one
    missing = (full if admitted else one) - parts
    return Bucket(parts, now), Taken(admitted, parts // one, missing / rate.quota / _MICROSECONDS)


def give_back(rate: Rate, bucket: Bucket) -> Bucket:
    """The bucket without one that was taken before."""
    return Bucket(bucket.parts + rate.seconds * _MICROSECONDS, bucket.at)


def is_full(rate: Rate, bucket: Bucket, now: int) -> bool:
    """Whether a new one would do as well."""
    missing = rate.quota * rate.seconds * _MICROSECONDS - bucket.parts
    return missing <= (now - bucket.at) * rate.quota

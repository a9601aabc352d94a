"""What bounds a key beside its scopes: until when, from where, over which channels, how often. Pure."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.access.model import bad
from tidegate.infra.durations import read_duration
from tidegate.infra.networks import Network, read_network
from tidegate.infra.rates import RATES, Rate, read_rate

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of a new key; by default there are none, and none of the channels that need a key of
    their own."""

    expires_at: datetime | None = None
    networks: tuple[Network, ...] = ()
    channels: tuple[str, ...] = ()
    rate: Rate | None = None


def read_end(text: str, now: datetime, pointer: str = "/expires") -> datetime:
    """When something ends, such as a key: a while from now (`90d`), the beginning of a day in UTC (`2027-01-31`) or a
    time (RFC 3339). Raises Refusal (422)."""
    end = _end(text.strip(), now)
    if end is None:
        raise bad(pointer, "a while (90d, 12h), a day (2027-01-31) or a time (RFC 3339)", text)
    if end <= now:
        raise bad(pointer, "a time in the future", text)
    return end


def _end(text: str, now: datetime) -> datetime | None:
    try:
        if (while_ := read_duration(text)) is not None:
            return now + while_
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        given = msgspec.convert(text, Annotated[datetime, Meta(tz=True)])
        return given.astimezone(UTC)
    except (ValueError, OverflowError):  # msgspec's ValidationError is a ValueError
        return None


def read_key_rate(text: str) -> Rate:
    """How often a key may ask. Raises Refusal (422)."""
    try:
        return read_rate(text)
    except ValueError as error:
        raise bad("/rate", RATES, repr(text[:40])) from error


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks, each in CIDR or one address. Raises Refusal (422), also for none at all: that a key may be
    used from anywhere is not said by an empty word."""
    found: dict[Network, None] = {}
    for text in texts:
        try:
            found[read_network(text)] = None
        except ValueError as error:
            raise bad("/network", "networks such as 10.0.0.0/8", repr(text), str(error)) from error
    if not found:
        raise bad("/network", "networks such as 10.0.0.0/8", "none")
    return tuple(found)

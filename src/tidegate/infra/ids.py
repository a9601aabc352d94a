"""Identifiers that sort by time, so that indexes grow at their right edge."""

import os
from datetime import datetime
from threading import Lock
from uuid import UUID

_RANDOM = 74
_SPARE = 8  # bits at the top that start at nothing: counting up never leaves the millisecond
_STEP = 5  # bytes

_lock = Lock()
_last = (-1, 0)


def uuid7(now: datetime) -> UUID:
    """A version 7 UUID (RFC 9562, 6.2 method 2): 48 bits of milliseconds, then 74 bits that are random for the first
    of a millisecond and grow by a random step for each that follows in this process: what was made later sorts
    later."""
    global _last
    milliseconds = int(now.timestamp() * 1000)
    with _lock:
        if milliseconds == _last[0]:
            low = _last[1] + 1 + int.from_bytes(os.urandom(_STEP))
        else:
            low = int.from_bytes(os.urandom(10)) >> (80 - _RANDOM + _SPARE)
        _last = milliseconds, low
    high, rest = low >> 62, low & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 0b10 << 62 | rest)


def uuid7_from(when: datetime) -> UUID:
    """What is no greater than any version 7 UUID of that millisecond or a later one, and greater than all
    of before."""
    return UUID(int=int(when.timestamp() * 1000) << 80)

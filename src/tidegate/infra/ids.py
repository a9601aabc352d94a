"""Identifiers that sort by time, so that indexes grow at their right edge."""

import os
from datetime import datetime
from uuid import UUID


def uuid7(now: datetime) -> UUID:
    """A version 7 UUID (RFC 9562): 48 bits of milliseconds, then 74 random bits."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | (7 << 76)
    value = value & ~(0b11 << 62) | (0b10 << 62)
    return UUID(int=value)


def uuid7_from(when: datetime) -> UUID:
    """What is no greater than any version 7 UUID of that millisecond or a later one, and greater than all
    of before."""
    return UUID(int=int(when.timestamp() * 1000) << 80)

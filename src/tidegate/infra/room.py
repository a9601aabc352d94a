"""Room on the disks: whether the database or the data directory has run out of it.

The database says so itself (SQLSTATE 53100). But when its log has no room it ends, and whoever comes then
finds only that it is away: so the disk is looked at, where it is one of ours.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

_SAID_SECONDS = 30.0  # for which what the database said explains that it is away
_SEGMENT_BYTES = 20 << 20  # its log grows by 16 MiB at once
_AWAY = ("08", "57P")  # what it says when it ends, recovers or takes no connection
_FULL_BYTES, _FULL_SHARE = 16 << 20, 0.02  # less than both is full


class Room:
    """What is known of the room on some disks. Safe between threads."""

    def __init__(
        self,
        database: Path | None = None,
        others: Sequence[Path] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._disks = [*([database] if database else []), *others]
        self._now = now
        self._said = -_SAID_SECONDS

    def explains(self, error: BaseException) -> bool:
        """Whether a database that failed, or is away, is so for want of room."""
        cause = getattr(error, "orig", None) or error
        state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
        if state == psycopg.errors.DiskFull.sqlstate:
            self._said = self._now()
            return True
        if state is not None and not state.startswith(_AWAY):
            return False  # it answers, and says what else there is
        return self._was_said or (
            self._database is not None and free(self._database)[0] < _SEGMENT_BYTES
        )

    def shortage(self) -> str:
        """Where there is no room now, in words; "" when there is."""
        for disk in self._disks:
            left, size = free(disk)
            if left < min(_FULL_BYTES, size * _FULL_SHARE):
                return f"full: {left >> 20} MiB left of {size >> 20} at {disk}"
        if self._database is None and self._was_said:  # its disk cannot be seen from here
            return "full: so says the database"
        return ""

    @property
    def _was_said(self) -> bool:
        return self._now() - self._said < _SAID_SECONDS


def free(path: Path) -> tuple[int, int]:
    """Bytes left to ordinary users on the disk of `path`, and its size; much, where that cannot be
    told."""
    try:
        found = os.statvfs(path)
    except OSError:
        return 1 << 60, 1 << 60
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize

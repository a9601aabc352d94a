"""Time comes in as an argument: the system's clock in production, a hand-turned one in tests, and for
synthetic instances one that is turned by a file.
"""

import fcntl
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock, Thread
from typing import Annotated, BinaryIO, Protocol
from weakref import ref

import msgspec
import structlog
from msgspec import Meta

from tidegate.infra.settings_checked import SettingsError

log = structlog.get_logger()

_NOTE = "time-from"
_SEEN = "time-seen"
_KEEPS = 1.0  # seconds
_LOOKS = 0.2  # seconds: at least four times in each
_Moment = Annotated[datetime, Meta(tz=True)]
_Stamp = tuple[int, int, int]
_BROKEN = (OSError, ValueError, OverflowError, msgspec.MsgspecError)


class Clock(Protocol):
    """Anything that tells the time as an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FakeClock:
    """A clock that moves only when it is told to."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class FileClock:
    """The time that stands in a file, and what has really passed since that was written: the same in every
    process that reads it. Another file in its place makes the time jump, but never back: what cannot be read, or
    is earlier, is refused, and the time before goes on. It looks by itself, so that a process at rest misses
    no jump, and knows the same time as the others when an earlier one follows. With the directory of an instance it
    keeps there what it has seen, so that one who starts later refuses what the others refused.

    Raises SettingsError where the file says no time at the start."""

    def __init__(self, path: Path, data_dir: Path | None = None) -> None:
        self.path = path
        self.jumps = 0  # how often another file was taken
        self._lock = Lock()
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._seen = None if data_dir is None else data_dir / _SEEN
        self._kept_at = -_KEEPS
        try:
            self._stamp, self._origin = _read(path)
            self._begin()
        except _BROKEN as error:
            raise SettingsError(
                f"--time-from: {path} cannot be used: {error}. It must hold one time with an offset, such as"
                " 2026-03-01T02:13:00Z."
            ) from error
        Thread(target=_keep_looking, args=(ref(self),), name="clock", daemon=True).start()

    def now(self) -> datetime:
        with self._lock:
            self._look()
            self._latest = max(self._latest, self._reckoned())
            if time.monotonic() - self._kept_at >= _KEEPS:
                self._keep()
            return self._latest

    def _begin(self) -> None:
        """Go on with the time that the instance had, where the file says one that is earlier than it has seen."""
        before = None if self._seen is None else _read_seen(self._seen)
        if before is None or self._origin >= before.origin or self._reckoned() >= before.until:
            return
        log.error("clock.refused", path=str(self.path), back=str(before.origin - self._origin))
        self._origin = before.origin

    def _keep(self) -> None:
        """Keep by which time we go, and until when it will have been seen when this is done again."""
        self._kept_at = time.monotonic()
        if self._seen is not None:
            _keep_seen(
                self._seen, _Seen(self._origin, self._reckoned() + timedelta(seconds=_KEEPS))
            )

    def _reckoned(self) -> datetime:
        return self._origin + timedelta(microseconds=time.time_ns() // 1000)

    def _look(self) -> None:
        """Take what has been put in the file's place, once."""
        stamp: _Stamp | None = None
        try:
            stamp = _stamp(self.path.stat())
            if stamp == self._stamp:
                return
            stamp, origin = _read(self.path)
        except _BROKEN as error:
            if stamp != self._stamp:
                log.error("clock.unreadable", path=str(self.path), error=str(error))
            self._stamp = stamp
            return
        self._stamp = stamp
        if origin < self._origin:
            log.error("clock.refused", path=str(self.path), back=str(self._origin - origin))
            return
        self._origin = origin
        self.jumps += 1
        self._keep()


def _keep_looking(known: "ref[FileClock]") -> None:
    """For as long as somebody goes by that clock."""
    while (clock := known()) is not None:
        clock.now()
        del clock
        time.sleep(_LOOKS)


def _read(path: Path) -> tuple[_Stamp, datetime]:
    """What tells this file from the next, and what time it was by it when the machine's clock began."""
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        moment = msgspec.convert(file.read(100).decode().strip(), _Moment).astimezone(UTC)
    return _stamp(found), moment - timedelta(microseconds=found.st_mtime_ns // 1000)


class _Seen(msgspec.Struct, frozen=True):
    """By what an instance goes, and until when its time has been seen."""

    origin: datetime
    until: datetime


def _read_seen(path: Path) -> _Seen | None:
    """What was kept; None where nothing was, or nobody can read it. Who keeps it right now is waited for."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return _seen_in(file)
    except OSError:
        return None


def _seen_in(file: BinaryIO) -> _Seen | None:
    file.seek(0)
    try:
        return msgspec.json.decode(file.read(), type=_Seen)
    except msgspec.MsgspecError:
        return None


def _keep_seen(path: Path, seen: _Seen) -> None:
    """Keep it, unless another process has seen more; before the instance has a directory there is nothing to
    keep."""
    try:
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = _seen_in(file)
            if before is None or seen.until > before.until:
                file.truncate(0)
                file.write(msgspec.json.encode(seen))
    except FileNotFoundError:
        pass


def _stamp(found: os.stat_result) -> _Stamp:
    return found.st_mtime_ns, found.st_ino, found.st_size


def can_jump(clock: Clock) -> bool:
    """Whether the clock is one that somebody turns while the program runs."""
    return isinstance(clock, FileClock)


def jumps_of(clock: Clock) -> int:
    """How often it has jumped so far: who rests looks for another number."""
    if not isinstance(clock, FileClock):
        return 0
    clock.now()
    return clock.jumps


def outside(clock: Clock) -> datetime:
    """The time that others go by, who know nothing of ours: where theirs is compared with what we send."""
    return SystemClock().now() if isinstance(clock, FileClock) else clock.now()


def note_clock(data_dir: Path, clock: Clock) -> None:
    """Note what clock the server of an instance goes by, for `clock_beside`."""
    note = data_dir / _NOTE
    if isinstance(clock, FileClock):
        note.write_text(f"{clock.path}\n")
    else:
        note.unlink(missing_ok=True)


def clock_beside(data_dir: Path) -> Clock:
    """The clock for whatever works beside the server of an instance. Raises SettingsError."""
    try:
        return FileClock(Path((data_dir / _NOTE).read_text().rstrip("\n")), data_dir)
    except FileNotFoundError:
        return SystemClock()

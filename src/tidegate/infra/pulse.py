"""A process of an instance and the supervisor that started it: how the one shows that it lives, and how
it reads what the supervisor has seen of the others.

The pulse is a pipe with a line a second. It comes from a thread while the process starts, and then from
its event loop: if that hangs, nothing comes. The board is a page of memory that the supervisor writes and
the web process reads, so that readiness needs no disk and no database.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

import msgspec

BEAT_SECONDS = 1.0
STALE_SECONDS = 15.0  # after which the supervisor itself hangs
_HANDED = "TIDEGATE_PART"
_BOARD_BYTES = 4096


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor hands to a process: its own id, and open files by number."""

    parent: int
    pulse: int
    board: int
    sockets: list[int] = []

    def environment(self) -> dict[str, str]:
        return {_HANDED: msgspec.json.encode(self).decode()}


def take_handed() -> Handed | None:
    """What a supervisor handed to this process, once; None for one that somebody else started."""
    text = os.environ.pop(_HANDED, None)
    return None if text is None else msgspec.json.decode(text, type=Handed)


class Beat(msgspec.Struct, frozen=True):
    """One line of a pulse. `up`: it does its work by now. `hangs`: what it began and does not end."""

    up: bool
    hangs: Sequence[str] = ()


class Pulse:
    """The sign of life of this process. Without a pipe it does nothing."""

    def __init__(self, pipe: int | None) -> None:
        self._pipe = pipe
        self._up = threading.Event()
        if pipe is not None:
            os.set_blocking(pipe, False)
            threading.Thread(target=self._while_starting, name="pulse", daemon=True).start()

    def up(self, hangs: Callable[[], Sequence[str]] = tuple) -> None:
        """From now on the running event loop beats, and says what `hangs`."""
        self._up.set()
        loop = asyncio.get_running_loop()

        def beat() -> None:
            self._write(Beat(True, hangs()))
            loop.call_later(BEAT_SECONDS, beat)

        if self._pipe is not None:
            beat()

    def _while_starting(self) -> None:
        while not self._up.is_set():
            self._write(Beat(False))
            self._up.wait(BEAT_SECONDS)

    def _write(self, beat: Beat) -> None:
        # A pipe that is full was not read for hours: no line of it is missed.
        with contextlib.suppress(OSError):
            os.write(self._pipe or -1, msgspec.json.encode(beat) + b"\n")


class Steps:
    """The steps of work that are under way, each with the time that it may take."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._ends: dict[str, float] = {}

    @contextmanager
    def step(self, name: str, seconds: float) -> Generator[None]:
        """One step; it hangs when the block has not ended after `seconds`."""
        self._ends[name] = self._now() + seconds
        try:
            yield
        finally:
            del self._ends[name]

    def turn(self, name: str, seconds: float) -> None:
        """One turn of work that keeps its own time: it hangs when the next does not come."""
        self._ends[name] = self._now() + seconds

    def over(self, name: str) -> None:
        """Work that keeps its own time has ended."""
        self._ends.pop(name, None)

    def hanging(self) -> list[str]:
        now = self._now()
        return sorted(name for name, end in self._ends.items() if end < now)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor sees of one process. `fault`: why it does not do its work now, in words."""

    fault: str = ""
    ended: int = 0  # how often it ended by itself, or was killed, and was started again
    hung: int = 0  # and how often because it hung


class Board(msgspec.Struct, frozen=True):
    """What the supervisor saw last, and when (by the monotonic clock)."""

    at: float
    parts: dict[str, Seen]

    def faults(self, now: float) -> dict[str, str]:
        """Which processes do not do their work, and why."""
        found = {name: seen.fault for name, seen in self.parts.items() if seen.fault}
        if now - self.at > STALE_SECONDS:
            found["supervisor"] = f"has not looked for {now - self.at:.0f} s"
        return found


def make_board() -> int:
    """An open file for a board, to be handed on."""
    board = os.memfd_create("tidegate-board", os.MFD_CLOEXEC)
    os.ftruncate(board, _BOARD_BYTES)
    return board


def write_board(file: int, board: Board) -> None:
    """Put up what was seen. What does not fit is left out, and never half of it is shown."""
    text = msgspec.json.encode(board)
    if len(text) <= _BOARD_BYTES:
        os.pwrite(file, text.ljust(_BOARD_BYTES), 0)


def read_board(file: int | None) -> Board | None:
    """What stands there; None without a supervisor, and where it was just being written."""
    if file is None:
        return None
    try:
        return msgspec.json.decode(os.pread(file, _BOARD_BYTES, 0), type=Board)
    except (OSError, msgspec.MsgspecError):
        return None

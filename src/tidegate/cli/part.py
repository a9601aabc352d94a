"""One process below the supervisor: started, listened to, and replaced when it dies or hangs."""

import contextlib
import os
import subprocess
from collections.abc import Sequence

import msgspec
import structlog

from tidegate.infra.pulse import Beat, Handed, Seen

log = structlog.get_logger()

LATE_SECONDS = 5.0  # without a sign of life, and readiness says so
START_SECONDS = 120.0  # the same while it starts, when a library may hold up everything
LIVED_SECONDS = 10.0  # who lived so long is started again at once
LONGEST_PAUSE = 10.0
KEEPS_DYING = 3  # times in a row, and readiness says so
CANNOT_START = 2
_PIPE_BYTES = 1 << 16


class Part:
    """A role of `serve` as a process. `patience`: seconds of silence after which it is replaced."""

    def __init__(self, role: str, command: Sequence[str], patience: float) -> None:
        self.role = role
        self.was_up = False  # ever: then it is started again for as long as it takes
        self.status: int | None = None  # of its last end
        self._command = list(command)
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._line = b""
        self._beat = Beat(False)
        self._began = self._heard = self._due = 0.0
        self._ended = self._hung = self._in_a_row = 0

    @property
    def pulse(self) -> int:
        """The pipe to wait for; -1 when it does not run."""
        return self._pipe

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, now: float, board: int, sockets: Sequence[int] = ()) -> None:
        """Start the process, from the thread that lives as long as we do: the kernel ends it with
        that thread. A signal from the terminal is for us alone. Where it cannot be started (no memory,
        no processes, no program), that counts as an end."""
        self._pipe, theirs = os.pipe()
        os.set_blocking(self._pipe, False)
        handed = Handed(parent=os.getpid(), pulse=theirs, board=board, sockets=list(sockets))
        environment = {k: v for k, v in os.environ.items() if k != "NOTIFY_SOCKET"}
        try:
            self._process = subprocess.Popen(
                self._command,
                env=environment | handed.environment(),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs, board, *sockets],
                process_group=0,
            )
        except OSError as error:
            os.close(self._pipe)
            self._pipe = -1
            self.status = CANNOT_START
            pause = self._rest(now)
            log.error(f"{self.role}.not_started", error=str(error), again_in=pause)
            return
        finally:
            os.close(theirs)
        self._line, self._beat = b"", Beat(False)
        self._began = self._heard = now

    def look(self, now: float) -> None:
        """Hear what it says, end it if it hangs, and take leave of it when it has ended."""
        if self._process is None:
            return
        self._listen(now)
        if self._beat.up and now - self._began > LIVED_SECONDS:
            self._in_a_row = 0
        silent = now - self._heard
        limit = self._patience if self._beat.up else START_SECONDS
        if silent > limit or self._beat.hangs:
            log.error(f"{self.role}.hung", silent=round(silent, 1), hangs=list(self._beat.hangs))
            self._hung += 1
            self._process.kill()
            self._process.wait()
        if self._process.poll() is not None:
            self._take_leave(now)

    def postpone(self, seconds: float) -> None:
        """We were stopped ourselves for so long: that was no silence."""
        self._heard += seconds

    def due(self, now: float) -> bool:
        """Whether it does not run and may be started."""
        return self._process is None and now >= self._due

    def seen(self, now: float) -> Seen:
        fault = ""
        if self._in_a_row >= KEEPS_DYING:
            fault = f"ended {self._in_a_row} times in a row, last with status {self.status}"
        elif self._process is not None and now - self._heard > LATE_SECONDS:
            fault = f"has given no sign of life for {now - self._heard:.0f} s"
        return Seen(fault=fault, ended=self._ended, hung=self._hung)

    def stop(self, seconds: float) -> None:
        """End it politely, for so long; then at once."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            log.error(f"{self.role}.killed", after=seconds)
            self._process.kill()
            self._process.wait()

    def _listen(self, now: float) -> None:
        said = b""
        with contextlib.suppress(BlockingIOError):
            said = os.read(self._pipe, _PIPE_BYTES)
        if not said:
            return
        *lines, self._line = (self._line + said).split(b"\n")
        self._line = self._line[-_PIPE_BYTES:]
        self._heard = now
        for line in lines[-1:]:
            with contextlib.suppress(msgspec.MsgspecError):
                self._beat = msgspec.json.decode(line, type=Beat)
        self.was_up |= self._beat.up

    def _take_leave(self, now: float) -> None:
        assert self._process is not None
        self.status = self._process.returncode
        self._process = None
        os.close(self._pipe)
        self._pipe = -1
        self._ended += 1
        pause = self._rest(now)
        log.warning(f"{self.role}.ended", status=self.status, again_in=pause)

    def _rest(self, now: float) -> float:
        """The pause before it is started again: none after the first end, then more and more."""
        self._in_a_row += 1
        pause = 0.0
        if self._in_a_row > 1:
            pause = min(LONGEST_PAUSE, 0.25 * 2.0 ** min(self._in_a_row, 8))
        self._due = now + pause
        return pause

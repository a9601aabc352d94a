"""The server's side of one worker process: started clean, asked with a time limit, never trusted.

One thread owns one `Worker` for as long as both live (the kernel ties the child to that thread).
"""

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from tidegate.content.media import wire
from tidegate.content.media.answers import Accepts, amiss
from tidegate.content.media.model import MediaLimits, Problem

START_SECONDS = 30.0
_PIPE_BYTES = 1 << 20
_SET_PIPE_SIZE = 1031  # F_SETPIPE_SZ

T = TypeVar("T")


class WorkerFailed(Exception):
    """There is no (proper) answer and the worker is gone; says what to tell about the file."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(problem.text(detail))
        self.problem = problem
        self.detail = detail


class Patience:
    """How long an answer may take: `seconds`, but only `quick` of them once `others_wait`."""

    def __init__(
        self, seconds: float, quick: float | None = None, others_wait: Callable[[], bool] = bool
    ) -> None:
        now = time.monotonic()
        self._end = now + seconds
        self._quick_end = self._end if quick is None else now + quick
        self._others_wait = others_wait
        self.hurried = False
        """It ended for the sake of others."""

    def left(self) -> float:
        """Seconds until one has to ask again. Raises TimeoutError when it is at its end."""
        now = time.monotonic()
        if now < self._quick_end:
            return min(self._end, self._quick_end) - now
        if now < self._end and not self._others_wait():
            return min(0.05, self._end - now)
        self.hurried = now < self._end
        raise TimeoutError


class Worker:
    """A running worker: start it and use it in the same thread.

    `files` and `seconds` count what it has been asked so far.
    """

    def __init__(self, hasher: str, limits: MediaLimits, accepts: Accepts) -> None:
        """Raises WorkerFailed when it doesn't come up."""
        self._limits, self._accepts = limits, accepts
        self.files = 0
        self.seconds = 0.0
        self._process = _start()
        if not (self._process.stdin and self._process.stdout and self._process.stderr):
            raise AssertionError("all three streams are pipes")
        self._pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._asking, self._answering, complaints = (pipe.fileno() for pipe in self._pipes)
        for descriptor in (self._asking, self._answering):
            os.set_blocking(descriptor, False)
            _widen(descriptor)
        os.set_blocking(complaints, False)
        message = wire.encode(wire.Start(hasher, limits))
        try:
            ready, _ = self._exchange(message, b"", Patience(START_SECONDS), wire.decode_readiness)
        except WorkerFailed as failure:
            raise WorkerFailed(Problem.UNAVAILABLE, failure.detail) from failure
        if isinstance(ready, wire.Unready):
            self.kill()
            raise WorkerFailed(Problem.UNAVAILABLE, ready.reason)
        self.protections = ready.protections
        self._pipes[2].close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(
        self, question: wire.Question, data: bytes, patience: Patience
    ) -> tuple[wire.Answer, bytes]:
        """The answer to one question about `data`. Raises WorkerFailed, and the worker is gone, also
        for an answer that cannot be true."""
        began = time.monotonic()
        message = wire.encode(question)
        answer, raw = self._exchange(message, data, patience, wire.decode_answer)
        self.files += 1
        self.seconds += time.monotonic() - began
        expected = wire.Seen if isinstance(question, wire.Examine) else wire.Drawn
        if not isinstance(answer, expected) or answer.token != question.token:
            self.kill()
            raise WorkerFailed(Problem.CRASHED, "answered out of turn")
        if isinstance(answer, wire.Seen) and (
            why := amiss(answer.examined, data, self._limits, self._accepts)
        ):
            self.kill()
            raise WorkerFailed(Problem.CRASHED, why)
        return answer, raw

    def interrupt(self) -> None:
        """End it from another thread: the one that asks sees it crash."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def kill(self) -> None:
        """End it at once, and close the pipes."""
        self.interrupt()
        for pipe in self._pipes:
            pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # root without CAP_KILL may not kill
            self._process.wait(timeout=5)

    def _exchange(
        self, message: bytes, data: bytes, patience: Patience, decode: Callable[[bytes], T]
    ) -> tuple[T, bytes]:
        """One frame there and one back; whatever goes wrong ends the worker."""
        try:
            self._send(message, data, patience)
            answer, raw = self._receive(patience)
            return decode(answer), raw
        except TimeoutError:
            failure = WorkerFailed(Problem.TIME, "stopped")
        except (msgspec.MsgspecError, _Garbled):
            failure = WorkerFailed(Problem.CRASHED, "answered nonsense")
        except (OSError, EOFError):
            failure = self._post_mortem()
        self.kill()
        raise failure

    def _send(self, message: bytes, data: bytes, patience: Patience) -> None:
        """Write a frame; nothing may come back before the whole of it was read."""
        poll = select.poll()
        poll.register(self._asking, select.POLLOUT)
        poll.register(self._answering, select.POLLIN)
        frame = wire.LENGTHS.pack(len(message), len(data)) + message
        for part in (memoryview(frame), memoryview(data)):
            while part:
                ready = dict(_wait(poll, patience))
                if self._answering in ready:
                    if os.read(self._answering, 1):
                        raise _Garbled
                    raise EOFError
                with contextlib.suppress(BlockingIOError):
                    part = part[os.write(self._asking, part) :]

    def _receive(self, patience: Patience) -> tuple[bytes, bytes]:
        poll = select.poll()
        poll.register(self._answering, select.POLLIN)
        lengths = wire.LENGTHS.unpack(self._read(poll, wire.LENGTHS.size, patience))
        if sum(lengths) > wire.MAX_ANSWER:
            raise _Garbled
        return self._read(poll, lengths[0], patience), self._read(poll, lengths[1], patience)

    def _read(self, poll: select.poll, count: int, patience: Patience) -> bytes:
        parts: list[bytes] = []
        while count:
            _wait(poll, patience)
            if not (part := os.read(self._answering, count)):
                raise EOFError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _post_mortem(self) -> WorkerFailed:
        """Why it ended: its last words while it was starting, else its exit status."""
        if not self._pipes[2].closed and (words := self._last_words()):
            return WorkerFailed(Problem.UNAVAILABLE, words)
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return WorkerFailed(Problem.CRASHED, "closed its pipes")
        if -status in (signal.SIGPROF, signal.SIGXCPU):
            return WorkerFailed(Problem.TIME, "processor time used up")
        if status < 0:
            return WorkerFailed(Problem.CRASHED, f"signal {-status}")
        return WorkerFailed(Problem.CRASHED, f"exit status {status}")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
            lines = os.read(self._pipes[2].fileno(), 1 << 16).decode(errors="replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


def _start() -> subprocess.Popen[bytes]:
    module = "tidegate.content.media.worker"
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-s", "-B", "-m", module, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        raise WorkerFailed(Problem.UNAVAILABLE, str(error)) from error


class _Garbled(Exception):
    """Bytes that are no answer."""


def _wait(poll: select.poll, patience: Patience) -> list[tuple[int, int]]:
    while not (ready := poll.poll(patience.left() * 1000)):
        pass
    return ready


def _environment() -> dict[str, str]:
    """Where modules are found, and one thread (a namespace of its own needs that). No more."""
    environment = {
        "PYTHONPATH": os.pathsep.join(os.path.abspath(entry) for entry in sys.path),
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
    }
    if libraries := os.environ.get("LD_LIBRARY_PATH"):
        environment["LD_LIBRARY_PATH"] = libraries
    return environment


def _widen(descriptor: int) -> None:
    """A pipe as wide as an ordinary user may have it: a picture passes in one or two writes."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _PIPE_BYTES)

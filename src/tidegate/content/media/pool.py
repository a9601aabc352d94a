"""The door to media decoding: files go in from anywhere, what they are comes out.

Each worker process has a thread here that starts it, asks it one file at a time, and replaces it
when it misbehaves. A file that takes long while others wait is begun anew in a lane of its own,
which only the first worker serves: whoever sends such files waits for them, and nobody else.
"""

import asyncio
import contextlib
import threading
from collections import deque
from concurrent.futures import Future
from secrets import token_bytes

from tidegate.content.media import wire
from tidegate.content.media.answers import Accepts, cut
from tidegate.content.media.model import Examined, MediaLimits, Problem, failed
from tidegate.content.media.process import Patience, Worker, WorkerFailed
from tidegate.content.media.sandbox import Protections
from tidegate.content.media.sniffing import declared_type, sniff
from tidegate.infra.errors import Refusal

MAX_FILES = 5000
MAX_SECONDS = 1800.0
"""A worker is replaced after so many files or seconds of work: what took it over unseen goes too,
and its processor time stays below the limit that the kernel keeps."""

_CLOSE_SECONDS = 2.0


class _Job:
    """One file waiting for a worker."""

    def __init__(self, question: wire.Question, data: bytes) -> None:
        self.question = question
        self.data = data
        self.slow = False
        self.future: Future[tuple[wire.Answer, bytes]] = Future()


class MediaPool:
    """Sandboxed workers that examine and draw media. Safe to use from any thread or event loop.

    `hasher` names a function "module:function" from RGB pixels to fingerprints; it runs inside the
    workers, and `accepts` says here which codes it can have given. At most `max_waiting` files wait;
    more are refused ("media-busy", 503). Without `start` the first file starts the workers, and waits
    for them.
    """

    def __init__(
        self,
        hasher: str,
        accepts: Accepts,
        workers: int = 2,
        limits: MediaLimits = MediaLimits(),
        max_waiting: int = 1024,
    ) -> None:
        self._hasher, self._accepts = hasher, accepts
        self._limits = limits
        self._count = workers
        self._max_waiting = max_waiting
        self._quick: deque[_Job] = deque()
        self._slow: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._workers: list[Worker | None] = [None] * workers
        self.protections: Protections | None = None
        """What holds in the worker that started last."""
        self.replaced = 0
        """Workers that failed over a file and were replaced, since the start."""

    def start(self) -> None:
        """Start the workers and wait until they are ready; again does nothing.

        Raises RuntimeError with the reason when one doesn't come up.
        """
        with self._changed:
            if self._threads:
                return
            self._closing = False
            ready: list[Future[None]] = [Future() for _ in range(self._count)]
            self._threads = [
                threading.Thread(target=self._serve, args=(index, ready[index]), daemon=True)
                for index in range(self._count)
            ]
        for thread in self._threads:
            thread.start()
        try:
            for one in ready:
                one.result()
        except WorkerFailed as failure:
            self.close()
            raise RuntimeError(f"The media decoder doesn't start: {failure}") from failure

    def close(self) -> None:
        """Let files in work finish (for two seconds), answer the waiting ones, end the workers."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS)
        for worker in self._workers:
            if worker is not None:
                worker.interrupt()
        for thread in self._threads:
            thread.join()
        self._threads = []
        for job in (*self._quick, *self._slow):
            if job.slow or job.future.set_running_or_notify_cancel():
                job.future.set_exception(WorkerFailed(Problem.UNAVAILABLE, "shutting down"))
        self._quick.clear()
        self._slow.clear()

    @property
    def waiting(self) -> int:
        """Files that no worker has taken yet."""
        return len(self._quick) + len(self._slow)

    async def examine(
        self, data: bytes, content_type: str | None = None, filename: str | None = None
    ) -> Examined:
        """What `data` is; `content_type` and `filename` are the sender's claims.

        Never raises for what the bytes are: that is said in `problems`. Refusal 503 "media-busy"
        when too many files wait.
        """
        job = self._look(data, declared_type(content_type, filename))
        if isinstance(job, Examined):
            return job
        try:
            answer, _ = await asyncio.wrap_future(job.future)
        except WorkerFailed as failure:
            return self._failed(failure, data)
        return _accepted(answer)

    def examine_blocking(
        self, data: bytes, content_type: str | None = None, filename: str | None = None
    ) -> Examined:
        """The same for callers without an event loop."""
        job = self._look(data, declared_type(content_type, filename))
        if isinstance(job, Examined):
            return job
        try:
            answer, _ = job.future.result()
        except WorkerFailed as failure:
            return self._failed(failure, data)
        return _accepted(answer)

    async def preview(self, data: bytes, max_side: int = 640, blur: bool = False) -> bytes | None:
        """A JPEG of `data` for a person's eyes, drawn in the sandbox; None if it shows nothing.

        Only this reaches a browser, never the bytes that were sent.
        """
        if not 0 < len(data) <= self._limits.max_bytes:
            return None
        job = self._enter(wire.Draw(token_bytes(8), max_side, blur), data)
        try:
            _, drawn = await asyncio.wrap_future(job.future)
        except WorkerFailed:
            return None
        return drawn if drawn[:3] == b"\xff\xd8\xff" else None

    def _look(self, data: bytes, declared: str | None) -> _Job | Examined:
        if not data:
            return failed(Problem.EMPTY)
        if len(data) > self._limits.max_bytes:
            detail = f"{len(data)}, limit {self._limits.max_bytes}"
            return failed(Problem.TOO_LARGE, detail, sniff(data))
        return self._enter(wire.Examine(token_bytes(8), declared), data)

    def _failed(self, failure: WorkerFailed, data: bytes) -> Examined:
        return failed(failure.problem, failure.detail, sniff(data))

    def _enter(self, question: wire.Question, data: bytes) -> _Job:
        if not self._closing:
            self.start()
        job = _Job(question, data)
        with self._changed:
            if self._closing or self.waiting >= self._max_waiting:
                raise Refusal(
                    "media-busy",
                    503,
                    "Too many files wait to be decoded",
                    headers={"Retry-After": "2"},
                )
            self._quick.append(job)
            self._changed.notify()
        return job

    def _serve(self, index: int, ready: Future[None]) -> None:
        """A worker's thread: start it, feed it, end it."""
        try:
            self._spawn(index)
        except WorkerFailed as failure:
            ready.set_exception(failure)
            return
        ready.set_result(None)
        while (job := self._next(patient=index == 0)) is not None:
            self._run(index, job)
            self._renew(index)
        if (worker := self._workers[index]) is not None:
            worker.kill()
            self._workers[index] = None

    def _next(self, patient: bool) -> _Job | None:
        """The next file to look at, None when the pool closes. Slow ones come first for the patient
        worker, so that a full quick lane doesn't keep them waiting for ever."""
        while True:
            with self._changed:
                while not self._closing and not self._quick and not (patient and self._slow):
                    self._changed.wait()
                if self._closing:
                    return None
                if patient and self._slow:
                    return self._slow.popleft()
                job = self._quick.popleft()
            if job.future.set_running_or_notify_cancel():
                return job

    def _run(self, index: int, job: _Job) -> None:
        try:
            while (result := self._attempt(index, job)) is None:
                pass
            job.future.set_result(result)
        except _Deferred:
            job.slow = True
            with self._changed:
                self._slow.append(job)
                self._changed.notify_all()
        except WorkerFailed as failure:
            job.future.set_exception(failure)
        except Exception as error:  # a fault of ours: this file fails, the thread lives on
            job.future.set_exception(WorkerFailed(Problem.UNAVAILABLE, type(error).__name__))

    def _attempt(self, index: int, job: _Job) -> tuple[wire.Answer, bytes] | None:
        """Ask the worker once. None: ask a fresh one, this one may have been broken by an earlier
        file. Raises WorkerFailed when it is this file's doing."""
        worker = self._workers[index]
        if worker is None or not worker.alive():
            worker = self._spawn(index)
        unspoilt = worker.files == 0
        wall, quick = self._limits.wall_seconds, self._limits.quick_seconds
        if job.slow or self._count == 1:
            patience = Patience(wall)
        else:
            patience = Patience(wall, quick, lambda: bool(self._quick))
        try:
            return worker.ask(job.question, job.data, patience)
        except WorkerFailed as failure:
            self._workers[index] = None
            self.replaced += 1
            if self._closing:
                raise
            if patience.hurried:
                raise _Deferred from failure
            if failure.problem is Problem.TIME:
                raise WorkerFailed(Problem.TIME, f"stopped after {wall:g} s") from failure
            if unspoilt:
                raise
            return None

    def _spawn(self, index: int) -> Worker:
        if (former := self._workers[index]) is not None:
            former.kill()
            self._workers[index] = None
        worker = self._workers[index] = Worker(self._hasher, self._limits, self._accepts)
        self.protections = worker.protections
        return worker

    def _renew(self, index: int) -> None:
        """Have a worker ready before the next file comes. A failure shows with that file."""
        worker = self._workers[index]
        worn = worker is not None and (worker.files >= MAX_FILES or worker.seconds >= MAX_SECONDS)
        if (worker is None or worn) and not self._closing:
            with contextlib.suppress(WorkerFailed):
                self._spawn(index)


class _Deferred(Exception):
    """A file took long while others were waiting."""


def _accepted(answer: wire.Answer) -> Examined:
    if not isinstance(answer, wire.Seen):
        raise AssertionError("the process checks the kind of answer")
    return cut(answer.examined)

"""The door to media decoding: files go in from anywhere, what they are comes out.

Each worker process has a thread here that starts it, asks it one file at a time, and replaces it
when it misbehaves. Files wait in a queue for each key, and large ones never take the last free
worker (`infra.fairness`): whoever sends many or large files waits for them, and nobody else. What
did not look large and takes long while others wait is begun anew among the large.
"""

import asyncio
import contextlib
import threading
import time
from concurrent.futures import Future
from secrets import token_bytes

from tidegate.content.media import wire
from tidegate.content.media.answers import Accepts, cut
from tidegate.content.media.claims import declared_type
from tidegate.content.media.extent import pixels_of
from tidegate.content.media.model import Budget, Examined, MediaLimits, Problem, Sight, failed
from tidegate.content.media.process import Patience, Worker, WorkerFailed
from tidegate.content.media.sandbox import Protections
from tidegate.content.media.sniffing import sniff
from tidegate.content.media.waiting import Job, WaitingRoom
from tidegate.infra.fairness import Ticket

MAX_FILES = 5000
MAX_SECONDS = 1800.0
"""A worker is replaced after so many files or seconds of work: what took it over unseen goes too,
and its processor time stays below the limit that the kernel keeps."""

_CLOSE_SECONDS = 2.0
_UNTOLD = (  # which may be large without saying so where it is read
    "image/tiff",
    "image/avif",
    "image/heic",
    "image/heif",
    "image/jxl",
    "image/jp2",
)


class MediaPool:
    """Sandboxed workers that examine and draw media. Safe to use from any thread or event loop.

    `hasher` names a function "module:function" from RGB pixels to fingerprints; it runs inside the
    workers, and `accepts` says here which codes it can have given. Of each key at most `max_waiting`
    files wait; more are refused ("media-busy", 503). Without `start` the first file starts the
    workers, and waits for them.

    A `key` is whoever takes turns with others: an API key, a person. Those without one share one.
    Where the pool is not `shared` by several, no worker is kept free of large files.
    """

    def __init__(
        self,
        hasher: str,
        accepts: Accepts,
        workers: int = 2,
        limits: MediaLimits = MediaLimits(),
        max_waiting: int = 1024,
        *,
        shared: bool = True,
    ) -> None:
        self._hasher, self._accepts = hasher, accepts
        self._limits = limits
        self._count = workers
        self._room = WaitingRoom(
            workers, max_waiting, limits.large_pixels, reserved=1 if shared else 0
        )
        self._lock = threading.Lock()
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
        with self._lock:
            if self._threads:
                return
            self._closing = False
            self._room.open()
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
        self._closing = True
        self._room.close()
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS)
        for worker in self._workers:
            if worker is not None:
                worker.interrupt()
        for thread in self._threads:
            thread.join()
        self._threads = []
        for job in self._room.drain():
            if job.started or job.future.set_running_or_notify_cancel():
                job.future.set_exception(WorkerFailed(Problem.UNAVAILABLE, "shutting down"))

    @property
    def waiting(self) -> int:
        """Files that no worker has taken yet."""
        return self._room.waiting

    async def examine(
        self,
        data: bytes,
        content_type: str | None = None,
        filename: str | None = None,
        *,
        key: str = "",
        budget: Budget | None = None,
    ) -> Examined:
        """What `data` is; `content_type` and `filename` are the sender's claims, `budget` what the
        files of its post may cost together.

        Never raises for what the bytes are: that is said in `problems`. Refusal 503 "media-busy"
        when too many files of the key wait.
        """
        job = self._look(data, declared_type(content_type, filename), key, budget)
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
        job = self._look(data, declared_type(content_type, filename), "", None)
        if isinstance(job, Examined):
            return job
        try:
            answer, _ = job.future.result()
        except WorkerFailed as failure:
            return self._failed(failure, data)
        return _accepted(answer)

    async def preview(
        self,
        data: bytes,
        max_side: int = 640,
        blur: bool = False,
        *,
        sight: Sight = Sight(),
        key: str = "",
    ) -> bytes | None:
        """A JPEG of `data` for a person's eyes, drawn in the sandbox; None if it shows nothing.

        Only this reaches a browser, never the bytes that were sent.
        """
        if not 0 < len(data) <= self._limits.max_bytes:
            return None
        question = wire.Draw(token_bytes(8), max_side, blur, sight)
        job = self._enter(Job(question, data, pixels=self._size(data), key=key))
        try:
            _, drawn = await asyncio.wrap_future(job.future)
        except WorkerFailed:
            return None
        return drawn if drawn[:3] == b"\xff\xd8\xff" else None

    def _look(
        self, data: bytes, declared: str | None, key: str, budget: Budget | None
    ) -> Job | Examined:
        if not data:
            return failed(Problem.EMPTY)
        if len(data) > self._limits.max_bytes:
            detail = f"{len(data)}, limit {self._limits.max_bytes}"
            return failed(Problem.TOO_LARGE, detail, sniff(data))
        pixels = self._size(data)
        if budget is not None and not budget.covers(pixels):
            detail = f"in all files together, limit {budget.pixels}"
            return failed(Problem.TOO_MANY_PIXELS, detail, sniff(data))
        question = wire.Examine(token_bytes(8), declared)
        return self._enter(Job(question, data, pixels=pixels, key=key, budget=budget))

    def _size(self, data: bytes) -> int:
        """How many pixels decoding it may cost, whatever it says."""
        pixels = pixels_of(data)
        if pixels is None:
            return self._limits.large_pixels if sniff(data) in _UNTOLD else 0
        return min(pixels, self._limits.max_pixels)

    def _failed(self, failure: WorkerFailed, data: bytes) -> Examined:
        return failed(failure.problem, failure.detail, sniff(data))

    def _enter(self, job: Job) -> Job:
        if not self._closing:
            self.start()
        self._room.enter(job)
        return job

    def _serve(self, index: int, ready: Future[None]) -> None:
        """A worker's thread: start it, feed it, end it."""
        try:
            self._spawn(index)
        except WorkerFailed as failure:
            ready.set_exception(failure)
            return
        ready.set_result(None)
        while (ticket := self._room.next()) is not None:
            began, again = time.monotonic(), False
            try:
                again = self._run(index, ticket)
            finally:
                self._room.done(ticket, time.monotonic() - began, again=again)
            self._renew(index)
        if (worker := self._workers[index]) is not None:
            worker.kill()
            self._workers[index] = None

    def _run(self, index: int, ticket: Ticket[Job]) -> bool:
        """Have a file answered; True where it is to be begun anew, among the large ones."""
        job = ticket.work
        try:
            while (result := self._attempt(index, ticket)) is None:
                pass
            job.future.set_result(result)
        except _Deferred:
            return True
        except WorkerFailed as failure:
            job.future.set_exception(failure)
        except Exception as error:  # a fault of ours: this file fails, the thread lives on
            job.future.set_exception(WorkerFailed(Problem.UNAVAILABLE, type(error).__name__))
        return False

    def _attempt(self, index: int, ticket: Ticket[Job]) -> tuple[wire.Answer, bytes] | None:
        """Ask the worker once. None: ask a fresh one, this one may have been broken by an earlier
        file. Raises WorkerFailed when it is this file's doing."""
        job = ticket.work
        wall, quick = self._limits.wall_seconds, self._limits.quick_seconds
        if job.budget is not None and job.budget.seconds_left < wall:
            wall = job.budget.seconds_left
            if wall <= 0:
                detail = f"all files together, stopped after {job.budget.seconds:g} s"
                raise WorkerFailed(Problem.TIME, detail)
        worker = self._workers[index]
        if worker is None or not worker.alive():
            worker = self._spawn(index)
        unspoilt = worker.files == 0
        began = time.monotonic()  # before its patience: what is used up leaves no rest
        if ticket.large or self._count == 1:
            patience = Patience(wall)
        else:
            patience = Patience(wall, quick, lambda: self._room.others_wait(ticket.key))
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
        finally:
            # Before the answer is told: the post's next file may be another worker's at once.
            if job.budget is not None:
                job.budget.seconds_left -= time.monotonic() - began

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

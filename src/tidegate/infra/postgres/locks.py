"""File locks between processes on one instance (`flock`): released by the kernel when one dies.

`flock` belongs to the open file, so two holders within one process exclude each other as well.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from tidegate.infra.postgres.errors import PostgresError

_POLL_SECONDS = 0.01
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class FileLock:
    """One lock file; hold it shared or exclusive. Not for use by two threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, *, shared: bool = False, wait_seconds: float = 0.0) -> bool:
        """Try to take the lock for up to `wait_seconds`; False if others kept it."""
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        deadline = time.monotonic() + wait_seconds
        while True:
            descriptor = os.open(self.path, _FLAGS, 0o600)
            try:
                fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
                    self._descriptor = descriptor
                    return True
            except (BlockingIOError, FileNotFoundError):
                pass  # others hold it, or the file was removed while we opened it
            os.close(descriptor)
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)

    def release(self) -> None:
        """Give the lock back, also for forked children that share the open file."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        """Close our descriptor only: copies of it in other processes keep the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """The open file, to be handed on to a child that shall hold the lock."""
        if self._descriptor is None:
            raise ValueError(f"{self.path} is not held")
        return self._descriptor

    def _sign(self) -> None:
        """Write who holds it, for the message to others; a full disk is no reason to fail."""
        with suppress(OSError):
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, str(os.getpid()).encode(), 0)

    def _holder(self) -> str:
        try:
            return self.path.read_text() or "(unknown)"
        except OSError:
            return "(unknown)"

    @contextmanager
    def exclusive(self, wait_seconds: float, doing: str) -> Generator[None]:
        """Hold the lock alone for the block. Raises PostgresError if others keep it too long."""
        if not self.acquire(wait_seconds=wait_seconds):
            raise PostgresError(
                f"{doing}: process {self._holder()} has held {self.path} for more than"
                f" {wait_seconds:.0f} s. It is starting or stopping the database, or it hangs.",
                "Look at it, end it if it hangs, and try again.",
            )
        try:
            self._sign()
            yield
        finally:
            self.release()

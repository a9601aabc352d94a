"""The PostgreSQL processes of one cluster: find them, start, wait, stop, fence.

All of it but `wait_ready` is called under the instance's lock. The server inherits an open file
that is locked; as long as any process of it lives, whoever sees it or not, that lock stays taken,
and no second server starts on the cluster.
"""

import contextlib
import enum
import os
import signal
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import msgspec
import psycopg

from tidegate.infra import procs
from tidegate.infra.postgres.binaries import Binaries
from tidegate.infra.postgres.cluster import ENVIRONMENT, as_user
from tidegate.infra.postgres.configuration import server_options
from tidegate.infra.postgres.errors import PostgresError
from tidegate.infra.postgres.locks import FileLock
from tidegate.infra.postgres.place import Place, lock_directory

_POLL_SECONDS = 0.005
_PID_FILE_SECONDS = 30.0
_RECOVERY_SECONDS = 600.0  # replaying max_wal_size takes seconds; a slow disk takes longer
_SILENCE_SECONDS = 10.0
_CONNECT_SECONDS = 5
_FAST_STOP_SECONDS = 10.0
_KILL_SECONDS = 10.0


class Postmaster(msgspec.Struct, frozen=True):
    """One server's main process, named for good by its id and start time."""

    pid: int
    started: int

    def alive(self) -> bool:
        return procs.start_time(self.pid) == self.started


class Outcome(enum.Enum):
    READY = "answers"
    GONE = "has ended"
    SILENT = "does not answer"


class Server:
    """The processes of the cluster at `place`, started by us or by another process."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._child: subprocess.Popen[bytes] | None = None
        self.failed = False  # whether the last one that we started gave up by itself
        self._spawned = ""  # when, as the server's log writes it

    def running(self) -> Postmaster | None:
        """The main process that serves the cluster now, or None."""
        self.reap()
        pid, _ = self._pid_file()
        if pid is None or procs.owner(pid) != self.place.uid:
            return None
        started = procs.start_time(pid)
        if started is None or f"-D {self.place.data} " not in f"{procs.command_line(pid)} ":
            return None
        return Postmaster(pid, started)

    def stopping(self) -> bool:
        """Whether the server was told to stop, and takes no new connections any more."""
        return self._pid_file()[1] == "stopping"

    def spawn(self, binaries: Binaries) -> Postmaster:
        """Start the server after clearing away what a crash left. It may still be recovering.

        Raises PostgresError if it can't be run, or if processes that we can't see use the cluster.
        """
        place, account = self.place, self.place.account
        lock = self._clear()
        self._spawned = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        command = [str(binaries.program("postgres")), "-D", str(place.data)]
        command += server_options(place.home, place.name, place.socket)
        try:
            place.start_log.unlink(missing_ok=True)
            with open(place.start_log, "xb", opener=_private) as log:
                self._child = subprocess.Popen(
                    command,
                    env=ENVIRONMENT,
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # a Ctrl-C is for us; we stop the server ourselves
                    pass_fds=[lock.descriptor],
                    user=account and account.uid,
                    group=account and account.gid,
                    extra_groups=account and [],
                )
        except (OSError, subprocess.SubprocessError) as error:
            raise PostgresError(
                f"PostgreSQL could not be started{as_user(place)}: {error}.",
                "`tidegate doctor` looks at the set-up.",
            ) from error
        finally:
            lock.forget()  # the server's copy keeps it
        return self._await_pid_file(self._child)

    @contextlib.contextmanager
    def alone(self) -> Generator[None]:
        """While nothing runs on the cluster: for programs that take it for themselves."""
        lock = self._clear()
        try:
            yield
        finally:
            lock.release()

    def wait_ready(self, postmaster: Postmaster) -> Outcome:
        """Wait until the server answers. Raises PostgresError if it turns us away."""
        begun = time.monotonic()
        silent_since = None
        while postmaster.alive():
            now = time.monotonic()
            if silent_since and now - silent_since > _SILENCE_SECONDS:
                return Outcome.SILENT
            pid, status = self._pid_file()
            if pid == postmaster.pid and status == "ready":
                if not self.place.socket_file.exists():
                    return Outcome.SILENT  # somebody removed it, and the server makes no new one
                if self._answers():
                    return Outcome.READY
                silent_since = silent_since or now
            elif status == "stopping":
                return Outcome.SILENT
            if now - begun > _RECOVERY_SECONDS:
                raise PostgresError(
                    f"PostgreSQL has been recovering for {_RECOVERY_SECONDS:.0f} s and goes on."
                    f" Its log is in {self.place.home / 'log'}.",
                    "Wait for it and try again.",
                )
            time.sleep(_POLL_SECONDS)
        self.reap()
        return Outcome.GONE

    def stop(self) -> None:
        """End the server: politely, then at once. What was acknowledged is on disk either way."""
        postmaster = self.running()
        if postmaster is not None:
            for number, seconds in ((signal.SIGINT, _FAST_STOP_SECONDS), (signal.SIGQUIT, 5.0)):
                _signal(postmaster.pid, number)
                if self._ended(postmaster, seconds):
                    break
        self.kill()

    def kill(self) -> None:
        """End whatever is left of the server, with SIGKILL."""
        if (postmaster := self.running()) is not None:
            _signal(postmaster.pid, signal.SIGKILL)
            self._ended(postmaster, _KILL_SECONDS)
        for pid in self._leftovers():
            _signal(pid, signal.SIGKILL)
        self.reap()

    def reap(self) -> None:
        """Take leave of a server that was our child and has ended."""
        if self._child is not None and self._child.poll() is not None:
            self.failed = self._child.returncode > 0
            self._child = None

    def last_words(self) -> str:
        """Why the server that we started last gave up, from its log."""
        lines: list[str] = []
        logs = sorted((self.place.home / "log").glob("*.log"), key=lambda p: p.stat().st_mtime)
        for path in [self.place.start_log, *logs[-1:]]:
            try:
                text = path.read_bytes()[-4000:].decode(errors="replace")
            except OSError:
                continue
            fatal = [line for line in text.splitlines() if "FATAL" in line or "PANIC" in line]
            lines += [line for line in fatal if line[:19] >= self._spawned][-2:]
        return " / ".join(lines) or f"nothing; see {self.place.start_log}"

    def _clear(self) -> FileLock:
        """Fence what is left of an earlier server; the lock that its successor will hold."""
        lock = FileLock(lock_directory(self.place.directory) / "server.lock")
        if not lock.acquire():
            self.kill()
            if not lock.acquire(wait_seconds=_KILL_SECONDS):
                raise PostgresError(
                    f"Processes that cannot be seen from here use {self.place.data}, perhaps from"
                    " another container.",
                    f"Find them with `fuser -v {lock.path}` on the machine itself, end them, and"
                    " try again.",
                )
        # No process holds the cluster, so its pid files are stale, whoever has that pid today.
        socket = self.place.socket_file
        for stale in (self.place.data / "postmaster.pid", socket, Path(f"{socket}.lock")):
            stale.unlink(missing_ok=True)
        return lock

    def _await_pid_file(self, child: subprocess.Popen[bytes]) -> Postmaster:
        """Wait until others can find the server too, or it has ended."""
        postmaster = Postmaster(child.pid, procs.start_time(child.pid) or 0)
        deadline = time.monotonic() + _PID_FILE_SECONDS
        while postmaster.alive() and self._pid_file()[0] != child.pid:
            if time.monotonic() > deadline:
                child.kill()
                child.wait()
            time.sleep(_POLL_SECONDS)
        return postmaster

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.place.url, connect_timeout=_CONNECT_SECONDS).close()
        except psycopg.OperationalError as error:
            said = str(error)
            if "authentication failed" in said or "no pg_hba.conf entry" in said:
                raise PostgresError(
                    f"PostgreSQL turns us away: {said.strip()}. The password in"
                    f" {lock_directory(self.place.directory) / 'instance.json'} is not that of the"
                    " database.",
                    "Restore both from the same backup.",
                ) from error
            return "too many clients" in said or "remaining connection slots" in said
        return True

    def _pid_file(self) -> tuple[int | None, str]:
        """Process id and status ("starting", "ready", "stopping") as the server wrote them."""
        try:
            lines = (self.place.data / "postmaster.pid").read_text(errors="replace").split("\n")
            return int(lines[0]), lines[7].strip() if len(lines) > 7 else ""
        except (OSError, ValueError):
            return None, ""

    def _leftovers(self) -> list[int]:
        """Processes of this cluster: the main one by its arguments, the others by their title."""
        found: list[int] = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or procs.owner(pid := int(entry.name)) != self.place.uid:
                continue
            line = procs.command_line(pid)
            is_child = line.startswith(f"postgres: {self.place.name}:")
            is_main = f"postgres -D {self.place.data} " in line
            if is_child or is_main:
                found.append(pid)
        return found

    def _ended(self, postmaster: Postmaster, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while postmaster.alive():
            if time.monotonic() > deadline:
                return False
            self.reap()
            time.sleep(_POLL_SECONDS)
        self.reap()
        return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)

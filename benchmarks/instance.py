"""A real instance for benchmarks: `tidegate serve` on a fresh data directory, and what it uses.

Its processes (web, worker, decoders, PostgreSQL) are found in /proc; their CPU time and memory are
read there.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tidegate.infra.postgres import EmbeddedPostgres

READY_SECONDS = 300.0
_TICK = os.sysconf("SC_CLK_TCK")


class Instance:
    """A running server: where it listens, an admin key, its database and its processes."""

    def __init__(self, directory: Path, port: int) -> None:
        self.port = port
        self.directory = directory
        self._process = self._serve()

    def _serve(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tidegate", "serve", "--data-dir", str(self.directory)]
        command += ["--port", str(self.port)]
        environment = os.environ | {"TIDEGATE_LOG_LEVEL": "warning"}
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)

    def prepare(self) -> None:
        """Wait until it serves, make a key, find the database."""
        self._await_ready()
        self.key = self.cli("keys", "create", "--name", "benchmark", "--scopes", "admin")
        self.database_url = self.cli("doctor", "--database-url")
        self.owner_url = self.cli("doctor", "--database-url", "--owner")
        self._postmaster = self._find_postmaster()

    def restart(self) -> float:
        """Stop everything, PostgreSQL too, and start it again: seconds from start until ready."""
        self.stop()
        began = time.monotonic()
        self._process = self._serve()
        self._await_ready()
        took = time.monotonic() - began
        self._postmaster = self._find_postmaster()
        return took

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"serve ended with status {self._process.returncode}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("serve was not ready in time")

    def cli(self, *words: str) -> str:
        """What a command of the program prints."""
        command = [sys.executable, "-m", "tidegate", *words, "--data-dir", str(self.directory)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def _find_postmaster(self) -> int | None:
        """The parent of our backend; None for a server on another machine."""
        with psycopg.connect(self.database_url) as connection:
            backend = connection.info.backend_pid
            try:
                return _stat(backend)[0]
            except OSError:
                return None

    def processes(self) -> dict[str, set[int]]:
        """The living processes of the server and of PostgreSQL."""
        parents = _parents()
        found = {"server": _descendants(self._process.pid, parents)}
        if self._postmaster:
            found["postgres"] = _descendants(self._postmaster, parents)
        found["server"] -= found.get("postgres", set())
        return found

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time so far, of server and PostgreSQL, ended children included."""
        return {
            name: sum(_cpu_seconds(pid) for pid in pids) for name, pids in self.processes().items()
        }

    def memory(self) -> float:
        """Megabytes of all processes; what they share is counted once (PSS)."""
        return sum(_memory(pid) for pids in self.processes().values() for pid in pids)

    def web_memory(self) -> float:
        """Megabytes of the web process's own, mapped files not counted."""
        return sum(_memory(pid, "Anonymous") for pid in self._web_processes())

    def _web_processes(self) -> list[int]:
        """The web process below the supervisor."""
        below = _descendants(self._process.pid, _parents())
        return [pid for pid in below if b"--role\0web" in _command_line(pid)]

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(settings: str = "") -> Generator[Instance]:
    """An instance in a temporary directory, gone afterwards. `settings` are its `tidegate.toml`."""
    directory = Path(tempfile.mkdtemp(prefix="tidegate-bench-"))
    if settings:
        (directory / "tidegate.toml").write_text(settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    instance = Instance(directory, port)
    try:
        instance.prepare()
        yield instance
    finally:
        instance.stop()
        EmbeddedPostgres(directory).remove()
        shutil.rmtree(directory, ignore_errors=True)


class PeakMemory:
    """The highest memory seen while the block ran, in `megabytes`; looked at every few seconds and
    at the end, for looking makes the kernel walk every page."""

    def __init__(self, instance: Instance) -> None:
        self.megabytes = 0.0
        self._instance = instance
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()

    def _look(self) -> None:
        self.megabytes = max(self.megabytes, self._instance.memory())

    def _watch(self) -> None:
        while not self._stop.wait(4.0):
            self._look()


def _stat(pid: int) -> tuple[int, float]:
    """The parent of a process, and its CPU seconds with those of the children it waited for."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / _TICK


def _cpu_seconds(pid: int) -> float:
    try:
        return _stat(pid)[1]
    except OSError:
        return 0.0


def _parents() -> dict[int, int]:
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents[int(name)] = _stat(int(name))[0]
            except OSError:
                continue
    return parents


def _descendants(root: int, parents: dict[int, int]) -> set[int]:
    found = {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        grown = bool(more)
        found |= more
    return found


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _memory(pid: int, kind: str = "Pss") -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(f"{kind}:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0

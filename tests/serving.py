"""A real `tidegate serve` for tests: its own data directory, its own PostgreSQL, a free port.

    with serving(tmp_path / "instance") as served:
        key = served.key("admin")
        httpx.get(served.url + "/v1/banks", headers={"Authorization": f"Bearer {key}"})

With TIDEGATE_TEST_DATABASE_URL set, the instance gets a fresh database there instead.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import sqlalchemy as sa

from tests.waiting import until

STOP_SECONDS = 30.0
_LIBC = ctypes.CDLL(None)


def free_port() -> int:
    """A TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _die_with_parent() -> None:
    """In the child, before exec: an aborted test run leaves no server behind."""
    _LIBC.prctl(1, signal.SIGKILL, 0, 0, 0)


def drop_database(server_url: str, name: str) -> None:
    """Drop a database with whoever is still connected to it."""
    with psycopg.connect(server_url, autocommit=True) as admin:

        def dropped() -> bool:
            try:
                admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
            except psycopg.errors.InsufficientPrivilege:
                return False  # autovacuum is in there, and only a superuser may end it
            return True

        until(dropped, f"the end of database {name}")


class Served:
    """A server of one instance, and the commands beside it."""

    def __init__(
        self, data_dir: Path, port: int, environment: Mapping[str, str], role: str = "all"
    ) -> None:
        self.data_dir = data_dir
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.environment = dict(environment)
        self.role = role
        self.options: list[str] = []  # more words for `serve`
        self.log = data_dir.with_name(f"{data_dir.name}-{role}-{port}.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start the server; with `wait`, return once it is ready."""
        command = [sys.executable, "-m", "tidegate", "serve", "--data-dir", str(self.data_dir)]
        command += ["--port", str(self.port), "--role", self.role, *self.options]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        if wait and self.role != "worker":
            self.wait_ready()

    def wait_ready(self) -> None:
        """Return once /readyz answers 200; raises with the end of the log otherwise."""
        until(self._is_ready, "a ready server", shown=self.tail)

    def _is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"serve ended ({self.process.returncode}): {self.tail()}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> int:
        """SIGTERM; the exit status (0 is a clean stop)."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"serve did not stop in {STOP_SECONDS} s: {self.tail()}") from None

    def kill(self) -> None:
        """SIGKILL, and nothing tidied."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def command(self, *words: str, input: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """Run `tidegate WORDS --data-dir DIR` beside the server, whatever its exit status."""
        done = subprocess.run(
            [sys.executable, "-m", "tidegate", *words, "--data-dir", str(self.data_dir)],
            env=self.environment,
            input=input,
            capture_output=True,
            timeout=120,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def cli(self, *words: str) -> str:
        """The same for a command that must succeed: what it printed, stripped."""
        done = self.command(*words)
        assert done.returncode == 0, done.stderr or done.stdout
        return done.stdout.strip()

    def key(self, scopes: str = "admin", name: str | None = None, **options: str) -> str:
        """A new API key; `options` such as platform="forum"."""
        name = name or f"test {uuid4().hex[:12]}"
        more = [word for k, v in options.items() for word in (f"--{k}", v)]
        return self.cli("keys", "create", "--name", name, "--scopes", scopes, *more)


@contextmanager
def instance_environment(data_dir: Path) -> Generator[dict[str, str]]:
    """The environment of a fresh instance in `data_dir`; its database is removed afterwards."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TIDEGATE_")}
    server = os.environ.get("TIDEGATE_TEST_DATABASE_URL")
    if server is None:
        yield environment
        from tidegate.infra.postgres import EmbeddedPostgres

        EmbeddedPostgres(data_dir).remove()
        return
    name = f"serving_{uuid4().hex[:12]}"
    url = sa.engine.make_url(server).set(drivername="postgresql", database=name)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    yield environment | {"TIDEGATE_DATABASE_URL": url.render_as_string(hide_password=False)}
    drop_database(server, name)


@contextmanager
def serving(
    data_dir: Path,
    *,
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> Generator[Served]:
    """A ready server on a fresh instance in `data_dir` (made if missing), stopped and its database
    removed afterwards. `settings` are environment variables on top (TIDEGATE_…), `options` more words for `serve`."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with instance_environment(data_dir) as environment:
        served = Served(data_dir, port or free_port(), environment | dict(settings or {}))
        served.options = list(options)
        try:
            served.start()
            yield served
        finally:
            if served.process is not None and served.process.poll() is None:
                served.stop()

"""The demo's processes: `tidegate serve` on a fresh instance, and the receiver beside it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import httpx

from tidegate.infra.postgres import EmbeddedPostgres, PostgresError

HERE = Path(__file__).parent
MARKER = ".tidegate-demo"
READY_SECONDS = 180.0
WAIT_SECONDS = 30.0
STOP_SECONDS = 30.0


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do."""


def refuse_taken_port(port: int) -> None:
    """Raises DemoError when something listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoError(
                f"Port {port} cannot be used ({error.strerror}). If a demo still serves there, end"
                " it with Ctrl-C; or choose another port with `tidegate demo --port`."
            ) from error


def fresh_directory(data_dir: Path) -> None:
    """Make the demo's directory anew. Only one that a demo made is ever removed."""
    if data_dir.exists() and any(data_dir.iterdir()):
        if not (data_dir / MARKER).exists():
            raise DemoError(f"{data_dir} is not empty and not a demo's: choose another --data-dir.")
        try:
            EmbeddedPostgres(data_dir).remove()
        except PostgresError as error:
            raise DemoError(str(error)) from error
        shutil.rmtree(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / MARKER).write_text("Made by `tidegate demo`, and removed by the next one.\n")


def wait(done: Callable[[], bool]) -> None:
    """Until it is so, or the time is over: the checks then say what is missing."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)


class Server:
    """`tidegate serve` as a process of its own; it ends with this one, however that ends. `words` are more
    of its command line, `settings` of its environment."""

    def __init__(
        self,
        data_dir: Path,
        port: int,
        words: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = data_dir / "serve.log"
        self._command = [sys.executable, "-m", "tidegate", "serve", "--data-dir", str(data_dir)]
        self._command += ["--port", str(port), *words]
        self._settings = settings or {}
        self.start()

    def start(self) -> None:
        """Start it, also after it was killed."""
        self._process = _start(self._command, self._log, settings=self._settings)

    def wait_ready(self) -> None:
        """Until it takes work. Raises DemoError with its last words."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise DemoError(f"The server ended at start. {self._last_words()}")
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise DemoError(f"The server was not ready in time. {self._last_words()}")

    def wait(self) -> int:
        """Until it ends by itself; its exit status."""
        return self._process.wait()

    def kill(self) -> None:
        """SIGKILL: it ends at once, and what it has started with it. Returns when it is gone."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """A graceful stop; the exit status, 0 when all was well."""
        return _stop(self._process)

    def _last_words(self) -> str:
        words = self._log.read_text(errors="replace")[-1500:].strip()
        return f"{self._log} ends with:\n{words or '(nothing)'}"


class Receiver:
    """The platform's webhook receiver, and what it has noted so far."""

    def __init__(self, data_dir: Path) -> None:
        self._notes = data_dir / "received.ndjson"
        self._process = _start(
            [sys.executable, str(HERE / "receiver.py"), str(self._notes)],
            data_dir / "receiver.log",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.url = ""

    def wait_ready(self) -> None:
        """Until it listens."""
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise DemoError("The receiver ended at start; see receiver.log.")
        self.url = f"http://127.0.0.1:{int(line)}/tidegate"

    def trust(self, secret: str) -> None:
        """Tell it a signing secret; on no command line, where others could read it."""
        stdin = _pipe(self._process.stdin)
        stdin.write(f"{secret}\n".encode())
        stdin.flush()

    def messages(self, *, alerts: bool) -> list[dict[str, object]]:
        """Every message that arrived, once each, in the order of arrival: about alerts, or about all else."""
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        found = [json.loads(line) for line in lines]
        return [one for one in found if bool(one.get("alert")) is alerts]

    def stop(self) -> None:
        _stop(self._process)


def _start(
    command: list[str],
    log: Path,
    stdin: int = subprocess.DEVNULL,
    stdout: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C is for the demo, which then stops its processes in order.
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            env=os.environ | {"TIDEGATE_PARENT_PID": str(os.getpid())} | dict(settings or {}),
            stdin=stdin,
            stdout=stdout if stdout is not None else file,
            stderr=file,
            start_new_session=True,
        )


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _stop(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()

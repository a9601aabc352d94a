"""The supervisor: what `tidegate serve` itself is. It is small, keeps the listening socket and the
embedded PostgreSQL, and has the web process and the worker below it; whichever dies or hangs is
replaced, and connections wait in the socket meanwhile.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from tidegate.cli.context import was_served
from tidegate.cli.listening import listen, tell_systemd
from tidegate.cli.part import Part
from tidegate.infra.postgres import EmbeddedPostgres, PostgresError
from tidegate.infra.pulse import Board, make_board, write_board
from tidegate.infra.settings import Settings

log = structlog.get_logger()

LOOK_SECONDS = 0.5
PAUSED_SECONDS = 3.0  # between two looks: we were stopped ourselves, not the others silent
WEB_PATIENCE, WORKER_PATIENCE = 30.0, 15.0
WEB_STOP, WORKER_STOP, KEEPER_STOP = 25.0, 15.0, 10.0


def supervise(settings: Settings, role: str, time_from: Path | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit status. `time_from`: the file with the time that the processes
    go by. Raises SettingsError for an address that cannot be listened on."""
    sockets = [] if role == "worker" else listen(settings.host, settings.port)
    port = sockets[0].getsockname()[1] if sockets else settings.port
    command = [sys.executable, "-m", "tidegate", "serve", "--data-dir", str(settings.data_dir)]
    if time_from is not None:
        command += ["--time-from", str(time_from.absolute())]
    address = ["--host", settings.host, "--port", str(port)]
    web = Part("web", [*command, *address, "--role", "web"], WEB_PATIENCE)
    worker = Part("worker", [*command, "--role", "worker"], WORKER_PATIENCE)
    keeper = None if settings.database_url else _Keeper(settings)
    supervisor = _Supervisor(
        {"all": [web, worker], "web": [web], "worker": [worker]}[role],
        [one.fileno() for one in sockets],
        together=was_served(settings),
    )
    if keeper is not None:
        keeper.start()
    try:
        status = supervisor.run()
    finally:
        tell_systemd("STOPPING=1")
        for one in sockets:
            one.close()
        web.stop(WEB_STOP)  # requests in flight finish first
        worker.stop(WORKER_STOP)
        if keeper is not None:
            keeper.stop()
    return status


class _Supervisor:
    """The loop over the processes. They start `together`: what waits in an instance that was there before, such
    as an order that rings, is told at once. At the very first start the others wait for the first, which
    makes everything."""

    def __init__(self, parts: list[Part], sockets: list[int], *, together: bool) -> None:
        self._parts = parts
        self._sockets = sockets
        self._together = together
        self._board = make_board()
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping = False

    def run(self) -> int:
        """Until told to stop: 0. What the first process refuses at its start is our status too."""
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, self._woken_up)
        first, told, before = self._parts[0], False, time.monotonic()
        while not self._stopping:
            now = time.monotonic()
            if now - before > PAUSED_SECONDS:
                for part in self._parts:
                    part.postpone(now - before)
            before = now
            for part in self._parts:
                part.look(now)
            if not first.was_up and first.status is not None and first.status > 0:
                return first.status
            self._start_what_is_due(now)
            write_board(self._board, Board(now, {one.role: one.seen(now) for one in self._parts}))
            if first.was_up and not told:
                tell_systemd("READY=1")
                told = True
            tell_systemd("WATCHDOG=1")
            self._wait()
        return 0

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _woken_up(self, *_: object) -> None:
        """The look follows at once; a signal that is ignored would wake nobody."""

    def _start_what_is_due(self, now: float) -> None:
        for part in self._parts:
            may = self._together or part is self._parts[0] or self._parts[0].was_up
            if may and part.due(now):
                part.start(now, self._board, self._sockets if part.role == "web" else ())

    def _wait(self) -> None:
        """For a sign of life, a signal or the next look."""
        poll = select.poll()
        for one in (self._woken, *(part.pulse for part in self._parts if part.running)):
            poll.register(one, select.POLLIN)
        poll.poll(LOOK_SECONDS * 1000)
        with suppress(BlockingIOError):
            os.read(self._woken, 4096)


class _Keeper(threading.Thread):
    """Keeps the embedded PostgreSQL running. In a thread: recovering may take minutes."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="postgres", daemon=True)
        self._server = EmbeddedPostgres(settings.data_dir)
        self._ending = threading.Event()

    def stop(self) -> None:
        """Leave the server; who leaves last stops it. One that does not come up is left as it is."""
        self._ending.set()
        self.join(KEEPER_STOP)
        if self.is_alive():
            log.error("postgres.left")
        else:
            self._server.release()

    def run(self) -> None:
        step: Callable[[], object] = self._server.start
        pause = LOOK_SECONDS
        while not self._ending.is_set():
            try:
                if step() is True:
                    log.warning("postgres.restarted")
                step, pause = self._server.ensure_running, LOOK_SECONDS
            except (PostgresError, OSError) as error:
                log.error("postgres.failed", error=str(error))
                pause = min(10.0, pause * 2)
            self._ending.wait(pause)

"""What runs beside `tidegate serve` and is started again when it is killed."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import structlog

from tidegate.infra.postgres import EmbeddedPostgres, PostgresError
from tidegate.infra.settings import Settings

log = structlog.get_logger()

WATCH_SECONDS = 0.5
STOP_SECONDS = 15.0
PARENT = "TIDEGATE_PARENT_PID"


class Helpers:
    """What must run beside this process: its PostgreSQL and, once `worker_when` says so, the worker.

    A thread looks at both twice a second and starts again whichever was killed. The kernel ends the
    worker with the thread that started it, so that thread sees the worker off before it ends.
    """

    def __init__(
        self,
        settings: Settings,
        server: EmbeddedPostgres | None,
        *,
        worker_when: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._server = server
        self._worker_when = worker_when
        self._worker: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="helpers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the worker: first it may finish what it has in hand."""
        self._stopping.set()
        self._thread.join()

    def _see_off(self) -> None:
        if self._worker is None:
            return
        self._worker.terminate()
        try:
            self._worker.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._worker.kill()
            self._worker.wait()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._server is not None and self._server.ensure_running():
                    log.warning("postgres.restarted")
                self._keep_worker()
            except (PostgresError, OSError) as error:
                log.error("helper.failed", error=str(error))
            self._stopping.wait(WATCH_SECONDS)
        self._see_off()

    def _keep_worker(self) -> None:
        if self._worker is None and not self._worker_when():
            return
        if self._worker is not None:
            if self._worker.poll() is None:
                return
            log.warning("worker.restarted", status=self._worker.returncode)
        command = [sys.executable, "-m", "tidegate", "serve", "--role", "worker"]
        command += ["--data-dir", str(self._settings.data_dir)]
        environment = os.environ | {PARENT: str(os.getpid())}
        self._worker = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)

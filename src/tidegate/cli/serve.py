"""`tidegate serve`: the web process, with the worker and the embedded PostgreSQL beside it."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from typing import Annotated

import structlog
import typer
import uvicorn
import uvloop
from starlette.types import ASGIApp

from tidegate.cli.context import ADDRESS_FILE, DataDir, settings_of
from tidegate.infra.logs import configure_logs
from tidegate.infra.postgres import EmbeddedPostgres, PostgresError
from tidegate.infra.procs import die_with_parent
from tidegate.infra.settings import Settings
from tidegate.pipeline.instance import opened
from tidegate.pipeline.worker import run_worker
from tidegate.web.app import create_app
from tidegate.web.connection import Connection

log = structlog.get_logger()

WATCH_SECONDS = 0.5
STOP_SECONDS = 15.0
_PARENT = "TIDEGATE_PARENT_PID"


def serve(
    data_dir: DataDir = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    role: Annotated[str, typer.Option(help="all, web or worker: what this process does")] = "all",
) -> None:
    """Serve until SIGTERM. Starts an embedded PostgreSQL unless TIDEGATE_DATABASE_URL is set."""
    if role not in ("all", "web", "worker"):
        raise typer.BadParameter("one of all, web, worker", param_hint="--role")
    if parent := os.environ.pop(_PARENT, None):
        die_with_parent(int(parent))
    settings = settings_of(data_dir, host=host, port=port)
    configure_logs(settings.log_level)
    server = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
    url = settings.database_url or (server.start() if server else "")
    try:
        with opened(settings, url) as instance:
            helpers = Helpers(settings, server, with_worker=role == "all")
            helpers.start()
            try:
                if role == "worker":
                    asyncio.run(run_worker(instance))
                else:
                    run_web(create_app(instance), settings)
            finally:
                helpers.stop()
    finally:
        if server is not None:
            server.release()


class Helpers:
    """What must run beside this process: its PostgreSQL and, for role `all`, the worker.

    A thread looks at both twice a second and starts again whichever was killed. The kernel ends the
    worker with the thread that started it, so that thread sees the worker off before it ends.
    """

    def __init__(
        self, settings: Settings, server: EmbeddedPostgres | None, *, with_worker: bool
    ) -> None:
        self._settings = settings
        self._server = server
        self._with_worker = with_worker
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
        if not self._with_worker:
            return
        if self._worker is not None:
            if self._worker.poll() is None:
                return
            log.warning("worker.restarted", status=self._worker.returncode)
        command = [sys.executable, "-m", "tidegate", "serve", "--role", "worker"]
        command += ["--data-dir", str(self._settings.data_dir)]
        environment = os.environ | {_PARENT: str(os.getpid())}
        self._worker = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)


def web_server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """The HTTP server; to be run by `_serve`, with the signals left to the caller."""
    config = uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType]
        host=host,
        port=port,
        loop="uvloop",
        http=Connection,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=20,
        backlog=2048,
    )
    return uvicorn.Server(config)


def run_web(app: ASGIApp, settings: Settings) -> None:
    """Serve HTTP until SIGTERM or SIGINT; requests in flight finish first."""
    server = web_server(app, settings.host, settings.port)
    (settings.data_dir / ADDRESS_FILE).write_text(f"http://{settings.host}:{settings.port}\n")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
        # The public `serve` would raise the signal again after stopping.
        await server._serve()  # pyright: ignore[reportPrivateUsage]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    if not server.started:
        log.error("serve.failed", host=settings.host, port=settings.port)
        raise typer.Exit(1)

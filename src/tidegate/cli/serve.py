"""`tidegate serve`: a supervisor, and below it the web process, the worker and the embedded PostgreSQL."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from tidegate.cli.context import DataDir, note_address, settings_of
from tidegate.infra.clock import Clock, FileClock, SystemClock, note_clock
from tidegate.infra.logs import configure_logs
from tidegate.infra.postgres import EmbeddedPostgres
from tidegate.infra.procs import FEW_FILES, die_with_parent, end_me_before, raise_open_files
from tidegate.infra.pulse import Handed, Pulse, take_handed
from tidegate.infra.settings import Settings, SettingsError
from tidegate.infra.traces import configure_traces, end_traces

if TYPE_CHECKING:
    from tidegate.pipeline.instance import Instance

log = structlog.get_logger()

PARENT = "TIDEGATE_PARENT_PID"
# When memory runs out, decoders go first (they have 900), then these; the supervisor and PostgreSQL last.
_OOM_POINTS = {"web": 400, "worker": 300}


def serve(
    data_dir: DataDir = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    role: Annotated[str, typer.Option(help="all, web or worker: what this process does")] = "all",
    time_from: Annotated[
        Path | None,
        typer.Option(
            help="A file with the time to go by instead of the machine's (synthetic ones)"
        ),
    ] = None,
) -> None:
    """Serve until SIGTERM. Starts an embedded PostgreSQL unless TIDEGATE_DATABASE_URL is set."""
    if role not in ("all", "web", "worker"):
        raise typer.BadParameter("one of all, web, worker", param_hint="--role")
    handed = take_handed()
    parent = os.environ.pop(PARENT, None)
    if handed is not None:
        die_with_parent(handed.parent)
    elif parent is not None:
        die_with_parent(int(parent))
    settings = settings_of(data_dir, host=host, port=port)
    configure_logs(settings.log_level)
    if time_from is not None and not settings.synthetic:
        raise SettingsError(
            "--time-from: this instance is a real one, whose time is the machine's: what it keeps and signs"
            " stands with the time when it happened. A synthetic instance takes it: one that was first"
            " started with synthetic = true (or TIDEGATE_SYNTHETIC=true)."
        )
    if handed is None:
        from tidegate.cli.supervise import supervise

        if (files := raise_open_files()) < FEW_FILES:
            log.warning("serve.few_open_files", hard_limit=files, wanted=FEW_FILES)
        raise typer.Exit(supervise(settings, role, time_from))
    configure_traces(role)
    server = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
    try:
        clock = SystemClock() if time_from is None else FileClock(time_from, settings.data_dir)
        _serve(settings, server, role, handed, clock)
    finally:
        end_traces()
        if server is not None:
            server.release()


def _serve(
    settings: Settings, server: EmbeddedPostgres | None, role: str, handed: Handed, clock: Clock
) -> None:
    """The web process, or the worker."""
    pulse = Pulse(handed.pulse)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(server.start) if server else None
        # PostgreSQL comes up while Python reads the rest of the program.
        from tidegate.pipeline.instance import opened

        run = _worker() if role == "worker" else _web(handed.sockets)
        url = starting.result() if starting else settings.database_url or ""
    end_me_before(_OOM_POINTS[role])
    with opened(settings, url, clock, board=handed.board) as instance:
        note_clock(settings.data_dir, clock)
        if not run(instance, pulse):
            log.error("serve.failed")
            raise typer.Exit(1)


def _worker() -> Callable[["Instance", Pulse], bool]:
    from tidegate.pipeline.worker import run_worker

    def run(instance: "Instance", pulse: Pulse) -> bool:
        run_worker(instance, pulse)
        return True

    return run


def _web(sockets: Sequence[int]) -> Callable[["Instance", Pulse], bool]:
    from tidegate.web.app import create_app
    from tidegate.web.server import run_web, web_server

    def run(instance: "Instance", pulse: Pulse) -> bool:
        settings = instance.settings
        note_address(settings)
        return run_web(web_server(create_app(instance, warm=True), settings), sockets, pulse)

    return run

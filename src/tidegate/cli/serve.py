"""`tidegate serve`: the web process, with the worker and the embedded PostgreSQL beside it."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import structlog
import typer

from tidegate.cli.context import ADDRESS_FILE, DataDir, settings_of
from tidegate.cli.helpers import PARENT, Helpers
from tidegate.infra.logs import configure_logs
from tidegate.infra.postgres import EmbeddedPostgres
from tidegate.infra.procs import FEW_FILES, die_with_parent, raise_open_files
from tidegate.infra.settings import Settings
from tidegate.infra.traces import configure_traces, end_traces

log = structlog.get_logger()


def serve(
    data_dir: DataDir = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on")] = None,
    role: Annotated[str, typer.Option(help="all, web or worker: what this process does")] = "all",
) -> None:
    """Serve until SIGTERM. Starts an embedded PostgreSQL unless TIDEGATE_DATABASE_URL is set."""
    if role not in ("all", "web", "worker"):
        raise typer.BadParameter("one of all, web, worker", param_hint="--role")
    if parent := os.environ.pop(PARENT, None):
        die_with_parent(int(parent))
    settings = settings_of(data_dir, host=host, port=port)
    configure_logs(settings.log_level)
    configure_traces(role)
    if (files := raise_open_files()) < FEW_FILES:
        log.warning("serve.few_open_files", hard_limit=files, wanted=FEW_FILES)
    server = None if settings.database_url else EmbeddedPostgres(settings.data_dir)
    try:
        _serve(settings, server, role)
    finally:
        end_traces()
        if server is not None:
            server.release()


def _serve(settings: Settings, server: EmbeddedPostgres | None, role: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(server.start) if server else None
        # PostgreSQL comes up while Python reads the rest of the program.
        from tidegate.pipeline.instance import opened
        from tidegate.pipeline.worker import run_worker
        from tidegate.web.app import create_app
        from tidegate.web.server import run_web, web_server

        url = starting.result() if starting else settings.database_url or ""
    with opened(settings, url) as instance:
        web = None if role == "worker" else web_server(create_app(instance), settings)
        # The worker's imports would only delay the moment when this process takes work.
        started = (lambda: web.started) if web and role == "all" else (lambda: False)
        helpers = Helpers(settings, server, worker_when=started)
        helpers.start()
        try:
            if web is None:
                asyncio.run(run_worker(instance))
                return
            (settings.data_dir / ADDRESS_FILE).write_text(
                f"http://{settings.host}:{settings.port}\n"
            )
            if not run_web(web):
                log.error("serve.failed", host=settings.host, port=settings.port)
                raise typer.Exit(1)
        finally:
            helpers.stop()

"""uvicorn in our own process: ended by a signal, it finishes what is in flight and returns."""

import asyncio
import signal
import socket
from collections.abc import Sequence
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tidegate.infra.loop import run_among_threads
from tidegate.infra.networks import read_address, within
from tidegate.infra.procs import open_files
from tidegate.infra.pulse import Pulse
from tidegate.infra.settings import Settings
from tidegate.web.connection import Connection
from tidegate.web.crowd import Crowd, Limits

_STARTED_SECONDS = 0.01


def web_server(app: ASGIApp, settings: Settings) -> uvicorn.Server:
    """The HTTP server; `run_web` runs it."""
    limits = Limits(
        head_seconds=settings.head_seconds,
        idle_seconds=settings.idle_seconds,
        per_address=settings.connections_per_address,
        open_files=open_files(),
    )
    trusted = settings.proxies

    def is_proxy(address: str) -> bool:
        peer = read_address(address)
        return peer is not None and within(peer, trusted)

    connection: Any = partial(Connection, Crowd(limits, unlimited=is_proxy))
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=connection,
        ws="none",  # nothing here takes one, and it would be out of all limits
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


def run_web(server: uvicorn.Server, sockets: Sequence[int], pulse: Pulse) -> bool:
    """Serve HTTP on listening sockets until SIGTERM or SIGINT; requests in flight finish first. False
    if it never came up: the log says why."""

    async def tell() -> None:
        while not server.started:
            await asyncio.sleep(_STARTED_SECONDS)
        pulse.up()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
        telling = loop.create_task(tell())
        listening = [socket.socket(fileno=one) for one in sockets]
        # The public `serve` would raise the signal again after stopping.
        await server._serve(listening)  # pyright: ignore[reportPrivateUsage]
        telling.cancel()

    run_among_threads(main())
    return server.started

"""The application on a real socket within the test's process, and a client that speaks in bytes."""

import asyncio
import json
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import uvloop
from tests.serving import free_port
from tests.waiting import until

from tidegate.access.actions import create_key
from tidegate.infra.settings import Settings
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance, opened
from tidegate.web.app import create_app
from tidegate.web.server import web_server


@contextmanager
def live(instance: Instance) -> Generator[int]:
    """Serve the instance as `tidegate serve` does; gives the port."""
    port = free_port()
    settings = msgspec.structs.replace(instance.settings, host="127.0.0.1", port=port)
    server = web_server(create_app(instance), settings)

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server._serve())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive(), "the server's start")
        assert thread.is_alive()
        yield port
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def live_with_key(
    settings: Settings, server_urls: tuple[str, str], template: str
) -> Generator[tuple[int, str]]:
    """Serve a new instance with these settings; its port and an admin's key."""
    from tests.conftest import cloned

    with (
        cloned(server_urls, template) as (_, url),
        opened(settings, url) as instance,
        live(instance) as port,
    ):
        with instance.database.begin() as tx:
            key = create_key(tx, SCOPES, "test", ["admin"], None)[1]
        yield port, key


class Stream:
    """One request whose body is sent piece by piece, chunked, while its answer is read."""

    def __init__(
        self, port: int, key: str, path: str, kind: str, *, receive_buffer: int = 0, **headers: str
    ) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        head = [f"POST {path} HTTP/1.1", "Host: tidegate", f"Authorization: Bearer {key}"]
        head += [f"Content-Type: {kind}", "Transfer-Encoding: chunked"]
        head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join([*head, "", ""]).encode())
        self.answer = self.socket.makefile("rb")
        self.status = 0
        self.headers: dict[str, str] = {}
        self._rest = b""

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self) -> None:
        self.socket.sendall(b"0\r\n\r\n")

    def vanish(self) -> None:
        """Close with a reset, as a client that crashes."""
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.answer.close()
        self.socket.close()

    def start(self) -> int:
        """Read the head of the answer; the status."""
        self.status = int(self.answer.readline().split()[1])
        while line := self.answer.readline().strip():
            name, _, value = line.decode("latin-1").partition(": ")
            self.headers[name.lower()] = value
        return self.status

    def body(self) -> bytes:
        """The whole of an ordinary answer's body."""
        return self.answer.read(int(self.headers["content-length"]))

    def lines(self) -> Iterator[Any]:
        """The answer's lines as they come, until it ends. EOFError when it is cut off."""
        if not self.status:
            self.start()
        rest = b""
        while True:
            size = self.answer.readline()
            if not size:
                raise EOFError
            data = self.answer.read(int(size, 16))
            self.answer.readline()
            if not data:
                assert not rest
                return
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                yield json.loads(line)

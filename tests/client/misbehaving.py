"""A real HTTP server that answers as it is told, for what a well-behaved one never does."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """What to answer; `cut` drops the connection after the body, before its end is told."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = {}
    cut: bool = False


CUT = Answer(cut=True, body=b"")


class Asked(msgspec.Struct, frozen=True):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Server:
    """`answers` are given in turn, the last one for ever; `asked` is what came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.answers: list[Answer | Callable[[Asked], Answer]] = []

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return found if isinstance(found, Answer) else found(asked)


@contextmanager
def misbehaving() -> Generator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, self.rfile.read(length))
            told = server.answer(asked)
            self.close_connection = True
            if told.cut and not told.body:
                return
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Connection", "close")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if told.body:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(told.body), told.body))
            if not told.cut:
                self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_DELETE = do_PATCH = answer

        def log_message(self, format: str, *args: object) -> None: ...

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    server = Server(f"http://127.0.0.1:{listener.server_address[1]}")
    threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()

"""A platform's webhook receiver in the test's process: keeps what it was told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.browser.desk import Desk


class Receiver:
    """Takes every message; targets are made with the command, as an operator would."""

    def __init__(self, desk: Desk) -> None:
        self._taken: list[dict[str, Any]] = []
        taken = self._taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._desk = desk

    def __enter__(self) -> Self:
        self._thread.start()
        url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._desk.served.cli("webhooks", "create", "--url", url, "--allow-private", "--enforce")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def messages(self) -> list[dict[str, Any]]:
        """All that arrived so far."""
        return list(self._taken)

    def of(self, item: str) -> list[dict[str, Any]]:
        """The actions on an item."""
        actions = (one for one in self._taken if str(one["type"]).startswith("action."))
        return [one for one in actions if one["data"]["item"] == item]

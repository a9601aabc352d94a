"""A platform's own systems: they take the webhooks of their instance, and show or hide posts as they are told."""

import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError


class Receiver:
    """All messages that came with a good signature, each once, in the order of arrival."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.refused = 0
        self._messages: dict[str, dict[str, Any]] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(receiver.take(dict(self.headers), body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tidegate"

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """The status to answer."""
        for secret in self.secrets:
            with suppress(WebhookVerificationError):
                Webhook(secret).verify(body, headers)
                self._messages.setdefault(headers["webhook-id"], json.loads(body))
                return 204
        self.refused += 1
        return 401

    def got(self, type: str) -> list[dict[str, Any]]:
        """What the messages of a type say."""
        return [one["data"] for one in list(self._messages.values()) if one["type"] == type]

    def hidden(self) -> set[str]:
        """The posts that are hidden by now."""
        latest: dict[str, tuple[int, str]] = {}
        for message in list(self._messages.values()):
            if message["type"] in ("action.restrict", "action.lift"):
                said = message["data"]
                latest[said["item"]] = max(
                    latest.get(said["item"], (0, "")), (said["sequence"], message["type"])
                )
        return {item for item, (_, type) in latest.items() if type == "action.restrict"}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

"""The platform's side, in a process of its own: takes webhook messages and acts on them.

`python demo/receiver.py FILE` reads the signing secrets of its targets from standard input, one a line, after
it has printed its port, and appends every message that it took to FILE, one JSON line each. This is what a platform's
own receiver looks like, but that it keeps its state in memory.
"""

import json
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tidegate.client.webhooks import (
    Message,
    MessageData,
    WebhookVerificationError,
    verify_webhook,
)


class Platform:
    """What this platform shows and hides, as it was told."""

    def __init__(self, log: Path) -> None:
        self.secrets: list[str] = []
        self._log = log.open("a", buffering=1)
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._latest: dict[str, int] = {}
        self._hidden: set[str] = set()

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Act on a message; returns the HTTP status to answer."""
        message = self._verified(headers, body)
        if message is None:
            self._note({"verified": False})
            return 401
        with self._lock:
            if message.id not in self._seen:
                self._seen.add(message.id)
                self._act(message.type, message.data)
                self._note(
                    {
                        "verified": True,
                        "id": message.id,
                        "type": message.type,
                        "item": message.data.item,
                        "alert": message.data.alert,
                        "sequence": message.data.sequence,
                        "hidden": message.data.item in self._hidden,
                    }
                )
        return 204

    def _verified(self, headers: dict[str, str], body: bytes) -> Message | None:
        for secret in self.secrets:
            with suppress(WebhookVerificationError):
                return verify_webhook(secret, headers, body)
        return None

    def _act(self, type: str, data: MessageData) -> None:
        item, sequence = data.item, data.sequence
        if item is None or sequence is None:
            return  # it is about no item
        # A late message must not undo a later one.
        if type.startswith("action.") and sequence > self._latest.get(item, 0):
            self._latest[item] = sequence
            if type == "action.restrict":
                self._hidden.add(item)
            elif type == "action.lift":
                self._hidden.discard(item)

    def _note(self, line: dict[str, object]) -> None:
        self._log.write(json.dumps(line) + "\n")


def main() -> None:
    platform = Platform(Path(sys.argv[1]))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            gone = self.path.endswith("/gone")  # a target that was taken down and never told
            self.send_response(410 if gone else platform.take(dict(self.headers), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:  # until whoever started this ends, however it ends
        platform.secrets.append(line.strip())


if __name__ == "__main__":
    main()

"""A platform's webhook receiver as a process of its own: `receiver.py PORT DIR SECRET`.

Writes what it got to DIR/got.ndjson; answers as DIR/mode.json says: {"status"}, to the message
"refuse" with 500, with the headers "location" and "retry-after", and if "silent" not at all.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

port, directory, secret = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        mode = json.loads((directory / "mode.json").read_text())
        if mode.get("silent"):
            self.connection.recv(1)  # nothing comes but the end
            self.close_connection = True
            return
        try:
            Webhook(secret).verify(body, dict(self.headers))
            verified = True
        except WebhookVerificationError:
            verified = False
        status = 500 if mode.get("refuse") == self.headers["webhook-id"] else mode["status"]
        line = {
            "id": self.headers["webhook-id"],
            "timestamp": self.headers["webhook-timestamp"],
            "verified": verified,
            "status": status,
            "body": json.loads(body),
        }
        with (directory / "got.ndjson").open("a") as file:
            file.write(json.dumps(line) + "\n")
        self.send_response(status)
        for name in ("location", "retry-after"):
            if name in mode:
                self.send_header(name, mode[name])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


ThreadingHTTPServer.request_queue_size = 64
server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()

"""Where webhooks and an authority's messages go in `make bench-orders`: `hook.py PORT FILE`, a process of its own.

Every webhook is a line of FILE: when its last byte came, and the message. What comes to `/inbox` is answered
as an authority's instance does, with a receipt signed by the key whose seed is read from standard input.
"""

import asyncio
import hashlib
import json
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.exchange.keys import OwnKey
from tidegate.infra.times import in_full
from tidegate.orders.jws import parse, sign


class Hook:
    """The process, seen from the benchmark."""

    def __init__(self, folder: Path, seed: bytes) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/hook"
        self.inbox = f"http://127.0.0.1:{port}/inbox"
        self._file = folder / "hook.ndjson"
        self._read = 0
        command = [sys.executable, "-m", "benchmarks.hook", str(port), str(self._file)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(seed.hex().encode() + b"\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def got(self) -> list[dict[str, Any]]:
        """What came since the last look: `at`, in seconds since 1970, and `message`."""
        with self._file.open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
        self._read += len(whole) + bool(whole)
        return [json.loads(line) for line in whole.split(b"\n") if line]

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


async def _serve(port: int, path: Path, key: OwnKey) -> None:
    with path.open("ab", buffering=0) as file:

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := await _head(reader):
                length = int(head.split(b"content-length:")[1].split(b"\r", 1)[0])
                body = await reader.readexactly(length)
                answer = b""
                if head.startswith(b"post /inbox"):
                    answer = _receipt(body, key)
                else:
                    file.write(b'{"at":%.6f,"message":%b}\n' % (time.time(), body))
                status = b"202 Accepted" if answer else b"200 OK"
                said = b"content-type: application/jose+json\r\n" if answer else b""
                writer.write(
                    b"HTTP/1.1 %b\r\n%bcontent-length: %d\r\n\r\n%b"
                    % (status, said, len(answer), answer)
                )
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", port, limit=1 << 20)
        print("ready", flush=True)
        await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> bytes:
    """A request's head in small letters; nothing once the other side has gone."""
    try:
        return (await reader.readuntil(b"\r\n\r\n")).lower()
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def _receipt(raw: bytes, key: OwnKey) -> bytes:
    jws = parse(raw)
    said = json.loads(jws.payload)
    receipt = {
        "protocol": said["protocol"],
        "type": "receipt",
        "from": said["to"],
        "to": said["from"],
        "message": said["id"],
        "sha256": hashlib.sha256(jws.payload).hexdigest(),
        "received_at": in_full(datetime.now(UTC)),
        "verified": True,
        "problems": [],
        "order": said["order"],
    }
    return sign(json.dumps(receipt).encode(), key)


if __name__ == "__main__":
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(sys.stdin.readline()))
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2]), OwnKey(private)))

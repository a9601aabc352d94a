"""A server that says it is PostgreSQL 15 and lets everybody in: an old one to be refused, where none is
installed. It speaks as much of the protocol as a client needs to see its version.
"""

import socket
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _speak(client: socket.socket, asked: list[bytes]) -> None:
    with client:
        (size,) = struct.unpack("!I", client.recv(4))
        client.recv(size - 4)  # the start-up packet
        client.sendall(
            _message(b"R", struct.pack("!I", 0))
            + _message(b"S", b"server_version\x0015.13\x00")
            + _message(b"S", b"client_encoding\x00UTF8\x00")
            + _message(b"S", b"server_encoding\x00UTF8\x00")
            + _message(b"K", struct.pack("!II", 1, 1))
            + _message(b"Z", b"I")
        )
        while said := client.recv(4096):
            if said[:1] != b"X":
                asked.append(said)
                return


@contextmanager
def old_postgres() -> Generator[tuple[str, list[bytes]]]:
    """The URL of one, and what it was asked beyond a connection."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                _speak(client, asked)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        yield f"postgresql://me@127.0.0.1:{port}/tidegate?sslmode=disable&gssencmode=disable", asked
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()

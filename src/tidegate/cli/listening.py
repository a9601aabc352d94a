"""The sockets that `serve` listens on, and what it tells systemd where that has started it."""

import errno
import os
import socket
import time
from contextlib import suppress

from tidegate.infra.settings import SettingsError

BACKLOG = 2048
TAKEN_SECONDS = 2.0  # for which a server that was killed may still hold the address
_AGAIN_SECONDS = 0.05
_NO_SUCH = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def listen(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address of `host`. Port 0: one that is free, the same for all.
    Raises SettingsError."""
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, number, _, address in dict.fromkeys(found):
            try:
                sockets.append(_bound(family, kind, number, (address[0], port, *address[2:])))
            except OSError as error:
                if error.errno not in _NO_SUCH:
                    raise
                missing = error  # `localhost` may name a family that the machine lacks
            else:
                port = sockets[-1].getsockname()[1]
        if missing is not None and not sockets:
            raise missing
    except OSError as error:
        for one in sockets:
            one.close()
        raise SettingsError(
            f"{host}, port {port}, cannot be listened on: {error.strerror or error}."
            " Choose another with --host and --port, or end what uses it."
        ) from error
    return sockets


def _bound(
    family: socket.AddressFamily, kind: socket.SocketKind, number: int, address: tuple[object, ...]
) -> socket.socket:
    one = socket.socket(family, kind, number)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        end = time.monotonic() + TAKEN_SECONDS
        while True:
            try:
                one.bind(address)
                one.listen(BACKLOG)
                return one
            except OSError as error:
                if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                    raise
            time.sleep(_AGAIN_SECONDS)
    except BaseException:
        one.close()
        raise


def tell_systemd(state: str) -> None:
    """A line of the notify protocol (sd_notify); nothing where nobody asked for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)

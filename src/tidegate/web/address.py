"""Where a request comes from: the one place that decides whether `X-Forwarded-For` counts.

Anybody can send that header. Each proxy appends the address that it was called from, so it is read
from the right, as far as those who wrote it are trusted (the setting `trusted_proxies`).
"""

from collections.abc import Sequence

from starlette.types import Scope

from tidegate.infra.networks import Network, read_address, within


def address_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """The client's address: the socket's peer; if that is a trusted proxy, the rightmost address of
    `X-Forwarded-For` that is not one itself, and if all are, the leftmost.

    What is no address ends the search: whoever wrote it is the last one known.
    """
    client = scope.get("client")
    peer = read_address(client[0]) if client else None
    if peer is None:
        return client[0] if client else "unknown"
    if not trusted or not within(peer, trusted):
        return str(peer)
    known = peer
    for text in reversed(_forwarded(scope)):
        address = read_address(text)
        if address is None:
            break
        known = address
        if not within(address, trusted):
            break
    return str(known)


def _forwarded(scope: Scope) -> list[str]:
    """What the header lists, in order, all of its lines together."""
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    parts = b",".join(lines).decode("latin-1").split(",")
    return [part for part in map(str.strip, parts) if part]

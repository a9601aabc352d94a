"""What an order is about, as digests that can be compared: the canonical forms of its URLs, and its files. Pure."""

import hashlib
from collections.abc import Iterable

from tidegate.infra.digests import keyed
from tidegate.orders.annexes import Item
from tidegate.signals.fingerprints.url import canonical

PURPOSE = "order target"


def target_of_url(key: bytes, url: str) -> bytes:
    """The digest of a URL's canonical form; of what has none, of itself."""
    return _keyed(key, b"url", (canonical(url) or url).encode(errors="replace"))


def targets_of(key: bytes, items: Iterable[Item]) -> set[bytes]:
    """The digests of all that these items are about."""
    found: set[bytes] = set()
    for item in items:
        found.add(target_of_url(key, item.url))
        found |= {_keyed(key, b"sha256", digest.encode()) for digest in item.sha256}
    return found


def _keyed(key: bytes, kind: bytes, value: bytes) -> bytes:
    return keyed(key, PURPOSE, hashlib.sha256(kind + b"\0" + value).digest())

"""The host of a URL: one name or address, on any port; "www." and other subdomains are others.

Too coarse to restrict by. `domain` is the kind that takes the subdomains in.
"""

from urllib.parse import urlsplit

from tidegate.signals.fingerprints.kind import Kind, one_by_one
from tidegate.signals.fingerprints.url import canonical
from tidegate.signals.model import Fingerprint


def host_of(canonical_url: str) -> str:
    """The host of a canonical URL, without its port; an IPv6 address keeps its brackets."""
    authority = urlsplit(canonical_url).netloc
    return authority if authority.endswith("]") else authority.rpartition(":")[0] or authority


def read_host(value: str) -> str | None:
    """The canonical form of a host as people write it, None for anything more or less."""
    found = canonical(value)
    if found is None or "://" in value or found != f"https://{host_of(found)}/":
        return None
    return host_of(found)


def _parse(value: str) -> bytes:
    host = read_host(value)
    if host is None:
        raise ValueError("a host such as www.example.com")
    return host.encode()


KIND = Kind(
    name="host",
    route="host",
    source="url",
    make=one_by_one(lambda address: Fingerprint("host", host_of(address).encode())),
    parse=_parse,
    format=lambda value: value.decode(),
)

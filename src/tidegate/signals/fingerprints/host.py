"""The host of a URL: one name or address, on any port, with "www." or without; other subdomains are
others.

Too coarse to restrict by. `domain` is the kind that takes the subdomains in.
"""

from urllib.parse import urlsplit

from tidegate.signals.fingerprints.kind import Kind, one_by_one
from tidegate.signals.fingerprints.weburl import read
from tidegate.signals.model import Fingerprint


def host_of(canonical_url: str) -> str:
    """The host of a canonical URL, without its port; an IPv6 address keeps its brackets."""
    authority = urlsplit(canonical_url).netloc
    return authority if authority.endswith("]") else authority.rpartition(":")[0] or authority


def without_www(host: str) -> str:
    """The host that people mean who write "www." before it or leave it out."""
    bare = host.removeprefix("www.")
    return bare if "." in bare else host


def read_host(value: str) -> str | None:
    """The canonical form of a host as people write it, None for anything more or less."""
    found = read(f"https://{value}")
    if found is None or found.user or found.place[1:] != ("", "/", "", ""):
        return None
    return found.place.host


def _parse(value: str) -> bytes:
    host = read_host(value)
    if host is None:
        raise ValueError("a host such as www.example.com")
    return without_www(host).encode()


KIND = Kind(
    name="host",
    route="host",
    source="url",
    make=one_by_one(lambda address: Fingerprint("host", without_www(host_of(address)).encode())),
    parse=_parse,
    format=lambda value: value.decode(),
    version=2,
)

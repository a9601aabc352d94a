"""The registrable domain of a URL, by the Public Suffix List: who answers for the page.

Too coarse to restrict by. Where the host is an address or itself a suffix, it is the host.
"""

from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from tidegate.signals.fingerprints.host import host_of, read_host, without_www
from tidegate.signals.fingerprints.kind import Kind, one_by_one
from tidegate.signals.model import Fingerprint


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=4096)
def registrable(host: str) -> str:
    """`host`, in its canonical form, without what stands before the registrable domain."""
    if host.startswith("[") or host.replace(".", "").isdecimal():
        return host
    return _suffixes().privatesuffix(host) or host


def _make(canonical_url: str) -> Fingerprint:
    return Fingerprint("domain", registrable(host_of(canonical_url)).encode())


def _parse(value: str) -> bytes:
    host = read_host(value)
    if host is None:
        raise ValueError("a domain such as example.com")
    return registrable(host).encode()


def lost(value: str) -> str | None:
    """What an entry for this host would match, where that is more than was written: in words."""
    host = read_host(value)
    if host is None or without_www(host) == (domain := registrable(host)):
        return None
    return f"all of {domain}; for {host} alone there is the kind host"


KIND = Kind(
    name="domain",
    route="domain",
    source="url",
    make=one_by_one(_make),
    parse=_parse,
    format=lambda value: value.decode(),
    lost=lost,
    version=2,
)

"""Where on a site a URL lies: an entry holds one prefix, an address yields each of its own.

A prefix ends where a path segment does: `https://example.com/group` is one of `/group`, `/group/`
and `/group/page?x=1`, not of `/groups`. The port counts; "www." before the host, and parameters, do not. A
fragment that names a page (`#/group/page`) is a path of its own. Equality finds them, for an address has
few: only its first eight segments count, and only within 1,024 characters. Too coarse to restrict by. The
whole site is the kind `host`.
"""

from itertools import islice

from tidegate.signals.fingerprints.host import without_www
from tidegate.signals.fingerprints.kind import Kind, one_by_one
from tidegate.signals.fingerprints.url import canonical, lost
from tidegate.signals.model import Fingerprint

MAX_SEGMENTS = 8
MAX_CHARACTERS = 1024


def prefixes(canonical_url: str) -> list[str]:
    """The prefixes of a canonical URL, the shortest first."""
    address, mark, fragment = without_www_before(canonical_url).partition("#")
    head = address.partition("?")[0]
    start = head.index("/", len("https://"))
    found = _ends(head, start)
    if mark and head == address:
        whole = f"{head}#{fragment.partition('?')[0]}"
        found += _ends(whole, len(head) + 1)
    return [one for one in islice(found, MAX_SEGMENTS) if len(one) <= MAX_CHARACTERS]


def without_www_before(canonical_url: str) -> str:
    """A canonical URL without the "www." of its host."""
    host, slash, rest = canonical_url.removeprefix("https://").partition("/")
    return f"https://{without_www(host)}{slash}{rest}"


def _ends(address: str, start: int) -> list[str]:
    """An address cut behind each of the segments that begin at `start`, which hold something."""
    found: list[str] = []
    end = start
    for at, segment in enumerate(address[start:].split("/")):
        end += len(segment) + (at > 0)
        if segment.strip("!@"):
            found.append(address[:end])
    return found


def _make(canonical_url: str) -> list[Fingerprint]:
    return [Fingerprint("url_prefix", prefix.encode()) for prefix in prefixes(canonical_url)]


def _parse(value: str) -> bytes:
    found = canonical(value)
    if found is None or (prefix := without_www_before(found)) not in prefixes(found):
        raise ValueError(
            "a URL with a path and no parameters, such as https://example.com/group,"
            f" of at most {MAX_SEGMENTS} segments and {MAX_CHARACTERS} characters"
        )
    return prefix.encode()


KIND = Kind(
    name="url_prefix",
    route="url_prefix",
    source="url",
    make=one_by_one(_make),
    parse=_parse,
    format=lambda value: value.decode(),
    lost=lost,
    version=2,
)

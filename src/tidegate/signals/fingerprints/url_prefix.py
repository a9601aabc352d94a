"""Where on a site a URL lies: an entry holds one prefix, an address yields each of its own.

A prefix ends where a path segment does: `https://example.com/group` is one of `/group`, `/group/`
and `/group/page?x=1`, not of `/groups`. The port counts, parameters do not. Equality finds them,
for an address has few: only its first eight segments count, and only within 1,024 characters. Too
coarse to restrict by. The whole site is the kind `host`.
"""

from itertools import islice

from tidegate.signals.fingerprints.kind import Kind, one_by_one
from tidegate.signals.fingerprints.url import canonical
from tidegate.signals.model import Fingerprint

MAX_SEGMENTS = 8
MAX_CHARACTERS = 1024


def prefixes(canonical_url: str) -> list[str]:
    """The prefixes of a canonical URL, the shortest first."""
    path_end = canonical_url.partition("?")[0]
    start = path_end.index("/", len("https://"))
    segments = path_end[start + 1 :].split("/")
    found: list[str] = []
    end = start
    for segment in segments:
        end += 1 + len(segment)
        if segment:
            found.append(path_end[:end])
    return [one for one in islice(found, MAX_SEGMENTS) if len(one) <= MAX_CHARACTERS]


def _make(canonical_url: str) -> list[Fingerprint]:
    return [Fingerprint("url_prefix", prefix.encode()) for prefix in prefixes(canonical_url)]


def _parse(value: str) -> bytes:
    found = canonical(value)
    if found is None or found not in prefixes(found):
        raise ValueError(
            "a URL with a path and no parameters, such as https://example.com/group,"
            f" of at most {MAX_SEGMENTS} segments and {MAX_CHARACTERS} characters"
        )
    return found.encode()


KIND = Kind(
    name="url_prefix",
    route="url_prefix",
    source="url",
    make=one_by_one(_make),
    parse=_parse,
    format=lambda value: value.decode(),
)

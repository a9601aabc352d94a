"""Hosts that imitate another: an entry holds the genuine host, and what looks like it matches.

An internationalised host is read as a person reads it (its skeleton, after Unicode's UTS #39: the
normal form of text, and without accents, as browsers compare). Only where that is wholly ASCII does
an address have this kind of fingerprint, for its host and for its registrable domain: `раypal.com`
in Cyrillic letters, and all below it, match an entry for `paypal.com`. The genuine host, being
ASCII, has none and never matches. So only ASCII hosts can be protected, and `paypa1.com` is not an
imitation of this sort. A person judges: an innocent `café.example` looks like `cafe.example`.
"""

import unicodedata

import idna

from tidegate.signals.fingerprints.domain import registrable
from tidegate.signals.fingerprints.host import host_of, read_host, without_www
from tidegate.signals.fingerprints.kind import Kind, one_by_one
from tidegate.signals.fingerprints.normalise import normalised
from tidegate.signals.model import Fingerprint


def imitated(host: str) -> str | None:
    """The ASCII host that a canonical `host` looks like; None where it imitates none."""
    if "xn--" not in host:
        return None
    try:
        shown = idna.decode(host)
    except idna.IDNAError:
        return None
    letters = unicodedata.normalize("NFD", normalised(shown))
    skeleton = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return skeleton if skeleton.isascii() and skeleton != host else None


def _make(canonical_url: str) -> list[Fingerprint]:
    host = without_www(host_of(canonical_url))
    looks = dict.fromkeys((imitated(host), imitated(registrable(host))))
    return [Fingerprint("host_lookalike", look.encode()) for look in looks if look]


def _parse(value: str) -> bytes:
    host = read_host(value)
    if host is None or "xn--" in host:
        raise ValueError("the genuine host in ASCII letters, such as example.com")
    return without_www(host).encode()


KIND = Kind(
    name="host_lookalike",
    route="host_lookalike",
    source="url",
    make=one_by_one(_make),
    parse=_parse,
    format=lambda value: value.decode(),
    version=2,
)

"""What we know, as pure types: fingerprints of content, and matches with the entries of banks."""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec


class Fingerprint(msgspec.Struct, frozen=True):
    """A code computed from content. `value` is the code's bytes (32 for every 256-bit kind);
    `quality` is the kind's own 0-100 measure, where it has one."""

    kind: str
    value: bytes
    quality: int | None = None


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Item part ↔ entry, by a route at a distance (bits; 0 for exact kinds).

    `exact`: the route may restrict (a digest of bytes or of normalised text, a canonical URL, PDQ
    within the bank's radius). `allowed`: an entry of stance `allow` is at least as near to the same
    part, so this match speaks for nothing. `quarantined`: its entry has matched too much by such
    routes to be trusted; what would act by this match asks a person instead.

    Where only a span of the item's text matched, that is text[start:end], counted in Unicode code
    points; else `end` is 0. Where only a span of the entry's was found there, that is its `entry_start` to
    `entry_end`, and `share` says how much of the entry's text was found (0 to 1).
    """

    part: str
    bank: str
    stance: str
    entry: str
    labels: list[str]
    kind: str
    route: str
    distance: int
    confirmed: bool
    exact: bool = False
    allowed: bool = False
    quarantined: bool = False
    start: int = 0
    end: int = 0
    entry_start: int = 0
    entry_end: int = 0
    share: float = 1.0


Codes = list[tuple[str, Fingerprint]]
"""The codes of a content, each with the name of its part (`content.parts`)."""

_fingerprints = msgspec.msgpack.Decoder(list[Fingerprint])
_codes = msgspec.msgpack.Decoder(Codes)


def encode_codes(codes: Codes) -> bytes:
    """A revision's codes as they are stored."""
    return msgspec.msgpack.encode(codes)


def decode_codes(stored: bytes | None) -> Codes:
    """What `encode_codes` made; none where they are gone."""
    return [] if stored is None else _codes.decode(stored)


def encode_fingerprints(fingerprints: Sequence[Fingerprint]) -> bytes:
    """An entry's fingerprints as they are stored."""
    return msgspec.msgpack.encode(fingerprints)


def decode_fingerprints(stored: bytes) -> list[Fingerprint]:
    """What `encode_fingerprints` made."""
    return _fingerprints.decode(stored)


DERIVED = frozenset({"text_letters", "text_winnowing"})
"""Kinds whose codes say nothing that others do not: with or without them an entry is the same."""


def digest(fingerprints: Iterable[Fingerprint]) -> bytes:
    """16 bytes that are equal for equal contents: BLAKE2b of kinds and values, in whatever order
    they come; qualities say nothing of the content, nor do kinds that are `DERIVED`, unless alone."""
    hashed = hashlib.blake2b(digest_size=16)
    values = sorted((one.kind, one.value) for one in fingerprints)
    for kind, value in [one for one in values if one[0] not in DERIVED] or values:
        hashed.update(b"%b %d:" % (kind.encode(), len(value)))
        hashed.update(value)
    return hashed.digest()

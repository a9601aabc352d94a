"""When an entry matches too much to be trusted, and what counts as one content; pure.

A bank can be poisoned: a blank picture, a logo, a link prefix that everybody shares. Such an entry
gives itself away by *different* contents that match it within an hour. So each match of a fresh
post is seen here (`Sighting`), copies of one thing are told from different things, and the numbers
go to `sightings.py`, which keeps them and says which entries go into quarantine.
"""

import hashlib
from collections.abc import Sequence
from uuid import UUID

import msgspec

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Fingerprint, Match

COPY_BITS = 31
"""Contents within so many bits are copies of one thing: what PDQ itself takes for one picture.

Less would not do: among 1,500 copies of a picture, recompressed, scaled, cropped by up to 2 %,
brightened and marked, up to 388 are further than 16 bits from one another, 92 further than 24, 28
further than 31; and copies, however many, must not put out the entry that they match.
"""
MOST_ENTRIES = 32
"""Entries an item is counted for, the nearest; once they are in quarantine the next ones are."""

Codes = Sequence[tuple[str, Fingerprint]]


class Sighting(msgspec.Struct, frozen=True):
    """An entry matched a content: 256 bits that are near to those of its copies."""

    entry: str
    code: int
    item: UUID


def sightings_of(item: UUID, matches: Sequence[Match], codes: Codes) -> list[Sighting]:
    """What an item adds to the numbers of the entries that it matches: one content each.

    `codes` are the item's (part, fingerprint) pairs. A match that an allow entry outweighs, or
    whose entry is in quarantine already, does nothing and is not counted.
    """
    nearest: dict[str, Match] = {}
    for match in sorted(matches, key=lambda match: match.distance):
        if match.stance == "known" and not match.allowed and not match.quarantined:
            nearest.setdefault(match.entry, match)
    return [
        Sighting(match.entry, content_code(match, codes), item)
        for match in list(nearest.values())[:MOST_ENTRIES]
    ]


def content_code(match: Match, codes: Codes) -> int:
    """By what the matched part of an item is told from others: its 256-bit code of the kind that
    matched, or else of any such kind; a part without one by a hash of all its codes, which is the
    same for equal parts alone.
    """
    part = [code for name, code in codes if name == match.part]
    near = [code for code in part if KINDS[code.kind].hamming]
    for code in sorted(near, key=lambda code: code.kind != match.kind):
        return int.from_bytes(code.value)
    whole = sorted((code.kind, code.value) for code in part)
    return int.from_bytes(hashlib.sha256(msgspec.msgpack.encode(whole)).digest())


def without_copies(seen: Sequence[Sighting]) -> list[Sighting]:
    """The first sighting of each content by each entry, in order."""
    firsts: dict[str, list[Sighting]] = {}
    for one in seen:
        known = firsts.setdefault(one.entry, [])
        if all((one.code ^ other.code).bit_count() > COPY_BITS for other in known):
            known.append(one)
    return [one for known in firsts.values() for one in known]


def trips(contents: int, per_hour: float, most: int, factor: float) -> bool:
    """Whether an entry that matched so many `contents` in an hour stops acting: more than `most`,
    and more than `factor` times what it matched `per_hour` before (0: it has no history)."""
    return contents > most and contents > factor * per_hour

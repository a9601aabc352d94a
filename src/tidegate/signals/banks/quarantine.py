"""When an entry matches too much to be trusted, and what counts as one content; pure.

A bank can be poisoned: a blank picture, a logo, a link prefix that everybody shares. Such an entry
gives itself away by *different* contents of *different* authors that match it within an hour, by a
route that takes different contents for one: a digest can't. So each such match of a fresh post is seen
here (`Sighting`), copies of one thing are told from different things, and the numbers go to
`sightings.py`, which keeps them and says which entries go into quarantine. However much one author
posts, it counts once: else whoever is known by an entry could put it out.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
import numpy as np

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.model import Codes, Fingerprint, Match

COPY_BITS = 24
"""Contents within so many bits are copies of one thing, and so are copies of copies.

A chain, since copies of one picture, recompressed, scaled, cropped by up to 2 %, brightened and
marked, are up to 62 bits from one another but lie close: the more there are, the fewer gaps. Of
1,500 such copies there were at most 10 chains within 24 bits, but 94 within 20; without chains, 52
were further than 31 bits from one another. Of 138 posts that show one logo beside different things,
there were 66. Copies, however many, must not put out the entry that they match.
"""
SAME_BITS = 8
"""Contents within so many bits of one that was kept are not kept: they link hardly anything more."""
MOST_KEPT = 500
"""So many contents of an hour are enough to make the chains; from then on copies are not kept."""
MOST_ENTRIES = 32
"""Entries an item is counted for, the nearest; once they are in quarantine the next ones are."""
MOST_BY_AUTHOR = 8
"""Contents of one author that are kept of an hour: one counts, some more tell who posts so much."""


class Sighting(msgspec.Struct, frozen=True):
    """An entry matched a content: 256 bits that are near to those of its copies. The author is a
    pseudonym, another one on each platform."""

    entry: str
    code: int
    item: UUID
    author: str


def sightings_of(item: UUID, author: str, matches: Sequence[Match], codes: Codes) -> list[Sighting]:
    """What an item adds to the numbers of the entries that it matches: one content each.

    `codes` are the item's (part, fingerprint) pairs. A match that an allow entry outweighs, or
    whose entry is in quarantine already, is not counted, nor is one that only equal contents have.
    """
    nearest: dict[str, Match] = {}
    for match in sorted(matches, key=lambda match: match.distance):
        counts = KINDS[match.kind].near and match.stance == "known"
        if counts and not match.allowed and not match.quarantined:
            nearest.setdefault(match.entry, match)
    return [
        Sighting(match.entry, content_code(match, codes), item, author)
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
        return int.from_bytes(_stretched(code))
    whole = sorted((code.kind, code.value) for code in part)
    return int.from_bytes(hashlib.sha256(msgspec.msgpack.encode(whole)).digest())


def _stretched(code: Fingerprint) -> bytes:
    """A code repeated until it fills 256 bits: of a shorter one, distances are as much longer."""
    own = KINDS[code.kind].bits // 8
    return (code.value[:own] * -(-32 // own))[:32]


def without_repeats(seen: Sequence[Sighting]) -> list[Sighting]:
    """The sightings without those that are nearly the same as an earlier one of the same entry, and
    without what one author has posted beyond the most."""
    firsts: dict[str, list[Sighting]] = {}
    posted: Counter[tuple[str, str]] = Counter()
    for one in seen:
        known = firsts.setdefault(one.entry, [])
        if posted[one.entry, one.author] < MOST_BY_AUTHOR and all(
            (one.code ^ other.code).bit_count() > SAME_BITS for other in known
        ):
            posted[one.entry, one.author] += 1
            known.append(one)
    return [one for known in firsts.values() for one in known]


def things_of(codes: Sequence[int]) -> list[int]:
    """For each of the codes of contents, in order, the place of the first of the same thing: copies,
    and copies of copies, are one thing."""
    packed = b"".join(code.to_bytes(32) for code in codes)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(-1, 32), axis=1).astype(np.float32)
    ones = bits.sum(axis=1)
    near = ones[:, None] + ones - 2 * (bits @ bits.T) <= COPY_BITS  # whole numbers: exact
    firsts = np.full(len(codes), -1)
    for place in range(len(codes)):
        reached = np.zeros(len(codes), np.bool_)
        reached[place] = firsts[place] < 0
        while reached.any():
            firsts[reached] = place
            reached = near[reached].any(axis=0) & (firsts < 0)
    return firsts.tolist()


def counting(contents: Sequence[tuple[int, str]]) -> list[int]:
    """Which of the contents, codes with their authors, count, by their places: as many as there can
    be with no thing and no author among them twice."""
    things = things_of([code for code, _ in contents])
    posted: dict[str, dict[int, int]] = {}  # author -> thing -> place
    for place, (_, author) in enumerate(contents):
        posted.setdefault(author, {}).setdefault(things[place], place)
    has: dict[str, int] = {}  # author -> the thing that counts for them
    for author in posted:
        _give(author, posted, has)
    return sorted(posted[author][thing] for author, thing in has.items())


def _give(author: str, posted: Mapping[str, Mapping[int, int]], has: dict[str, int]) -> None:
    """Let one of an author's things count for them, if need be by having others count for another of
    theirs (augmenting paths: what can count at all in the end counts)."""
    owners = {thing: owner for owner, thing in has.items()}
    asked: dict[int, str] = {}  # thing -> who would take it
    queue = [author]
    for one in queue:
        for thing in posted[one]:
            if thing in asked:
                continue
            asked[thing] = one
            if thing in owners:
                queue.append(owners[thing])
                continue
            free: int | None = thing
            while free is not None:
                taker = asked[free]
                free, has[taker] = has.get(taker), free
            return


def trips(contents: int, per_hour: float, most: int, factor: float) -> bool:
    """Whether an entry that matched so many `contents` in an hour is not trusted: more than `most`,
    and more than `factor` times what it matched `per_hour` before (0: it has no history)."""
    return contents > most and contents > factor * per_hour

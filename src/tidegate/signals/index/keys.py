"""By which keys values are found that match when they are equal, and texts by anchors that they share.

Keys have 128 bits and lie in sorted arrays (`layer`) or in a dictionary (`delta`). An exact value has one
key; of a set of anchors each has its own: itself, and a tag of its kind.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.fingerprints.kind import Kind


def key_of(kind: str, value: bytes) -> tuple[int, int]:
    """What an exact value is found by: 128 bits of BLAKE2b over its kind and itself."""
    digest = hashlib.blake2b(value, digest_size=16, person=kind.encode()[:16]).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def keys_of(kind: Kind, value: bytes) -> list[tuple[int, int]]:
    """The keys that a value is found by: one, or of a set of anchors one for each."""
    if not kind.common:
        return [key_of(kind.name, value)]
    tag = _tag_of(kind.name)
    return [(anchor, tag) for anchor in dict.fromkeys(np.frombuffer(value, "<u8").tolist())]


def as_rows(kind: Kind, value: bytes, owner: int) -> NDArray[np.uint64]:
    """The same as an array of three columns, both halves of a key and an owner; an anchor that comes
    twice stands there twice."""
    if not kind.common:
        return np.array([(*key_of(kind.name, value), owner)], np.uint64)
    rows = np.empty((len(value) // 8, 3), np.uint64)
    rows[:, 0], rows[:, 1:] = np.frombuffer(value, "<u8"), (_tag_of(kind.name), owner)
    return rows


class Anchors(NamedTuple):
    """The anchors of several values of one kind, one after another, each with the number of its value.
    `tag` says of which kind they are."""

    anchors: NDArray[np.uint64]
    sets: NDArray[np.int64]
    tag: int


def anchors_of(kind: str, values: Sequence[bytes]) -> Anchors:
    """All anchors that are asked for at once."""
    anchors = np.frombuffer(b"".join(values), "<u8")
    sets = np.repeat(np.arange(len(values)), [len(value) // 8 for value in values])
    return Anchors(anchors, sets, _tag_of(kind))


def who_shares(
    keys: NDArray[np.uint64], owners: NDArray[np.int64], asked: Anchors, least: int
) -> list[tuple[int, int, int]]:
    """Of columns by ascending key, who has at least `least` anchors of a set: (set, owner, how many)."""
    if not len(keys):
        return []
    starts = np.searchsorted(keys[:, 0], asked.anchors, "left")
    places = np.flatnonzero(keys[np.minimum(starts, len(keys) - 1), 0] == asked.anchors)
    if not len(places):
        return []
    once = np.unique(asked.sets[places] * len(keys) + starts[places])  # an anchor may come twice
    sets, first = once // len(keys), once % len(keys)
    found: NDArray[np.uint64] = keys[first, 0]
    counts = np.searchsorted(keys[:, 0], found, "right") - first
    before = np.cumsum(counts) - counts
    rows = np.arange(int(counts.sum())) + np.repeat(first - before, counts)
    sets = np.repeat(sets, counts)
    mine = keys[rows, 1] == np.uint64(asked.tag)
    sets, having = sets[mine], owners[rows[mine]]
    width = int(having.max(initial=0)) + 1
    pairs, many = np.unique(sets * width + having, return_counts=True)
    enough = zip(pairs[many >= least].tolist(), many[many >= least].tolist(), strict=True)
    return [(pair // width, pair % width, count) for pair, count in enough]


@lru_cache
def _tag_of(kind: str) -> int:
    return key_of(kind, b"")[1]

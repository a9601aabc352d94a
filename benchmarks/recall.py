"""How well edited copies of texts are found, and how seldom others: for `benchmarks.text`.

Tidegate looks codes up in its index and confirms the hits by true Jaccard; datasketch looks MinHashes
up in its LSH, which answers for a threshold. Its best case is added: each MinHash compared with each,
without an index. The truth of both is the Jaccard similarity of the sets of shingles.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

import numpy as np
from datasketch import MinHash, MinHashLSH  # pyright: ignore[reportMissingImports]

from benchmarks.edits import NAMES, Edited
from tidegate.signals.fingerprints.text_minhash import (
    KIND,
    SHINGLE,
    codes,
    confirmed_by_jaccard,
    jaccard,
)
from tidegate.signals.index import CodeIndex
from tidegate.signals.model import Fingerprint

RADIUS = KIND.default_radius
SIMILAR = 1 - RADIUS / 128
"""The Jaccard similarity that the radius stands for."""

Hits = set[tuple[int, int]]  # (number of the copy, number of the text)


def shingles(text: str) -> list[bytes]:
    """What datasketch is given: the same runs of characters."""
    return [text[place : place + SHINGLE].encode() for place in range(len(text) - SHINGLE + 1)]


def by_tidegate(texts: Sequence[str], copies: Sequence[str], confirm: bool = True) -> Hits:
    index = CodeIndex()
    index.set_radius(KIND.name, 0, RADIUS)
    for number, code in enumerate(codes(texts)):
        if code:
            index.upsert(number, 0, [Fingerprint(KIND.name, code)])
    coded = [(number, code) for number, code in enumerate(codes(copies)) if code]
    found = index.search([Fingerprint(KIND.name, code) for _, code in coded])
    return {
        (copy, hit.owner)
        for (copy, _), hits in zip(coded, found, strict=True)
        for hit in hits
        if not confirm or confirmed_by_jaccard(copies[copy], texts[hit.owner], RADIUS)
    }


def by_datasketch(
    texts: Sequence[str], copies: Sequence[str], permutations: int
) -> tuple[Hits, Hits]:
    """By its LSH, and by comparing all with all."""
    known, asked = (
        MinHash.bulk([shingles(text) for text in some], num_perm=permutations)
        for some in (texts, copies)
    )
    lsh = MinHashLSH(threshold=SIMILAR, num_perm=permutations)
    for number, one in enumerate(known):
        lsh.insert(number, one)
    by_lsh = {(copy, number) for copy, one in enumerate(asked) for number in lsh.query(one)}
    table = np.array([one.hashvalues for one in known])
    by_all = {
        (copy, int(number))
        for copy, one in enumerate(asked)
        for number in np.flatnonzero((table == one.hashvalues).mean(axis=1) >= SIMILAR)
    }
    return by_lsh, by_all


class Quality(NamedTuple):
    """Per cent: of the copies that are similar to their source those that led to it, and of all hits
    those that are of similar texts."""

    recall: float
    precision: float


def quality(hits: Hits, texts: Sequence[str], copies: Sequence[Edited]) -> Quality:
    similar = [
        (number, copy.source)
        for number, copy in enumerate(copies)
        if jaccard(copy.text, texts[copy.source]) >= SIMILAR
    ]
    right = [jaccard(copies[copy].text, texts[text]) >= SIMILAR for copy, text in hits]
    return Quality(100 * mean(pair in hits for pair in similar), 100 * mean(right))


def by_edit(
    found: Sequence[Hits], texts: Sequence[str], copies: Sequence[Edited]
) -> dict[str, list[float]]:
    """For each edit: how many copies, their mean similarity to their source, and per cent of them
    that led to it, for each of `found`."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for number, copy in enumerate(copies):
        groups[copy.edit].append(number)
    return {
        edit: [
            len(numbers),
            100 * mean(jaccard(copies[n].text, texts[copies[n].source]) for n in numbers),
            *(100 * mean((n, copies[n].source) in hits for n in numbers) for hits in found),
        ]
        for edit in NAMES
        if (numbers := groups[edit])
    }


class Others(NamedTuple):
    """Of all pairs of different texts: how many there are, how many have codes within the radius, how
    many of these are similar, and how many are not but were confirmed nevertheless."""

    texts: int
    pairs: int
    near: int
    similar: int
    wrong: int


def others(texts: Sequence[str]) -> Others:
    """Of a corpus, each text with each."""
    near = {(a, b) for a, b in by_tidegate(texts, texts, confirm=False) if a < b}
    similar = {(a, b) for a, b in near if jaccard(texts[a], texts[b]) >= SIMILAR}
    wrong = {(a, b) for a, b in near - similar if confirmed_by_jaccard(texts[a], texts[b], RADIUS)}
    coded = sum(code is not None for code in codes(texts))
    return Others(coded, coded * (coded - 1) // 2, len(near), len(similar), len(wrong))

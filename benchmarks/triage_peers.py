"""The same clusters by datasketch and rensa: for `benchmarks.triage`.

Each text is looked up among the representatives, joins the likest by the peer's own estimate if it is like
enough, and else becomes one itself: what Tidegate does, with the peer's sketches and its LSH. The peers are
given the shingles, runs of five characters of the normal form, as they take them best; making these is not in
their time.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import rensa  # pyright: ignore[reportMissingImports]
from datasketch import MinHash, MinHashLSH  # pyright: ignore[reportMissingImports]

from tidegate.signals.fingerprints.normalise import normalised

PERMUTATIONS = 128
BANDS, MORE_BANDS = 32, 64  # quick, and finding nearly as much as Tidegate
THRESHOLD = 0.5  # of datasketch's LSH, as of rensa's with these bands; what is found is verified:
ALIKE = 0.33
SHINGLE = 5
_BULK = 2000


def shingles(texts: Sequence[str]) -> list[list[str]]:
    """The different ones of each text."""
    forms = map(normalised, texts)
    return [
        list({form[at : at + SHINGLE] for at in range(max(1, len(form) - SHINGLE + 1))})
        for form in forms
    ]


def in_bytes(sets: Sequence[Sequence[str]]) -> list[list[bytes]]:
    return [[one.encode() for one in some] for some in sets]


def by_datasketch(sets: Sequence[Sequence[bytes]]) -> list[int]:
    """The number of the representative of each text."""
    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    known: dict[int, Any] = {}
    found: list[int] = []
    for start in range(0, len(sets), _BULK):
        made = MinHash.bulk(sets[start : start + _BULK], num_perm=PERMUTATIONS)
        for number, one in enumerate(made, start):
            best, alike = number, ALIKE
            for other in sorted(index.query(one)):
                if (like := one.jaccard(known[other])) > alike:
                    best, alike = other, like
            if best == number:
                index.insert(number, one)
                known[number] = one
            found.append(best)
    return found


def by_rensa(sets: Sequence[Sequence[str]], bands: int = BANDS) -> list[int]:
    """The same."""
    index = rensa.RMinHashLSH(THRESHOLD, PERMUTATIONS, bands)
    known: dict[int, Any] = {}
    found: list[int] = []
    for start in range(0, len(sets), _BULK):
        made = rensa.RMinHash.from_token_sets(sets[start : start + _BULK], PERMUTATIONS, 42)
        for number, one in enumerate(made, start):
            best, alike = number, ALIKE
            for other in sorted(set(index.query(one))):
                if (like := one.jaccard(known[other])) > alike:
                    best, alike = other, like
            if best == number:
                index.insert(number, one)
                known[number] = one
            found.append(best)
    return found


def pairwise(found: Sequence[object], sources: Sequence[int]) -> tuple[float, float]:
    """Precision and recall of the pairs of texts that share a cluster, in per cent."""
    both = _pairs(Counter(zip(found, sources, strict=True)))
    return 100 * both / _pairs(Counter(found)), 100 * both / _pairs(Counter(sources))


def _pairs(counts: "Counter[Any]") -> float:
    return max(1, sum(count * (count - 1) // 2 for count in counts.values()))

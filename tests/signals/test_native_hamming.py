"""The search kernels against an obvious search, on each path: they find all that is there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import paths, taking

from tidegate.signals.native.hamming import Rows, build

pytestmark = pytest.mark.parametrize("path", paths())


def flipped(draw: np.random.Generator, codes: np.ndarray, most: int) -> np.ndarray:
    """The codes with up to `most` bits flipped in each, at places that may be close together."""
    bits = np.unpackbits(codes.view(np.uint8), axis=1)
    for row in bits:
        count = draw.integers(0, most + 1)
        reach = int(draw.choice([64, 256]))
        places = draw.choice(reach, min(count, reach), replace=False) + draw.integers(
            0, 257 - reach
        )
        row[places] ^= 1
    return np.packbits(bits, axis=1).view(np.uint64)


def bank(draw: np.random.Generator, manner: str, size: int) -> np.ndarray:
    codes = draw.integers(0, 2**64, (size, 4), np.uint64)
    match manner:
        case "clustered":
            codes = flipped(draw, codes[draw.integers(0, max(1, size // 50), size)], 40)
        case "equal":
            codes[:] = codes[:1]
        case "zero":
            codes[:] = 0
        case "skewed":  # all but one band the same for most
            codes[: size * 9 // 10, 1:] = codes[:1, 1:]
        case _:
            pass
    return np.ascontiguousarray(codes)


def expected(
    codes: np.ndarray, radius: np.ndarray, gone: np.ndarray, queries: np.ndarray, wide: np.ndarray
) -> set[tuple[int, int, int]]:
    found = set()
    for place, query in enumerate(queries):
        distances = np.bitwise_count(codes ^ query).sum(1, dtype=int)
        near = (distances <= radius) & (distances <= wide[place]) & ~gone
        found |= {(place, int(row), int(distances[row])) for row in np.flatnonzero(near)}
    return found


def bits_of(gone: np.ndarray) -> np.ndarray:
    padded = np.zeros((len(gone) // 64 + 1) * 64, np.uint8)
    padded[: len(gone)] = gone
    return np.packbits(padded, bitorder="little").view(np.uint64)


@given(
    seed=st.integers(0, 2**32 - 1),
    manner=st.sampled_from(["random", "clustered", "equal", "zero", "skewed"]),
    size=st.sampled_from([0, 1, 7, 63, 64, 65, 700, 3000, 20_000]),
    radius=st.integers(0, 64),
)
@settings(deadline=None, max_examples=60)
def test_a_search_finds_what_an_obvious_one_finds(
    path: str, seed: int, manner: str, size: int, radius: int
) -> None:
    library, draw = taking(path), np.random.default_rng(seed)
    codes = bank(draw, manner, size)
    own = draw.integers(max(-1, radius - 8), radius + 1, size).astype(np.int16)
    gone = draw.random(size) < draw.choice([0, 0.3])
    near = codes[draw.integers(0, size, 9)] if size else np.zeros((0, 4), np.uint64)
    far = draw.integers(0, 2**64, (4, 4), np.uint64)
    edges = np.stack([np.zeros(4, np.uint64), np.full(4, 2**64 - 1, np.uint64)])
    queries = np.concatenate((flipped(draw, near, radius + 2), far, edges))
    wide = draw.integers(-1, 70, len(queries)).astype(np.int16)
    no_limit = np.full(len(queries), 256, np.int16)
    for buckets in (None, build(library, codes)):
        rows = Rows(codes, own, bits_of(gone), buckets)
        for asked, limits in ((wide, wide), (None, no_limit)):
            hits = rows.search(library, queries, asked)
            found = list(zip(*(column.tolist() for column in hits), strict=True))
            assert len(found) == len(set(found)), "a hit is reported once"
            assert set(found) == expected(codes, own, gone, queries, limits)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_bits_that_differ_anywhere_are_found_through_the_table(path: str, level: int) -> None:
    """Every split of the radius over the bands, on a bank large enough that no scan steps in."""
    library, draw = taking(path), np.random.default_rng(level)
    codes = draw.integers(0, 2**64, (60_000, 4), np.uint64)
    radius = 16 * level + 15
    rows = Rows(codes, np.full(len(codes), radius, np.int16), None, build(library, codes))
    wanted = draw.integers(0, len(codes), 300)
    bits = np.unpackbits(codes[wanted].view(np.uint8), axis=1)
    for number, row in enumerate(bits):
        # `level` bits in each band but one of level + 1 would be too many: spread them as evenly.
        each = np.full(16, level)
        each[draw.choice(16, min(15, number % 16), replace=False)] += 1
        for place, count in enumerate(each):
            row[place * 16 + draw.choice(16, count, replace=False)] ^= 1
    queries = np.packbits(bits, axis=1).view(np.uint64)
    hits = rows.search(library, queries)
    found = set(zip(hits.query.tolist(), hits.row.tolist(), strict=True))
    assert found >= set(enumerate(wanted.tolist()))


def test_a_limit_stops_a_query_and_not_the_others(path: str) -> None:
    library, draw = taking(path), np.random.default_rng(3)
    codes = draw.integers(0, 2**64, (30_000, 4), np.uint64)
    codes[:20] = codes[0]
    radius = np.full(len(codes), 31, np.int16)
    for buckets in (None, build(library, codes)):
        rows = Rows(codes, radius, None, buckets)
        queries = np.ascontiguousarray(codes[[0, 25_000]])
        for limit, expected_counts in ((1, [1, 1]), (7, [7, 1]), (0, [20, 1])):
            hits = rows.search(library, queries, limit=limit)
            assert np.bincount(hits.query, minlength=2).tolist() == expected_counts


def test_more_hits_than_there_was_room_for(path: str) -> None:
    library = taking(path)
    codes = np.zeros((100_000, 4), np.uint64)
    rows = Rows(codes, np.zeros(len(codes), np.int16), None, build(library, codes))
    hits = rows.search(library, codes[:2])
    assert np.bincount(hits.query).tolist() == [100_000, 100_000]
    assert len(rows.search(library, codes[:2], limit=3).row) == 6


def test_the_table_is_what_the_kernel_says(path: str) -> None:
    """Each row once in each band, in the bucket of its value."""
    library, draw = taking(path), np.random.default_rng(4)
    codes = draw.integers(0, 2**64, (5000, 4), np.uint64)
    offsets, entries = build(library, codes)
    values = codes.view(np.uint16)
    for band in range(16):
        rows = entries[band, :, 1] >> np.uint64(32)
        assert np.array_equal(np.sort(rows), np.arange(len(codes)))
        owners = np.repeat(np.arange(65_536), np.diff(offsets[band].astype(int)))
        assert np.array_equal(values[rows.astype(int), band], owners)

"""The search kernels against an obvious search, on each path: they find all that is there."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import search_paths, taking

from tidegate.signals.native.hamming import BLOCK, GROUPS, Buckets, Guard, Hits, Rows, build

pytestmark = pytest.mark.parametrize("path", search_paths())


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


def radii(**of: int) -> np.ndarray:
    """The radii of the groups, given as g0=31; all others are off."""
    table = np.full(GROUPS, -1, np.int16)
    for name, radius in of.items():
        table[int(name[1:])] = radius
    return table


def pairs(hits: Hits) -> list[tuple[int, int, int]]:
    return list(zip(hits.query.tolist(), hits.row.tolist(), hits.distance.tolist(), strict=True))


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
@settings(deadline=None, max_examples=25)
def test_a_search_finds_what_an_obvious_one_finds(
    path: str, seed: int, manner: str, size: int, radius: int
) -> None:
    library, draw = taking(path), np.random.default_rng(seed)
    codes = bank(draw, manner, size)
    groups = draw.choice(np.array([0, 1, 7, 255, 256, 65_535], np.uint16), size)
    own = np.full(GROUPS, -1, np.int16)
    own[[0, 7, 255, 65_535]] = draw.integers(max(-1, radius - 8), radius + 1, 4)
    own[256] = draw.integers(0, 256)  # more than is asked for
    gone = draw.random(size) < draw.choice([0, 0.3])
    near = codes[draw.integers(0, size, 9)] if size else np.zeros((0, 4), np.uint64)
    far = draw.integers(0, 2**64, (4, 4), np.uint64)
    edges = np.stack([np.zeros(4, np.uint64), np.full(4, 2**64 - 1, np.uint64)])
    queries = np.concatenate((flipped(draw, near, radius + 2), far, edges))
    wide = draw.integers(-1, 70, len(queries)).astype(np.int16)
    no_limit = np.full(len(queries), 256, np.int16)
    for grouped, of_row in ((groups, own[groups]), (None, np.full(size, own[0]))):
        of_row = np.minimum(of_row, radius)
        for buckets in (None, build(library, codes)):
            rows = Rows(codes, grouped, own, bits_of(gone), buckets)
            for asked, limits in ((wide, wide), (None, no_limit)):
                hits = rows.search(library, queries, radius, asked)
                assert len(pairs(hits)) == len(set(pairs(hits))), "a hit is reported once"
                assert set(pairs(hits)) == expected(codes, of_row, gone, queries, limits)
                assert hits.damaged == 0
                counted = rows.count(library, queries, radius, asked)
                assert np.array_equal(counted, np.bincount(hits.query, minlength=len(queries)))


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_bits_that_differ_anywhere_are_found_through_the_table(path: str, level: int) -> None:
    """Every split of the radius over the bands, on a bank large enough that no scan steps in."""
    library, draw = taking(path), np.random.default_rng(level)
    size = 600_000 if level == 3 else 60_000
    codes = draw.integers(0, 2**64, (size, 4), np.uint64)
    radius = 16 * level + 15
    rows = Rows(codes, None, radii(g0=radius), None, build(library, codes))
    wanted = draw.integers(0, len(codes), 300)
    bits = np.unpackbits(codes[wanted].view(np.uint8), axis=1)
    for number, row in enumerate(bits):
        # `level` bits in each band but one of level + 1 would be too many: spread them as evenly.
        each = np.full(16, level)
        each[draw.choice(16, min(15, number % 16), replace=False)] += 1
        for place, count in enumerate(each):
            row[place * 16 + draw.choice(16, count, replace=False)] ^= 1
    queries = np.packbits(bits, axis=1).view(np.uint64)
    hits = rows.search(library, queries, radius)
    found = set(zip(hits.query.tolist(), hits.row.tolist(), strict=True))
    assert found >= set(enumerate(wanted.tolist()))


def test_a_limit_stops_a_query_and_not_the_others(path: str) -> None:
    library, draw = taking(path), np.random.default_rng(3)
    codes = draw.integers(0, 2**64, (30_000, 4), np.uint64)
    codes[:20] = codes[0]
    for buckets in (None, build(library, codes)):
        rows = Rows(codes, None, radii(g0=31), None, buckets)
        queries = np.ascontiguousarray(codes[[0, 25_000]])
        for limit, expected_counts in ((1, [1, 1]), (7, [7, 1]), (0, [20, 1])):
            hits = rows.search(library, queries, 31, limit=limit)
            assert np.bincount(hits.query, minlength=2).tolist() == expected_counts


def test_more_hits_than_there_was_room_for(path: str) -> None:
    library = taking(path)
    codes = np.zeros((100_000, 4), np.uint64)
    rows = Rows(codes, None, radii(g0=0), None, build(library, codes))
    assert rows.count(library, codes[:2], 0).tolist() == [100_000, 100_000]
    hits = rows.search(library, codes[:2], 0)
    assert np.bincount(hits.query).tolist() == [100_000, 100_000]
    assert len(rows.search(library, codes[:2], 0, limit=3).row) == 6


def test_the_table_is_what_the_kernel_says(path: str) -> None:
    """Each row once in each band, in the bucket of its value, with the next two bands of the ring."""
    library, draw = taking(path), np.random.default_rng(4)
    codes = draw.integers(0, 2**64, (5000, 4), np.uint64)
    offsets, tags, ids = build(library, codes)
    values = codes.view(np.uint16)
    for band in range(16):
        rows = ids[band]
        assert np.array_equal(np.sort(rows), np.arange(len(codes)))
        owners = np.repeat(np.arange(65_536), np.diff(offsets[band].astype(int)))
        assert np.array_equal(values[rows, band], owners)
        first, second = values[rows, (band + 5) % 16], values[rows, (band + 10) % 16]
        assert np.array_equal(tags[band], first | second.astype(np.uint32) << 16)


def test_a_group_is_switched_off_and_on_and_widened_for_all_searches(path: str) -> None:
    library, draw = taking(path), np.random.default_rng(6)
    codes = draw.integers(0, 2**64, (40_000, 4), np.uint64)
    groups = np.repeat(np.array([3, 9], np.uint16), 20_000)
    of_groups = radii(g3=31)
    rows = Rows(codes, groups, of_groups, None, build(library, codes))
    queries = codes[[5, 25_000]] ^ np.array([1, 0, 3, 0], np.uint64)
    assert pairs(rows.search(library, queries, 31)) == [(0, 5, 3)]
    of_groups[[3, 9]] = 2, 3
    assert pairs(rows.search(library, queries, 31)) == [(1, 25_000, 3)]
    of_groups[9] = -1
    assert pairs(rows.search(library, queries, 31)) == []


class File:
    """The arrays of a bank laid out as in a mapped file, with a guard over it."""

    def __init__(self, library_path: str, size: int, seed: int, gap: int) -> None:
        self.library, self.draw = taking(library_path), np.random.default_rng(seed)
        self.codes = self.draw.integers(0, 2**64, (size, 4), np.uint64)
        self.groups = self.draw.integers(0, 3, size).astype(np.uint16)
        self.radii = radii(g0=31, g1=20)
        sections = (*build(self.library, self.codes), self.codes, self.groups)
        self.places, at = dict[str, int](), gap
        names = (*Buckets._fields, "codes", "groups")
        for name, array in zip(names, sections, strict=True):
            self.places[name] = at
            at += -(-array.nbytes // gap) * gap
        self.data = np.zeros(at, np.uint8)
        self.views = {}
        for (name, place), array in zip(self.places.items(), sections, strict=True):
            view = self.data[place : place + array.nbytes].view(array.dtype).reshape(array.shape)
            view[:] = array
            self.views[name] = view
        self.checksums = np.array(
            [
                zlib.crc32(self.data[at : at + BLOCK].tobytes())
                for at in range(0, len(self.data), BLOCK)
            ],
            np.uint32,
        )

    def rows_in(self, block: int) -> set[int]:
        """The rows whose code or group lies in the block, in whole or in part."""
        return {
            row
            for name, width in (("codes", 32), ("groups", 2))
            for row in range(len(self.codes))
            if self.places[name] + row * width < (block + 1) * BLOCK
            and self.places[name] + (row + 1) * width > block * BLOCK
        }

    def rows(self) -> tuple[Rows, Guard]:
        guard = Guard(self.data, self.checksums)
        buckets = Buckets(*(self.views[name] for name in Buckets._fields))
        rows = Rows(self.views["codes"], self.views["groups"], self.radii, None, buckets, guard)
        return rows, guard


@pytest.mark.parametrize("section", ["offsets", "tags", "ids", "codes", "groups", None])
@given(seed=st.integers(0, 2**32 - 1), gap=st.sampled_from([4096, 32_800]))
@settings(deadline=None, max_examples=15)
def test_a_flipped_byte_anywhere_leads_to_no_wrong_answer(
    path: str, section: str | None, seed: int, gap: int
) -> None:
    """Bad blocks of the table cost time; those of the rows cost these rows and are told of."""
    file = File(path, 5000, seed, gap)
    wanted = file.draw.integers(0, 5000, 20)
    queries = flipped(file.draw, file.codes[wanted], 35)
    answer = expected(
        file.codes, file.radii[file.groups], np.zeros(5000, bool), queries, np.full(20, 31)
    )
    rows, guard = file.rows()
    assert set(pairs(rows.search(file.library, queries, 31))) == answer
    assert not (guard.state == 2).any()
    if section is None:
        return
    view = file.views[section]
    place = file.places[section] + int(file.draw.integers(0, view.nbytes))
    file.data[place] ^= file.draw.integers(1, 256, dtype=np.uint8)
    lost = file.rows_in(
        place // BLOCK
    )  # a block may hold the end of one section and another's start
    for limits in (np.full(20, 31, np.int16), np.full(20, 47, np.int16)):  # by table, by scan
        rows, guard = file.rows()
        for _ in range(2):  # when the blocks are unread, and when they are known
            hits = rows.search(file.library, queries, int(limits[0]), limits)
            assert set(pairs(hits)) == {hit for hit in answer if hit[1] not in lost}
            assert hits.damaged or len(hits.row) == len(answer)
            if hits.damaged:
                assert np.flatnonzero(guard.state == 2).tolist() == [place // BLOCK]
    assert not any(
        guard.state[block] == 1 and zlib.crc32(file.data[block * BLOCK :][:BLOCK].tobytes()) != crc
        for block, crc in enumerate(file.checksums)
    )


def test_a_search_reads_only_the_blocks_that_it_needs(path: str) -> None:
    file = File(path, 20_000, 1, 4096)
    rows, guard = file.rows()
    assert len(rows.search(file.library, file.codes[file.groups == 0][:1], 15).row)
    assert 0 < (guard.state == 0).sum() < len(guard.state)
    assert (guard.state != 2).all()


def test_a_table_that_lies_leads_nowhere_outside(path: str) -> None:
    """Its checksums are right, as those of a made-up bank file would be."""
    file = File(path, 5000, 2, 4096)
    for name in Buckets._fields:
        view = file.views[name]
        honest = view.copy()
        view[:] = file.draw.integers(0, 2 ** (8 * view.itemsize), view.shape, view.dtype)
        file.checksums[:] = [
            zlib.crc32(file.data[at : at + BLOCK].tobytes())
            for at in range(0, len(file.data), BLOCK)
        ]
        rows, guard = file.rows()
        hits = rows.search(file.library, file.codes[:50], 15)
        assert {hit[1] for hit in pairs(hits)} <= set(range(5000))
        assert not (guard.state == 2).any()
        view[:] = honest


@pytest.mark.parametrize("size", [0, 1, 7, 8, 15, 63, 64, 65, 127, 128, 129, 1000, BLOCK - 1])
def test_checksums_are_those_of_zlib(path: str, size: int) -> None:
    """Whatever the size and the place of the last block."""
    library, draw = taking(path), np.random.default_rng(size)
    codes = draw.integers(0, 2**64, (BLOCK // 32 * 2, 4), np.uint64)
    data = codes.view(np.uint8).reshape(-1)[: BLOCK + size]
    checksums = np.array(
        [zlib.crc32(data[at : at + BLOCK].tobytes()) for at in range(0, len(data), BLOCK)],
        np.uint32,
    )
    guard = Guard(data, checksums)
    assert Rows(codes, None, radii(g0=0), None, None, guard).search(library, codes[:1], 0).row == 0
    assert (guard.state == 1).all()


def test_arrays_that_are_not_as_the_kernel_reads_them_are_refused(path: str) -> None:
    library = taking(path)
    codes, all_off = np.zeros((10, 4), np.uint64), radii()
    for wrong in (
        lambda: Rows(np.zeros((10, 8), np.uint64)[:, ::2], None, all_off),
        lambda: Rows(codes, np.zeros(9, np.uint16), all_off),
        lambda: Rows(codes, np.zeros(10, np.int32), all_off),  # pyright: ignore[reportArgumentType]
        lambda: Rows(codes, None, all_off[:10]),
        lambda: Rows(codes, None, all_off, np.zeros(0, np.uint64)),
        lambda: Rows(codes, None, all_off, None, build(library, codes[:9])),
        lambda: Guard(np.zeros(BLOCK + 1, np.uint8), np.zeros(1, np.uint32)),
        lambda: Rows(codes, None, all_off).search(library, codes.view(np.int64), 0),  # pyright: ignore[reportArgumentType]
        lambda: Rows(codes, None, all_off).search(library, codes, 0, np.zeros(9, np.int16)),
        lambda: Rows(codes, None, all_off).search(library, b"x" * 33, 0),
    ):
        with pytest.raises(ValueError, match=r"wanted|checksum"):
            wrong()

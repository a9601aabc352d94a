"""The index finds what is there and nothing else: beside changes, seals, other processes, crashes and
damaged files."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.signals.feed import Feed, Values
from tests.signals.kernels import paths, taking

from tidegate.signals.index import CodeIndex, Folder, Hit, folder, nearest, segment
from tidegate.signals.model import Fingerprint

MANNERS = ["numpy", *paths()]
BEST = [manner for manner in MANNERS if isinstance(manner, str)][-1]

CENTRES = [bytes(32), b"\xff" * 32, bytes(range(32))]


def near(centre: bytes, bits: list[int]) -> bytes:
    number = int.from_bytes(centre)
    for bit in bits:
        number ^= 1 << bit
    return number.to_bytes(32)


CODES = st.builds(near, st.sampled_from(CENTRES), st.lists(st.integers(0, 255), max_size=70))
ANCHORS = st.lists(st.sampled_from([bytes([one]) * 8 for one in range(7)]), min_size=1, max_size=5)
FINGERPRINTS = st.one_of(
    st.builds(Fingerprint, st.just("text_winnowing"), ANCHORS.map(b"".join)),
    st.builds(Fingerprint, st.just("pdq"), CODES),
    st.builds(Fingerprint, st.just("text_minhash"), CODES),
    st.builds(Fingerprint, st.just("sha256"), st.sampled_from(CENTRES)),
    st.builds(Fingerprint, st.just("url"), st.sampled_from([b"https://a/", b"https://b/"])),
)
VALUES = st.tuples(st.integers(0, 2), st.lists(FINGERPRINTS, max_size=3))
PROBES = st.lists(FINGERPRINTS, max_size=4)
CHANGES = st.tuples(st.integers(0, 12), st.one_of(st.none(), VALUES))
STEPS = st.lists(
    st.one_of(CHANGES, PROBES, st.sampled_from(["seal", "reopen", "swap", "lose"])), max_size=40
)
RADII = st.fixed_dictionaries(
    {
        ("pdq", 0): st.integers(-1, 31),
        ("pdq", 1): st.integers(0, 64),
        ("text_minhash", 0): st.integers(0, 64),
        ("text_minhash", 2): st.just(47),
    }
)


def made(manner: str, path: Path | None, seal_at: int = 1000) -> CodeIndex:
    library = None if manner == "numpy" else taking(manner)
    return CodeIndex(path and Folder(path, "database"), seal_at, library)


Step = tuple[int, Values | None] | list[Fingerprint] | str


@pytest.mark.parametrize("manner", MANNERS)
@given(STEPS, RADII, st.sampled_from([1, 3, 1000]), st.booleans())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_searches_find_what_is_there_and_nothing_else(
    manner: str, steps: list[Step], radii: dict[tuple[str, int], int], seal_at: int, shared: bool
) -> None:
    """In memory, or with two processes on one folder that take turns and seal behind each other."""
    feed = Feed(radii)
    with TemporaryDirectory() as place:
        path = Path(place) / "index" if shared else None
        one, other = made(manner, path, seal_at), made(manner, path, seal_at)
        for step in steps:
            match step:
                case "seal":
                    feed.catch_up(one)
                    one.seal()
                case "reopen":
                    one.settle()
                    one = made(manner, path, seal_at)
                case "swap":
                    one, other = other, one
                case "lose" if path is not None:
                    for index in (one, other):
                        index.settle()
                    shutil.rmtree(path)
                    path.mkdir()
                case list():
                    feed.catch_up(one)
                    assert one.search(step) == feed.expected(step)
                case (owner, values):
                    feed.put(owner, values)
                case _:  # there is no folder to lose
                    assert step == "lose"
        for index in (one, other):
            index.settle()


@pytest.mark.parametrize("manner", MANNERS)
def test_thousands_of_hits_are_cut_by_distance(manner: str) -> None:
    index = made(manner, None, seal_at=2000)
    index.set_radius("pdq", 0, 31)
    far, close = near(bytes(32), list(range(20))), near(bytes(32), [3])
    for owner in range(nearest.MOST + 500):
        index.upsert(owner, 0, [Fingerprint("pdq", far)])
    for owner in range(10_000, 10_020):
        index.upsert(owner, 0, [Fingerprint("pdq", close)])
    index.seal()
    found, nothing = index.search([Fingerprint("pdq", bytes(32)), Fingerprint("pdq", b"\xff" * 32)])
    assert found[:20] == [Hit(owner, 1) for owner in range(10_000, 10_020)]
    assert len(found) <= nearest.MOST
    assert nothing == []
    (equal,) = index.search([Fingerprint("pdq", far)])
    assert len(equal) == nearest.MOST
    assert {hit.distance for hit in equal} == {0}


@pytest.mark.parametrize("manner", MANNERS)
def test_a_probe_may_have_a_radius_of_its_own(manner: str) -> None:
    index = made(manner, None)
    index.set_radius("pdq", 0, 31)
    index.upsert(1, 0, [Fingerprint("pdq", near(bytes(32), list(range(10))))])
    probe = Fingerprint("pdq", bytes(32))
    assert index.search([probe, probe, probe], [9, 10, 64]) == [[], [Hit(1, 10)], [Hit(1, 10)]]


def test_a_code_of_another_length_is_refused_and_nothing_changed() -> None:
    index = made("numpy", None)
    with pytest.raises(ValueError, match="32 bytes"):
        index.upsert(1, 0, [Fingerprint("sha256", b"x"), Fingerprint("pdq", b"short")])
    assert index.search([Fingerprint("sha256", b"x")]) == [[]]
    with pytest.raises(ValueError, match="8-byte anchors"):
        index.upsert(1, 0, [Fingerprint("sha256", b"x"), Fingerprint("text_winnowing", b"short")])
    assert index.search([Fingerprint("sha256", b"x")]) == [[]]


# ------------------------------------------------------------------------------------ crashes


class Crash(BaseException):
    """The process ends here."""


def crashing(after: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Let the file operation number `after` be the last; returns how many there were."""
    done = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            nonlocal done
            done += 1
            if done > after:
                raise Crash
            return real(*given, **named)

        return call

    for owner, name in (
        (segment.os, "posix_fallocate"),
        (segment.os, "fsync"),
        (Path, "replace"),
        (Path, "unlink"),
        (folder, "sync_folder"),
    ):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    return lambda: done


def test_a_crash_between_any_two_file_operations_loses_nothing(tmp_path: Path) -> None:
    """The next process finds the index as it was or as it was to be, and reads the rest again."""
    operations = 0
    for after in range(40):
        path = tmp_path / str(after)
        feed = Feed({("pdq", 0): 31})
        index = made(BEST, path, 10_000)
        probes = [Fingerprint("pdq", near(CENTRES[2], [bit])) for bit in range(6)]
        for number in range(30):
            feed.put(number, (0, [Fingerprint("pdq", near(CENTRES[2], [number, number + 9]))]))
            if number in (10, 20):
                feed.catch_up(index)
                index.seal()
        feed.put(3, None)
        feed.catch_up(index)
        with pytest.MonkeyPatch.context() as patched:
            counted = crashing(after, patched)
            with suppress(Crash):
                index.seal()
            operations = max(operations, counted())
        for reader in (made(BEST, path), index):  # a new process, and one that lived on
            feed.catch_up(reader)
            assert reader.search(probes) == feed.expected(probes)
        if counted() <= after:
            break
    assert operations > 5


# -------------------------------------------------------------------------------- other files


def filled(path: Path, manner: str = BEST, count: int = 4200) -> tuple[Feed, CodeIndex]:
    feed = Feed({("pdq", 0): 31})
    rng = np.random.default_rng(7)
    for owner in range(count):
        values = [Fingerprint("pdq", rng.bytes(32)), Fingerprint("sha256", rng.bytes(32))]
        feed.put(owner, (0, values))
    index = made(manner, path, 1 << 30)
    feed.catch_up(index)
    index.seal()
    return feed, index


def probes_of(feed: Feed, count: int = 15) -> list[Fingerprint]:
    values = [values[1] for _, values in feed.owners.values() if values]
    step = max(1, len(values) // count)
    return [code for some in values[::step] for code in some]


def sealed(path: Path) -> Path:
    return next(path.glob("*.segment"))


def test_a_new_process_reads_nothing_again(tmp_path: Path) -> None:
    feed, index = filled(tmp_path)
    fresh = made(BEST, tmp_path)
    fresh.adopt()
    assert fresh.mark == index.mark == feed.version
    feed.catch_up(fresh)
    assert fresh.search(probes_of(feed)) == feed.expected(probes_of(feed))


@pytest.mark.parametrize("what", ["missing", "cut", "foreign", "longer", "footer", "manifest"])
def test_a_bad_file_is_found_at_opening_and_made_anew(tmp_path: Path, what: str) -> None:
    feed, _ = filled(tmp_path, count=500)
    path = sealed(tmp_path)
    data = path.read_bytes()
    match what:
        case "missing":
            path.unlink()
        case "cut":
            path.write_bytes(data[:-5000])
        case "longer":
            path.write_bytes(data + b"x")
        case "foreign":
            path.write_bytes(b"\x89PNG" + data[4:])
        case "footer":
            path.write_bytes(data[:-200] + bytes([data[-200] ^ 1]) + data[-199:])
        case _:
            (tmp_path / "manifest.json").write_text("{}")
    fresh = made(BEST, tmp_path)
    fresh.adopt()
    assert fresh.mark == -1
    feed.catch_up(fresh)
    assert fresh.search(probes_of(feed)) == feed.expected(probes_of(feed))
    fresh.seal()
    again = made(BEST, tmp_path)
    again.adopt()
    assert again.mark == feed.version


def test_a_folder_that_was_removed_is_made_and_filled_again(tmp_path: Path) -> None:
    """Under a running process, by somebody who made room, say."""
    feed, index = filled(tmp_path / "index")
    shutil.rmtree(tmp_path / "index")
    index.adopt()
    assert index.search(probes_of(feed)) == feed.expected(probes_of(feed))
    index.seal()
    fresh = made(BEST, tmp_path / "index")
    fresh.adopt()
    assert fresh.mark == feed.version
    feed.catch_up(fresh)
    assert fresh.search(probes_of(feed)) == feed.expected(probes_of(feed))


def test_files_of_another_database_are_not_used(tmp_path: Path) -> None:
    filled(tmp_path, count=100)
    other = CodeIndex(Folder(tmp_path, "another"))
    other.adopt()
    assert (other.mark, len(other)) == (-1, 0)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize(
    "section", ["pdq/codes", "pdq/groups", "pdq/offsets", "pdq/tags", "pdq/ids", "equal/keys"]
)
def test_a_damaged_block_is_answered_from_the_record_and_mended(
    tmp_path: Path, section: str, manner: str
) -> None:
    feed, index = filled(tmp_path, manner)
    if section not in index._layers[0].arrays:
        pytest.skip("numpy keeps no table")
    start, end = index._layers[0].segment._places[section]  # type: ignore[union-attr]
    path = sealed(tmp_path)
    data = bytearray(path.read_bytes())
    for place in range(start, end, max(1, (end - start) // 5)):
        data[place] ^= 0x40
    path.write_bytes(data)
    fresh = made(manner, tmp_path)
    feed.catch_up(fresh)
    feed.put(17, None)
    feed.put(5, (0, [Fingerprint("pdq", CENTRES[0])]))
    feed.catch_up(fresh)
    probes = [*probes_of(feed), Fingerprint("pdq", CENTRES[0])]
    assert feed.search(fresh, probes) == feed.expected(probes)
    fresh.seal()
    feed.heal(fresh)  # what is found while the old file is read for the new one
    fresh.seal()
    again = made(manner, tmp_path)
    feed.catch_up(again)
    while again.scrub(100):
        pass
    assert again.unreadable() == []
    assert again.search(probes) == feed.expected(probes)


def test_the_scrub_finds_what_no_query_has_met(tmp_path: Path) -> None:
    _, index = filled(tmp_path)
    start, _ = index._layers[0].segment._places["pdq/codes"]  # type: ignore[union-attr]
    path = sealed(tmp_path)
    data = bytearray(path.read_bytes())
    data[start + 40] ^= 1
    path.write_bytes(data)
    fresh = made(BEST, tmp_path)
    fresh.adopt()
    while fresh.scrub(10):
        pass
    ranges = fresh.unreadable()
    assert any(first <= 1 <= last for first, last in ranges)

"""The index against an obvious reference: a list of entries that is compared one by one."""

import threading
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kernels import paths, taking

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.index import ExactScan, IndexedEntry, Probe, resolve_allowed
from tidegate.signals.index.codes import Codes
from tidegate.signals.index.layered import LayeredCodes
from tidegate.signals.index.scan import ScannedCodes
from tidegate.signals.model import Fingerprint, Match

# Few values, near to each other, so that most searches find something.
CODES = st.builds(
    lambda base, flips: bytes(
        byte ^ sum(1 << (bit % 8) for bit in flips if bit // 8 == place)
        for place, byte in enumerate(base)
    ),
    st.sampled_from([bytes(32), b"\xff" * 32, bytes(range(32))]),
    st.sets(st.integers(0, 255), max_size=66),
)
FINGERPRINTS = st.one_of(
    st.builds(Fingerprint, st.sampled_from(["pdq", "text_minhash"]), CODES),
    st.builds(
        Fingerprint,
        st.sampled_from(["sha256", "url", "domain"]),
        st.sampled_from([b"a" * 32, b"b" * 32]),
    ),
)
RADII = st.dictionaries(st.sampled_from(["pdq", "text_minhash"]), st.integers(0, 64))
ENTRIES = st.builds(
    IndexedEntry,
    entry=st.sampled_from("abcdefgh"),
    bank=st.sampled_from(["one", "two"]),
    stance=st.sampled_from(["known", "allow"]),
    labels=st.just(["propaganda"]),
    confirmed=st.booleans(),
    radius=RADII,
    fingerprints=st.lists(FINGERPRINTS, max_size=4),
)
STEPS = st.lists(
    st.one_of(ENTRIES, st.sampled_from("abcdefgh"), st.lists(FINGERPRINTS, max_size=4)),
    max_size=40,
)


MANNERS = ["numpy", *paths()]
Make = Callable[[threading.RLock], Codes]


def codes_of(manner: str, seal_at: int) -> Make:
    if manner == "numpy":
        return lambda _: ScannedCodes()
    library = taking(manner)
    return lambda lock: LayeredCodes(library, lock, seal_at)


def settle(index: ExactScan) -> None:
    for codes in index._codes.values():
        if isinstance(codes, LayeredCodes):
            codes.settle()


def distance(left: bytes, right: bytes) -> int:
    return (int.from_bytes(left) ^ int.from_bytes(right)).bit_count()


def expected(entries: dict[str, IndexedEntry], probe: Probe) -> list[Match]:
    found = []
    code = probe.fingerprint
    kind = KINDS[code.kind]
    for entry in entries.values():
        near = [
            0 if not kind.hamming else distance(other.value, code.value)
            for other in entry.fingerprints
            if other.kind == kind.name and (kind.hamming or other.value == code.value)
        ]
        radius = entry.radius.get(kind.name, kind.default_radius)
        if near and min(near) <= radius:
            found.append(
                Match(
                    part=probe.part,
                    bank=entry.bank,
                    stance=entry.stance,
                    entry=entry.entry,
                    labels=entry.labels,
                    kind=kind.name,
                    route=kind.route,
                    distance=min(near),
                    confirmed=entry.confirmed,
                    exact=kind.exact,
                )
            )
    return sorted(found, key=lambda match: (match.distance, match.entry))


@pytest.mark.parametrize("manner", MANNERS)
@given(STEPS, st.sampled_from([1, 3, 1000]), st.booleans())
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_searches_find_what_is_there_and_nothing_else(
    manner: str,
    steps: list[IndexedEntry | str | list[Fingerprint]],
    seal_at: int,
    settled: bool,
) -> None:
    """Also while layers are sealed behind the searches, or with that always done."""
    index, entries = ExactScan(codes_of(manner, seal_at)), {}
    for step in steps:
        if settled:
            settle(index)
        match step:
            case IndexedEntry():
                index.upsert(step)
                entries[step.entry] = step
            case str():
                index.remove(step)
                entries.pop(step, None)
            case _:
                probes = [Probe(f"media/{place}", code) for place, code in enumerate(step)]
                assert index.search(probes) == [expected(entries, probe) for probe in probes]
    assert len(index) == len(entries)


def entry(name: str, *codes: Fingerprint, **changes: object) -> IndexedEntry:
    plain = IndexedEntry(name, "bank", "known", [], True, {}, list(codes))
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize("manner", MANNERS)
def test_many_entries_come_and_go(manner: str) -> None:
    """Growth, compaction and merged layers, which few steps never reach."""
    index, entries = ExactScan(codes_of(manner, 100)), {}
    for number in range(3000):
        code = Fingerprint("pdq", (number % 700).to_bytes(32))
        entries[f"e{number % 900}"] = entry(f"e{number % 900}", code)
        index.upsert(entries[f"e{number % 900}"])
        if number % 3:
            index.remove(f"e{number * 7 % 900}")
            entries.pop(f"e{number * 7 % 900}", None)
    probes = [Probe("media/0", Fingerprint("pdq", number.to_bytes(32))) for number in (0, 5, 699)]
    assert index.search(probes) == [expected(entries, probe) for probe in probes]
    settle(index)
    assert index.search(probes) == [expected(entries, probe) for probe in probes]
    for name in entries:
        index.remove(name)
    settle(index)
    assert index.search(probes) == [[], [], []]
    assert len(index) == 0


@pytest.mark.parametrize("manner", MANNERS)
def test_a_large_bank_is_searched_through_its_tables(manner: str) -> None:
    draw = np.random.default_rng(8)
    codes = draw.integers(0, 256, (12_000, 32), np.uint8)
    index = ExactScan(codes_of(manner, 5000))
    for number, code in enumerate(codes):
        index.upsert(entry(f"e{number}", Fingerprint("pdq", code.tobytes())))
    settle(index)
    for number in range(0, 12_000, 400):
        near = codes[number].copy()
        near[draw.choice(32, 31, replace=False)] ^= 1
        (hits,) = index.search([Probe("media/0", Fingerprint("pdq", near.tobytes()))])
        assert [(hit.entry, hit.distance) for hit in hits] == [(f"e{number}", 31)]


@pytest.mark.parametrize("manner", MANNERS)
def test_opposite_codes_do_not_match(manner: str) -> None:
    """A distance of 256 does not fit a byte."""
    index = ExactScan(codes_of(manner, 1))
    index.upsert(entry("e", Fingerprint("pdq", bytes(32))))
    assert index.search([Probe("media/0", Fingerprint("pdq", b"\xff" * 32))]) == [[]]


@pytest.mark.parametrize("code", [Fingerprint("pdq", b"short"), Fingerprint("nonsense", b"")])
def test_a_code_that_cannot_be_is_refused_and_nothing_changes(code: Fingerprint) -> None:
    index = ExactScan()
    good = Fingerprint("md5", bytes(16))
    index.upsert(entry("e", good))
    with pytest.raises(ValueError, match=r"32 bytes|no such kind"):
        index.upsert(entry("e", code))
    assert [len(hits) for hits in index.search([Probe("media/0", good)])] == [1]


@pytest.mark.parametrize("manner", MANNERS)
def test_readers_see_an_entry_wholly_or_not_at_all(manner: str) -> None:
    index = ExactScan(codes_of(manner, 30))
    codes = [Fingerprint("sha256", b"x" * 32), Fingerprint("pdq", b"x" * 32)]
    probes = [Probe("media/0", code) for code in codes]
    stop = threading.Event()
    torn: list[int] = []

    def read() -> None:
        while not stop.is_set():
            first, second = index.search(probes)
            if len(first) != len(second):
                torn.append(len(first))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(400):
        index.upsert(entry(f"e{number % 20}", *codes))
        index.remove(f"e{(number + 7) % 20}")
    stop.set()
    for reader in readers:
        reader.join()
    assert not torn


def match(stance: str, part: str = "media/0", distance: int = 0, exact: bool = True) -> Match:
    return Match(part, "bank", stance, "e", [], "pdq", "pdq", distance, True, exact)


@pytest.mark.parametrize(
    ("allow", "known", "allowed"),
    [
        (match("allow", distance=3), match("known", distance=5), True),
        (match("allow", distance=5), match("known", distance=5), True),
        (match("allow", distance=6), match("known", distance=5), False),
        (match("allow", "media/1"), match("known", "media/0", 9), False),
        (match("allow", "media/0"), match("known", "media/0#12", 9), True),
        (match("allow", "media/0@stored"), match("known", "media/0"), True),
        (match("allow", "media/1"), match("known", "media/10", 9), False),
        (match("allow", "url", exact=False), match("known", "url"), False),
        (match("allow", "url", exact=False), match("known", "url", exact=False), True),
    ],
)
def test_the_nearer_of_known_and_allow_wins(allow: Match, known: Match, allowed: bool) -> None:
    assert resolve_allowed([known, allow]) == [
        msgspec.structs.replace(known, allowed=allowed),
        allow,
    ]
    assert resolve_allowed([allow, known])[1].allowed is allowed


def test_without_an_allow_match_nothing_is_allowed() -> None:
    matches = [match("known"), match("known", "text")]
    assert resolve_allowed(matches) == matches

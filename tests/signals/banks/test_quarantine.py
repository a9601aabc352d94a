"""What counts as one content, when an entry matches too much, and how that is counted."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.kinds import MoreKinds

from tidegate.content.queries import item_authors
from tidegate.content.tables import items
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database
from tidegate.infra.ids import uuid7
from tidegate.ledger.tables import ledger_pending
from tidegate.signals.banks.actions import add_entry, create_bank, judge_entry
from tidegate.signals.banks.model import BankIn
from tidegate.signals.banks.quarantine import (
    COPY_BITS,
    MOST_BY_AUTHOR,
    MOST_ENTRIES,
    MOST_KEPT,
    SAME_BITS,
    Sighting,
    content_code,
    counting,
    sightings_of,
    things_of,
    trips,
    without_repeats,
)
from tidegate.signals.banks.queries import get_entry
from tidegate.signals.banks.sightings import (
    Overreach,
    causes,
    fold_sightings,
    forget_sightings,
    record_sightings,
    sighted_items,
    start_quarantine,
)
from tidegate.signals.banks.tables import sighting_days, sightings
from tidegate.signals.fingerprints import KINDS, of_bytes, of_text, of_url
from tidegate.signals.fingerprints.kind import Kind, hex_parser
from tidegate.signals.model import Fingerprint, Match

See = Callable[..., list[Overreach]]

rng = random.Random(11)
MOST, FACTOR = 5, 3.0


def near(code: int, bits: int) -> int:
    """Another code at this distance."""
    for place in rng.sample(range(256), bits):
        code ^= 1 << place
    return code


def anything() -> int:
    return rng.getrandbits(256)


def a_match(entry: str = "e", kind: str = "pdq", part: str = "media/0", **more: object) -> Match:
    values = {"stance": "known", "distance": 3, "confirmed": True} | more
    return Match(part=part, bank="b", entry=entry, labels=[], kind=kind, route=kind, **values)  # pyright: ignore[reportArgumentType]


# What is one content


CONTENTS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.integers(0, 30)))
CENTRES = [random.Random(seed).getrandbits(256) for seed in range(6)]


def drawn_as(drawn: list[tuple[str, int, int]]) -> list[Sighting]:
    """Contents around a few centres, by either of two entries, each of another author."""
    return [
        Sighting(entry, near(CENTRES[c], bits), uuid4(), str(number))
        for number, (entry, c, bits) in enumerate(drawn)
    ]


def distance(a: Sighting, b: Sighting) -> int:
    return (a.code ^ b.code).bit_count() if a.entry == b.entry else 257


@given(CONTENTS)
def test_repeats_are_left_out(drawn: list[tuple[str, int, int]]) -> None:
    """Against the definition: each is near one that is kept, and none that is kept near another."""
    seen = drawn_as(drawn)
    kept = without_repeats(seen)
    assert all(any(distance(one, other) <= SAME_BITS for other in kept) for one in seen)
    assert not any(distance(a, b) <= SAME_BITS for a in kept for b in kept if a is not b)
    assert all(one in seen for one in kept)


@given(CONTENTS)
def test_copies_of_copies_are_one_thing(drawn: list[tuple[str, int, int]]) -> None:
    """Against a slow merging of whatever is near."""
    codes = [one.code for one in drawn_as(drawn)]
    things = [{place} for place in range(len(codes))]
    merged = True
    while merged:
        merged = False
        for a in things:
            for b in things:
                if a is not b and any(
                    (codes[p] ^ codes[q]).bit_count() <= COPY_BITS for p in a for q in b
                ):
                    a |= b
                    things.remove(b)
                    merged = True
                    break
            if merged:
                break
    firsts = {place: min(thing) for thing in things for place in thing}
    assert things_of(codes) == [firsts[place] for place in range(len(codes))]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abcd")), max_size=9))
def test_as_much_counts_as_can_with_no_thing_and_no_author_twice(
    drawn: list[tuple[int, str]],
) -> None:
    """Against trying out every choice."""
    found = counting([(CENTRES[thing], author) for thing, author in drawn])
    chosen = [drawn[place] for place in found]
    assert len({thing for thing, _ in chosen}) == len({who for _, who in chosen}) == len(found)

    def most(left: list[tuple[int, str]], things: set[int], authors: set[str]) -> int:
        if not left:
            return 0
        (thing, author), rest = left[0], left[1:]
        best = most(rest, things, authors)
        if thing not in things and author not in authors:
            best = max(best, 1 + most(rest, things | {thing}, authors | {author}))
        return best

    assert len(found) == most(drawn, set(), set())


def test_what_one_author_posts_beyond_the_most_is_left_out() -> None:
    seen = [Sighting("e", anything(), uuid4(), who) for who in "ab" for _ in range(20)]
    kept = without_repeats(seen)
    assert [one.author for one in kept] == ["a"] * MOST_BY_AUTHOR + ["b"] * MOST_BY_AUTHOR


def codes_of(part: str, codes: Sequence[Fingerprint]) -> list[tuple[str, Fingerprint]]:
    return [(part, code) for code in codes]


def test_a_picture_is_told_by_its_code_also_where_its_bytes_matched() -> None:
    pdq = Fingerprint("pdq", anything().to_bytes(32), 100)
    codes = codes_of("media/0", [*of_bytes(b"some file"), pdq])
    codes += codes_of("media/1", [Fingerprint("pdq", anything().to_bytes(32), 100)])
    assert content_code(a_match(kind="sha256"), codes) == int.from_bytes(pdq.value)
    assert content_code(a_match(kind="pdq"), codes) == int.from_bytes(pdq.value)


def test_a_site_that_matches_is_different_things_and_a_page_is_one() -> None:
    def told(url: str) -> int:
        return content_code(a_match(kind="domain", part="url"), codes_of("url", of_url(url)))

    one, same, other = (
        told(f"https://{rest}") for rest in ("a.example/1", "A.example/1", "a.example/2")
    )
    assert one == same
    assert (one ^ other).bit_count() > COPY_BITS


def test_reworded_texts_are_copies_and_others_are_not() -> None:
    def told(text: str) -> int:
        return content_code(
            a_match(kind="text_sha256", part="text"), codes_of("text", of_text(text))
        )

    text = "the meeting is on friday evening at the old bridge, bring water and bring your friends"
    assert (told(text) ^ told(text + "!!! :-)")).bit_count() <= COPY_BITS
    other = "a recipe for a soup of leeks and potatoes that my grandmother used to cook in winter"
    assert (told(text) ^ told(other)).bit_count() > COPY_BITS


def test_shorter_codes_tell_copies_apart_by_their_own_measure(more_kinds: MoreKinds) -> None:
    """As many bits in a hundred as of a longer code, though fewer in all."""
    kind = Kind(
        name="short",
        route="short",
        source="text",
        make=list,
        parse=hex_parser(8),
        format=bytes.hex,
        bits=64,
        fewest=16,
    )
    more_kinds(kind)

    def told(code: int) -> int:
        codes = codes_of("text", [Fingerprint("short", code.to_bytes(8) + bytes(24))])
        return content_code(a_match(kind="short", part="text"), codes)

    code = random.Random(5).getrandbits(64)
    assert (told(code) ^ told(code ^ 0b11111)).bit_count() == 20 <= COPY_BITS
    assert (told(code) ^ told(code ^ 0x0F0F0F)).bit_count() == 48 > COPY_BITS


def test_an_item_counts_once_for_an_entry_by_what_is_nearest() -> None:
    first, second = (Fingerprint("pdq", anything().to_bytes(32)) for _ in range(2))
    matches = [a_match(distance=9), a_match(part="media/1", distance=2), a_match("f", distance=9)]
    codes = [("media/0", first), ("media/1", second)]
    item = uuid4()
    assert sightings_of(item, "anna", matches, codes) == [
        Sighting("e", int.from_bytes(second.value), item, "anna"),
        Sighting("f", int.from_bytes(first.value), item, "anna"),
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"stance": "allow"},
        {"allowed": True},
        {"quarantined": True},
        {"kind": "sha256", "distance": 0},
        {"kind": "md5", "distance": 0},
        {"kind": "text_sha256", "distance": 0},
        {"kind": "url", "distance": 0},
    ],
)
def test_a_match_that_does_nothing_or_is_of_the_very_content_is_not_counted(
    more: dict[str, Any],
) -> None:
    codes = [("media/0", of_bytes(b"x")[0])]
    assert sightings_of(uuid4(), "anna", [a_match(**more)], codes) == []
    assert len(sightings_of(uuid4(), "anna", [a_match(**more), a_match()], codes)) == 1


def test_what_is_known_to_the_letter_cannot_be_put_out() -> None:
    assert not any(KINDS[code.kind].near for code in of_bytes(b"x"))
    assert all(kind.near for kind in KINDS.values() if kind.hamming or kind.contained)


def test_an_item_that_matches_a_thousand_entries_counts_for_the_nearest() -> None:
    matches = [a_match(f"e{n}", distance=n % 32) for n in range(1000)]
    found = sightings_of(uuid4(), "anna", matches, [("media/0", of_bytes(b"x")[0])])
    assert len(found) == MOST_ENTRIES
    assert {matches[int(one.entry[1:])].distance for one in found} == {0}


@pytest.mark.parametrize(
    ("contents", "per_hour", "tripped"),
    [
        (50, 0, False),
        (51, 0, True),
        (51, 2.5, True),
        (51, 2.6, False),
        (60, 3, False),
        (61, 3, True),
    ],
)
def test_both_limits_must_be_passed(contents: int, per_hour: float, tripped: bool) -> None:
    assert trips(contents, per_hour, 50, 20) == tripped


# How it is counted


@pytest.fixture
def entry(database: Database) -> UUID:
    """A confirmed entry."""
    with database.begin() as tx:
        create_bank(tx, BankIn(name="b", stance="known"))
        codes = [Fingerprint("pdq", b"\x0f" * 32)]
        return UUID(add_entry(tx, "b", codes, confirmed=True).id)


@pytest.fixture
def see(database: Database, entry: UUID) -> Callable[..., list[Overreach]]:
    """The entry matches these contents, each in a post of its own and, unless one is named, of an
    author of its own."""

    def record(
        *codes: int, of: UUID | None = None, most: int = MOST, by: str | None = None
    ) -> list[Overreach]:
        with database.begin() as tx:
            ids = [uuid7(tx.now) for _ in codes]
            seen = [
                Sighting(str(of or entry), code, id, by or f"author of {id}")
                for code, id in zip(codes, ids, strict=True)
            ]
            for one in seen:
                values = {"platform": "forum", "external_id": str(one.item)}
                values["author"] = one.author
                row = sa.insert(items).values(
                    id=one.item, publicness="public", revision=1, verdict="pass",
                    received_at=tx.now, **values,
                )  # fmt: skip
                tx.execute(row)
            return record_sightings(tx, seen, most, FACTOR)

    return record


def test_different_contents_in_an_hour_are_too_many(see: See, entry: UUID) -> None:
    assert see(*(anything() for _ in range(5))) == []
    assert see(anything()) == [Overreach(entry, 6, 0.0)]


def test_it_is_the_same_when_they_come_one_by_one(see: See, entry: UUID, clock: FakeClock) -> None:
    for _ in range(5):
        assert see(anything()) == []
        clock.advance(500)
    assert see(anything()) == [Overreach(entry, 6, 0.0)]


def test_however_much_an_author_posts_it_counts_once(
    see: See, database: Database, clock: FakeClock
) -> None:
    for _ in range(10):
        clock.advance(700)
        assert see(*(anything() for _ in range(40)), by="anna") == []
    for number in range(4):
        assert see(*(anything() for _ in range(3)), by=f"author {number}") == []
    with database.begin() as tx:
        kept = tx.execute(sa.select(sa.func.count()).select_from(sightings)).scalar_one()
    assert kept <= 10 * MOST_BY_AUTHOR + 12
    (over,) = see(anything(), by="one more")
    assert over.contents == 6


def test_what_an_author_posts_of_what_many_post_leaves_the_others_their_own(see: See) -> None:
    """Sixty people pass one picture on, and one of them posts a lot: that is two things."""
    spreading = anything()
    for number in range(60):
        assert see(near(spreading, 2), by=f"author {number}") == []
    assert see(*(anything() for _ in range(8)), by="author 7") == []
    assert see(*(anything() for _ in range(3)), by="author 8") == []


def test_those_of_whom_nothing_is_known_count_as_one(see: See, database: Database) -> None:
    """As after an upgrade: of what was seen before it, nobody knows the authors."""
    see(*(anything() for _ in range(5)))
    with database.begin() as tx:
        tx.execute(sa.update(sightings).values(author=None))
    assert see(*(anything() for _ in range(4))) == []
    (over,) = see(anything())
    assert over.contents == 6


def test_who_posted_most_is_told_first(see: See, entry: UUID, database: Database) -> None:
    see(*(anything() for _ in range(2)), by="berta")
    see(*(anything() for _ in range(20)), by="anna")
    thing = anything()
    see(thing, near(thing, 20), by="carl")
    with database.begin() as tx:
        found = causes(tx, entry)
        authors = item_authors(tx, [one.item for one in found])
    told = [(authors[one.item], one.contents) for one in found]
    assert told == [
        (("forum", "anna"), MOST_BY_AUTHOR),
        (("forum", "berta"), 2),
        (("forum", "carl"), 1),
    ]


def test_copies_are_never_too_many(see: See, clock: FakeClock) -> None:
    things = [anything() for _ in range(5)]
    for _ in range(40):
        clock.advance(300)
        assert see(*(near(rng.choice(things), rng.randint(0, 10)) for _ in range(25))) == []


def test_copies_of_what_was_seen_in_these_minutes_write_nothing(
    see: See, database: Database
) -> None:
    thing = anything()
    see(thing)
    with database.begin() as tx:
        before = tx.execute(sa.select(sightings)).all()
    see(*(near(thing, bits) for bits in range(SAME_BITS)))
    with database.begin() as tx:
        assert tx.execute(sa.select(sightings)).all() == before


def test_the_hour_slides(see: See, clock: FakeClock) -> None:
    clock.advance(2700)  # a quarter to one
    assert see(*(anything() for _ in range(4))) == []
    clock.advance(1800)
    assert see(anything(), anything()) != []
    clock.advance(3600)
    assert see(*(anything() for _ in range(5))) == []


def test_what_keeps_coming_stays_one_content_and_counts_in_each_hour(
    see: See, clock: FakeClock
) -> None:
    lasting = anything()
    for _ in range(12):
        see(near(lasting, 8))
        clock.advance(1000)
    assert see(lasting, *(anything() for _ in range(4))) == []
    assert see(anything()) != []


def hours_of(
    see: See, clock: FakeClock, database: Database, hours: int, contents: int, fold: bool = True
) -> None:
    """So many hours with so many different contents each, none too many."""
    for _ in range(hours):
        see(*(anything() for _ in range(contents)), most=10_000)
        clock.advance(3600)
        if fold:  # else the worker is away
            with database.begin() as tx:
                fold_sightings(tx)


@pytest.mark.parametrize("lost", [False, True], ids=["folded", "not yet folded"])
def test_an_entry_that_always_matched_much_may_go_on(
    see: See, entry: UUID, clock: FakeClock, database: Database, lost: bool
) -> None:
    hours_of(see, clock, database, 24, 4, fold=not lost)
    assert see(*(anything() for _ in range(12))) == []  # 3 times its 4 an hour
    (over,) = see(anything())
    assert (over.entry, over.contents) == (entry, 13)
    assert over.per_hour == pytest.approx(4, rel=0.1)


def test_a_history_is_of_thirty_days_and_quiet_hours_count(
    see: See, entry: UUID, clock: FakeClock, database: Database
) -> None:
    hours_of(see, clock, database, 1, 90)
    clock.advance(29 * 86400)
    (over,) = see(*(anything() for _ in range(6)))
    assert over.per_hour == pytest.approx(90 / (29 * 24), rel=0.01)
    clock.advance(3 * 86400)
    with database.begin() as tx:
        fold_sightings(tx)
    (over,) = see(*(anything() for _ in range(7)))
    assert over.per_hour == pytest.approx(6 / (30 * 24), rel=0.01)
    with database.begin() as tx:
        days = tx.execute(sa.select(sighting_days.c.contents)).scalars().all()
    assert days == [6]


def test_folding_keeps_the_running_hour_and_loses_nothing(
    see: See, clock: FakeClock, database: Database
) -> None:
    told = 0
    for _ in range(30):
        number = rng.randint(1, 4)
        told += number
        see(*(anything() for _ in range(number)), most=10_000)
        clock.advance(3600)
        with database.begin() as tx:
            fold_sightings(tx)
            kept = tx.execute(sa.select(sa.func.count()).select_from(sightings)).scalar_one()
            folded = tx.execute(sa.select(sa.func.sum(sighting_days.c.contents))).scalar_one()
        assert kept + (folded or 0) == told
        assert kept <= 8


def test_entries_are_counted_apart(see: See, database: Database) -> None:
    with database.begin() as tx:
        other = UUID(add_entry(tx, "b", [Fingerprint("pdq", b"\xf0" * 32)]).id)
    things = [anything() for _ in range(4)]
    assert see(*things) == []
    assert see(*things, of=other) == []
    assert [one.entry for one in see(anything(), anything(), of=other)] == [other]


# Quarantine


def test_a_quarantine_starts_once_and_is_told_to_the_ledger(
    see: See, entry: UUID, database: Database
) -> None:
    (over,) = see(*(anything() for _ in range(6)))
    barrier = Barrier(3)

    def start(_: int) -> bool:
        barrier.wait()
        with database.begin() as tx:
            return start_quarantine(tx, over) is not None

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(start, range(3))) == [False, False, True]
    with database.begin() as tx:
        assert get_entry(tx, "b", entry).quarantined_at is not None
        kinds = tx.execute(sa.select(ledger_pending.c.kind)).scalars().all()
    assert kinds.count("entry.quarantined") == 1


def test_a_confirmation_lifts_it_and_the_history_begins_anew(
    see: See, entry: UUID, clock: FakeClock, database: Database
) -> None:
    hours_of(see, clock, database, 24, 2)
    (over,) = see(*(anything() for _ in range(8)))
    with database.begin() as tx:
        start_quarantine(tx, over)
    with database.begin() as tx:
        judge_entry(tx, "b", entry, "confirmed")
        assert get_entry(tx, "b", entry).quarantined_at is None
    assert see(*(anything() for _ in range(5))) == []
    (over,) = see(anything())
    assert over == Overreach(entry, 6, 0.0)
    with database.begin() as tx:
        assert start_quarantine(tx, over)
        assert get_entry(tx, "b", entry).quarantined_at == clock.now()


def test_the_first_confirmation_leaves_the_history(
    see: See, entry: UUID, clock: FakeClock, database: Database
) -> None:
    hours_of(see, clock, database, 24, 4)
    with database.begin() as tx:
        judge_entry(tx, "b", entry, "confirmed")
    assert see(*(anything() for _ in range(12))) == []


def test_the_evidence_is_of_differing_items_and_bounded(
    see: See, entry: UUID, database: Database
) -> None:
    thing = anything()
    see(thing, *(near(thing, 5) for _ in range(20)), anything(), most=10_000)
    with database.begin() as tx:
        assert len(sighted_items(tx, entry)) == 2
    see(*(anything() for _ in range(40)), most=10_000)
    with database.begin() as tx:
        found = sighted_items(tx, entry)
    assert len(found) == len(set(found)) == 10


def test_the_codes_of_an_erased_item_go_with_it(see: See, database: Database) -> None:
    see(anything(), anything())
    with database.begin() as tx:
        first, second = tx.execute(sa.select(sightings.c.item_id)).scalars()
        forget_sightings(tx, [first])
        assert tx.execute(sa.select(sightings.c.item_id)).scalars().all() == [second]


def test_two_processes_count_the_same_contents_at_once(
    see: See, entry: UUID, database: Database
) -> None:
    """They neither fail nor wait for each other for ever, and a content counts once."""
    things = [anything() for _ in range(4)]

    def work(seed: int) -> None:
        order = random.Random(seed)
        for _ in range(10):
            see(*order.sample(things, 4))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    with database.begin() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(sightings)).scalar_one() == 4
    assert see(anything(), anything()) == [Overreach(entry, 6, 0.0)]


def test_an_hour_is_never_more_than_an_hour(see: See, clock: FakeClock) -> None:
    clock.advance(timedelta(minutes=9, seconds=59).total_seconds())
    see(*(anything() for _ in range(4)))
    clock.advance(3600)
    assert see(anything(), anything()) == []


def test_a_flood_of_copies_keeps_no_more_than_enough(see: See, database: Database) -> None:
    """However they were changed: by then a copy is near one that is kept."""
    thing = anything()
    for _ in range(8):
        assert see(*(near(thing, rng.randint(0, 11)) for _ in range(100))) == []
    with database.begin() as tx:
        kept = tx.execute(sa.select(sa.func.count()).select_from(sightings)).scalar_one()
    assert kept < MOST_KEPT + 100

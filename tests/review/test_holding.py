"""Holding cases on the pages: few at once, given back untouched, passed on without a name."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Barrier
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.decisions.model import Subject
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.settings import Settings
from tidegate.ledger.tables import ledger_pending
from tidegate.pipeline.next import (
    give_case_back,
    hold_case,
    leave_case,
    look_at_case,
    skip_case,
    stay_with_case,
    take_next,
    take_over_case,
)
from tidegate.review.actions import claim, open_case
from tidegate.review.holding import held_on_pages, sweep_skips
from tidegate.review.presence import readers_of, sweep_readers
from tidegate.review.queries import get_case, lock_case
from tidegate.review.tables import case_readers, case_skips, cases, drafts

NewItem = Callable[[Tx], ItemRow]
SETTINGS = Settings()
ADA, BEN, CLEO, DORA = (f"user:{name}@example.org" for name in ("ada", "ben", "cleo", "dora"))


@pytest.fixture
def made(database: Database, new_item: NewItem, clock: FakeClock) -> Callable[..., list[UUID]]:
    """Makes cases that wait, in this order."""

    def make(count: int, **columns: object) -> list[UUID]:
        found: list[UUID] = []
        for _ in range(count):
            clock.advance(1)
            with database.begin() as tx:
                item = new_item(tx)
                about = Subject("item", item.id)
                case, _anew = open_case(
                    tx, subject=about, item=item, revision=1, queue="default", origin="report"
                )
                change = sa.update(cases).where(cases.c.id == case.id)
                tx.execute(change.values(waits_since=tx.now, place_at=tx.now, **columns))
                found.append(case.id)
        return found

    return make


def next_of(
    database: Database, person: str, left: UUID | None = None, **more: object
) -> UUID | None:
    with database.begin(person) as tx:
        return take_next(tx, more.pop("settings", SETTINGS), {}, left=left, **more)  # type: ignore[arg-type]


def type_in(database: Database, person: str, case: UUID) -> None:
    with database.begin(person) as tx:
        row = {"person": person, "case_id": case, "fields": {"reason": "x"}, "saved_at": tx.now}
        tx.execute(sa.insert(drafts).values(**row))


def held(database: Database, person: str) -> list[UUID]:
    with database.begin(person) as tx:
        return held_on_pages(tx)


def test_eight_times_next_holds_one_case_and_walks_through_all(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    waiting = made(5)
    seen = [next_of(database, ADA) for _ in range(8)]
    assert seen == [*waiting, *waiting[:3]], "in their order, and from the beginning again"
    assert held(database, ADA) == [seen[-1]]
    assert all(one != other for one, other in pairwise(seen))


def test_what_is_urgent_comes_first_wherever_one_is(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    made(4)
    next_of(database, ADA)
    next_of(database, ADA)
    (urgent,) = made(1, band=0)
    assert next_of(database, ADA) == urgent


def test_the_only_case_does_not_come_back_at_once(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    (only,) = made(1)
    assert next_of(database, ADA) == only
    assert next_of(database, ADA) is None
    assert held(database, ADA) == []
    assert next_of(database, ADA) == only, "a new round"


def test_next_from_a_case_that_was_only_read_goes_past_it(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    first, second = made(2)
    assert next_of(database, ADA, left=first) == second
    assert next_of(database, ADA, left=second) == first


def test_what_was_begun_is_kept_up_to_the_limit_then_next_leads_to_ones_own(
    database: Database, made: Callable[..., list[UUID]], clock: FakeClock
) -> None:
    made(6)
    mine: list[UUID] = []
    for _ in range(3):
        clock.advance(1)
        case = next_of(database, ADA)
        assert case is not None
        type_in(database, ADA, case)
        mine.append(case)
    again: list[UUID | None] = []
    for _ in range(4):
        clock.advance(1)
        again.append(next_of(database, ADA, left=again[-1] if again else mine[-1]))
    assert again == [*mine, mine[0]], "the one that was left longest ago, and so on"
    assert sorted(held(database, ADA)) == sorted(mine)


def test_a_further_case_is_refused_with_those_that_are_held(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    one, two, three = made(3)
    most = msgspec.structs.replace(SETTINGS, claims_per_person=2)
    for case in (one, two):
        with database.begin(ADA) as tx:
            hold_case(tx, case, most)
    with database.begin(ADA) as tx:
        before = tx.execute(sa.select(sa.func.count()).select_from(ledger_pending)).scalar_one()
    with pytest.raises(Refusal) as refused, database.begin(ADA) as tx:
        hold_case(tx, three, most)
    assert (refused.value.type, refused.value.status) == ("too-many-claims", 409)
    assert [case["case"] for case in refused.value.extra["held"]] == [one, two]  # type: ignore[attr-defined]
    with database.begin(ADA) as tx:
        assert lock_case(tx, three).state == "open"
        after = tx.execute(sa.select(sa.func.count()).select_from(ledger_pending)).scalar_one()
        assert after == before
        hold_case(tx, one, most)  # what is held already is held for longer


def test_claims_by_the_api_are_not_counted(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    waiting = made(4)
    for case in waiting[:3]:
        with database.begin(ADA) as tx:
            claim(tx, case, timedelta(minutes=5))
    assert next_of(database, ADA) == waiting[3]
    assert held(database, ADA) == [waiting[3]]


def test_a_claim_runs_out_and_counts_no_more(
    database: Database, made: Callable[..., list[UUID]], clock: FakeClock
) -> None:
    first, second = made(2)
    with database.begin(ADA) as tx:
        hold_case(tx, first, SETTINGS)
    clock.advance(SETTINGS.claim_minutes * 60 - 1)
    with database.begin(ADA) as tx:
        stay_with_case(tx, first, SETTINGS, used=True)
    clock.advance(2)
    assert held(database, ADA) == [first], "it was worked on meanwhile"
    assert next_of(database, BEN) == second
    clock.advance(SETTINGS.claim_minutes * 60)
    assert held(database, ADA) == []
    assert next_of(database, CLEO) == first


def test_to_look_at_a_case_does_not_renew_a_claim_nor_make_one(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    (case,) = made(1)
    with database.begin(ADA) as tx:
        look_at_case(tx, case, SETTINGS)
        assert stay_with_case(tx, case, SETTINGS, used=True).state == "open"
    assert held(database, ADA) == []


def test_whoever_leaves_gives_back_what_is_untouched(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    begun, untouched = made(2)
    for case in (begun, untouched):
        with database.begin(ADA) as tx:
            hold_case(tx, case, SETTINGS)
    type_in(database, ADA, begun)
    for case in (begun, untouched):
        with database.begin(BEN) as tx:
            leave_case(tx, case)  # another's, which stays
        with database.begin(ADA) as tx:
            leave_case(tx, case)
    assert held(database, ADA) == [begun]


def test_what_was_given_back_is_not_the_next(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    first, second = made(2)
    assert next_of(database, ADA) == first
    with database.begin(ADA) as tx:
        give_case_back(tx, first, SETTINGS)
    assert next_of(database, ADA) == second
    assert next_of(database, BEN) == first, "to others it is offered"


def test_two_people_who_ask_at_once_get_two_cases(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    waiting = made(2)
    barrier = Barrier(2)

    def ask(person: str) -> UUID | None:
        barrier.wait()
        return next_of(database, person)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, (ADA, BEN)), key=str) == sorted(waiting, key=str)


def test_two_tabs_of_one_person_do_not_hold_more_than_one_may(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    waiting = made(2)
    one = msgspec.structs.replace(SETTINGS, claims_per_person=1)
    barrier = Barrier(2)

    def ask(case: UUID) -> str:
        barrier.wait()
        try:
            with database.begin(ADA) as tx:
                hold_case(tx, case, one)
        except Refusal as refusal:
            return refusal.type
        return "held"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, waiting)) == ["held", "too-many-claims"]


def test_after_some_hard_cases_an_easier_one_that_is_near(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    hard = made(4, band=3, severity=5)
    (easier,) = made(1, band=4, severity=2)
    far = msgspec.structs.replace(SETTINGS, hard_in_a_row=2)
    seen = [next_of(database, ADA, settings=far) for _ in range(5)]
    assert seen == [hard[0], hard[1], easier, hard[2], hard[3]]


def test_a_case_that_was_skipped_is_not_offered_to_them_for_a_day(
    database: Database, made: Callable[..., list[UUID]], clock: FakeClock
) -> None:
    first, second = made(2)
    assert next_of(database, ADA) == first
    with database.begin(ADA) as tx:
        skip_case(tx, first, "not-for-me")
    assert held(database, ADA) == []
    assert [next_of(database, ADA) for _ in range(3)] == [second, None, second]
    assert next_of(database, BEN) == first
    clock.advance(24 * 3600)
    with database.begin() as tx:
        sweep_skips(tx)
    assert first in [next_of(database, ADA) for _ in range(2)]


def test_the_third_person_who_skips_a_case_passes_it_to_a_senior(
    database: Database, made: Callable[..., list[UUID]], clock: FakeClock
) -> None:
    (case,) = made(1)
    for person in (ADA, BEN, ADA):
        clock.advance(25 * 3600)
        with database.begin() as tx:
            sweep_skips(tx)
        with database.begin(person) as tx:
            skip_case(tx, case, "language")
    with database.begin() as tx:
        assert tx.execute(sa.select(cases.c.skips)).scalar_one() == 2, "one of them twice"
        assert lock_case(tx, case).queue == "default"
    with database.begin(CLEO) as tx:
        skip_case(tx, case, "technical")
        assert lock_case(tx, case).queue == "senior"
    assert next_of(database, DORA) is None
    assert next_of(database, DORA, may_senior=True) == case
    clock.advance(25 * 3600)
    with database.begin() as tx:
        sweep_skips(tx)
        assert tx.execute(sa.select(sa.func.count()).select_from(case_skips)).scalar_one() == 0


def test_nothing_names_who_skipped(database: Database, made: Callable[..., list[UUID]]) -> None:
    (case,) = made(1)
    with database.begin(ADA) as tx:
        skip_case(tx, case, "know-somebody")
    with database.begin() as tx:
        steps = get_case(tx, case).events
        assert [(one.kind, one.actor) for one in steps][-1] == ("skipped", "somebody")
        assert "ada" not in repr([(one.actor, one.detail) for one in steps])
        records = tx.execute(sa.select(ledger_pending.c.record)).scalars()
        assert not any(b"ada@" in bytes(record) for record in records)


def test_a_senior_takes_a_case_over_with_a_reason(
    database: Database, made: Callable[..., list[UUID]]
) -> None:
    (case,) = made(1)
    with pytest.raises(Refusal) as refused, database.begin(BEN) as tx:
        take_over_case(tx, case, "nobody is on it", SETTINGS)
    assert refused.value.type == "case-not-claimed"
    with database.begin(ADA) as tx:
        hold_case(tx, case, SETTINGS)
    with database.begin(BEN) as tx:
        take_over_case(tx, case, "she is ill today", SETTINGS)
    assert (held(database, ADA), held(database, BEN)) == ([], [case])
    with database.begin() as tx:
        last = get_case(tx, case).events[-1]
    assert (last.kind, last.actor) == ("taken-over", BEN)
    assert last.detail == {"from": ADA, "reason": "she is ill today"}


def test_who_reads_a_case_is_seen_by_the_others_for_a_minute(
    database: Database, made: Callable[..., list[UUID]], clock: FakeClock
) -> None:
    case, other = made(2)
    for person in (ADA, BEN):
        clock.advance(1)
        with database.begin(person) as tx:
            look_at_case(tx, case, SETTINGS)
    with database.begin(BEN) as tx:
        assert readers_of(tx, [case, other]) == {case: ["ada"]}
        leave_case(tx, case)
    with database.begin(ADA) as tx:
        assert readers_of(tx, [case]) == {}
    clock.advance(60)
    with database.begin(BEN) as tx:
        assert readers_of(tx, [case]) == {}
        sweep_readers(tx)
        assert tx.execute(sa.select(case_readers)).all() == []

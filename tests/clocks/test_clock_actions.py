"""Clocks in the database: started once, told what happened, and what the ledger knows of it."""

from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa
from tests.clocks.conftest import BERLIN, NIGHT, ORDER, start, subject

from tidegate.clocks import actions
from tidegate.clocks.model import Clock, Limit, Subject
from tidegate.clocks.packs import Packs, read_packs
from tidegate.clocks.queries import Filter, clocks_of, get_clock, list_clocks
from tidegate.clocks.sweeping import sweep
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_the_hour_runs_from_receipt_to_the_microsecond(tx: Tx, packs: Packs) -> None:
    made = start(tx, packs, subject(), order=ORDER)
    assert made.state == "running"
    assert made.due_at - made.started_at == HOUR
    assert made.started_at == NIGHT
    assert (made.name, made.pack, made.ours) == ("tco.remove", "eu-tco@1", True)
    assert get_clock(tx, made.id) == made


def test_one_lives_of_a_name_about_a_subject(tx: Tx, packs: Packs) -> None:
    about = subject()
    first = start(tx, packs, about)
    again = start(tx, packs, about, at=NIGHT + MINUTE)
    assert (again.id, again.started_at, again.due_at) == (first.id, NIGHT, NIGHT + HOUR)
    other = start(tx, packs, about, "tco.preserve")
    assert other.id != first.id
    actions.happen(tx, packs, "order.executed", subject=about, at=NIGHT + MINUTE)
    assert start(tx, packs, about, at=NIGHT + 2 * MINUTE).id != first.id


def test_many_are_started_at_once_as_one_by_one(tx: Tx, packs: Packs) -> None:
    lived, new, more = start(tx, packs, subject(), order=ORDER), subject(), subject()

    def start_each(*subjects: Subject) -> list[Clock]:
        return actions.start_each(
            tx,
            packs,
            "tco.remove",
            subjects=subjects,
            at=NIGHT - MINUTE,
            event="order.received",
            us="provider",
            terms=BERLIN,
            order=ORDER,
        )

    found = start_each(new, lived.subject, more)
    assert [one.subject for one in found] == [new, lived.subject, more]
    assert (found[1].id, len({one.id for one in found})) == (lived.id, 3)
    assert {(one.started_at, one.due_at) for one in found} == {
        (NIGHT - MINUTE, NIGHT + 59 * MINUTE)
    }
    assert [get_clock(tx, one.id) for one in found] == found
    assert start_each() == []


def test_of_two_receipts_the_earliest_stands(tx: Tx, packs: Packs) -> None:
    about = subject()
    start(tx, packs, about)
    earlier = start(tx, packs, about, at=NIGHT - MINUTE, reason="It lay in the letter box.")
    assert earlier.started_at == NIGHT - MINUTE
    assert earlier.due_at == NIGHT - MINUTE + HOUR
    query = sa.text("SELECT reason FROM clock_events WHERE clock_id = :id ORDER BY n")
    assert list(tx.execute(query, {"id": earlier.id}).scalars()) == [
        None,
        "It lay in the letter box.",
    ]


def test_impeded_and_resumed_it_has_a_fresh_hour(tx: Tx, packs: Packs) -> None:
    about = subject()
    start(tx, packs, about)
    at = NIGHT + 20 * MINUTE
    (held,) = actions.happen(tx, packs, "order.impeded", subject=about, at=at)
    assert (held.state, held.due_at) == ("suspended", NIGHT + HOUR)
    again = NIGHT + 5 * HOUR
    (fresh,) = actions.happen(tx, packs, "impediment.ended", subject=about, at=again)
    assert (fresh.state, fresh.due_at, fresh.started_at) == ("running", again + HOUR, NIGHT)
    first, second = fresh.runs
    assert (first.due_at, first.ended_at, first.end_event) == (NIGHT + HOUR, at, "order.impeded")
    assert (second.started_at, second.start_event) == (again, "impediment.ended")
    assert second.ended_at is None


def test_what_a_sender_claims_is_placed_at_its_receipt(tx: Tx, packs: Packs) -> None:
    about = subject()
    start(tx, packs, about, "referral.answer")
    (met,) = actions.happen(
        tx, packs, "referral.answered", subject=about, at=NIGHT - HOUR, claimed=True
    )
    assert (met.state, met.stopped_at, met.contradictory) == ("met", NIGHT, False)


def test_a_stop_before_the_start_is_kept_and_contradictory(tx: Tx, packs: Packs) -> None:
    about = subject()
    start(tx, packs, about)
    (odd,) = actions.happen(tx, packs, "order.executed", subject=about, at=NIGHT - MINUTE)
    assert (odd.state, odd.contradictory, odd.stopped_at) == ("running", True, None)


def test_a_stop_told_late_counts_at_its_own_time(
    database: Database, clock: FakeClock, packs: Packs
) -> None:
    about = subject()
    with database.begin() as tx:
        start(tx, packs, about)
    clock.advance(3601)
    with database.begin() as tx:
        (rung,) = sweep(tx, 10)
        assert rung.clock.state == "missed"
        done = NIGHT + 59 * MINUTE
        (met,) = actions.happen(tx, packs, "order.executed", subject=about, at=done)
    assert (met.state, met.stopped_at, met.ringing) == ("met", done, False)


def test_what_a_clock_was_started_under_it_keeps(tx: Tx, packs: Packs) -> None:
    about = subject()
    start(tx, packs, about)
    changed = read_packs()
    was = changed.pack_of("tco.remove")
    longer = [msgspec.structs.replace(one, limit=Limit(hours=2)) for one in was.clocks]
    newer = msgspec.structs.replace(was, version="2", clocks=longer)
    changed._clocks = {one.name: (newer, one) for one in newer.clocks}
    actions.happen(tx, changed, "order.asked", subject=about, at=NIGHT)
    (old,) = actions.happen(tx, changed, "order.clarified", subject=about, at=NIGHT + MINUTE)
    assert (old.pack, old.due_at) == ("eu-tco@1", NIGHT + MINUTE + HOUR)
    made = start(tx, changed, subject())
    assert (made.pack, made.due_at) == ("eu-tco@2", NIGHT + 2 * HOUR)


def test_unknown_names_and_events_write_nothing(tx: Tx, packs: Packs) -> None:
    with pytest.raises(Refusal) as refused:
        actions.start(
            tx,
            packs,
            "tco.nothing",
            subject=subject(),
            at=NIGHT,
            event="order.received",
            us="provider",
            terms=packs.terms("Europe/Berlin", "DE"),
        )
    assert (refused.value.type, refused.value.status) == ("clock-unknown", 404)
    with pytest.raises(ValueError, match="does not start"):
        start(tx, packs, subject(), event="order.executed")
    with pytest.raises(ValueError, match="no clock knows"):
        actions.happen(tx, packs, "order.exceuted", subject=subject(), at=NIGHT)
    assert list_clocks(tx, Filter()) == ([], None)


def test_lists_are_of_what_is_due_first_page_by_page(tx: Tx, packs: Packs) -> None:
    made = [start(tx, packs, subject(), at=NIGHT + n * MINUTE, order=ORDER) for n in (3, 1, 2)]
    theirs = start(tx, packs, subject(), us="authority")
    found, following = list_clocks(tx, Filter(bearer="us"), limit=2)
    assert [one.id for one in found] == [made[1].id, made[2].id]
    rest, end = list_clocks(tx, Filter(bearer="us"), following, limit=2)
    assert ([one.id for one in rest], end) == ([made[0].id], None)
    assert [one.id for one in list_clocks(tx, Filter(bearer="them"))[0]] == [theirs.id]
    assert list_clocks(tx, Filter(subject=made[0].subject.id))[0] == [made[0]]
    assert len(list_clocks(tx, Filter(due_before=NIGHT + HOUR + 2 * MINUTE))[0]) == 2
    assert [one.id for one in clocks_of(tx, order=ORDER)] == [made[1].id, made[2].id, made[0].id]
    assert clocks_of(tx, [theirs.subject]) == [theirs]

"""Cases on a real database: one a subject, exclusive claims, history kept."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from tidegate.content.model import ItemRow
from tidegate.content.queries import lock_item_by_id
from tidegate.decisions.actions import record
from tidegate.decisions.model import Subject
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.ledger.tables import ledger_pending
from tidegate.review.actions import (
    claim,
    close_case,
    close_erased,
    open_case,
    release,
    release_expired,
    reopen,
    touch,
)
from tidegate.review.listing import list_cases
from tidegate.review.model import CaseRow, Origin, SubjectKind
from tidegate.review.queries import (
    get_case,
    lock_case,
    lock_waiting_case,
    waiting_counts,
)
from tidegate.review.tables import case_events, cases
from tidegate.signals.model import Match

NewItem = Callable[[Tx], ItemRow]

LEASE = timedelta(minutes=30)
MATCH = Match(
    part="text",
    bank="known",
    stance="known",
    entry=str(uuid4()),
    labels=[],
    kind="sha256",
    route="digest",
    distance=0,
    confirmed=False,
    exact=True,
)


def opened(
    tx: Tx,
    item: ItemRow,
    origin: Origin = "evaluation",
    match: Match | None = None,
    queue: str = "default",
) -> CaseRow:
    return come(tx, item, item.revision, queue, origin, match)[0]


def come(
    tx: Tx,
    item: ItemRow,
    revision: int = 1,
    queue: str = "default",
    origin: Origin = "evaluation",
    match: Match | None = None,
) -> tuple[CaseRow, bool]:
    """Something about an item, as its case learns of it."""
    return open_case(
        tx,
        subject=Subject("item", item.id),
        item=item,
        revision=revision,
        queue=queue,
        origin=origin,
        match=match,
    )


def decided(tx: Tx, case: CaseRow) -> CaseRow:
    assert case.item_id is not None
    item = lock_item_by_id(tx, case.item_id)
    decision = record(tx, item=item, revision=1, outcome="pass", reason="fine", case_id=case.id)
    return close_case(tx, lock_case(tx, case.id), decision)


def events(tx: Tx, case_id: UUID) -> list[str]:
    return [event.kind for event in get_case(tx, case_id).events]


def state(database: Database) -> list[tuple[str, int]]:
    with database.begin() as tx:
        return [
            (table.name, tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
            for table in (cases, case_events, ledger_pending)
        ]


def test_what_comes_later_joins_the_waiting_case(tx: Tx, new_item: NewItem) -> None:
    item = new_item(tx)
    case, fresh = come(tx, item, queue="reports", origin="report")
    again, more = come(tx, item, 2, match=MATCH)
    assert (fresh, more) == (True, False)
    assert again.id == case.id
    assert (again.revision, again.queue, again.origin) == (2, "reports", "report")
    assert again.subject == Subject("item", item.id)
    assert again.match is not None
    assert again.match["entry"] == MATCH.entry
    opened(tx, item, origin="report")
    assert events(tx, case.id) == ["opened", "joined", "reported"]


def test_what_comes_after_the_decision_reopens_the_case(tx: Tx, new_item: NewItem) -> None:
    item = new_item(tx)
    case = decided(tx, opened(tx, item, match=MATCH))
    again, fresh = come(tx, item, queue="reports", origin="report")
    assert fresh
    assert (again.id, again.state, again.decision_id) == (case.id, "reopened", None)
    assert events(tx, case.id) == ["opened", "decided", "reopened"]
    (event,) = [one for one in get_case(tx, case.id).events if one.kind == "reopened"]
    assert event.detail["decision"] == str(case.decision_id)
    assert len(get_case(tx, case.id).decisions) == 1


def test_two_processes_at_once_end_in_one_case(database: Database, new_item: NewItem) -> None:
    with database.begin() as tx:
        item = new_item(tx)
    barrier = Barrier(4)

    def work(_: int) -> tuple[UUID, bool]:
        barrier.wait()
        with database.begin() as tx:  # on purpose without the item's lock: the index must hold
            case, fresh = come(tx, item, origin="report")
        return case.id, fresh

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    assert len({case_id for case_id, _ in found}) == 1
    assert sum(fresh for _, fresh in found) == 1


def test_one_claimant_wins_and_the_other_learns_who(database: Database, new_item: NewItem) -> None:
    with database.begin() as tx:
        case = opened(tx, new_item(tx))
    barrier = Barrier(2)

    def work(actor: str) -> str | Refusal:
        barrier.wait()
        try:
            with database.begin(actor) as tx:
                return claim(tx, case.id, LEASE).claimed_by or ""
        except Refusal as refused:
            return refused

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(work, ["user:a@x.org", "user:b@x.org"]))
    (winner,) = [one for one in found if isinstance(one, str)]
    (refused,) = [one for one in found if isinstance(one, Refusal)]
    assert (refused.status, refused.type) == (409, "case-claimed")
    assert refused.extra["claimed_by"] == winner
    assert refused.extra["claimed_until"] == database.clock.now() + LEASE


def test_a_claim_is_renewed_expires_and_passes_on(
    database: Database, clock: FakeClock, new_item: NewItem
) -> None:
    with database.begin("user:a@x.org") as tx:
        case = opened(tx, new_item(tx))
        claim(tx, case.id, LEASE)
    clock.advance(1200)
    with database.begin("user:a@x.org") as tx:
        assert claim(tx, case.id, LEASE).claimed_until == tx.now + LEASE
    clock.advance(1799)
    before = state(database)
    with pytest.raises(Refusal), database.begin("user:b@x.org") as tx:
        claim(tx, case.id, LEASE)
    assert state(database) == before
    clock.advance(1)
    with database.begin("user:b@x.org") as tx:
        assert claim(tx, case.id, LEASE).claimed_by == "user:b@x.org"
    clock.advance(1800)
    with database.begin() as tx:
        assert release_expired(tx) == 1
        assert release_expired(tx) == 0
        assert lock_case(tx, case.id).state == "open"
        assert events(tx, case.id) == ["opened", "claimed", "claimed", "claimed", "expired"]


def test_only_the_claimant_releases_unless_forced(database: Database, new_item: NewItem) -> None:
    with database.begin("user:a@x.org") as tx:
        case = opened(tx, new_item(tx))
    before = state(database)
    with pytest.raises(Refusal) as refused, database.begin("user:a@x.org") as tx:
        release(tx, case.id)
    assert refused.value.type == "case-not-claimed"
    assert state(database) == before
    with database.begin("user:a@x.org") as tx:
        claim(tx, case.id, LEASE)
    before = state(database)
    with pytest.raises(Refusal) as refused, database.begin("user:b@x.org") as tx:
        release(tx, case.id)
    assert refused.value.type == "case-claimed"
    assert state(database) == before
    with database.begin("user:admin@x.org") as tx:
        assert release(tx, case.id, force=True).state == "open"


def test_a_released_case_that_was_reopened_waits_as_such(tx: Tx, new_item: NewItem) -> None:
    case = decided(tx, opened(tx, new_item(tx)))
    reopen(tx, case.id, "new facts")
    claim(tx, case.id, LEASE)
    assert release(tx, case.id).state == "reopened"


def test_a_decided_case_is_neither_claimed_nor_released(
    database: Database, new_item: NewItem
) -> None:
    with database.begin("user:a@x.org") as tx:
        case = decided(tx, opened(tx, new_item(tx)))
    before = state(database)
    for verb in (lambda tx: claim(tx, case.id, LEASE), lambda tx: release(tx, case.id, force=True)):
        with pytest.raises(Refusal) as refused, database.begin("user:b@x.org") as tx:
            verb(tx)
        assert (refused.value.status, refused.value.type) == (409, "case-decided")
        decision = refused.value.extra["decision"]
        assert isinstance(decision, dict)
        assert decision["decided_by"] == "user:a@x.org"
    assert state(database) == before


def test_only_a_decided_case_is_reopened(database: Database, new_item: NewItem) -> None:
    with database.begin() as tx:
        case = opened(tx, new_item(tx))
    before = state(database)
    with pytest.raises(Refusal) as refused, database.begin() as tx:
        reopen(tx, case.id, "why not")
    assert (refused.value.status, refused.value.type) == (409, "case-not-decided")
    assert state(database) == before


def test_unknown_cases_are_404(tx: Tx) -> None:
    for look in (get_case, lock_case, release, lambda tx, id: claim(tx, id, LEASE)):
        with pytest.raises(Refusal) as refused:
            look(tx, uuid4())
        assert (refused.value.status, refused.value.type) == (404, "case-unknown")


def test_erasure_takes_a_case_out_of_the_queue(tx: Tx, new_item: NewItem) -> None:
    item = new_item(tx)
    case = decided(tx, opened(tx, item))
    reopen(tx, case.id, "Mr X complains")
    close_erased(tx, item.id)
    detail = get_case(tx, case.id)
    assert detail.state == "decided"
    assert detail.decision is None
    assert [event.kind for event in detail.events][-1] == "withdrawn"
    assert all("reason" not in event.detail for event in detail.events)


def test_lists_are_oldest_first_and_page_without_gaps(
    database: Database, clock: FakeClock, new_item: NewItem
) -> None:
    made: list[UUID] = []
    for number in range(11):
        with database.begin("user:a@x.org") as tx:
            case = opened(tx, new_item(tx), queue=("default", "reports")[number % 2])
            made.append(case.id)
            if number % 3 == 0:
                claim(tx, case.id, LEASE)
            if number == 5:
                decided(tx, case)
        clock.advance(number % 2)  # some share their time
    seen: list[UUID] = []
    cursor: str | None = None
    with database.begin() as tx:
        while True:
            page, cursor = list_cases(tx, cursor=cursor, limit=2, order="oldest")
            seen += [case.id for case in page]
            if cursor is None:
                break
        assert sorted(seen) == sorted(made)
        times = [get_case(tx, case_id).opened_at for case_id in seen]
        assert times == sorted(times)
        waiting, _ = list_cases(tx, state="waiting")
        assert {case.id for case in waiting} == set(made) - {made[5]}
        claimed, _ = list_cases(tx, queue="default", state="claimed")
        assert {case.id for case in claimed} == {made[0], made[6]}
        assert [case.id for case in list_cases(tx, state="decided")[0]] == [made[5]]
        assert list_cases(tx, queue="nowhere") == ([], None)
        assert waiting_counts(tx) == {
            "default": {"claimed": 2, "open": 4},
            "reports": {"claimed": 2, "open": 2},
        }


def test_a_view_shows_the_match_as_the_contract_does(tx: Tx, new_item: NewItem) -> None:
    item = new_item(tx)
    case = opened(tx, item, match=MATCH)
    (view,), _ = list_cases(tx)
    assert view.item == item.external_id
    assert view.match is not None
    assert set(view.match) == {
        "part", "bank", "stance", "entry", "labels", "kind", "route", "distance", "confirmed", "exact", "allowed",
    }  # fmt: skip
    about = get_case(tx, case.id).about
    assert about is not None
    assert about.id == item.external_id


def about(tx: Tx, subject: Subject) -> tuple[CaseRow, bool]:
    return open_case(
        tx, subject=subject, item=None, revision=None, queue="entries", origin="quarantine"
    )


@pytest.mark.parametrize("kind", ["entry", "cluster"])
def test_a_case_may_be_about_something_that_is_no_item(tx: Tx, kind: SubjectKind) -> None:
    subject = Subject(kind, uuid4())
    case, fresh = about(tx, subject)
    assert fresh
    assert about(tx, subject) == (lock_case(tx, case.id), False)
    (view,), _ = list_cases(tx, queue="entries")
    assert (view.subject.kind, view.subject.id) == (kind, str(subject.id))
    assert (view.item, view.platform, view.revision, view.reports) == (None, None, None, 0)
    detail = get_case(tx, case.id)
    assert (detail.about, detail.entry, detail.reported, detail.evaluations) == (None, None, [], [])


def test_subjects_of_two_kinds_have_a_case_each(tx: Tx) -> None:
    one = uuid4()
    first, second = about(tx, Subject("entry", one)), about(tx, Subject("cluster", one))
    assert first[0].id != second[0].id
    assert lock_waiting_case(tx, Subject("cluster", one)) == second[0]


def test_every_step_of_a_case_moves_its_version(tx: Tx, new_item: NewItem) -> None:
    item = new_item(tx)
    case = opened(tx, item)
    seen = [case.version]
    steps = [
        lambda: claim(tx, case.id, LEASE),
        lambda: claim(tx, case.id, LEASE),
        lambda: release(tx, case.id),
        lambda: claim(tx, case.id, timedelta(0)),
        lambda: release_expired(tx),
        lambda: come(tx, item, origin="report"),
        lambda: come(tx, item, 2),
        lambda: come(tx, item, 2, match=MATCH),
        lambda: decided(tx, case),
        lambda: reopen(tx, case.id, "an appeal"),
        lambda: touch(tx, [item.id]),
        lambda: close_erased(tx, item.id),
    ]
    for step in steps:
        step()
        seen.append(lock_case(tx, case.id).version)
        assert seen[-1] > seen[-2], step
    assert list_cases(tx)[0][0].version == get_case(tx, case.id).version == seen[-1]


def test_other_cases_stay_at_their_version(tx: Tx, new_item: NewItem) -> None:
    one, other = new_item(tx), new_item(tx)
    first, second = opened(tx, one), opened(tx, other)
    entry = Subject("entry", uuid4())
    third, _ = about(tx, entry)
    touch(tx, [one.id])
    touch(tx, [entry.id])
    claim(tx, first.id, LEASE)
    versions = [lock_case(tx, case.id).version for case in (first, second, third)]
    assert versions == [3, 1, 2]

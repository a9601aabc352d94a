"""Which cases somebody sees: those of their platforms, queues and languages, in every query there is."""

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from tests.review.test_cases import come

from tidegate.content.model import ItemRow
from tidegate.infra.acting import Acting
from tidegate.infra.db import Database, Tx
from tidegate.infra.errors import Refusal
from tidegate.review.actions import claim, refuse_unless_free, release, reopen
from tidegate.review.holding import find_next, keep, skip, take_from
from tidegate.review.listing import list_cases
from tidegate.review.queries import (
    cases_of_item,
    get_case,
    lock_case,
    lock_waiting_case,
    reports_of_case,
    subject_of_case,
    waiting_counts,
)
from tidegate.review.tables import case_events, cases

NewItem = Callable[[Tx], ItemRow]
QUEUES = ("reports", "default")
LANGUAGES = ("de", "de-AT", "ar", None)
LEASE = timedelta(minutes=30)


@pytest.fixture
def all_cases(database: Database, new_item: NewItem) -> dict[UUID, tuple[str, str | None]]:
    """A waiting case of each queue and language."""
    found: dict[UUID, tuple[str, str | None]] = {}
    with database.begin() as tx:
        for queue, language in product(QUEUES, LANGUAGES):
            case, _ = come(tx, new_item(tx), queue=queue)
            about = sa.update(cases).where(cases.c.id == case.id)
            tx.execute(about.values(language=language, waits_since=tx.now, place_at=tx.now))
            found[case.id] = (queue, language)
    return found


def sees(acting: Acting, queue: str, language: str | None) -> bool:
    """The same in plain words."""
    if acting.platforms is not None and "forum" not in acting.platforms:
        return False
    if acting.queues is not None and queue not in acting.queues:
        return False
    return (
        acting.languages is None
        or language is None
        or language.split("-")[0].lower() in acting.languages
    )


BOUNDS = [
    Acting(actor="user:r@example.org", platforms=platforms, queues=queues, languages=languages)
    for platforms, queues, languages in product(
        (None, frozenset({"forum"}), frozenset({"shop"})),
        (None, frozenset({"reports"}), frozenset({"reports", "default"}), frozenset({"senior"})),
        (None, frozenset({"de"}), frozenset({"ar", "fr"}), frozenset({"fr"})),
    )
]


def test_lists_counts_and_the_next_have_what_one_sees_and_nothing_else(
    database: Database, all_cases: dict[UUID, tuple[str, str | None]]
) -> None:
    for acting in BOUNDS:
        expected = {id for id, about in all_cases.items() if sees(acting, *about)}
        with database.begin(acting) as tx:
            listed = {view.id for view in list_cases(tx, limit=100)[0]}
            assert listed == expected, acting
            counted = waiting_counts(tx)
            assert sum(n for states in counted.values() for n in states.values()) == len(expected)
            offered: set[UUID] = set()
            options: dict[str, Any] = {"may_senior": True, "hard_in_a_row": 0, "limit": 3}
            while (found := find_next(tx, {}, without=offered, **options)) is not None:
                offered.add(found.id)
            assert offered == expected, acting


def test_what_one_does_not_see_is_not_there(
    database: Database, all_cases: dict[UUID, tuple[str, str | None]]
) -> None:
    verbs: list[Callable[[Tx, UUID], object]] = [
        lock_case,
        subject_of_case,
        get_case,
        lambda tx, id: reports_of_case(tx, id, None, 10),
        lambda tx, id: claim(tx, id, LEASE),
        lambda tx, id: keep(tx, id, LEASE),
        release,
        lambda tx, id: skip(tx, id, "language"),
        lambda tx, id: reopen(tx, id, "once more"),
    ]
    acting = Acting(
        actor="user:r@example.org", queues=frozenset({"reports"}), languages=frozenset({"de"})
    )
    with database.begin() as tx:
        before = tx.execute(sa.select(cases).order_by(cases.c.id)).all()
        steps = tx.execute(sa.select(sa.func.count()).select_from(case_events)).scalar_one()
        items = {row.id: row.item_id for row in before}
    for id, about in all_cases.items():
        if sees(acting, *about):
            continue
        with database.begin(acting) as tx:
            for verb in verbs:
                with pytest.raises(Refusal) as refused, tx.savepoint():
                    verb(tx, id)
                assert (refused.value.status, refused.value.type) == (404, "case-unknown")
            assert cases_of_item(tx, items[id]) == []
    with database.begin() as tx:
        assert tx.execute(sa.select(cases).order_by(cases.c.id)).all() == before
        assert tx.execute(sa.select(sa.func.count()).select_from(case_events)).scalar_one() == steps


def test_a_case_that_something_else_led_to_is_refused_too(
    database: Database, all_cases: dict[UUID, tuple[str, str | None]]
) -> None:
    """The machine finds a subject's case whatever its queue; who decides there must see it."""
    for acting in BOUNDS:
        if acting.platforms is not None:
            continue
        with database.begin(acting) as tx:
            for id, about in all_cases.items():
                with database.begin() as free:
                    subject = subject_of_case(free, id)
                case = lock_waiting_case(tx, subject)
                assert case is not None
                if sees(acting, *about):
                    refuse_unless_free(tx, case)
                    continue
                with pytest.raises(Refusal) as refused:
                    refuse_unless_free(tx, case)
                assert (refused.value.status, refused.value.type) == (403, "case-of-others")


def test_what_somebody_holds_goes_back_at_once(
    database: Database, all_cases: dict[UUID, tuple[str, str | None]]
) -> None:
    mine, another, *_ = all_cases
    for actor, id in (("user:r@example.org", mine), ("user:s@example.org", another)):
        with database.begin(actor) as tx:
            claim(tx, id, LEASE)
    with database.begin("user:admin@example.org") as tx:
        assert take_from(tx, "user:r@example.org") == 1
        assert (lock_case(tx, mine).state, lock_case(tx, another).state) == ("open", "claimed")
        last = get_case(tx, mine).events[-1]
        assert (last.kind, last.actor) == ("released", "user:admin@example.org")
        assert take_from(tx, "user:r@example.org") == 0

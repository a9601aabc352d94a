"""What is remembered of a count: for how long, of how much, and for whom."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from tests.review.test_cases import NewItem, opened

from tidegate.infra.acting import Acting
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import Database, Tx
from tidegate.review.filters import Filter
from tidegate.review.rows import page_of, position
from tidegate.review.tables import cases
from tidegate.review.totals import Totals

ALL = Filter()


def opened_in(tx: Tx, new_item: NewItem, platform: str = "forum") -> UUID:
    case = opened(tx, new_item(tx))
    tx.execute(sa.update(cases).where(cases.c.id == case.id).values(platform=platform))
    return case.id


def test_few_are_counted_each_time(database: Database, new_item: NewItem) -> None:
    totals = Totals(database.begin)
    with database.begin() as tx:
        for number in range(3):
            assert totals(tx, ALL) == number
            opened_in(tx, new_item)


class Later(Executor):
    """Keeps what is to be done later."""

    def __init__(self) -> None:
        self.left: list[Callable[[], Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.left.append(partial(fn, *args, **kwargs))
        return Future()

    def work(self) -> int:
        done, self.left = self.left, []
        for one in done:
            one()
        return len(done)


def test_many_are_counted_again_after_two_seconds(
    database: Database, clock: FakeClock, new_item: NewItem
) -> None:
    totals = Totals(database.begin, many=1, later=(later := Later()))

    def told(seconds: float) -> int:
        clock.advance(seconds)
        with database.begin("user:a@x.org") as tx:
            return totals(tx, ALL)

    with database.begin() as tx:
        opened_in(tx, new_item)
    assert told(0) == 1
    with database.begin() as tx:
        opened_in(tx, new_item)
    assert (told(0), told(1), later.work()) == (1, 1, 0)
    # Who asks later does not wait, and who asks next knows.
    assert (told(1), told(0), later.work()) == (1, 1, 1)
    assert (told(0), later.work()) == (2, 0)
    with database.begin() as tx:
        opened_in(tx, new_item)
    assert (told(10), later.work()) == (3, 0), "what is old is counted at once"


def test_what_one_may_see_is_not_counted_for_another(database: Database, new_item: NewItem) -> None:
    totals = Totals(database.begin, many=1)
    with database.begin() as tx:
        opened_in(tx, new_item)
        opened_in(tx, new_item, "other")
        assert totals(tx, ALL) == 2
    with database.begin(Acting("user:a@x.org", platforms=frozenset({"other"}))) as tx:
        assert totals(tx, ALL) == 1
        assert totals(tx, Filter(held="me")) == 0


def test_a_page_and_a_place_go_by_it(
    database: Database, new_item: NewItem, clock: FakeClock
) -> None:
    totals = Totals(database.begin, many=1)
    with database.begin() as tx:
        first = opened_in(tx, new_item)
    clock.advance(0.5)
    with database.begin() as tx:
        opened_in(tx, new_item)
        page = page_of(tx, ALL, None, 1, counting=totals)
        assert (page.first, page.last, page.total) == (1, 1, 2)
    clock.advance(0.5)
    with database.begin() as tx:
        last = opened_in(tx, new_item)
        stands = position(tx, first, ALL, counting=totals)
        assert (stands.place, stands.total) == (1, 2)
        stands = position(tx, last, ALL, counting=totals)
        assert (stands.place, stands.total) == (3, 3), "never the third of two"
        assert page_of(tx, ALL, None, 9, counting=totals).total == 3, "all that there is was read"

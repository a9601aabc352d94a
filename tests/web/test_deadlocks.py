"""A request that the database gave up for another's sake is done once more, and nobody hears of it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from tests.api import Api
from tests.web.factors import at_localhost
from tests.web.visitor import Visitor

from tidegate.infra.db import Database, Tx, again, counters
from tidegate.web.api.endpoint import Call, Endpoint
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.visit import Visit


class Crosswise:
    """Works that lock two rows crosswise: two with different numbers that come at once make a deadlock, once."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self._both = threading.Barrier(2, timeout=60)

    def make_rows(self, tx: Tx) -> None:
        tx.execute(sa.insert(counters).values([{"name": f"row {n}", "value": 0} for n in (0, 1)]))

    def lock(self, tx: Tx, number: int) -> str:
        first_time = number not in self.begun
        self.begun.append(number)
        self._add(tx, number)
        if first_time:
            self._both.wait()
        self._add(tx, 1 - number)
        return f"done {number}"

    def counted(self, tx: Tx) -> list[int]:
        rows = sa.select(counters.c.value).where(counters.c.name.startswith("row "))
        return list(tx.execute(rows).scalars())

    def _add(self, tx: Tx, number: int) -> None:
        row = sa.update(counters).where(counters.c.name == f"row {number}")
        tx.execute(row.values(value=counters.c.value + 1))


def at_once(work: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(work, [0, 1]))


@pytest.fixture
def crosswise(database: Database) -> Crosswise:
    made = Crosswise()
    with database.begin() as tx:
        made.make_rows(tx)
    return made


def test_the_victim_of_a_deadlock_is_done_once_more(
    database: Database, crosswise: Crosswise
) -> None:
    def work(number: int) -> str:
        with database.begin() as tx:
            return crosswise.lock(tx, number)

    assert at_once(lambda number: again(lambda: work(number))) == ["done 0", "done 1"]
    assert len(crosswise.begun) >= 3
    with database.begin() as tx:
        assert crosswise.counted(tx) == [2, 2]


@pytest.mark.parametrize("attempts", [1, 3])
def test_it_is_not_done_for_ever_nor_where_it_wrote_before(
    database: Database, crosswise: Crosswise, attempts: int
) -> None:
    def work(number: int) -> str:
        try:
            return again(lambda: once(number), attempts, unless=lambda: attempts > 1)
        except OperationalError:
            return "given up"

    def once(number: int) -> str:
        with database.begin() as tx:
            return crosswise.lock(tx, number)

    assert sorted(at_once(work))[1] == "given up"
    assert len(crosswise.begun) == 2


def test_a_call_is_done_once_more(api: Api, crosswise: Crosswise) -> None:
    def cross(tx: Tx, call: Call) -> str:
        return crosswise.lock(tx, int(call.path["number"]))

    _serve(
        api,
        Endpoint(
            method="POST",
            path="/v1/crosswise/{number}",
            scope="items:write",
            summary="Lock two rows",
            handler=cross,
        ).route(),
    )
    answers = at_once(lambda number: api.call("POST", f"/v1/crosswise/{number}"))
    assert [(one.status_code, one.json()) for one in answers] == [(200, "done 0"), (200, "done 1")]
    assert len(crosswise.begun) >= 3


@pytest.mark.parametrize("wrote_before", [False, True])
def test_a_form_is_done_once_more_unless_a_part_of_it_is_done(
    api: Api, crosswise: Crosswise, wrote_before: bool
) -> None:
    def cross(visit: Visit) -> str:
        if wrote_before:
            with visit.begin() as tx:
                tx.next_number("before")
        with visit.begin() as tx:
            crosswise.lock(tx, int(visit.path["number"]))
        return "/done"

    page = PageRoute(
        method="POST", path="/crosswise/{number}", handler=cross, scope=None, public=True
    )
    _serve(api, page.route())
    at_localhost(api)
    cookies = Visitor(api.instance, api.client).cookies.items()
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies)}
    answers = at_once(lambda n: api.client.post(f"/crosswise/{n}", data={}, headers=headers))
    expected = [303, 503] if wrote_before else [303, 303]
    assert sorted(one.status_code for one in answers) == expected
    assert (len(crosswise.begun) == 2) is wrote_before


def _serve(api: Api, route: Any) -> None:
    gate: Any = api.client.app
    gate.app.router.routes.insert(0, route)

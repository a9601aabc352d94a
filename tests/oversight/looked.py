"""An instance that may look at this machine, hosts on addresses of it, and looks that are done without waiting."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from tests.infra.test_egress import Site, reply

from tidegate.infra.clock import Clock, FakeClock
from tidegate.oversight.checks.actions import Wanted, schedule
from tidegate.oversight.checks.model import address_of
from tidegate.oversight.checks.queries import CheckRow, list_checks
from tidegate.oversight.checks.tables import check_hosts, check_looks, checks
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.oversight.looking import Looker

Answer = Callable[[BaseHTTPRequestHandler], None]
CONTROL = "/"


class Host(Site):
    """A host with an answer for each path, and for the n-th time that it is asked: the last holds on. `asked` are the
    paths with the time by the clock of the test. Its front page, the control address, answers 200."""

    def __init__(self, clock: Clock, address: str = "127.0.0.1") -> None:
        self.clock = clock
        self.asked: list[tuple[str, datetime]] = []
        self.answers: dict[str, list[Answer]] = {CONTROL: [reply(200, b"Welcome")]}
        super().__init__(self._answer, address)

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        self.asked.append((path, self.clock.now()))
        given = self.answers.get(path, [reply(200, b"A post")])
        before = sum(one == path for one, _ in self.asked) - 1
        given[min(before, len(given) - 1)](request)

    def pauses(self) -> list[float]:
        """The seconds between each two requests."""
        times = [at for _, at in self.asked]
        return [(after - before).total_seconds() for before, after in pairwise(times)]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def due(
    instance: Instance,
    *urls: str,
    at: datetime | None = None,
    captured: Sequence[str] = (),
    owner: UUID | None = None,
) -> UUID:
    """Let a look at each address become due, now unless a time is given; the order that names them."""
    owner = owner or uuid4()
    with instance.database.begin() as tx:
        wanted = [
            Wanted(
                owner=owner,
                kind="order",
                n=n,
                organisation="forum.example",
                place=address_of(url),
                captured=captured,
            )
            for n, url in enumerate(urls, 1)
        ]
        schedule(tx, [(one, at or tx.now) for one in wanted])
    return owner


def passing(clock: FakeClock) -> Callable[[float], Any]:
    """What lets the time pass that is waited for."""

    async def wait(seconds: float) -> None:
        clock.advance(seconds)

    return wait


def look(
    instance: Instance, clock: FakeClock, seconds: float = 0, *, workers: int = 1, **more: Any
) -> int:
    """Do what is due, and what becomes due in so many seconds; how many looks that took."""

    async def run() -> int:
        lookers = [Looker(instance, wait=passing(clock), **more) for _ in range(workers)]
        done, end = 0, clock.now() + timedelta(seconds=seconds)
        try:
            while True:
                found = sum(await asyncio.gather(*(one.run_once() for one in lookers)))
                done += found
                if found == 0:
                    following = _next(instance, clock.now())
                    if following is None or following > end:
                        clock.advance(max(0.0, (end - clock.now()).total_seconds()))
                        return done
                    clock.advance((following - clock.now()).total_seconds())
        finally:
            for one in lookers:
                await one.aclose()

    return asyncio.run(run())


def _next(instance: Instance, now: datetime) -> datetime | None:
    """When there is something to do next, at a host that may be asked then."""
    free = sa.func.greatest(checks.c.next_at, check_hosts.c.next_at, checks.c.leased_until)
    query = sa.select(sa.func.min(free)).select_from(
        checks.outerjoin(check_hosts, check_hosts.c.host == checks.c.host)
    )
    with instance.database.begin() as tx:
        found: datetime | None = tx.execute(query.where(checks.c.next_at.isnot(None))).scalar_one()
    return None if found is None else max(found, now)


def rows(instance: Instance, owner: UUID) -> list[CheckRow]:
    """The looks of an order, by their addresses, the first due first."""
    with instance.database.begin() as tx:
        found, _ = list_checks(tx, owner=owner, limit=200)
    return sorted(found, key=lambda one: (one.n, one.due_at))


def seen(instance: Instance) -> list[Any]:
    """What every look saw, in the order in which they were done."""
    with instance.database.begin() as tx:
        query = sa.select(check_looks).order_by(check_looks.c.at, check_looks.c.n)
        return list(tx.execute(query))


def silent(request: BaseHTTPRequestHandler) -> None:
    """No answer, until whoever asked has gone."""
    request.rfile.read(1)
    request.close_connection = True


def endless(size: int) -> Answer:
    """A body of so many bytes, as far as somebody reads it."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(size))
        request.end_headers()
        try:
            for _ in range(size >> 16):
                request.wfile.write(b"x" * (1 << 16))
        except OSError:
            request.close_connection = True

    return answer

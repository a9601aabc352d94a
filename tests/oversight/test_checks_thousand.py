"""A thousand looks that are due at once, at fifty hosts, by the machine's own clock and two workers."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

import pytest
from tests.infra.test_egress import Site, reply
from tests.orders.letters import found_ours
from tests.oversight.looked import due, rows

from tidegate.infra.clock import SystemClock
from tidegate.infra.settings import Settings
from tidegate.pipeline.instance import Instance, opened
from tidegate.pipeline.oversight.looking import Looker

HOSTS, EACH = 50, 20


@pytest.fixture
def instance(database_url: str, tmp_path: Path) -> Iterator[Instance]:
    settings = Settings(data_dir=tmp_path, media_workers=1, allowed_addresses=["127.0.1.0/24"])
    with opened(settings, database_url, SystemClock()) as instance:
        found_ours(instance)
        yield instance


@pytest.mark.long
def test_a_thousand_looks_take_a_minute_and_no_host_is_overrun(instance: Instance) -> None:
    """One in five finds nothing, and looks at the control address too."""
    clock, asked = SystemClock(), defaultdict[str, list[datetime]](list)

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked[request.connection.getsockname()[0]].append(clock.now())
        reply(404 if request.path.endswith("0") or request.path.endswith("5") else 200)(request)

    site = Site(answer, "0.0.0.0")
    owner = due(
        instance,
        *(
            f"http://127.0.1.{host}:{site.port}/p{n}"
            for host in range(1, HOSTS + 1)
            for n in range(EACH)
        ),
    )

    async def run() -> None:
        stop, lookers = asyncio.Event(), [Looker(instance) for _ in range(2)]

        def turn() -> None:
            if sum(map(len, asked.values())) >= HOSTS * (EACH + 1):
                stop.set()

        await asyncio.wait_for(
            asyncio.gather(*(one.run(stop, turn=turn) for one in lookers)), timeout=200
        )

    asyncio.run(run())
    site.server.shutdown()
    site.server.server_close()
    assert len(asked) == HOSTS
    for times in asked.values():
        assert len(times) == EACH + 1  # and the control once
        assert all(after - before >= timedelta(seconds=1) for before, after in pairwise(times))
    every = sorted(at for times in asked.values() for at in times)
    taken = every[-1] - every[0]
    print(f"{len(every)} requests in {taken.total_seconds():.1f} s")
    assert taken <= timedelta(seconds=60)
    outcomes = [row.outcome for row in rows(instance, owner)]
    assert set(outcomes) <= {"up", None}

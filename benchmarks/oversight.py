"""Scorecards over years of orders, and looks at what they named: `make bench-oversight`.

A real `tidegate serve` with its own PostgreSQL is an authority's: ten thousand orders to fifty platforms over a year,
half of them to one, and a million looks at what they named. Pages and cards are asked for over one kept
connection, until they are whole. Then a thousand looks are due at once, twenty at each of fifty hosts: a
server of its own on fifty loopback addresses notes when each was asked, so that a host that is asked too soon is
seen. There is no peer: no open system does this. QUICK=1 is a short round with few, and only prints.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec

from benchmarks import report
from benchmarks.instance import Instance, running
from benchmarks.load import percentile
from benchmarks.oversight_stored import PLATFORMS, introduce, platform, store_checks, store_orders
from tidegate.access.actions import create_key, create_user
from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database
from tidegate.oversight.checks.actions import Wanted, schedule
from tidegate.oversight.checks.model import address_of
from tidegate.pipeline.house import SCOPES

BENCH = "oversight"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
ORDERS = 1_000 if QUICK else 10_000
CHECKS = 10_000 if QUICK else 1_000_000
PAGES = 20 if QUICK else 100
YEARS = 3 if QUICK else 20
HOSTS, EACH = (10, 5) if QUICK else (50, 20)
PATIENCE = 300.0
SETTINGS = 'allowed_addresses = ["127.0.0.0/8"]\n'
TARGETS = {"page": ("p95", 150.0), "year": ("max", 5000.0), "looks": ("all done", 60_000.0)}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def lines_of(case: str, values: dict[str, float], n: int) -> list[report.Line]:
    said = ", ".join(f"{name} {value:,.1f}" for name, value in values.items())
    say(f"{case} (n={n:,}): {said}")
    where, cores = report.machine(), report.cores()
    return [
        report.Line(BENCH, case, name, round(value, 2), "ms", n, cores, where)
        for name, value in values.items()
    ]


def spread(taken: list[float]) -> dict[str, float]:
    """The middle, the tail, and the slowest of all."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {name: percentile(taken, share) for name, share in shares.items()} | {"max": max(taken)}


class Bench:
    """One instance, and what is measured on it one after the other."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.database = Database(instance.owner_url, SystemClock())
        introduce(self.database)
        with self.database.begin("system:benchmark") as tx:
            link = create_user(tx, "analyst@unit.example", "analyst")[1]
            scopes = sorted(SCOPES.of_role("analyst"))
            self.key = create_key(tx, SCOPES, "of analyst", scopes, None, "analyst@unit.example")[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{instance.port}", timeout=120)
        if self.client.post(f"/sign-in/{link}").status_code != 303:
            raise RuntimeError("the link did not sign in")

    def lines(self) -> Iterator[report.Line]:
        say(f"storing {ORDERS:,} orders")
        made = store_orders(self.database, ORDERS)
        say(f"storing {CHECKS:,} looks")
        store_checks(self.database, made, CHECKS)
        now = datetime.now(UTC)
        year = f"from={now - timedelta(days=365):%Y-%m-%d}&to={now + timedelta(days=1):%Y-%m-%d}"
        for case, path, count in (
            ("page: of one platform, ninety days", f"/oversight/{platform(7)}", PAGES),
            ("page: of the largest, ninety days", f"/oversight/{platform(0)}", PAGES),
            ("page: all fifty, ninety days", "/oversight", PAGES),
            ("year: card of the largest", f"/v1/scorecards/{platform(0)}?{year}", YEARS),
            ("year: page of the largest", f"/oversight/{platform(0)}?{year}", YEARS),
            ("year: all fifty, with what differs", f"/v1/scorecards?{year}", YEARS),
        ):
            taken = [self._ask(path) for _ in range(count + 2)][2:]
            yield from lines_of(case, spread(taken), len(taken))
        yield from self.looks()

    def _ask(self, path: str) -> float:
        headers = {"Authorization": f"Bearer {self.key}"} if path.startswith("/v1") else {}
        began = time.perf_counter()
        answer = self.client.get(path, headers=headers)
        took = time.perf_counter() - began
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
        return took * 1000

    def looks(self) -> Iterator[report.Line]:
        """All of them due at once; when the last is done, and how soon a host was asked again."""
        with Site(self.instance.directory / "asked.txt") as site:
            with self.database.begin("system:benchmark") as tx:
                wanted = [
                    Wanted(
                        owner=uuid4(),
                        kind="order",
                        n=1,
                        organisation=platform(n % PLATFORMS),
                        place=address_of(f"http://127.0.0.{n % HOSTS + 1}:{site.port}/p/{n}"),
                    )
                    for n in range(HOSTS * EACH)
                ]
                schedule(tx, [(one, tx.now) for one in wanted])
            began, done = time.monotonic(), 0
            while done < len(wanted) and time.monotonic() - began < PATIENCE:
                time.sleep(0.2)
                done = self._done([one.owner for one in wanted])
            took = time.monotonic() - began
            asked = site.asked()
        gaps = [later - sooner for times in asked.values() for sooner, later in pairwise(times)]
        if done < len(wanted):
            raise RuntimeError(f"{len(wanted) - done} looks were not done in {PATIENCE:.0f} s")
        values = {"all done": took * 1000, "shortest gap": min(gaps) * 1000}
        yield from lines_of(f"looks: {len(wanted):,} at {HOSTS} hosts", values, len(wanted))

    def _done(self, owners: list[object]) -> int:
        with self.database.connect_raw() as connection:
            query = "SELECT count(*) FROM checks WHERE owner = ANY(%s) AND done_at IS NOT NULL"
            row = connection.execute(query, [owners]).fetchone()
        return 0 if row is None else int(row[0])


class Site:
    """Fifty hosts in a process of their own, which note when each was asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        command = [sys.executable, "-m", "benchmarks.oversight_site", str(path)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> "Site":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def asked(self) -> dict[str, list[float]]:
        """When each host was asked, in seconds."""
        found: dict[str, list[float]] = {}
        for line in self._path.read_text().splitlines():
            host, at = line.split(" ")
            found.setdefault(host, []).append(float(at))
        return found


def bars_of(lines: list[report.Line]) -> list[report.Bar]:
    """A bar for each case that has a target."""
    found: list[report.Bar] = []
    for line in lines:
        metric, target = TARGETS.get(line.case.partition(":")[0], ("", 0.0))
        if line.metric == metric:
            found.append(report.Bar(line.case, line.value, target, "ms", low=True))
    return found


def main() -> None:
    say("starting an instance")
    with running(SETTINGS) as instance:
        lines = list(Bench(instance).lines())
    for line in lines:
        print(msgspec.json.encode(line).decode())
    if QUICK:
        return
    say(f"wrote {report.write(BENCH, lines)}")
    say(f"filled in {report.tabulate(BENCH, lines, 'performance.md')}")
    note = (
        "Upright lines are the targets. Pages: p95; a year's cards: the slowest; looks: the last."
    )
    say(f"drew {report.plot(BENCH, 'Oversight', bars_of(lines), note)}")


if __name__ == "__main__":
    main()

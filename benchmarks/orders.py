"""Legal orders and their clocks beside a full stream of posts: `make bench-orders`.

A real `tidegate serve` with its own PostgreSQL takes the stream of `bench-decide`, as fast as it goes, from a
process of its own. Beside it an authority sends signed orders, some each second, and a person executes each once it
has rung. Every time is from before the first byte is sent until the answer, or the message at the webhook
receiver, is whole. Then clocks: a million at rest, and ten thousand that warn within one minute, which the
server's own worker finds. Then the desk, with ten thousand orders of which all ring. What counts is the
slowest. There is no peer: no open system does this. QUICK=1 is a short round with few, and only prints.
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import msgspec

from benchmarks import report
from benchmarks.decide import ENTRIES
from benchmarks.hook import Hook
from benchmarks.instance import Instance, running
from benchmarks.load import percentile
from benchmarks.material import Posts, fill_banks
from benchmarks.orders_authority import SEED, Desk, introduce, url
from benchmarks.orders_sending import PATIENCE, STREAMS, Sending, post_items, streaming
from benchmarks.orders_stored import store_clocks, store_due, store_orders

BENCH = "orders"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
ORDERS = 20 if QUICK else 500  # beside each stream: p99 leaves the five slowest
EACH_SECOND = 5
STORED = 1_000 if QUICK else 10_000
CLOCKS = 20_000 if QUICK else 1_000_000
SPAN = timedelta(seconds=6 if QUICK else 60)
PAGES = 40 if QUICK else 200
LONGEST = 20 if QUICK else 1_000  # addresses of one order
SETTINGS = 'allowed_addresses = ["127.0.0.0/8"]\n'
FULL = "in batches"
UNITS = {"posts beside": "1/s", "missing": ""}
TARGETS = {  # ms, and which value has to keep to it
    "to the receipt": ("p99", 250.0),
    "to the first ring": ("max", 2000.0),
    "execute, to the action": ("max", 1000.0),
    "warnings late": ("max", 5000.0),
    "desk": ("p95", 150.0),
    "desk, all ring": ("p95", 150.0),
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def lines_of(case: str, values: dict[str, float], n: int) -> list[report.Line]:
    said = ", ".join(f"{name} {value:,.1f}" for name, value in values.items())
    say(f"{case} (n={n:,}): {said}")
    where, cores = report.machine(), report.cores()
    return [
        report.Line(BENCH, case, name, round(value, 2), UNITS.get(name, "ms"), n, cores, where)
        for name, value in values.items()
    ]


def spread(taken: list[float]) -> dict[str, float]:
    """The middle, the tail, and the slowest of all."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {name: percentile(taken, share) for name, share in shares.items()} | {"max": max(taken)}


class Bench:
    """One instance, and what is measured on it one after the other."""

    def __init__(self, instance: Instance, hook: Hook) -> None:
        self.instance = instance
        self.hook = hook
        say(f"filling banks with {ENTRIES:,} entries")
        self.posts = Posts(instance.key, fill_banks(instance.database_url, ENTRIES))
        self.desk: Desk = introduce(instance, hook)
        self._numbers = 0
        self._client = self._sign_in()
        self.stored: list[UUID] = []

    def lines(self) -> Iterator[report.Line]:
        say(f"storing {STORED:,} orders")
        self.stored = store_orders(self.instance.owner_url, STORED)
        yield from self.pages("desk")
        for stream in STREAMS:
            yield from self.orders(stream)
        yield from self.long_order()
        say(f"storing {CLOCKS:,} clocks")
        store_clocks(self.instance.owner_url, CLOCKS)
        yield from self.warnings(FULL)
        yield from self.pages("desk, all ring")

    def orders(self, stream: str) -> Iterator[report.Line]:
        """Orders of one address, beside a stream."""
        urls = self._addresses(ORDERS)
        sending = Sending(self.instance, self.hook, self.desk)
        with streaming(self.instance, self.posts, stream) as rate:
            asyncio.run(sending.run([[one] for one in urls], EACH_SECOND))
            beside = {"posts beside": rate()}
        for what, taken in (
            ("to the receipt", sending.receipts),
            ("to the first ring", sending.rings),
            ("execute, to its answer", sending.executed),
            ("execute, to the action", sending.attempts),
        ):
            yield from lines_of(f"{what}: {stream}", spread(taken) | beside, len(taken))

    def long_order(self) -> Iterator[report.Line]:
        """One order of as many addresses as there may be, alone, and what it does to another one."""
        urls = self._addresses(LONGEST)
        sending = Sending(self.instance, self.hook, self.desk)
        asyncio.run(sending.run([urls], EACH_SECOND))
        for what, taken in (
            ("to the receipt", sending.receipts),
            ("to the first ring", sending.rings),
            ("execute, to its answer", sending.executed),
            ("execute, to the last action", sending.attempts),
        ):
            yield from lines_of(f"{what}: {LONGEST:,} addresses", {"max": max(taken)}, 1)

    def warnings(self, stream: str) -> Iterator[report.Line]:
        """How long after its time each clock's warning is at the receiver."""
        with streaming(self.instance, self.posts, stream) as rate:
            begins = datetime.now(UTC) + timedelta(seconds=5)
            store_due(self.instance.owner_url, self.stored, begins, SPAN)
            due = set(map(str, self.stored))
            late: dict[str, float] = {}
            ends = time.monotonic() + SPAN.total_seconds() + PATIENCE
            while len(late) < len(due) and time.monotonic() < ends:
                time.sleep(0.2)
                for order, seconds in self._warned():
                    if order in due:
                        late.setdefault(order, seconds * 1000)
            beside = {"posts beside": rate(), "missing": float(len(due) - len(late))}
        yield from lines_of(
            f"warnings late: {stream}", spread(list(late.values())) | beside, len(late)
        )

    def _warned(self) -> Iterator[tuple[str, float]]:
        for one in self.hook.got():
            if one["message"]["type"] == "clock.warning":
                data = one["message"]["data"]
                due = datetime.fromisoformat(data["clock"]["warned"][-1])
                yield data["order"], one["at"] - due.timestamp()

    def pages(self, case: str) -> Iterator[report.Line]:
        """What a person and a program wait for."""
        deep = self._client.get("/v1/orders?limit=50", headers=self._headers()).json()["next"]
        for address in ("/orders", "/orders?live=yes", f"/orders?cursor={deep}", "/v1/orders"):
            taken = [self._ask(address) for _ in range(PAGES + 5)][5:]
            named = address.replace(str(deep), "…")
            yield from lines_of(f"{case}: {named}", spread(taken), len(taken))

    def _ask(self, address: str) -> float:
        headers = self._headers() if address.startswith("/v1") else {}
        began = time.perf_counter()
        answer = self._client.get(address, headers=headers)
        took = time.perf_counter() - began
        if answer.status_code != 200 or answer.text.count("/26") < 50:
            raise RuntimeError(f"{address}: {answer.status_code} {answer.text[:300]}")
        return took * 1000

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.desk.key}"}

    def _sign_in(self) -> httpx.Client:
        client = httpx.Client(base_url=f"http://127.0.0.1:{self.instance.port}", timeout=60)
        if client.post(f"/sign-in/{self.desk.link}").status_code != 303:
            raise RuntimeError("the link did not sign in")
        return client

    def _addresses(self, count: int) -> list[str]:
        numbers = range(self._numbers, self._numbers + count)
        self._numbers += count
        post_items(self.instance, numbers)
        return [url(n) for n in numbers]


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
        hook = Hook(instance.directory, SEED)
        try:
            lines = list(Bench(instance, hook).lines())
        finally:
            hook.stop()
    for line in lines:
        print(msgspec.json.encode(line).decode())
    if QUICK:
        return
    say(f"wrote {report.write(BENCH, lines)}")
    say(f"filled in {report.tabulate(BENCH, lines, 'performance.md')}")
    note = (
        "Upright lines are the targets. To the receipt: p99; the desk: p95; all else the slowest."
        f" Load on the same {report.cores()} cores."
    )
    say(f"drew {report.plot(BENCH, 'Legal orders', bars_of(lines), note)}")


if __name__ == "__main__":
    main()

"""How many posts an instance decides, how fast, and what that costs: `make bench-decide`.

A real `tidegate serve` with its own PostgreSQL, banks of 10,000 entries of all kinds, one of a
million codes of pictures and the default pack is driven over HTTP; an answer counts when it has
arrived, and what was answered is then counted in the database. QUICK=1 is one short round with a
bank of 20,000 codes, BENCH_ONLY=CASE[,CASE…] for some of the cases; both only print, for the results
that are kept are those of whole runs.
"""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from statistics import median

import msgspec
import psycopg
import uvloop

from benchmarks import report
from benchmarks.instance import Instance, PeakMemory, running
from benchmarks.load import Run, in_batches, one_by_one, percentile, request
from benchmarks.material import Posts, code_list, fill_banks, open_cases

BENCH = "decide"
ENTRIES = 10_000
CASES = 100_000
BATCH = 500
DRAIN_SECONDS = 60.0

QUICK = os.environ.get("QUICK", "") not in ("", "0")
SECONDS = 4.0 if QUICK else 12.0
ROUNDS = 1 if QUICK else 3
CODES = 20_000 if QUICK else 1_000_000
ONLY = frozenset(filter(None, os.environ.get("BENCH_ONLY", "").split(",")))


class Case(msgspec.Struct, frozen=True):
    """Something to measure: `drive(seconds)` applies the load."""

    name: str
    label: str
    items: int  # per latency that is measured
    drive: Callable[[float], Coroutine[object, object, Run]]
    metric: str
    target: float
    unit: str
    judges: bool = True


def cases(instance: Instance, posts: Posts) -> list[Case]:
    port = instance.port
    listing = request("GET", "/v1/cases", instance.key)
    return [
        Case(
            "text-batch",
            f"text, batches of {BATCH}",
            BATCH,
            lambda s: in_batches(port, lambda: posts.batch(BATCH), seconds=s, connections=4),
            "items/s",
            2000,
            "items/s",
        ),
        Case(
            "text-single",
            "text, one by one, 32 connections",
            1,
            lambda s: one_by_one(port, posts.one, seconds=s, connections=32),
            "items/s",
            800,
            "items/s",
        ),
        Case(
            f"jpeg-single bank={CODES}",
            f"512×512 JPEG, bank of {CODES:,}",
            1,
            lambda s: one_by_one(port, posts.picture, seconds=s, connections=32),
            "items/s",
            300,
            "items/s",
        ),
        Case(
            "cases-first-page",
            f"GET /v1/cases, {CASES:,} open, p95",
            1,
            lambda s: one_by_one(port, lambda: listing, seconds=min(s, 6), connections=1),
            "p95",
            50,
            "ms",
            judges=False,
        ),
    ]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure(instance: Instance, case: Case, seconds: float) -> dict[str, float]:
    """One round of a case: its metrics by name."""
    before = instance.cpu_seconds()
    own = time.process_time()
    with PeakMemory(instance) as memory:
        run = asyncio.run(case.drive(seconds))
        own = time.process_time() - own
        after = instance.cpu_seconds()
    count = len(run.latencies) * case.items
    if case.judges:
        verdicts = run.verdicts()
        if sum(verdicts.values()) != count:
            raise RuntimeError(f"{count} posts were sent, answered were {verdicts}")
    metrics = {
        "items/s": count / run.seconds,
        "p50": percentile(run.latencies, 0.50),
        "p95": percentile(run.latencies, 0.95),
        "p99": percentile(run.latencies, 0.99),
        "peak memory": memory.megabytes,
        "CPU load generator": own / count * 1e6,
    }
    for name in before:
        metrics[f"CPU {name}"] = (after[name] - before[name]) / count * 1e6
    metrics["load average"] = os.getloadavg()[0]
    metrics["n"] = count
    return metrics


UNITS = {"items/s": "items/s", "p50": "ms", "p95": "ms", "p99": "ms", "peak memory": "MB"}


def unit(metric: str) -> str:
    return "µs/item" if metric.startswith("CPU ") else UNITS.get(metric, "")


def import_codes(instance: Instance, count: int) -> list[report.Line]:
    """A bank of so many random PDQ codes, by the program's own import; what it and starting cost:
    from PostgreSQL, where the index has no files yet, and with them."""
    list_file = code_list(instance.directory, count)
    instance.cli("bank", "create", "--name", "codes")
    began = time.monotonic()
    instance.cli("bank", "import", "codes", str(list_file), "--confirmed")
    metrics = {"import": (time.monotonic() - began, "s")}
    list_file.unlink()
    index = instance.directory / "index"
    instance.stop()
    shutil.rmtree(index)
    metrics["start, index built"] = (instance.restart(), "s")
    settled(index)
    metrics["start, index there"] = (instance.restart(), "s")
    metrics["memory web process"] = (instance.web_memory(), "MB")
    size = sum(one.stat().st_size for one in index.rglob("*.segment"))
    metrics["index files"] = (size / 1e6, "MB")
    case, where = f"start bank={count}", report.machine()
    say(f"{case}: " + ", ".join(f"{name} {v:,.1f} {u}" for name, (v, u) in metrics.items()))
    return [
        report.Line(BENCH, case, name, round(value, 2), kind, count, report.cores(), where)
        for name, (value, kind) in metrics.items()
    ]


def settled(index: Path) -> None:
    """Wait until the files of the index are there and stay as they are."""
    deadline, before = time.monotonic() + DRAIN_SECONDS, set[Path]()
    while time.monotonic() < deadline:
        time.sleep(1.0 if QUICK else 3.0)
        found = set(index.rglob("*.segment"))
        if found and found == before:
            return
        before = found
    raise RuntimeError("the index was not sealed")


def drained(instance: Instance) -> float:
    """Wait until the ledger has sealed everything; returns the seconds it took."""
    began = time.monotonic()
    with psycopg.connect(instance.database_url, autocommit=True) as connection:
        while time.monotonic() - began < DRAIN_SECONDS:
            row = connection.execute("SELECT 1 FROM ledger_pending LIMIT 1").fetchone()
            if row is None:
                break
            time.sleep(0.1)
    return time.monotonic() - began


def count_items(instance: Instance) -> int:
    with psycopg.connect(instance.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM revisions").fetchone()
        return row[0] if row else 0


def measure_all(instance: Instance, posts: Posts) -> tuple[list[report.Line], list[report.Bar]]:
    """Every case, warmed up, in several rounds; the middle round of each is what is reported."""
    lines: list[report.Line] = []
    bars: list[report.Bar] = []
    where = report.machine()
    for case in cases(instance, posts):
        if ONLY and case.name.split()[0] not in ONLY:
            continue
        if not case.judges:
            open_cases(instance.owner_url, CASES)
        asyncio.run(case.drive(1.0))  # warm up
        stored = count_items(instance)
        rounds: list[dict[str, float]] = []
        for _ in range(ROUNDS):
            rounds.append(measure(instance, case, SECONDS))
            rounds[-1]["ledger sealed after"] = drained(instance)
            say(f"{case.name}: " + ", ".join(f"{k} {v:,.1f}" for k, v in rounds[-1].items()))
        total = int(sum(one["n"] for one in rounds))
        if case.judges and count_items(instance) - stored != total:
            raise RuntimeError("the database does not hold what was answered")
        middle = {name: median(one[name] for one in rounds) for name in rounds[0] if name != "n"}
        for name, value in middle.items():
            kind = "s" if name == "ledger sealed after" else unit(name)
            lines.append(
                report.Line(
                    BENCH, case.name, name, round(value, 2), kind, total, report.cores(), where
                )
            )
        bars.append(
            report.Bar(case.label, middle[case.metric], case.target, case.unit, low=not case.judges)
        )
    return lines, bars


def main() -> None:
    uvloop.install()
    say("starting an instance")
    with running() as instance:
        say(f"filling banks with {ENTRIES:,} entries")
        posts = Posts(instance.key, fill_banks(instance.database_url, ENTRIES))
        say(f"importing a bank of {CODES:,} codes")
        starting = import_codes(instance, CODES)
        lines, bars = measure_all(instance, posts)
    lines += starting
    for line in lines:
        print(msgspec.json.encode(line).decode())
    if ONLY or QUICK:
        return
    note = (
        f"Upright lines are the targets. Banks of {ENTRIES + CODES:,} entries, every answer"
        f" durable, load generator on the same {report.cores()} cores."
    )
    say(f"wrote {report.write(BENCH, lines)}")
    say(f"filled in {report.tabulate(BENCH, lines, 'performance.md')}")
    say(f"drew {report.plot(BENCH, 'Deciding over HTTP', bars, note)}")


if __name__ == "__main__":
    main()

"""How fast the index finds codes within 31 of 256 bits, beside FAISS and threatexchange:
`make bench-index`.

For each bank a process of its own builds every engine, compares what they answer, and only then
times them, one query at a time to each in turn. *Cold*: before each query the caches are swept by
reading three times their size; then a bank of few codes is asked the same of the same engine, for
what is to be cold is the bank and not Python. Times are of the calling thread, on which every engine
computes: what else the machine does then counts little. QUICK=1 asks only 100,000 codes and prints;
BENCH_ONLY=N[,N…] measures banks of these sizes and prints.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec
import numpy as np

from benchmarks import curves, report
from benchmarks.codes import Codes, bank, queries
from benchmarks.peers import enter

BENCH = "index"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
ONLY = [int(one) for one in os.environ.get("BENCH_ONLY", "").split(",") if one]
SIZES = [100_000] if QUICK else ONLY or [100_000, 1_000_000, 10_000_000]
BANKS = ("random", "skewed")
SINGLE = 100 if QUICK else 400
SINGLE_OF_MANY = 200  # in banks of 10M, where FAISS takes its time
FEW = 5000  # codes of the bank that warms the code
ROUNDS = 3
WARM_RUN = 20  # queries in a row to one engine, of which the first few only warm it
WARM_UP = 4
PDQ_UP_TO = 1_000_000  # beyond, its Python dictionary alone takes gigabytes


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Timed(NamedTuple):
    """Seconds of each single query, and queries per second of a batch."""

    single: list[float]
    per_second: float


def clock(run: Callable[[], Any]) -> float:
    """Seconds that this thread computes."""
    began = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - began) / 1e9


def sweeper() -> Callable[[], Any]:
    """Reads three times what the last cache holds."""
    size = 32 << 20
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        size = max(size, int(path.read_text().strip().removesuffix("K")) << 10)
    rubbish = np.ones(3 * size // 8, np.uint64)
    return rubbish.sum


def agree(engines: Sequence[Any], asked: Codes) -> None:
    """Raise unless all answer alike, one by one and in a batch."""
    reference: list[Any] | None = None
    for engine in engines:
        forms = engine.prepare(asked)
        single = [answer for form in forms for answer in engine.answers(engine.ask(form))]
        if single != engine.answers(engine.ask_all(forms)):
            raise RuntimeError(f"{engine.name} answers otherwise in a batch")
        reference = reference or single
        if single != reference:
            raise RuntimeError(f"{engine.name} finds something else than {engines[0].name}")
    assert reference is not None
    if sum(map(bool, reference)) < len(asked) // 10:
        raise RuntimeError("planted neighbours were not found")


def measure(
    engines: Sequence[Any], small: Sequence[Any], asked: Codes, cold: bool
) -> dict[str, Timed]:
    """Time the engines in turn; `small` are the same ones over few codes."""
    sweep = sweeper()
    forms = {engine.name: engine.prepare(asked) for engine in engines}
    single: dict[str, list[float]] = {engine.name: [] for engine in engines}
    run = 1 if cold else WARM_RUN
    for start in range(0, len(asked), run):
        for engine, few in zip(engines, small, strict=True):
            if cold:
                sweep()
                few.ask(forms[engine.name][start])
            else:
                for form in forms[engine.name][start : start + WARM_UP]:
                    engine.ask(form)
            for form in forms[engine.name][start : start + run]:
                single[engine.name].append(clock(lambda e=engine, f=form: e.ask(f)))
    together: dict[str, list[float]] = {engine.name: [] for engine in engines}
    for _ in range(ROUNDS):
        for engine in engines:
            if cold:
                sweep()
            all_of_them = forms[engine.name]
            together[engine.name].append(clock(lambda e=engine, a=all_of_them: e.ask_all(a)))
    return {name: Timed(single[name], len(asked) / median(together[name])) for name in single}


def opening(path: Path) -> tuple[float, float]:
    """Seconds in which a fresh process has the sealed index open, and has its first answer."""
    command = [sys.executable, "-m", "benchmarks.index", "open", str(path)]
    answered = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    opened, first = msgspec.json.decode(answered, type=tuple[float, float])
    return opened, first


def open_once(path: Path) -> None:
    from benchmarks.engines import open_sealed
    from tidegate.signals.model import Fingerprint

    began = time.perf_counter()
    index = open_sealed(path)
    opened = time.perf_counter()
    index.search([Fingerprint("pdq", bytes(range(32)))])
    print(msgspec.json.encode((opened - began, time.perf_counter() - opened)).decode())


def one_bank(kind: str, count: int) -> list[report.Line]:
    """Everything about one bank, in this process."""
    from benchmarks.engines import PDQ, Built, Flat, MultiHash, Tidegate

    codes = bank(kind, count, seed=7)
    single = SINGLE if count <= PDQ_UP_TO else min(SINGLE, SINGLE_OF_MANY)
    asked = queries(kind, codes, single, seed=11)
    lines: list[report.Line] = []
    where = report.machine()

    def add(
        case: str, metric: str, unit: str, values: dict[str, float], more_is_better: bool = False
    ) -> None:
        ours = values.pop(Tidegate.name)
        for peer, theirs in values.items() or [(None, None)]:
            ratio = None
            if theirs is not None:
                ratio = round(ours / theirs if more_is_better else theirs / ours, 2)
            line = report.Line(
                BENCH, case, metric, ours, unit, single, 1, where, peer, theirs, ratio
            )
            lines.append(line)

    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        makes: list[Callable[[Codes], Any]] = [
            lambda codes: Tidegate(codes, Path(tempfile.mkdtemp(dir=folder))),
            Flat,
            MultiHash,
        ]
        if count <= PDQ_UP_TO:
            makes.append(PDQ)
        small = [make(codes[:FEW].copy()) for make in makes]
        built: list[Built] = []
        for make in makes:
            built.append(Built(make, codes))
            say(
                f"{kind}, {count:,}: {built[-1].engine.name} built in {built[-1].seconds:.1f} s,"
                f" {built[-1].bytes_per_code:.0f} bytes a code"
            )
        engines = [one.engine for one in built]
        agree(engines, asked)
        say(f"{kind}, {count:,}: all {len(engines)} answer alike; timing")
        for state in ("cold", "warm"):
            case = f"n={count} {kind} {state}"
            timed = measure(engines, small, asked, state == "cold")
            for metric, share in (("p50", 0.5), ("p99", 0.99)):
                values = {
                    name: round(float(np.quantile(one.single, share)) * 1e6, 1)
                    for name, one in timed.items()
                }
                say(f"{case}: {metric} " + ", ".join(f"{k} {v:,.1f} µs" for k, v in values.items()))
                add(case, metric, "µs", values)
            rates = {name: round(one.per_second, 1) for name, one in timed.items()}
            say(f"{case}: " + ", ".join(f"{k} {v:,.0f} queries/s" for k, v in rates.items()))
            add(case, "queries/s", "queries/s", rates, more_is_better=True)
        case = f"n={count} {kind} cold"
        add(case, "build", "s", {b.engine.name: round(b.seconds, 2) for b in built})
        sizes = {b.engine.name: round(b.bytes_per_code, 1) for b in built}
        add(case, "bytes per code", "bytes", sizes)
        sealed = engines[0]
        assert isinstance(sealed, Tidegate)
        opened, first = opening(sealed.path)
        add(case, "open", "s", {Tidegate.name: round(opened, 4)})
        add(case, "first query after opening", "µs", {Tidegate.name: round(first * 1e6, 1)})
    return lines


def growth(lines: list[report.Line]) -> list[report.Line]:
    """By how much a query costs more in a bank of 10M than in one of 100k."""
    p50 = {line.case: line for line in lines if line.metric == "p50"}
    small, large = p50.get("n=100000 random cold"), p50.get("n=10000000 random cold")
    if small is None or large is None:
        return []
    times = round(large.value / small.value, 2)
    return [
        report.Line(
            BENCH, large.case, "growth from n=100000", times, "times", large.n, 1, large.machine
        )
    ]


def table(lines: list[report.Line]) -> list[report.Line]:
    """The same with a column for each engine, for the page."""
    rows: list[report.Line] = []
    for line in lines:
        if line.metric not in ("p50", "p99", "queries/s", "bytes per code"):
            continue
        rows.append(msgspec.structs.replace(line, metric=f"{line.metric} ours"))
        if line.peer is not None and line.peer_value is not None and line.metric != "p99":
            metric = f"{line.metric} {line.peer.rpartition('.')[2]}"
            rows.append(msgspec.structs.replace(line, metric=metric, value=line.peer_value))
    return rows


def draw(lines: list[report.Line]) -> Path:
    """Latency against bank size."""
    found: dict[str, dict[float, float]] = {}
    for line in lines:
        if line.metric != "p50" or not line.case.endswith("random cold"):
            continue
        size = float(line.case.partition(" ")[0].removeprefix("n="))
        found.setdefault("Tidegate", {})[size] = line.value
        if line.peer is not None and line.peer_value is not None:
            found.setdefault(line.peer, {})[size] = line.peer_value
    return curves.plot(
        BENCH,
        "Time of a query by bank size: random codes, radius 31, cold, one thread",
        found,
        ("codes in the bank", "µs, median"),
    )


def main() -> None:
    lines: list[report.Line] = []
    for count in SIZES:
        for kind in BANKS:
            command = [sys.executable, "-m", "benchmarks.index", "bank", kind, str(count)]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
            lines += [msgspec.json.decode(one, type=report.Line) for one in output.splitlines()]
            sys.stdout.buffer.write(output)
            sys.stdout.flush()
    more = growth(lines)
    for line in more:
        print(msgspec.json.encode(line).decode())
    lines += more
    if QUICK or ONLY:
        return
    say(f"wrote {report.write(BENCH, lines)}")
    say(f"filled in {report.tabulate(BENCH, table(lines), 'performance.md')}")
    say(f"drew {draw(lines)}")


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    enter("benchmarks.index", ["faiss-cpu", "threatexchange"])
    if sys.argv[1:2] == ["bank"]:
        for line in one_bank(sys.argv[2], int(sys.argv[3])):
            print(msgspec.json.encode(line).decode())
    elif sys.argv[1:2] == ["open"]:
        open_once(Path(sys.argv[2]))
    else:
        main()

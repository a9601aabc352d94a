"""How fast a flood is clustered, and how well: `make bench-triage`.

A million short texts (`triage_material` says how they come about) are clustered by `tidegate cluster`, a process of
its own, and a tenth of them, for how the time grows; beside datasketch and rensa, in one process by turns;
then one by one with a million in memory; and stories are compared with events. QUICK=1 takes
fewer and only prints. Results are kept, and the page redrawn, where `../shared/data` is at hand
(TIDEGATE_SHARED names it elsewhere).
"""

from benchmarks.peers import enter

if __name__ == "__main__":
    enter("benchmarks.triage", ["datasketch", "rensa"])

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks import report, triage_peers, triage_stories
from benchmarks.triage_material import Flood, copy, flood, tweets
from benchmarks.triage_peers import pairwise
from tidegate.triage.batch import Text, cluster
from tidegate.triage.sketching import sketch_of
from tidegate.triage.stream import Clusters

BENCH = "triage"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
MANY = 50_000 if QUICK else 1_000_000
BESIDE = 5_000 if QUICK else 100_000
ARRIVALS = 1_000 if QUICK else 10_000
ROUNDS = 1 if QUICK else 3
SEED = 7
SLOW = ("rensa, 64 bands", "datasketch")  # minutes, so they have one turn
WHERE = report.machine()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def line(case: str, metric: str, value: float, unit: str, n: int, **peer: Any) -> report.Line:
    one = report.Line(BENCH, case, metric, round(value, 2), unit, n, report.cores(), WHERE)
    say(f"{case}: {metric} {value:,.2f} {unit}")
    return msgspec.structs.replace(one, **peer)


# --------------------------------------------------------------------------------- a whole file


def files(made: Flood) -> Iterator[report.Line]:
    """The command on a tenth and on all of the flood, by turns."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = (len(made.texts) // 10, len(made.texts))
        paths = [_written(Path(folder) / f"{size}.ndjson", made.texts[:size]) for size in sizes]
        best = [(float("inf"), 0.0)] * 2
        for _ in range(ROUNDS):
            best = [min(old, _command(path)) for old, path in zip(best, paths, strict=True)]
        for size, (seconds, peak) in zip(sizes, best, strict=True):
            yield line(f"{size:,} texts", "time", seconds, "s", size)
            yield line(f"{size:,} texts", "texts a second", size / seconds, "", size)
            yield line(f"{size:,} texts", "memory", peak, "GB", size)
        yield line("ten times as many texts", "time", best[1][0] / best[0][0], "times", sizes[1])


def _written(path: Path, texts: Sequence[str]) -> Path:
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        for number, text in enumerate(texts):
            created = f"2026-01-01T{number % 24:02}:00:00Z"
            file.write(encode({"id": f"t{number}", "text": text, "created": created}) + b"\n")
    return path


# Between the two processes a small one, for a child's memory counts what it was forked from.
_MEASURED = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL,"
    " stderr=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def _command(path: Path) -> tuple[float, float]:
    """Seconds, and GB at most."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "tidegate", "cluster", str(path), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - began, int(done.stdout) / 2**20


# ------------------------------------------------------------------------------- beside others


def beside(made: Flood) -> Iterator[report.Line]:
    """Ours from the texts as they are, the peers from ready-made shingles."""
    few = Flood(made.texts[:BESIDE], made.sources[:BESIDE])
    sets = triage_peers.shingles(few.texts)
    raw = triage_peers.in_bytes(sets)
    sides: list[tuple[str, Callable[[], Sequence[object]]]] = [
        (
            "",
            lambda: [one.cluster for one in cluster(map(Text, map(str, range(BESIDE)), few.texts))],
        ),
        ("rensa", lambda: triage_peers.by_rensa(sets)),
        ("rensa, 64 bands", lambda: triage_peers.by_rensa(sets, triage_peers.MORE_BANDS)),
        ("datasketch", lambda: triage_peers.by_datasketch(raw)),
    ]
    best: dict[str, float] = {}
    quality: dict[str, tuple[float, float]] = {}
    for turn in range(ROUNDS):
        for name, work in sides:
            if turn and name in SLOW:
                continue
            began = time.perf_counter()
            found = work()
            best[name] = min(best.get(name, float("inf")), time.perf_counter() - began)
            quality[name] = pairwise(found, few.sources)
    case = f"{BESIDE:,} texts"
    own = BESIDE / best[""]
    for name in ("rensa", *SLOW):
        theirs = BESIDE / best[name]
        more = {"peer": name, "peer_value": round(theirs, 1), "ratio": round(own / theirs, 2)}
        yield line(f"{case}, beside {name}", "clustered a second", own, "", BESIDE, **more)
        for metric, value, other in zip(
            ("precision", "recall"), quality[""], quality[name], strict=True
        ):
            more = {"peer": name, "peer_value": round(other, 2), "ratio": round(value / other, 3)}
            yield line(f"{case}, beside {name}", metric, value, "%", BESIDE, **more)
        if quality[name][1] > quality[""][1]:
            say(f"{name} finds more copies")


def quality(real: bool) -> Iterator[report.Line]:
    """Pairwise, of a flood of all texts at hand, and of one whose originals share few words."""
    for name, apart in (("all originals", False), ("originals apart", True)):
        made, _ = flood(BESIDE, SEED + 1, apart=apart)
        found = [one.cluster for one in cluster(map(Text, map(str, range(BESIDE)), made.texts))]
        kind = f"copies of {'real' if real else 'generated'} texts, {name}"
        for metric, value in zip(
            ("precision", "recall"), pairwise(found, made.sources), strict=True
        ):
            yield line(kind, metric, value, "%", BESIDE)


# --------------------------------------------------------------------------------- one by one


def arrivals(made: Flood) -> Iterator[report.Line]:
    """With all in memory: from a text to its cluster, of copies of what is known and of new texts."""
    known = Clusters()
    for start in range(0, len(made.texts), 8192):
        some = made.texts[start : start + 8192]
        ids = [f"t{number}" for number in range(start, start + len(some))]
        known.assign_many(ids, sketch_of(some), np.full(len(some), 1.8e9))
    yield line(f"{MANY:,} in memory", "clusters", len(known), "", MANY)
    yield line(f"{MANY:,} in memory", "memory of the index", known.bytes_held / 2**20, "MB", MANY)
    yield from _timed(f"one arrival, {MANY:,} in memory", known, made.texts)


def apart(count: int) -> Iterator[report.Line]:
    """The worst of floods: texts that are all different, so that each is a cluster of its own."""
    draw = np.random.default_rng(SEED)
    words = np.array([_word(number) for number in range(200_000)])
    texts: list[str] = []
    for _ in range(0, count, 10_000):
        drawn = draw.zipf(1.1, (10_000, 14)) % len(words)
        texts += [" ".join(row) for row in words[drawn].tolist()]
    known = Clusters()
    began = time.perf_counter()
    for start in range(0, count, 8192):
        some = texts[start : start + 8192]
        known.assign_many(
            list(map(str, range(start, start + len(some)))),
            sketch_of(some),
            np.full(len(some), 1.8e9),
        )
    case = f"{count:,} different texts"
    yield line(case, "time", time.perf_counter() - began, "s", count)
    yield line(case, "clusters", len(known), "", count)
    yield line(case, "memory of the index", known.bytes_held / 2**20, "MB", count)
    yield from _timed(f"one arrival, {case} in memory", known, texts)


def _word(number: int) -> str:
    draw = random.Random(number)
    return "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9)))


def _timed(case: str, known: Clusters, texts: Sequence[str]) -> Iterator[report.Line]:
    draw = random.Random(SEED)
    taken: list[float] = []
    worked: list[float] = []
    for number in range(ARRIVALS):
        text = copy(draw.choice(texts), draw, 0.15)
        if number % 4 == 0:
            text = " ".join(_word(draw.randrange(200_000)) for _ in range(14))
        began, work = time.perf_counter(), time.thread_time()
        known.assign(f"a{number}", sketch_of([text])[0].tobytes(), 1.8e9)
        worked.append(1000 * (time.thread_time() - work))
        taken.append(1000 * (time.perf_counter() - began))
    for metric, times in (("", sorted(taken)), (" of processor time", sorted(worked))):
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            yield line(case, f"{name}{metric}", times[int(share * len(times))], "ms", ARRIVALS)


# ------------------------------------------------------------------------------------- stories


def stories() -> Iterator[report.Line]:
    """Of all events at hand, of those by which the measures were chosen, and of the others."""
    all_of = tweets()
    if not all_of:
        say("no tweets at hand: stories are left out")
        return
    chosen, unseen = triage_stories.halves(all_of)
    for case, some in (
        ("all 18 events", all_of),
        ("nine events that the measures were chosen by", chosen),
        ("nine other events", unseen),
    ):
        mixed = triage_stories.shuffled(some, SEED)[:: 4 if QUICK else 1]
        theirs, threshold = triage_stories.by_single_link(mixed)
        for timed in (True, False):
            own = triage_stories.by_tidegate(mixed, timed)
            name = f"stories, {case}{'' if timed else ', without times'}"
            for metric, value, other in zip(
                ("F1", "precision", "recall"), own, theirs, strict=True
            ):
                more = {
                    "peer": f"single-link TF-IDF at {threshold:.2f}",
                    "peer_value": round(other, 1),
                    "ratio": round(value / other, 2),
                }
                yield line(name, f"B-cubed {metric}", value, "%", len(mixed), **more)


def main() -> None:
    say(f"making {MANY:,} texts")
    made, real = flood(MANY, SEED)
    lines = [*stories(), *quality(real), *beside(made), *files(made), *arrivals(made)]
    lines += [] if QUICK else apart(1_000_000)
    for one in lines:
        print(msgspec.json.encode(one).decode())
    if QUICK or not real:
        return
    say(f"wrote {report.write(BENCH, lines)}")
    say(f"wrote {report.tabulate('triage', report_rows(lines), 'clusters.md')}")
    say(f"wrote {plot(lines)}")


def report_rows(lines: Sequence[report.Line]) -> list[report.Line]:
    """The table of the page: what was reached, and the peer beside it."""
    return [
        line_of(one, metric, value)
        for one in lines
        for metric, value in (
            ("Tidegate", one.value),
            ("peer", one.peer_value),
            ("ratio", one.ratio),
        )
        if value is not None
    ]


def line_of(one: report.Line, metric: str, value: float) -> report.Line:
    case = f"{one.case}: {one.metric}{f', {one.unit}' if one.unit else ''}"
    return msgspec.structs.replace(one, case=case, metric=metric, value=value, unit="")


def plot(lines: Sequence[report.Line]) -> Path:
    def of(case: str, metric: str, ratio: bool = False) -> float:
        one = next(one for one in lines if one.case.startswith(case) and one.metric == metric)
        return (one.ratio or 0) if ratio else one.value

    apart_ = "copies of real texts, originals apart"
    bars = [
        report.Bar("a million texts", of(f"{MANY:,} texts", "time"), 60, "s", low=True),
        report.Bar(
            "ten times as many texts", of("ten times", "time"), 12, "times as long", low=True
        ),
        report.Bar(
            "times as fast as rensa",
            of(f"{BESIDE:,} texts, beside rensa", "clustered a second", True),
            1.5,
            "×",
        ),
        report.Bar(
            "times as fast as datasketch",
            of(f"{BESIDE:,} texts, beside datasketch", "clustered a second", True),
            15,
            "×",
        ),
        report.Bar("copies found", of(apart_, "recall"), 97, "%"),
        report.Bar("pairs that are copies", of(apart_, "precision"), 99, "%"),
        report.Bar(
            "stories of 18 events, B-cubed F1", of("stories, all 18", "B-cubed F1"), 53, "%"
        ),
        report.Bar(
            "one arrival, p99", 1000 * of("one arrival, 1,000,000 in", "p99"), 5000, "µs", low=True
        ),
    ]
    return report.plot(BENCH, "Clusters and stories: reached and to be reached", bars, WHERE)


if __name__ == "__main__":
    main()

"""Crises replayed as a flood, and how soon an urgent report is seen: `make bench-flood`.

The tweets of CrisisLex arrive as tips in the order and the rhythm of their times, 50 times as fast, and so many
people look at them, a minute each, on a simulated clock (`flood_queue` says what is simulated and what is the
program's own). Urgent is what the annotators of CrisisLex gave the `info_type` "Affected individuals": dead,
injured, missing, trapped. What the learned part knows it learns from the decisions of the simulated people alone, who
see what the annotators saw; it begins with nothing. Beside it: first in, first out, each report by itself. Last, some
hundred of one crisis are told to a real instance (`flood_real`), and waits compared with those of the simulation. Only
where `../shared/data` is at hand (TIDEGATE_SHARED names it elsewhere). QUICK=1 takes a fifth and only prints.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from benchmarks import curves, flood_real, report
from benchmarks.flood_queue import Desk, Prepared, Tip, Waits, in_order, prepare
from benchmarks.load import percentile
from benchmarks.triage_material import rows
from tidegate.intake.threats.data import sources
from tidegate.intake.threats.reading import load_threat_pack
from tidegate.intake.threats.screen import Screen

BENCH = "flood"
QUICK = os.environ.get("QUICK", "") not in ("", "0")
SPEED = 50
LOOK = timedelta(minutes=1)
# As many as it takes that nineteen in twenty reports are seen within eight hours, first in, first out; and others.
PEOPLE = 3
OTHERS = () if QUICK else (1, 2, 4, 6)
MANY = 4_000 if QUICK else 10**6
FIFO, CLUSTERS, OURS = "first in, first out", "by time, in clusters", "Tidegate"
REAL = "a real instance"
CRISIS, FEW = (
    "2013_LA_airport_shootings",
    60 if QUICK else 500,
)  # of which the first are told to a real one
SHARES = {"median": 0.5, "p95": 0.95}
WHERE = report.machine()

Row = dict[str, str]
URGENT = "affected individuals"
LABELS: dict[str, Callable[[Row], bool]] = {
    URGENT: lambda row: row["info_type"] == "Affected individuals",
    "caution and advice": lambda row: row["info_type"] == "Caution and advice",
    "by eyewitnesses": lambda row: row["source"] == "Eyewitness",
}
"""What could be called urgent by the dataset's own fields; the first is what this is about."""


def tips_of(found: Sequence[Row], urgent: Callable[[Row], bool]) -> list[Tip]:
    """The tweets as they arrive, the first at its own time."""
    began = datetime.fromisoformat(found[0]["created_utc"])
    tips: list[Tip] = []
    for row in found:
        created = datetime.fromisoformat(row["created_utc"])
        at = began + (created - began) / SPEED
        tips.append(Tip(at, created.timestamp(), row["text"], urgent(row)))
    return tips


def measure(found: Sequence[Row]) -> Iterator[report.Line]:
    """For so many people, then for other things that somebody could call urgent."""
    packs = [load_threat_pack(text, where) for where, text in sources().items()]
    tips = tips_of(found, LABELS[URGENT])
    prepared = prepare(tips, Screen(packs))
    span = (tips[-1].at - tips[0].at) / timedelta(days=1)
    print(f"{len(tips):,} reports in {span:.1f} days", file=sys.stderr)
    for people in sorted({PEOPLE, *OTHERS}):
        yield from _beside(f"{people} at work", tips, prepared, people)
    for name, urgent in LABELS.items():
        if name != URGENT:
            case = f"{PEOPLE} at work, urgent is: {name}"
            yield from _beside(case, tips_of(found, urgent), prepared, PEOPLE)


def real(found: Sequence[Row]) -> Iterator[report.Line]:
    """One crisis, one person: how long urgent reports wait in a real instance, and in the simulation."""
    tips = tips_of([row for row in found if row["event"] == CRISIS][:FEW], LABELS[URGENT])
    packs = [load_threat_pack(text, where) for where, text in sources().items()]
    waits = {
        FIFO: in_order(tips, 1, LOOK),
        OURS: Desk(tips, prepare(tips, Screen(packs))).work(1, LOOK),
        REAL: flood_real.work(tips, 1, LOOK),
    }
    for side, some in waits.items():
        for name, share in SHARES.items():
            case = f"1 at work, {len(tips)} reports of one crisis"
            yield _line(case, f"{side}: {name}", _minutes(tips, some, share), "min", len(tips))


def _beside(
    case: str, tips: Sequence[Tip], prepared: Prepared, people: int
) -> Iterator[report.Line]:
    """How long urgent reports wait until somebody looks at them, in minutes."""
    waits = {
        FIFO: in_order(tips, people, LOOK),
        CLUSTERS: Desk(tips, prepared, by_time=True).work(people, LOOK),
        OURS: Desk(tips, prepared).work(people, LOOK),
    }
    number = sum(tip.urgent for tip in tips)
    for name, share in SHARES.items():
        minutes = {side: _minutes(tips, found, share) for side, found in waits.items()}
        print(f"{case}, {number:,} urgent: {name} {minutes}", file=sys.stderr)
        for side, value in minutes.items():
            line = _line(case, f"{side}: {name}", value, "min", number)
            if side == OURS:
                beside = minutes[FIFO]
                line = msgspec.structs.replace(
                    line, peer=FIFO, peer_value=beside, ratio=round(beside / max(value, 0.01), 1)
                )
            yield line


def _minutes(tips: Sequence[Tip], waits: Waits, share: float) -> float:
    found = [
        wait / timedelta(minutes=1) for tip, wait in zip(tips, waits, strict=True) if tip.urgent
    ]
    return round(percentile(found, share), 2)


def _line(case: str, metric: str, value: float, unit: str, n: int) -> report.Line:
    return report.Line(BENCH, case, metric, value, unit, n, 1, WHERE)


def _table(lines: Sequence[report.Line]) -> Iterator[report.Line]:
    """The same, and how many times sooner."""
    for one in lines:
        yield one
        if one.ratio is not None:
            name = one.metric.removeprefix(f"{OURS}: ")
            yield _line(one.case, f"times sooner: {name}", one.ratio, "", one.n)


def _draw(lines: Sequence[report.Line]) -> None:
    drawn: dict[str, dict[float, float]] = {}
    for one in lines:
        people, _, more = one.case.partition(" at work")
        if not more and not one.metric.startswith(CLUSTERS):
            drawn.setdefault(one.metric, {})[float(people)] = max(one.value, 0.1)
    title = "Minutes until somebody sees an urgent report"
    curves.plot(BENCH, title, drawn, ("people at work", "minutes"))


def main() -> int:
    found = sorted(rows("tips/crisislex_t26_dev.csv"), key=lambda row: row["created_utc"])[:MANY]
    if not found:
        print("the tweets of CrisisLex are not at hand: nothing is measured", file=sys.stderr)
        return 0
    lines, small = list(measure(found)), list(real(found))
    for one in [*lines, *small]:
        sooner = f", {one.ratio:g} times sooner than {one.peer}" if one.peer else ""
        print(f"{one.case}: {one.metric} {one.value:,.2f} {one.unit}{sooner}")
    if not QUICK:
        report.write(BENCH, [*lines, *small])
        report.tabulate(BENCH, list(_table(lines)), "performance.md")
        report.tabulate(f"{BENCH}-real", small, "performance.md")
        _draw(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the demo measured and what it checked, as tables."""

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

VERDICTS = ("pass", "review", "restrict", "escalate")


@dataclass
class Path:
    """One way that items went in: how many, how long, and each one's time to its answer."""

    name: str
    items: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list[float])

    def row(self) -> tuple[str, ...]:
        per_second = self.items / self.seconds if self.seconds else 0.0
        return (self.name, f"{self.items:,}", f"{per_second:,.0f}", self._ms(50), self._ms(99))

    def _ms(self, percent: int) -> str:
        if len(self.latencies) < 2:
            return "–"
        cuts = statistics.quantiles(self.latencies, n=100, method="inclusive")
        return f"{cuts[percent - 1] * 1000:,.1f} ms"


class Checks:
    """What has to be so. Everything that the summary shows is among it."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.passed = 0

    def that(self, holds: bool, what: str) -> None:
        """Note that `what` is so, or isn't."""
        if holds:
            self.passed += 1
        else:
            self.failed.append(what)

    def equal(self, got: object, expected: object, what: str) -> None:
        """Note whether two values are equal."""
        self.that(got == expected, f"{what}: expected {expected}, got {got}")


class Verdicts:
    """Kinds × verdicts."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[str, str]] = {}

    def note(self, id: str, kind: str, verdict: str) -> None:
        """The verdict of an item; a later one replaces it."""
        self._of[id] = (kind, verdict)

    def of(self, id: str) -> str | None:
        return self._of.get(id, ("", None))[1]

    def ids(self, verdict: str) -> set[str]:
        return {id for id, (_, found) in self._of.items() if found == verdict}

    def table(self) -> Table:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for kind, verdict in self._of.values():
            counts[kind][verdict] += 1
        table = Table("What was posted", *VERDICTS, title="Verdicts", title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for kind, found in counts.items():
            table.add_row(kind, *(f"{found[one]:,}" if found[one] else "·" for one in VERDICTS))
        return table


def speed_table(paths: list[Path]) -> Table:
    """How fast it went, by the way in."""
    table = Table("Way in", "items", "items/s", "p50", "p99", title="Speed", title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for path in paths:
        table.add_row(*path.row())
    return table


def show(
    console: Console,
    verdicts: Verdicts,
    paths: list[Path],
    facts: list[tuple[str, str]],
    checks: Checks,
) -> None:
    """The summary."""
    console.print(verdicts.table())
    console.print(speed_table(paths))
    table = Table(show_header=False, title="And then", title_justify="left")
    for name, value in facts:
        table.add_row(name, value)
    console.print(table)
    if checks.failed:
        console.print(f"[bold red]✗ {len(checks.failed)} of what was shown did not happen[/]")
    else:
        console.print(f"[green]✓[/] all {checks.passed} checks of the above hold")

"""How benchmarks report: JSON lines that a program can read, and a plot of value against target."""

import os
import platform
from html import escape
from pathlib import Path

import msgspec

HERE = Path(__file__).parent


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measured value. `ratio` > 1: ahead of `peer`, where there is one."""

    bench: str
    case: str
    metric: str
    value: float
    unit: str
    n: int
    threads: int
    machine: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None


class Bar(msgspec.Struct, frozen=True):
    """A line of a plot: what was reached and what was to be reached. `low`: less is better."""

    label: str
    value: float
    target: float
    unit: str
    low: bool = False


def machine() -> str:
    """The machine in a few words."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {cores()} cores, {memory:.0f} GB, Linux {platform.release()}"


def cores() -> int:
    return len(os.sched_getaffinity(0))


def write(name: str, lines: list[Line]) -> Path:
    """Write `benchmarks/results/NAME.jsonl`."""
    path = HERE / "results" / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return path


_BEGIN, _END = "<!-- measured: {} -->\n", "<!-- end -->\n"


def tabulate(name: str, lines: list[Line], page: str) -> Path:
    """Put a table, a row for each case and a column for each metric, between the marks of `name` in
    `docs/PAGE`."""
    path = HERE.parent / "docs" / page
    before, begin, rest = path.read_text().partition(_BEGIN.format(name))
    _, end, after = rest.partition(_END)
    units = {line.metric: line.unit for line in lines}
    heads = [f"{metric}, {unit}" if unit else metric for metric, unit in units.items()]
    rows = [["case", *heads], ["---"] + ["--:"] * len(units)]
    for case in dict.fromkeys(line.case for line in lines):
        values = {line.metric: line.value for line in lines if line.case == case}
        rows.append([case, *(_shown(values.get(metric)) for metric in units)])
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    note = f"\nOn {lines[0].machine}.\n\n"
    path.write_text(before + begin + "\n" + table + note + end + after)
    return path


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24 }
.note { font-size: 11px; fill: #57606a }
.reached { fill: #2f6f8f } .missed { fill: #b35c2e } .target { stroke: #1b1f24; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #9aa4af } .target { stroke: #e6edf3 }
}
"""


def plot(name: str, title: str, bars: list[Bar], note: str) -> Path:
    """Draw `docs/bench-NAME.svg`: each bar relative to its target, which is the upright line."""
    left, scale, row = 250, 110, 34
    height = 64 + row * len(bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" role="img"'
        f' aria-label="{escape(title, quote=True)}"><style>{_STYLE}</style>',
        f'<text x="10" y="22" font-weight="600">{escape(title)}</text>',
    ]
    for place, bar in enumerate(bars):
        top = 38 + place * row
        share = min(bar.value / bar.target, 3.4)
        good = bar.value <= bar.target if bar.low else bar.value >= bar.target
        aim = f"{'≤' if bar.low else '≥'} {bar.target:,g}"
        parts += [
            f'<text x="10" y="{top + 16}">{escape(bar.label)}</text>',
            f'<rect class="{"reached" if good else "missed"}" x="{left}" y="{top + 3}"'
            f' width="{share * scale:.1f}" height="18" rx="2"/>',
            f'<line class="target" x1="{left + scale}" x2="{left + scale}" y1="{top}"'
            f' y2="{top + 24}"/>',
            f'<text x="{left + max(share, 1) * scale + 8:.1f}" y="{top + 16}">{bar.value:,.0f}'
            f' {escape(bar.unit)}<tspan class="note" dx="6">{aim}</tspan></text>',
        ]
    parts.append(f'<text class="note" x="10" y="{height - 8}">{escape(note)}</text></svg>')
    path = HERE.parent / "docs" / f"bench-{name}.svg"
    path.write_text("\n".join(parts) + "\n")
    return path

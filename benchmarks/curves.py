"""A plot of curves over a wide range: both axes logarithmic, as an SVG in `docs/`."""

import math
from collections.abc import Mapping
from html import escape
from pathlib import Path

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24 }
.note { font-size: 11px; fill: #57606a }
.grid { stroke: #d0d7de; stroke-width: 1 }
.curve { fill: none; stroke-width: 2 }
.c0 { stroke: #2f6f8f; fill: #2f6f8f } .c1 { stroke: #b35c2e; fill: #b35c2e }
.c2 { stroke: #6f4e9b; fill: #6f4e9b } .c3 { stroke: #5d6b2f; fill: #5d6b2f }
.curve.c0, .curve.c1, .curve.c2, .curve.c3 { fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .note { fill: #9aa4af } .grid { stroke: #3d444d }
  .c0 { stroke: #6fb3d6; fill: #6fb3d6 } .c1 { stroke: #e39a6d; fill: #e39a6d }
  .c2 { stroke: #b79be0; fill: #b79be0 } .c3 { stroke: #a9bb6a; fill: #a9bb6a }
}
"""
_LEFT, _RIGHT, _TOP, _BOTTOM, _WIDTH, _HEIGHT = 70, 540, 40, 330, 760, 380
_LABEL = 16  # between labels at the curves' ends


def plot(
    name: str,
    title: str,
    curves: Mapping[str, Mapping[float, float]],
    axes: tuple[str, str],
) -> Path:
    """Draw `docs/bench-NAME.svg`: of each curve y by x, all positive; its name stands at its end."""
    xs = [x for curve in curves.values() for x in curve]
    ys = [y for curve in curves.values() for y in curve.values()]
    x0, x1 = _decades(xs)
    y0, y1 = _decades(ys)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - x0) / (x1 - x0)
        up = (math.log10(y) - y0) / (y1 - y0)
        return _LEFT + across * (_RIGHT - _LEFT), _BOTTOM - up * (_BOTTOM - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{escape(title, quote=True)}"><style>{_STYLE}</style>',
        f'<text x="10" y="22" font-weight="600">{escape(title)}</text>',
    ]
    for power in range(x0, x1 + 1):
        x, _ = place(10.0**power, 10.0**y0)
        parts += [
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_BOTTOM}"/>',
            f'<text class="note" x="{x:.1f}" y="{_BOTTOM + 16}" text-anchor="middle">'
            f"{10**power:,}</text>",
        ]
    for power in range(y0, y1 + 1):
        _, y = place(10.0**x0, 10.0**power)
        parts += [
            f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text class="note" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{10**power:,}</text>",
        ]
    middle = (_LEFT + _RIGHT) / 2
    parts += [
        f'<text class="note" x="{middle}" y="{_BOTTOM + 34}" text-anchor="middle">'
        f"{escape(axes[0])}</text>",
        f'<text class="note" x="{_LEFT - 6}" y="{_TOP - 6}" text-anchor="end">'
        f"{escape(axes[1])}</text>",
    ]
    ends: list[tuple[float, str]] = []
    for number, (label, curve) in enumerate(curves.items()):
        points = [place(x, y) for x, y in sorted(curve.items())]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="curve c{number}" points="{line}"/>')
        parts += [f'<circle class="c{number}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]
        ends.append((points[-1][1], label))
    last = -math.inf
    for y, label in sorted(ends):
        last = max(y + 4, last + _LABEL)
        parts.append(f'<text x="{_RIGHT + 10}" y="{last:.1f}">{escape(label)}</text>')
    parts.append("</svg>")
    path = Path(__file__).parents[1] / "docs" / f"bench-{name}.svg"
    path.write_text("\n".join(parts) + "\n")
    return path


def _decades(values: list[float]) -> tuple[int, int]:
    """The powers of ten around all of them."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)

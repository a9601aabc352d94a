"""A curve with its band as an SVG, made where the page is: without a script, and on paper. What it draws stands in a
table beside it."""

from collections.abc import Callable, Sequence
from math import log1p

import msgspec

from tidegate.oversight.scorecard import Point, Times

WIDTH, HEIGHT = 600, 200
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TICKS = (_MINUTE, 10 * _MINUTE, _HOUR, 6 * _HOUR, _DAY, 7 * _DAY, 30 * _DAY, 365 * _DAY)
_HEIGHTS: tuple[Callable[[Point], float], ...] = (
    lambda one: one.s,
    lambda one: one.high,
    lambda one: one.low,
)
_LEAST = 2 * _MINUTE  # that is drawn, however quick all were


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a curve, and the outline of its band. Time runs by its logarithm, so that minutes and days can
    both be read; `ticks` are places with their times in seconds."""

    line: str
    band: str
    ticks: list[tuple[float, int]]
    half: float  # how high one half is

    width: int = WIDTH
    height: int = HEIGHT


def curve_of(times: Times | None) -> Curve | None:
    """None where there are too few to draw."""
    points = None if times is None else times.curve
    if not points:
        return None
    longest = max(points[-1].t_s * 1.1, _LEAST)
    # Where several fall on one place, the last of them is seen.
    seen = {_across(one.t_s, longest): one for one in points}
    line, high, low = (
        _steps([(0.0, height(points[0])), *((at, height(one)) for at, one in seen.items())])
        for height in _HEIGHTS
    )
    return Curve(
        line=_drawn(line),
        band=_drawn([*high, *reversed(low)]),
        ticks=[(_across(one, longest), one) for one in _TICKS if one < longest],
        half=_up(0.5),
    )


def shown_points(points: Sequence[Point], most: int) -> list[Point]:
    """The points of a curve as a table has them, so many at most, evenly chosen, with the first and the last."""
    if len(points) <= most:
        return list(points)
    return [points[round(n * (len(points) - 1) / (most - 1))] for n in range(most)]


def _steps(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A line through places and shares that keeps its height until the next point."""
    found: list[tuple[float, float]] = []
    for across, share in points:
        if found:
            found.append((across, found[-1][1]))
        found.append((across, _up(share)))
    return [*found, (float(WIDTH), found[-1][1])]


def _across(seconds: float, longest: float) -> float:
    return round(WIDTH * log1p(seconds / _MINUTE) / log1p(longest / _MINUTE), 1)


def _up(share: float) -> float:
    return round(HEIGHT - 2 - share * (HEIGHT - 4), 1)


def _drawn(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{across},{up}" for across, up in points)

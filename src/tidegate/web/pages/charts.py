"""Counts over time as a line of an SVG, made where the page is: without a script, and on paper."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from tidegate.triage.bursts import BIN, per_hour
from tidegate.triage.incidents.model import Evidence, Volume

WIDTH, HEIGHT = 600, 120
MOST_BINS = 600  # of a line: more are drawn by the hour
HOUR = timedelta(hours=1)


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A line through counts, each of `minutes`; `most` is the highest. `begins` is where a surge began, as a
    place on the line, `expected` how high the usual would be; None: not shown. `hours` says the same in words:
    when each began in which anything came, and how many."""

    points: str
    minutes: int
    most: int
    total: int
    begins: float | None
    expected: float | None
    hours: list[tuple[datetime, int]]

    width: int = WIDTH
    height: int = HEIGHT


def chart_of(
    volumes: Sequence[Volume], first: datetime, last: datetime, evidence: Evidence | None
) -> Chart:
    """Bins from `first` to before `last`; those that are not there are empty."""
    bins = max((last - first) // BIN, 1)
    counts = [0] * bins
    for one in volumes:
        place = (one.at - first) // BIN
        if 0 <= place < bins:
            counts[place] += one.count
    hours = per_hour(counts)
    fine = bins <= MOST_BINS
    drawn, length = (counts, BIN) if fine else (hours, HOUR)
    usual = None
    if evidence is not None:
        usual = evidence.expected * (length / timedelta(minutes=evidence.minutes))
    most = max(*drawn, 1)
    top = max(most, usual or 0)
    end = first + bins * BIN
    spoken = [(end - (len(hours) - n) * HOUR, count) for n, count in enumerate(hours) if count]
    return Chart(
        points=_points(drawn, top),
        minutes=length // timedelta(minutes=1),
        most=most,
        total=sum(counts),
        begins=_across(evidence.began_at, first, end) if evidence else None,
        expected=None if usual is None else _height(usual, top),
        hours=[(max(at, first), count) for at, count in spoken],
    )


def _points(counts: Sequence[int], top: float) -> str:
    step = WIDTH / max(len(counts) - 1, 1)
    return " ".join(f"{n * step:.1f},{_height(one, top):.1f}" for n, one in enumerate(counts))


def _height(count: float, top: float) -> float:
    return round(HEIGHT - 2 - count * (HEIGHT - 4) / top, 1)


def _across(at: datetime, first: datetime, last: datetime) -> float:
    return round(min(max((at - first) / (last - first), 0), 1) * WIDTH, 1)

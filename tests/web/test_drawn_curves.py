"""Curves as they are drawn: the height at every place is that of the last point which is not right of it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tidegate.oversight.scorecard import Point, Times
from tidegate.web.pages.curves import HEIGHT, WIDTH, curve_of

_TIMES = st.lists(st.floats(0, 4_000_000), min_size=1, max_size=40, unique=True).map(sorted)


def drawn(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


def falling(times: list[float]) -> list[Point]:
    count = len(times)
    steps = [Point(t, 1 - n / count, 1 - n / count, 1 - n / count) for n, t in enumerate(times, 1)]
    return [Point(0, 1, 1, 1), *steps]


@given(_TIMES)
def test_a_line_starts_at_the_top_falls_by_steps_and_ends_at_the_right(times: list[float]) -> None:
    curve = curve_of(Times(curve=falling(times)))
    assert curve is not None
    line = drawn(curve.line)
    assert line[0] == (0, 2)  # all are open
    assert line[-1] == (WIDTH, HEIGHT - 2)  # none is
    for (x, y), (to_x, to_y) in pairwise(line):
        assert (to_x, to_y) >= (x, y)
        assert x == to_x or y == to_y  # across or down, never askew


def test_many_that_are_as_quick_as_can_be_fall_at_the_left_edge() -> None:
    curve = curve_of(Times(curve=falling([0.001, 0.002, 2_000_000])))
    assert curve is not None
    line = drawn(curve.line)
    assert line[0] == (0, 2)
    assert (0, 132.7) in line  # two of three, at once

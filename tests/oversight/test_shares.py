"""A share's interval: Wilson's of single observations, and wider of those that belong together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.wilson import Z, wilson
from tidegate.oversight.shares import share_of

HITS = st.lists(st.booleans(), min_size=1, max_size=80)


@given(HITS)
def test_of_single_ones_it_is_wilsons(hits: list[bool]) -> None:
    """Its bounds are those shares p that are just Z standard errors, at p, away from what was seen."""
    n, found = len(hits), share_of(hits, range(len(hits)))
    assert (found.value, found.n) == (sum(hits) / n, n)
    for bound in (found.low, found.high):
        assert (found.value - bound) ** 2 == pytest.approx(
            Z * Z * bound * (1 - bound) / n, abs=1e-9
        )
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(0, 10, 0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_published_intervals(hits: int, n: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998), table I, has the last; the others are by hand."""
    found = share_of([True] * hits + [False] * (n - hits), range(n))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(HITS, st.data())
def test_what_belongs_together_never_narrows_it(hits: list[bool], data: st.DataObject) -> None:
    groups = data.draw(st.lists(st.integers(0, 9), min_size=len(hits), max_size=len(hits)))
    alone, grouped = share_of(hits, range(len(hits))), share_of(hits, groups)
    assert (grouped.value, grouped.n) == (alone.value, alone.n)
    assert grouped.low <= alone.low + 1e-12
    assert grouped.high >= alone.high - 1e-12


@given(st.lists(st.booleans(), min_size=2, max_size=20), st.integers(2, 9))
def test_urls_that_always_go_together_say_as_much_as_their_orders(
    hits: list[bool], urls: int
) -> None:
    found = share_of(
        [hit for hit in hits for _ in range(urls)],
        [n for n in range(len(hits)) for _ in range(urls)],
    )
    assert (found.low, found.high) == pytest.approx(wilson(sum(hits) / len(hits), len(hits)))

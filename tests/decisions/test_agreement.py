"""Krippendorff's alpha against his own examples and a slow reading of its definition; and what has no figure."""

from collections.abc import Hashable, Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.decisions.agreement import FEWEST, Figure, agreement, alpha, quantile, share

VALUES = st.sampled_from(["pass", "restrict/threat", "restrict/propaganda", "escalate"])


def columns(*rows: str) -> list[list[str]]:
    """Observers' rows as units; a point is nothing said."""
    return [[one for one in unit if one != "."] for unit in zip(*rows, strict=True)]


# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): two observers and two values, two
# observers and five, four observers who have not all seen all.
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["0100000010", "1110010000"], 0.095),
        (["aabbdcccedda", "babbbccceddd"], 0.692),
        (["123321412...", "1233224125.3", ".3332342251.", "12332441251."], 0.743),
    ],
)
def test_his_own_examples(rows: list[str], expected: float) -> None:
    found = alpha(columns(*rows))
    assert found is not None
    assert round(found, 3) == expected


def slow(units: Sequence[Sequence[Hashable]]) -> float | None:
    """One less observed over expected disagreement, pair by pair, as it is defined."""
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    n = len(values)
    observed = sum((a != b) / (len(unit) - 1) for unit in units for a, b in permutations(unit, 2))
    expected = sum(a != b for a, b in permutations(values, 2)) / (n - 1) if n > 1 else 0
    return None if expected == 0 else 1 - observed / expected


@given(st.lists(st.lists(VALUES, max_size=5), max_size=12))
def test_it_is_what_its_definition_says(units: list[list[str]]) -> None:
    found, expected = alpha(units), slow(units)
    if expected is None:
        assert found is None
    else:
        assert found == pytest.approx(expected)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=FEWEST - 1))
def test_of_few_there_is_no_figure(pairs: list[tuple[str, str]]) -> None:
    found = agreement(pairs)
    assert (found.n, found.value, found.low, found.high) == (len(pairs), None, None, None)
    assert share(len(pairs), len(pairs)).value is None
    assert quantile([1.0] * len(pairs), 0.5) is None


@given(st.lists(st.tuples(VALUES, VALUES), min_size=FEWEST, max_size=90))
def test_the_interval_holds_the_figure_and_is_the_same_again(pairs: list[tuple[str, str]]) -> None:
    found = agreement(pairs)
    assert found == agreement(pairs)
    if found.value is None:
        assert len({one for pair in pairs for one in pair}) == 1
        return
    assert found.low is not None
    assert found.high is not None
    assert found.value == alpha(pairs)
    assert found.low <= found.value <= found.high <= 1


def test_the_interval_narrows_with_more() -> None:
    pairs = [("pass", "pass")] * 30 + [("pass", "escalate")] * 10 + [("escalate", "escalate")] * 20
    few, many = agreement(pairs), agreement(pairs * 20)
    assert few.value is not None
    assert many.value is not None
    assert abs(few.value - many.value) < 0.02
    assert _width(many) < _width(few) / 3


def _width(figure: Figure) -> float:
    assert figure.low is not None
    assert figure.high is not None
    return figure.high - figure.low


def test_a_share_has_wilson_s_interval() -> None:
    found = share(10, 100)
    assert found.value == 0.1
    assert (round(found.low or 0, 4), round(found.high or 0, 4)) == (0.0552, 0.1744)

"""Nobody is called slow by noise, and who is twice as slow is found."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as alter
from tests.oversight.fields import AS_OF, FIELDS, SINCE, SLOW, UNTIL, Field

from tidegate.oversight.differences import LEAST_RATIO, compare, differences, flagged, holm, whole
from tidegate.oversight.rows import Span

TWICE = Field(slow=2.0)


def flagging(field: Field, seeds: range) -> list[int]:
    """The seeds of the fields on which anything is told."""
    found = [seed for seed in seeds if field.flags(seed)]
    print(f"{field}: told of in {len(found)} of {len(seeds)} fields (seeds {seeds}): {found}")
    return found


def finding(field: Field, seeds: range) -> list[int]:
    """The seeds of the fields on which the slow company is told to be slower."""
    told = {seed: [(one.organisation, one.flag) for one in field.flags(seed)] for seed in seeds}
    found = [seed for seed, flags in told.items() if (SLOW, "slower") in flags]
    print(f"{field}: found in {len(found)} of {len(seeds)} fields (seeds {seeds})")
    return found


@pytest.mark.parametrize("name", FIELDS)
def test_of_equal_companies_hardly_any_page_tells_anything(name: str) -> None:
    """The seeds are fixed: this cannot fail by chance."""
    assert len(flagging(FIELDS[name], range(100, 120))) <= 1


def test_a_company_twice_as_slow_is_found() -> None:
    assert len(finding(TWICE, range(100, 120))) >= 16


@pytest.mark.long
@pytest.mark.parametrize("name", FIELDS)
def test_of_400_pages_of_equal_companies_3_in_100_tell_anything(name: str) -> None:
    assert len(flagging(FIELDS[name], range(400))) <= 12


@pytest.mark.long
def test_of_400_companies_twice_as_slow_80_in_100_are_found() -> None:
    assert len(finding(TWICE, range(400))) >= 320


def spans(seconds: float, n: int) -> list[Span]:
    return [Span(seconds + place, True) for place in range(n)]


def test_below_ten_on_either_side_nothing_is_compared() -> None:
    """Nor does it weigh on the correction of the others."""
    assert compare({"a": spans(100, 9), "b": spans(10_000, 200)}, "effective") == []
    both = compare({"a": spans(100, 10), "b": spans(10_000, 10)}, "effective")
    assert [one.organisation for one in both] == ["a", "b"]


def test_a_sure_difference_that_is_too_small_is_not_told() -> None:
    near = int(1000 * LEAST_RATIO) - 100
    small = flagged(compare({"a": spans(1000, 60), "b": spans(near, 60)}, "effective"))
    assert {one.flag for one in small} == {None}
    assert max(one.p for one in small) < 0.01
    large = flagged(compare({"a": spans(1000, 60), "b": spans(2000, 60)}, "effective"))
    assert [(one.organisation, one.flag) for one in large] == [("a", "quicker"), ("b", "slower")]


def test_where_half_are_still_open_the_other_can_be_quicker() -> None:
    never = [Span(5000, False) for _ in range(30)]
    told = flagged(compare({"a": spans(100, 30), "b": never}, "effective"))
    assert [(one.organisation, one.median_s, one.flag) for one in told] == [
        ("a", 114.0, "quicker"),
        ("b", None, "slower"),
    ]


def test_where_nothing_has_ended_nothing_is_told() -> None:
    never = [Span(5000, False) for _ in range(30)]
    assert {one.flag for one in flagged(compare({"a": never, "b": never}, "effective"))} == {None}


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holms_correction_is_what_its_definition_says(chances: list[float]) -> None:
    """Rejected at a level is what stands, in order of p, before the first that is above level / (what is left)."""
    corrected = holm(chances)
    for level in (0.01, 0.05, 0.5):
        rejected: set[int] = set()
        for rank, place in enumerate(sorted(range(len(chances)), key=lambda at: chances[at])):
            if chances[place] * (len(chances) - rank) > level:
                break
            rejected.add(place)
        assert {place for place, p in enumerate(corrected) if p <= level} == rejected


def test_an_order_took_effect_when_the_last_of_its_urls_had_and_none_is_open() -> None:
    done = TWICE.rows(1)[0]
    assert done.received_at is not None
    assert done.effective_at is not None
    took = (done.effective_at - done.received_at).total_seconds()
    later = alter(done, effective_at=done.received_at + timedelta(seconds=2 * took))
    assert whole([done, later], "effective", AS_OF) == Span(2 * took, True)
    kept = alter(done, effective_at=None, closed_at=done.effective_at, outcome="kept")
    assert whole([done, kept], "effective", AS_OF) == Span(took, True)
    assert whole([kept], "effective", AS_OF) == Span(took, False)
    waits = alter(done, effective_at=None)
    left = (AS_OF - done.received_at).total_seconds()
    assert whole([done, waits], "effective", AS_OF) == Span(left, False)
    assert whole([alter(done, received_at=None)], "effective", AS_OF) is None


def test_what_is_claimed_or_sent_at_another_time_is_not_compared() -> None:
    rows = TWICE.rows(3)
    period: dict[str, Any] = {"since": SINCE, "until": UNTIL, "channel": "order", "as_of": AS_OF}
    before = differences(rows, **period)
    claimed = [alter(row, id=f"x{row.id}", claimed=True, effective_at=None) for row in rows]
    late = [alter(row, id=f"y{row.id}", sent_at=UNTIL) for row in rows]
    other = [alter(row, id=f"z{row.id}", channel="referral") for row in rows]
    assert differences(rows + claimed + late + other, **period) == before


def test_many_urls_of_few_orders_are_few() -> None:
    """Nine orders of a hundred URLs: nine hundred rows, and nobody is compared with them."""
    rows = replace(TWICE, n=9, urls=100, companies=3).rows(5)
    assert differences(rows, since=SINCE, until=UNTIL, channel="order", as_of=AS_OF) == []

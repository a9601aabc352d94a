"""So many in so long: the bucket against one that counts in fractions, step by step."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.rates import Bucket, Rate, is_full, read_rate, take

SECOND = 1_000_000
RATES = st.builds(Rate, st.integers(1, 40), st.integers(1, 90))
# Some that fall between two tokens, some long, and clocks that are set back.
STEPS = st.lists(st.integers(-2 * SECOND, 3 * SECOND) | st.sampled_from([0, 1, 10**9]), max_size=60)


@given(rate=RATES, start=st.integers(0, 2 * 10**15), steps=STEPS)
def test_it_takes_what_one_in_fractions_takes(rate: Rate, start: int, steps: list[int]) -> None:
    bucket, now, tokens = None, start, Fraction(rate.quota)
    for step in [0, *steps]:
        now += step
        gained = Fraction(max(0, step) * rate.quota, rate.seconds * SECOND)
        tokens = min(Fraction(rate.quota), tokens + gained)
        admitted = tokens >= 1
        tokens -= admitted
        bucket, taken = take(rate, bucket, now)
        missing = (rate.quota if admitted else 1) - tokens
        assert (taken.admitted, taken.left) == (admitted, tokens // 1)
        assert taken.seconds == pytest.approx(float(missing * rate.seconds / rate.quota))
        assert is_full(rate, bucket, now) == (tokens == rate.quota)


@given(rate=RATES, steps=st.lists(st.integers(0, 3 * SECOND), max_size=200))
def test_no_window_has_more_than_a_full_bucket_and_what_comes_back_in_it(
    rate: Rate, steps: list[int]
) -> None:
    bucket, now = None, 0
    times: list[int] = []
    for step in steps:
        now += step
        bucket, taken = take(rate, bucket, now)
        if taken.admitted:
            times.append(now)
    window = rate.seconds * SECOND
    for place, first in enumerate(times):
        assert sum(one < first + window for one in times[place:]) <= 2 * rate.quota


@given(rate=RATES, bucket=st.none() | st.builds(Bucket, st.just(0), st.integers(0, 10**9)))
def test_after_the_wait_that_it_tells_there_is_one_and_not_before(
    rate: Rate, bucket: Bucket | None
) -> None:
    now = 0 if bucket is None else bucket.at
    while True:
        bucket, taken = take(rate, bucket, now)
        if not taken.admitted:
            break
    wait = -(-rate.seconds * SECOND // rate.quota)
    assert taken.seconds * SECOND == pytest.approx(wait, abs=1)
    for later, there in pairwise([None, wait - 1, wait]):
        assert there is None or take(rate, bucket, now + there)[1].admitted == (later is not None)


@given(rate=st.builds(Rate, st.integers(1, 9_999_999), st.integers(1, 86_400)))
def test_a_rate_is_read_as_it_is_written(rate: Rate) -> None:
    assert read_rate(f" {rate} ") == rate


@pytest.mark.parametrize(
    ("text", "rate", "written"),
    [
        ("50/s", Rate(50, 1), "50/s"),
        ("600/m", Rate(600, 60), "600/m"),
        ("100/10s", Rate(100, 10), "100/10s"),
        ("9/120s", Rate(9, 120), "9/2m"),
        ("5/24h", Rate(5, 86_400), "5/d"),
    ],
)
def test_a_rate_has_one_way_to_be_written(text: str, rate: Rate, written: str) -> None:
    assert read_rate(text) == rate
    assert str(rate) == written


@pytest.mark.parametrize(
    "text",
    ["", "50", "/s", "0/s", "-1/s", "5/0s", "1.5/s", "5/2d", "5/86401s", "5 /s", "٣/s", "5/y"],
)
def test_what_is_no_rate_is_told_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="50/s, 600/m, 100/10s"):
        read_rate(text)

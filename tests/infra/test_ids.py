"""Identifiers: version 7, and in the order of their making."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.ids import uuid7, uuid7_from

NOW = datetime(2026, 3, 1, 12, 0, 0, 500, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def test_what_is_made_later_sorts_later_even_within_one_millisecond() -> None:
    made = [uuid7(NOW) for _ in range(10_000)]
    assert made == sorted(set(made))
    assert all(uuid7_from(NOW) <= id < uuid7_from(NOW + MS) for id in made)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC)))
def test_it_is_a_version_7_uuid_of_its_millisecond(when: datetime) -> None:
    id = uuid7(when)
    assert (id.version, id.variant) == (7, "specified in RFC 4122")
    assert id.int >> 80 == int(when.timestamp() * 1000)


def test_a_clock_that_goes_back_makes_smaller_ones_and_never_the_same() -> None:
    times = [NOW, NOW + MS, NOW, NOW + MS, NOW]
    made = [uuid7(when) for when in times]
    assert len(set(made)) == len(made)
    assert max(made[::2]) < min(made[1::2])


def test_threads_share_a_millisecond_without_a_clash() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: uuid7(NOW), range(20_000)))
    assert len(set(made)) == len(made)

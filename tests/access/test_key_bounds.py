"""What bounds a key, as operators write it: ends, overlaps, networks."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.access.bounds import read_end, read_networks
from tidegate.infra.durations import LONGEST_OVERLAP, read_overlap
from tidegate.infra.errors import Refusal

NOW = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
STEPS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def refused(work: Callable[[], Any], pointer: str) -> None:
    with pytest.raises(Refusal) as refusal:
        work()
    assert (refusal.value.status, refusal.value.errors[0].pointer) == (422, pointer)


@given(count=st.integers(0, 200), unit=st.sampled_from("smhdw"), blank=st.sampled_from(["", " "]))
def test_a_while_is_so_many_of_its_unit(count: int, unit: str, blank: str) -> None:
    end = NOW
    for _ in range(count):
        end += STEPS[unit]
    text = f"{blank}{count}{unit}{blank}"
    if count:
        assert read_end(text, NOW) == end
    else:
        refused(lambda: read_end(text, NOW), "/expires")
    if end - NOW <= LONGEST_OVERLAP:
        assert read_overlap(text) == end - NOW
    else:
        refused(lambda: read_overlap(text), "/overlap")


@given(
    moment=st.datetimes(datetime(2026, 1, 3), datetime(9998, 1, 1)),
    offset=st.integers(-14 * 60, 14 * 60),
)
def test_a_day_begins_in_utc_and_a_time_has_its_offset(moment: datetime, offset: int) -> None:
    day = moment.date().isoformat()
    assert read_end(day, NOW) == datetime.fromisoformat(f"{day}T00:00:00+00:00")
    there = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert read_end(there.isoformat(), NOW) == there
    refused(lambda: read_end(moment.isoformat(), NOW), "/expires")


@pytest.mark.parametrize(
    "text",
    ["", "90", "d", "-1d", "1.5d", "1y", "90 d", "٣d", "999999999w", "2026-01-01", "2025-12-31",
     "2026-02-30", "2026-13-01", "20270131", "2027-W01-1", "2026-01-01T12:30:00Z", "tomorrow",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)  # fmt: skip
def test_what_is_no_end_is_refused(text: str) -> None:
    refused(lambda: read_end(text, NOW), "/expires")


@pytest.mark.parametrize("text", ["", "1", "-0", "91d", "2027-01-31", "24 h"])
def test_what_is_no_overlap_is_refused(text: str) -> None:
    refused(lambda: read_overlap(text), "/overlap")


def test_none_is_an_overlap() -> None:
    assert read_overlap("0") == timedelta(0)


def test_networks_are_read_once_each_and_told_apart_from_addresses_in_them() -> None:
    found = read_networks(["10.0.0.0/8", "10.0.0.0/8", "::1", "::ffff:192.0.2.0/120"])
    assert list(map(str, found)) == ["10.0.0.0/8", "::1/128", "192.0.2.0/24"]
    for text in ("10.0.0.1/8", "home", "10.0.0.0/33", ""):
        refused(lambda text=text: read_networks([text]), "/network")
    with pytest.raises(Refusal, match=re.escape("write 10.0.0.0/8 or 10.0.0.1")):
        read_networks(["10.0.0.1/8"])

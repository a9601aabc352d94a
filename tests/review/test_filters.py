"""What stands in the address of the queue, and what does not pass for it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.review.filters import HELD, MEDIA, STATES, Filter

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def some(values: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(",".join)


filters = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(STATES),
        "queue": some(("reports", "default", "a queue")),
        "band": some(("0", "1", "4")),
        "lang": some(("ar", "pt-BR")),
        "channel": some(("notice", "user")),
        "label": some(("attack_footage", "threat")),
        "media": some(MEDIA),
        "held": some(HELD),
        "since": st.sampled_from(["24h", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"]),
        "q": st.text(min_size=1, max_size=20).map(str.strip).filter(bool),
    },
)


@given(filters)
def test_an_address_says_the_filter_and_no_more(given: dict[str, str]) -> None:
    filter = Filter.read(given)
    assert Filter.of_address(filter.address()) == filter
    assert Filter.of_address(f"?{filter.address()}") == filter
    for name in given:
        assert getattr(filter.without(name), name) == getattr(Filter(), name)
    assert filter.address() == "" or "=" in filter.address()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "gone"),
        ("state", "open,decided"),
        ("state", ","),
        ("band", "5"),
        ("band", "-1"),
        ("lang", "a b"),
        ("channel", "post"),
        ("media", "gif"),
        ("held", "you"),
        ("since", "yesterday"),
        ("since", "2026-01-01T00:00:00"),
        ("since", "99999999999999w"),
        ("same", "x"),
        ("queue", "a\x07b"),
        ("q", "x" * 513),
    ],
)
def test_what_is_no_filter_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(Refusal) as refused:
        Filter.read({name: value})
    assert refused.value.status == 422
    assert refused.value.errors[0].pointer == name


def test_what_is_empty_or_no_part_of_it_is_left_out() -> None:
    filter = Filter.read({"queue": " ", "lang": "", "cursor": "x", "done": "decided", "band": "0"})
    assert filter.chosen() == {"band": "0"}
    assert Filter().address() == ""
    assert Filter.read({"state": "waiting"}) == Filter()


def test_since_is_a_time_or_a_while_ago() -> None:
    assert Filter(since="24h").earliest(NOW) == NOW - timedelta(hours=24)
    assert Filter(since="2026-01-01T02:00:00+02:00").earliest(NOW) == datetime(
        2026, 1, 1, tzinfo=UTC
    )
    # As it comes out of an address in which nobody wrote %2B.
    assert Filter(since="2026-01-01T02:00:00 02:00").earliest(NOW) == datetime(
        2026, 1, 1, tzinfo=UTC
    )
    assert Filter().earliest(NOW) is None

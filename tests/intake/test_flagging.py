"""Where a notifier stands, by whatever was done about them."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.intake.flagging import (
    LONGEST_SUSPENSION,
    WARNING_LASTS,
    Measure,
    Standing,
    Verb,
    check_end,
    standing,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VERBS: st.SearchStrategy[Verb] = st.sampled_from(["warn", "suspend", "lift"])
DAYS = st.integers(0, 800).map(timedelta)


@st.composite
def measures(draw: st.DrawFn) -> list[Measure]:
    """The newest first, as they were made over time."""
    ages = sorted(draw(st.lists(DAYS, max_size=6)))
    verbs: list[Verb] = [draw(VERBS) for _ in ages]
    return [
        Measure(
            verb=verb,
            reason="x",
            until=NOW - age + draw(DAYS) if verb == "suspend" else None,
            by="user:a",
            at=NOW - age,
        )
        for age, verb in zip(ages, verbs, strict=True)
    ]


def slowly(made: list[Measure]) -> Standing:
    """From the first measure on, what each leaves behind."""
    warned_until = suspended_until = NOW
    for one in reversed(made):
        if one.verb == "lift":
            warned_until = suspended_until = NOW
        elif one.verb == "warn":
            warned_until = one.at + WARNING_LASTS
        else:
            suspended_until = one.until or NOW
    return "suspended" if suspended_until > NOW else "warned" if warned_until > NOW else "none"


@given(measures())
def test_the_last_of_each_counts_while_it_lasts(made: list[Measure]) -> None:
    assert standing(made, NOW)[0] == slowly(made)


def test_it_ends_by_itself() -> None:
    warned = Measure(verb="warn", reason="x", until=None, by="u", at=NOW)
    end = NOW + timedelta(days=30)
    suspended = Measure(verb="suspend", reason="x", until=end, by="u", at=NOW)
    made = [suspended, warned]
    assert standing(made, NOW) == ("suspended", end)
    assert standing(made, end - timedelta(microseconds=1)) == ("suspended", end)
    assert standing(made, end) == ("warned", NOW + WARNING_LASTS)
    assert standing(made, NOW + WARNING_LASTS) == ("none", None)
    assert standing([], NOW) == ("none", None)
    again = [msgspec.structs.replace(warned, at=NOW + timedelta(days=1)), *made]
    assert standing(again, NOW) == ("suspended", end), "a warning ends no suspension"


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(-1), LONGEST_SUSPENSION * 2])
def test_an_end_is_ahead_and_not_for_ever(ahead: timedelta) -> None:
    with pytest.raises(Refusal, match="until"):
        check_end(NOW + ahead, NOW)
    assert check_end(NOW + LONGEST_SUSPENSION, NOW) == NOW + LONGEST_SUSPENSION

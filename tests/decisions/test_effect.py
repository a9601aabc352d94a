"""What an outcome does to a standing restriction: the machine against a plain account of it."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from tidegate.decisions.model import Outcome, effect, stands_after

outcomes = st.lists(st.sampled_from(get_args(Outcome)), max_size=30)


@given(outcomes)
def test_the_platform_ends_up_where_the_last_words_left_it(history: list[Outcome]) -> None:
    standing, platform = False, "up"
    for outcome in history:
        if outcome == "lift" and not standing:
            continue  # refused: nothing to lift
        kind = effect(standing, outcome)
        standing = stands_after(standing, kind)
        if kind == "restrict":
            platform = "down"
        if kind == "lift":
            platform = "up"
    # The reference has no state: only the last outcome that speaks of a restriction counts.
    last = next((one for one in reversed(history) if one != "escalate"), "pass")
    assert platform == ("down" if last == "restrict" else "up")
    assert standing == (platform == "down")


@given(outcomes)
def test_no_action_is_sent_that_changes_nothing(history: list[Outcome]) -> None:
    standing = False
    for outcome in history:
        kind = effect(standing, outcome)
        if outcome == "pass":
            assert (kind == "lift") == standing
        if outcome == "escalate":
            assert kind == "escalate"
            assert stands_after(standing, kind) == standing
        standing = stands_after(standing, kind)


def test_every_restriction_can_be_reversed() -> None:
    assert effect(False, "restrict") == "restrict"
    assert effect(stands_after(False, "restrict"), "lift") == "lift"
    assert effect(stands_after(False, "restrict"), "pass") == "lift"
    assert effect(stands_after(True, "lift"), "restrict") == "restrict"

"""The machine of a case's state, against a slow account of its whole history."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.review.model import CaseState, Verb, read_cursor, transition, write_cursor

VERBS: list[Verb] = ["claim", "release", "expire", "decide", "reopen"]


def reference(done: list[Verb]) -> CaseState:
    """The state after these verbs, told from the history alone."""
    if not done:
        return "open"
    if done[-1] == "decide":
        return "decided"
    if done[-1] == "claim":
        return "claimed"
    return "reopened" if "reopen" in done else "open"


@given(st.lists(st.sampled_from(VERBS), max_size=30))
def test_states_follow_the_history(verbs: list[Verb]) -> None:
    state: CaseState = "open"
    done: list[Verb] = []
    for verb in verbs:
        allowed = {
            "claim": state != "decided",
            "decide": state != "decided",
            "release": state == "claimed",
            "expire": state == "claimed",
            "reopen": state == "decided",
        }[verb]
        after = transition(state, verb, reopened="reopen" in done)
        assert (after is not None) == allowed
        if after is not None:
            state = after
            done.append(verb)
        assert state == reference(done)


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1971, 1, 1)), st.uuids())
def test_a_cursor_reads_back(at: datetime, case_id: UUID) -> None:
    assert read_cursor(write_cursor(at, case_id)) == (at, case_id)


@given(st.text().filter(lambda text: len(text) != 32))
def test_any_other_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_cursor(cursor)
    assert (refused.value.status, refused.value.errors[0].pointer) == (422, "cursor")


@pytest.mark.parametrize("cursor", ["", "é", "A" * 31 + "=", "_" * 31, "\ud800"])
def test_hostile_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(Refusal):
        read_cursor(cursor)

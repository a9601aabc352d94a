"""The states of an order's item, against the table of the issue written out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.infra.errors import Refusal
from tidegate.orders.model import (
    LIVE,
    TWO_PERSONS,
    UNDONE,
    VOIDING,
    Event,
    Said,
    State,
    Verb,
    after,
    heard,
    movable,
    moved,
    state_of,
)

STATES: list[State] = [
    "open", "doubtful", "rejected", "executed", "impeded", "asking", "void", "final",
]  # fmt: skip
VERBS: list[Verb] = ["authenticate", "reject", "execute", "impede", "resume", "ask", "annul"]
SAID: list[Said] = ["clarified", "revoked", "infringed", "upheld", "final"]
EVENTS: list[Event] = [*VERBS, *SAID]
# state | event | next, as the issue has them, one by one.
TABLE = """
doubtful authenticate open
doubtful reject rejected
open execute executed
open impede impeded
impeded resume open
open ask asking
asking clarified open
executed final final
doubtful revoked void
doubtful infringed void
doubtful annul void
open revoked void
open infringed void
open annul void
impeded revoked void
impeded infringed void
impeded annul void
asking revoked void
asking infringed void
asking annul void
executed revoked void
executed infringed void
executed annul void
final revoked void
final infringed void
final annul void
"""
ROWS = [tuple(line.split()) for line in TABLE.split("\n") if line]


def reference(state: str, event: str) -> str | None:
    """Slow and plain: read the table from the top."""
    for was, happened, becomes in ROWS:
        if was == state and happened == event:
            return becomes
    return None


@pytest.mark.parametrize(("was", "event", "becomes"), ROWS)
def test_each_row_of_the_table(was: State, event: Event, becomes: State) -> None:
    assert after(was, event) == becomes


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", [*VERBS, *SAID])
def test_nothing_but_the_table(state: State, event: Event) -> None:
    assert after(state, event) == reference(state, event)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_moves_or_is_refused(state: State, verb: Verb) -> None:
    expected = reference(state, verb)
    if expected is not None:
        assert moved(state, verb) == expected
        return
    with pytest.raises(Refusal) as caught:
        moved(state, verb)
    assert (caught.value.status, caught.value.type) == (409, "order-not-open")
    assert caught.value.extra["state"] == state
    allowed = [was for was, happened, _ in ROWS if happened == verb]
    assert all(one in caught.value.detail for one in allowed)


@given(
    st.lists(st.sampled_from([*VERBS, *SAID]), max_size=30), st.sampled_from(["open", "doubtful"])
)
def test_walks_go_as_the_table_says(events: list[Event], begins: State) -> None:
    state: State = begins
    stood: str = begins
    for event in events:
        state = after(state, event) or state
        stood = reference(stood, event) or stood
        assert state == stood
        assert state in STATES
    # Nothing leaves what is rejected or void.
    if state in ("rejected", "void"):
        assert all(after(state, event) is None for event in EVENTS)


states_of_items = st.lists(st.sampled_from(STATES), min_size=1, max_size=6)


@given(states_of_items, st.sampled_from(VERBS))
def test_a_verb_on_the_whole_order_moves_those_that_it_can(states: list[State], verb: Verb) -> None:
    expected = [n for n, one in enumerate(states) if reference(one, verb) is not None]
    if expected:
        assert movable(states, verb) == expected
    else:
        with pytest.raises(Refusal, match="Nothing was written"):
            movable(states, verb)


@given(states_of_items, st.sampled_from(SAID))
def test_what_a_message_says_moves_what_it_can(states: list[State], said: Said) -> None:
    found = heard(states, said)
    assert found.moves == [n for n, one in enumerate(states) if reference(one, said) is not None]
    if found.moves:
        assert not found.contradictory


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("void", "final"),
        ("void", "clarified"),
        ("void", "upheld"),
        ("rejected", "revoked"),
        ("rejected", "final"),
        ("rejected", "infringed"),
        ("rejected", "clarified"),
        ("open", "final"),
        ("doubtful", "final"),
        ("impeded", "final"),
        ("asking", "final"),
    ],
)
def test_what_does_not_go_with_the_rest_contradicts(state: State, said: Said) -> None:
    assert heard([state], said).contradictory
    assert heard([state, state], said).contradictory


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("void", "revoked"),
        ("void", "infringed"),
        ("final", "final"),
        ("open", "clarified"),
        ("doubtful", "clarified"),
        ("impeded", "clarified"),
        ("executed", "clarified"),
        ("final", "clarified"),
        ("executed", "upheld"),
        ("rejected", "upheld"),
        *[(state, "upheld") for state in LIVE],
    ],
)
def test_what_is_said_once_more_changes_nothing(state: State, said: Said) -> None:
    found = heard([state, state], said)
    assert (found.moves, found.contradictory) == ([], False)


def test_one_item_that_moves_is_enough() -> None:
    assert heard(["void", "executed"], "final") == type(heard(["open"], "upheld"))([1], False)
    assert heard(["void", "final"], "final").contradictory


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["doubtful", "doubtful"], "doubtful"),
        (["executed", "open"], "open"),
        (["impeded", "open"], "open"),
        (["asking", "open"], "open"),
        (["executed", "impeded"], "impeded"),
        (["asking", "executed"], "asking"),
        (["impeded", "asking"], "impeded"),
        (["final", "executed"], "executed"),
        (["void", "final"], "final"),
        (["rejected", "void"], "void"),
        (["rejected"], "rejected"),
        (["open", "doubtful"], "doubtful"),
    ],
)
def test_the_order_is_as_far_as_its_most_urgent_item(states: list[State], expected: State) -> None:
    assert state_of(states) == expected
    assert state_of(reversed(states)) == expected


@given(states_of_items)
def test_an_order_is_settled_when_all_its_items_are(states: list[State]) -> None:
    assert (state_of(states) in UNDONE) == any(one in UNDONE for one in states)
    assert (state_of(states) in LIVE) == any(one in LIVE for one in states)


def test_what_needs_two_persons_and_what_ends_an_order() -> None:
    assert set(TWO_PERSONS) == {"reject", "annul"}
    assert set(VOIDING) == {"revoked", "infringed", "annul"}
    assert set(STATES) - set(LIVE) == {"rejected", "void"}
    assert set(UNDONE) == {"doubtful", "open", "impeded", "asking"}

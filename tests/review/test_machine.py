"""The machine of a case's state, against a slow account of its whole history."""

from hypothesis import given
from hypothesis import strategies as st

from tidegate.review.model import CaseState, Verb, transition

VERBS: list[Verb] = ["claim", "release", "expire", "decide", "reopen", "undo"]


def reference(done: list[Verb]) -> CaseState:
    """The state after these verbs, told from the history alone."""
    if not done:
        return "open"
    if done[-1] == "decide":
        return "decided"
    if done[-1] in ("claim", "undo"):
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
            "undo": state == "decided",
        }[verb]
        after = transition(state, verb, reopened="reopen" in done)
        assert (after is not None) == allowed
        if after is not None:
            state = after
            done.append(verb)
        assert state == reference(done)

"""Rules for queues: read and checked with their place, and the first that takes a case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_examples import HEAD

from tidegate.policy.facts import QueueCase
from tidegate.policy.model import PackProblem
from tidegate.policy.queues import NOWHERE, QueueRule, Routed, route
from tidegate.policy.reading import check_source, load_pack
from tidegate.policy.reading_queues import MAX_QUEUES

RULES = """\
[[queues]]
name = "german-notices"
queue = "recht"
text = "Those who know the law."
when = ["'notice' in case.channels", "case.language.startsWith('de')"]

[[queues]]
name = "films"
queue = "films"
when = ["case.kind == 'video' || case.severity == 5"]

[[queues]]
name = "soon"
queue = "reports"
when = ["case.has_deadline && case.hours_left < 2.0"]
"""
GOOD = HEAD + RULES


def rules(source: str = GOOD) -> tuple[QueueRule, ...]:
    return load_pack(source).queues


def only_problem(source: str) -> PackProblem:
    problems = check_source(source, "trial.toml")
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


@pytest.mark.parametrize(
    ("case", "queue"),
    [
        (QueueCase(channels=["user", "notice"], language="de-AT", kind="video"), "recht"),
        (QueueCase(channels=["user"], language="de-AT", kind="video"), "films"),
        (QueueCase(severity=5), "films"),
        (QueueCase(has_deadline=True, hours_left=1.5), "reports"),
        (QueueCase(has_deadline=True, hours_left=3), None),
        (QueueCase(), None),
    ],
    ids=["first", "second", "hard", "soon", "later", "none"],
)
def test_the_first_rule_that_takes_a_case_says_its_queue(
    case: QueueCase, queue: str | None
) -> None:
    assert route(rules(), case).queue == queue


def test_a_rule_that_fails_ends_the_search_where_the_case_is_by_default() -> None:
    failing = GOOD.replace("case.kind == 'video'", "case.channels[0] == 'tip'")
    assert route(rules(failing), QueueCase(has_deadline=True)) == Routed(failed="films")
    assert route(rules(failing), QueueCase(channels=["tip"])).queue == "films"
    assert route(rules(), QueueCase(language="\ud800")).failed == "german-notices"
    assert route((), QueueCase()) == NOWHERE


@given(
    st.builds(
        QueueCase,
        channels=st.lists(st.text(max_size=9), max_size=3),
        language=st.text(max_size=9),
        hours_left=st.floats(),
        has_deadline=st.booleans(),
    )
)
def test_nothing_that_is_in_a_case_raises(case: QueueCase) -> None:
    assert route(rules(), case).queue in {None, "recht", "films", "reports"}


@pytest.mark.parametrize(
    ("was", "becomes", "at", "message", "hint"),
    [
        ("case.kind ==", "case.knd ==", "knd", "`case` has no field `knd`", "did you mean `kind`?"),
        ("'video'", "'vidoe'", "vidoe", "`kind` is never 'vidoe'", "did you mean `video`?"),
        ("case.kind == 'video'", "item.id == 'x'", "item", "nothing here is called `item`", None),
        (
            'queue = "films"',
            'queue = "senior"',
            "queue",
            "no rule leads to the queue `senior`",
            None,
        ),
        ('queue = "films"', 'queue = "incident-1"', "queue", "no rule leads to", None),
        ('queue = "films"', 'queue = "a b"', "queue", "a queue has 1 to 64 of", None),
        ('queue = "films"\n', "", None, "a rule for queues lacks `queue`", None),
        ('name = "films"', 'name = "soon"', "name", "there is another rule for queues", None),
        ('text = "Those', 'txt = "Those', "txt", "has no key `txt`", "did you mean `text`?"),
        ("case.severity == 5", "case.severity", None, "`||` does not take", None),
        ("case.severity == 5", "case.label == 'no'", "no'", "the pack has no label 'no'", None),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    was: str, becomes: str, at: str | None, message: str, hint: str | None
) -> None:
    source = GOOD.replace(was, becomes, 1)
    problem = only_problem(source)
    assert message in problem.message
    assert hint is None or problem.hint == hint
    if at is not None:
        assert problem.line is not None
        assert problem.column is not None
        assert source.splitlines()[problem.line - 1][problem.column - 1 :].startswith(at)


def test_a_table_in_place_of_many_and_too_many_are_told() -> None:
    assert only_problem(HEAD + "[queues]\nname = 'x'\n").hint == "write `[[queues]]` over each rule"
    many = "".join(
        f"[[queues]]\nname = 'r{n}'\nqueue = 'q'\nwhen = ['true']\n" for n in range(MAX_QUEUES + 1)
    )
    assert "at most 100 rules for queues" in only_problem(HEAD + many).message

"""What changes between packs, and whether more may be restricted."""

import hypothesis.strategies as st
import pytest
from hypothesis import given
from policy_examples import a_pack, a_rule

from tidegate.policy.stricter import MOST_LINES, line_changes, restricts_more, rule_changes

EXACT = "matches.exists(m, m.confirmed && m.exact)"
OTHER = "matches.exists(m, m.confirmed && m.bank == 'x')"


def restricting(name: str = "r", *when: str, mode: str = "live") -> str:
    return a_rule(name, *(when or (EXACT,)), outcome="restrict", mode=mode)


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ([], [restricting()], ["r"]),
        ([restricting()], [restricting()], []),
        ([restricting()], [], []),
        ([restricting(mode="shadow")], [restricting()], ["r"]),
        ([restricting()], [restricting(mode="draft")], []),
        ([restricting()], [restricting("r", OTHER)], ["r"]),
        ([restricting()], [restricting("renamed")], []),
        ([restricting("r", EXACT, OTHER)], [restricting("r", EXACT)], ["r"]),
        ([], [a_rule("r", "item.problems > 0")], []),
        # What escalated was not restricted by a rule; now it may be.
        (
            [restricting(), a_rule("e", "item.problems > 0", outcome="escalate")],
            [restricting()],
            ["r"],
        ),
    ],
)
def test_what_may_be_restricted_that_was_not(
    before: list[str], after: list[str], more: list[str]
) -> None:
    assert restricts_more(a_pack(*before), a_pack(*after)) == more


def test_where_nothing_was_in_force_all_is_more() -> None:
    assert restricts_more(None, a_pack(restricting())) == ["r"]


def test_what_counts_as_a_problem_counts_where_a_rule_reads_it() -> None:
    rule = restricting("r", EXACT, "item.problems == 0")
    passing = "[media]\npass_unjudged = ['audio/*']\n"
    assert restricts_more(a_pack(rule), a_pack(rule, private=passing)) == ["r"]
    assert restricts_more(a_pack(restricting()), a_pack(restricting(), private=passing)) == []


def test_rules_are_told_apart_by_what_became_of_them() -> None:
    before = a_pack(a_rule("kept", "true"), a_rule("gone", "true"), a_rule("mode", "true"))
    after = a_pack(
        a_rule("kept", "true"),
        a_rule("mode", "item.problems > 0", mode="shadow"),
        a_rule("new", "true"),
    )
    found = [(one.rule, one.change, one.fields) for one in rule_changes(before, after)]
    assert found == [
        ("mode", "changed", ["mode", "when"]),
        ("new", "new", []),
        ("gone", "gone", []),
    ]


lines = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=40)


@given(lines, lines)
def test_a_difference_leads_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    found = line_changes("\n".join(old), "\n".join(new))
    assert found is not None
    old, new = "\n".join(old).split("\n"), "\n".join(new).split("\n")
    removed = {one.before: one.text for one in found if one.kind == "removed"}
    added = {one.after: one.text for one in found if one.kind == "added"}
    assert all(old[(number or 0) - 1] == text for number, text in removed.items())
    assert all(new[(number or 0) - 1] == text for number, text in added.items())
    # Without what was removed the old text is the new one without what was added.
    kept = [one for number, one in enumerate(old, 1) if number not in removed]
    assert kept == [one for number, one in enumerate(new, 1) if number not in added]
    assert bool(removed or added) == (old != new)


def test_texts_too_long_to_compare_are_not_compared() -> None:
    assert line_changes("\n" * (MOST_LINES + 1), "") is None

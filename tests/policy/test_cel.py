"""Conditions: what is checked on compiling, and what evaluating answers."""

import pytest
from policy_examples import a_match, some_facts

from tidegate.policy.cel import (
    RULES,
    Binding,
    Condition,
    Failure,
    any_of,
    compile_condition,
)
from tidegate.policy.facts import Facts


def compiled(source: str) -> Condition:
    condition = compile_condition(source)
    assert isinstance(condition, Condition), condition
    return condition


def evaluated(source: str, facts: Facts) -> bool | Failure:
    condition = compiled(source)
    return condition.evaluate(Binding(condition.uses).inputs(facts))


@pytest.mark.parametrize(
    ("source", "column", "part"),
    [
        ("item.nope == 'x'", 5, "undefined field 'nope'"),
        ("text.lenght > 3", 5, "undefined field 'lenght'"),
        ("true && matches.exists(m, m.bnk == 'a')", 28, "undefined field 'bnk'"),
        ("author.id == 3", 11, "no matching overload"),
        ("nothing == 3", 1, "undeclared reference"),
        ("item.id ==", 11, "Syntax error"),
        ("'Я' == item.nope", 12, "undefined field"),
        ("item.id", 1, "a condition must be true or false"),
        ("[true, 1][0]", 1, "a condition must be true or false"),
        ("item.id == 'a' || dyn(item).nope == 1", 19, "dyn()"),
    ],
)
def test_an_error_is_found_on_compiling_with_its_column(
    source: str, column: int, part: str
) -> None:
    flaws = compile_condition(source)
    assert isinstance(flaws, list)
    assert flaws[0].column == column
    assert part in flaws[0].message


def test_several_errors_are_found_at_once() -> None:
    flaws = compile_condition("item.nope == 1 ||\n text.nope == 2")
    assert isinstance(flaws, list)
    assert [(flaw.line, flaw.column) for flaw in flaws] == [(1, 5), (2, 6)]


@pytest.mark.parametrize("source", ["(" * 500 + "true" + ")" * 500, "\\", "a.b" * 400])
def test_absurd_conditions_are_refused(source: str) -> None:
    assert isinstance(compile_condition(source), list)


@pytest.mark.parametrize(
    "field",
    [
        f"{name}.{field}"
        for name, struct in RULES.variables.items()
        for field in struct.__struct_fields__
        if name not in RULES.lists
    ],
)
def test_every_field_can_be_read_and_is_handed_over(field: str) -> None:
    facts = some_facts(a_match(), text="Some text", attributes={"a": "b"}, problems=3)
    condition = compiled(f"{field} == {field}")
    assert condition.uses == {field}
    assert condition.evaluate(Binding(condition.uses).inputs(facts)) is True


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("item.publicness == 'public' && item.problems == 2", True),
        ("item.created_at > timestamp('2026-02-01T00:00:00Z')", True),
        ("item.created_at.getFullYear() == 2025", False),
        ("item.attributes['campaign'] == 'x'", True),
        ("item.attributes.campaign == 'x'", True),
        ("'other' in item.attributes", False),
        ("text.normalised.contains('some') && text.length == 9", True),
        ("matches.exists(m, 'propaganda' in m.labels && m.distance < 31)", True),
        ("matches.filter(m, m.part.startsWith('media/')).size() == 1", True),
        ("reports.count == 0 && reports.reasons == []", True),
        ("[item].exists(i, i.surface == 'post')", True),
        ("item // why not\n . surface == 'post'", True),
        ("item == item", True),
        ("'item.' + item.id == 'item.post-1'", True),
    ],
)
def test_conditions_see_the_facts(source: str, expected: bool) -> None:
    facts = some_facts(
        a_match(labels=["propaganda"], distance=30),
        text="Some Text",
        problems=2,
        attributes={"campaign": "x"},
    )
    assert evaluated(source, facts) is expected


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("item.attributes['missing'] == 'x'", "missing"),
        ("1 / item.problems > 0", "divide by zero"),
        ("matches[0].confirmed", "index"),
        ("text.value.matches('[')", "regular expression"),
        ("item.problems + 9223372036854775807 + 1 > 0", "overflow"),
        (
            "[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c,"
            " [1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, e > 0)))))",
            "budget",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_a_failure(source: str, part: str) -> None:
    result = evaluated(source, some_facts())
    assert isinstance(result, Failure)
    assert part in result.message


def test_a_regular_expression_cannot_run_away() -> None:
    assert evaluated("text.value.matches('(a+)+$')", some_facts(text="a" * 100_000 + "b")) is False


def test_only_what_is_read_is_used() -> None:
    assert compiled("item.id == 'a' && size(matches) > 0").uses == {"item.id", "matches"}
    assert compiled("[1].exists(matches, matches > 0)").uses == frozenset()
    assert "item.url" in compiled("[item].exists(i, i.id == 'a')").uses


def test_any_of_is_false_exactly_when_every_rule_has_a_false_condition() -> None:
    yes, no = compiled("1 == 1 // a comment"), compiled("1 == 2")
    bad = compiled("1 / item.problems == 0")
    cases = [
        ([[yes, no], [no]], False),
        ([[yes], [no]], True),
        ([[bad, no], [no]], False),
        ([[no], [yes, yes]], True),
    ]
    for rules, expected in cases:
        sieve = any_of(rules)
        assert sieve is not None
        assert sieve.evaluate(Binding(sieve.uses).inputs(some_facts())) is expected
    failing = any_of([[bad], [no]])
    assert failing is not None
    assert isinstance(failing.evaluate(Binding(failing.uses).inputs(some_facts())), Failure)

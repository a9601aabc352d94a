"""Reading packs: every error is named with its place and a likely fix, many at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_examples import HEAD, a_rule, a_source

from tidegate.policy.data import default_source
from tidegate.policy.model import PackProblem
from tidegate.policy.reading import MAX_RULES, check_source, load_pack

RULE = """\
[[rules]]
name = "first"
version = 1
mode = "live"
outcome = "review"
text = "A rule."
when = ["item.problems > 0"]
"""
GOOD = HEAD + RULE


def only_problem(source: str) -> PackProblem:
    problems = check_source(source, "trial.toml")
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def test_a_good_pack_has_no_problems() -> None:
    assert check_source(GOOD) == []


def test_types_that_pass_unjudged_are_named_or_meant_by_a_star() -> None:
    types = ["audio/ogg", "video/*", "image/svg+xml", "*"]
    assert load_pack(f"{GOOD}[media]\npass_unjudged = {types}\n").pass_unjudged == tuple(types)
    assert load_pack(GOOD).pass_unjudged == ()


@pytest.mark.parametrize("value", ["'audio/*'", "['audio']", "['*/ogg']", "[1]", "['AUDIO/OGG']"])
def test_what_is_no_list_of_types_is_a_problem(value: str) -> None:
    problem = only_problem(f"{GOOD}[media]\npass_unjudged = {value}\n")
    assert problem.message.startswith("`pass_unjudged`")
    assert problem.line == len(GOOD.splitlines()) + 2


def test_a_problem_in_a_condition_is_placed_in_the_file() -> None:
    source = GOOD.replace("item.problems > 0", "item.problem > 0")
    problem = only_problem(source)
    line = source.splitlines()[problem.line - 1]  # pyright: ignore[reportOptionalOperand]
    assert line[problem.column - 1 :].startswith("problem >")  # pyright: ignore[reportOptionalOperand]
    assert (problem.rule, problem.condition) == ("first", "item.problem > 0")
    assert problem.hint == "did you mean `problems`?"
    assert str(problem) == (
        f"trial.toml:{problem.line}:{problem.column}: rule first: `item` has no field `problem`"
        " (in `item.problem > 0`); did you mean `problems`?"
    )


def test_a_place_is_found_in_lists_over_several_lines_and_long_strings() -> None:
    source = GOOD.replace(
        '["item.problems > 0"]',
        "[\n  'true', # item.problem\n  '''\n  item.id == 'x' &&\n    item.problem > 0''',\n]",
    )
    problem = only_problem(source)
    line = source.splitlines()[problem.line - 1]  # pyright: ignore[reportOptionalOperand]
    assert line == "    item.problem > 0''',"
    assert problem.column == line.index("problem") + 1


def test_a_condition_with_escapes_is_placed_on_its_list() -> None:
    source = GOOD.replace("item.problems > 0", 'item.nope == \\"x\\"')
    problem = only_problem(source)
    assert source.splitlines()[problem.line - 1].startswith("when")  # pyright: ignore[reportOptionalOperand]
    assert problem.column == 6


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ('"review"', '"reveiw"', "unknown outcome `reveiw`", "did you mean `review`?"),
        ('"live"', '"lively"', "unknown mode `lively`", "did you mean `live`?"),
        ('text = "A', 'txet = "A', "a rule has no key `txet`", "did you mean `text`?"),
        ("version = 1\nmode", "mode", "a rule lacks `version`", None),
        ("version = 1\nmode", "version = 0\nmode", "`version` must be at least 1", None),
        ("version = 1\nmode", "version = '1'\nmode", "`version` must be a whole number", None),
        ("version = 1\nmode", "version = true\nmode", "`version` must be a whole number", None),
        ('"first"', '"a b"', "a name has 1 to 64", None),
        ('["item.problems > 0"]', "[]", "a rule needs at least one condition", None),
        ('["item.problems > 0"]', "'true'", "a rule needs at least one condition", None),
        ('["item.problems > 0"]', "[true]", "a condition must be a text", None),
        ("item.problems > 0", "item.problems", "must be true or false, this is int", "compare"),
        ("item.problems > 0", "item.problems > '0'", "`>` does not take (int, string)", "quotes"),
        ("item.problems > 0", "items.problems > 0", "nothing here is called `items`", "`item`"),
        ("item.problems > 0", "item.id.startswith('a')", "called `startswith`", "`startsWith`"),
        ("item.problems > 0", "item.problems >", "ends too early", None),
        ("item.problems > 0", "item.problems = 0", "not an expression", "`==`"),
        ("item.problems > 0", "item.problems > 0 and true", "not an expression", "`&&`"),
        ("item.problems > 0", "len(matches) > 0", "called `len`", "did you mean `size`?"),
        ("item.problems > 0", "matches.confirmed", "a list has no fields", "exists(m"),
        ("item.problems > 0", "item['id'] == 'x'", "`[ ]` does not take", "with a dot"),
        ("item.problems > 0", "!item.id", "`!` does not take (string)", "true or false"),
        ("item.problems > 0", "item.id == 'x", "a text is not closed", "quote"),
        ("item.problems > 0", "item.publicness == 'pubic'", "never 'pubic'", "`public`"),
        ("item.problems > 0", "item.stage in ['fast', 'slow']", "never 'slow'", "`retro`"),
        ("item.problems > 0", "matches.all(m, m.stance != 'none')", "never 'none'", "`known`"),
        (
            "item.problems > 0",
            "matches.exists(m, 'propoganda' in m.labels)",
            "no label 'propoganda'",
            "did you mean `propaganda`?",
        ),
        ("when =", "label = 'propagand'\nwhen =", "unknown label `propagand`", "`propaganda`"),
        (
            "name = 'trial'",
            "name = 'trial'\ndefault_label = 'propagand'",
            "unknown label",
            "`propaganda`",
        ),
        ("name = 'trial'", "name = 'trial'\ndefault_label = ''", "unknown label ``", None),
        (
            "name = 'trial'",
            "name = 'trial'\ndefault_label = 1",
            "`default_label` must be a text",
            None,
        ),
        ('"review"', '"restrict"', "must rest on `matches`", "confirmed"),
        ("name = 'trial'\n", "", "`[pack]` lacks `name`", None),
        ("kind = 'terms'", "kind = 'term'", "unknown kind `term`", "did you mean `terms`?"),
        ("[labels.", "[label.", "the file has no key `label`", "did you mean `labels`?"),
        ("ground = { kind = 'law'", "grund = { kind = 'law'", "needs a ground", None),
        ("[[rules]]", "[rules]", "`rules` must be an array", "[[rules]]"),
    ],
)
def test_each_error_is_named_and_placed(old: str, new: str, message: str, hint: str | None) -> None:
    assert old in GOOD
    problems = check_source(GOOD.replace(old, new, 1))
    found = [problem for problem in problems if message in problem.message]
    assert found, [str(problem) for problem in problems]
    assert found[0].line is not None
    if hint:
        assert hint in (found[0].hint or "")


def test_a_misspelt_macro_is_one_error_where_it_stands() -> None:
    source = GOOD.replace("item.problems > 0", "matches.exist(m, m.exact && m.confirmed)")
    problem = only_problem(source)
    assert (problem.message, problem.hint) == (
        "nothing here is called `exist`",
        "did you mean `exists`?",
    )
    line = source.splitlines()[problem.line - 1]  # pyright: ignore[reportOptionalOperand]
    assert problem.column == line.index("exist(") + 1


def test_two_rules_of_one_name_are_an_error() -> None:
    problem = only_problem(GOOD + RULE)
    assert problem.message == "there is another rule `first`"
    assert problem.line == len(HEAD.splitlines()) + len(RULE.splitlines()) + 2


def test_all_errors_are_found_at_once_in_the_order_of_the_file() -> None:
    source = a_source(
        a_rule("one", "item.nope == 1", "item.neither == 2"),
        a_rule("two", "true", outcome="delete"),
        a_rule("one", "text.length"),
    )
    problems = check_source(source)
    assert [problem.rule for problem in problems] == ["one", "one", "two", "one", "one"]
    lines = [problem.line or 0 for problem in problems]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("[pack\nname = 3", 1, 6),
        ("[pack]\nname = 'x", 2, 10),
        ("a = 1\na = 2", 2, 6),
        ("a = [1,", 1, 8),
    ],
)
def test_an_error_in_the_toml_is_placed(source: str, line: int, column: int) -> None:
    problem = only_problem(source)
    assert problem.message.startswith("not TOML")
    assert (problem.line, problem.column) == (line, column)


def test_absurd_packs_are_refused() -> None:
    assert "at most" in only_problem("#" * 600_000).message
    assert check_source("a = " + "[" * 20_000)
    assert check_source(GOOD + "\ud800")
    assert check_source("rules = [1, 'x']\n" + HEAD)
    many = [a_rule(f"r{number}", "true") for number in range(MAX_RULES + 1)]
    assert "at most 200 rules" in only_problem(a_source(*many)).message
    assert "2000 characters" in only_problem(a_source(a_rule("long", "true " * 500))).message


@given(st.text(max_size=200), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_reading_answers_whatever_it_is_given(text: str, at: int, gone: int) -> None:
    check_source(text)
    check_source(GOOD[:at] + text[:10] + GOOD[at + gone :])


def test_a_pack_that_names_no_default_label_has_one_that_asks_for_the_exemption() -> None:
    pack = load_pack(GOOD)
    assert (pack.default_label, list(pack.labels)) == ("unspecified", ["propaganda", "unspecified"])
    assert pack.labels["unspecified"].exemption_required
    assert pack.ground_for("unspecified") == pack.ground
    # What a pack says itself holds.
    named = load_pack(
        GOOD.replace("version = 1\n", "version = 1\ndefault_label = 'propaganda'\n", 1)
    )
    assert (named.default_label, list(named.labels)) == ("propaganda", ["propaganda"])
    own = load_pack(GOOD.replace("labels.propaganda", "labels.unspecified"))
    assert (own.default_label, own.labels["unspecified"].text) == ("unspecified", "Propaganda.")


def test_the_default_pack() -> None:
    pack = load_pack(default_source(), "tvec.toml")
    assert pack.ident == "tvec@3"
    assert set(pack.labels) == {
        "incitement",
        "glorification",
        "recruitment",
        "instruction",
        "threat",
        "propaganda",
        "attack_footage",
        "proscribed_organisation",
        "unspecified",
    }
    required = {label.name for label in pack.labels.values() if label.exemption_required}
    assert required == {"incitement", "glorification", "unspecified"}
    assert pack.default_label == "unspecified"
    assert list(pack.exemptions) == ["none", "news", "research", "art", "counter_speech"]
    assert {label.ground.kind for label in pack.labels.values()} == {pack.ground.kind} == {"terms"}
    assert pack.ground_for(None) == pack.ground_for("no such label") == pack.ground
    assert not pack.private_digest_match
    assert all(rule.mode == "live" for rule in pack.rules)

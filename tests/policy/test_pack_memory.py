"""Checking a pack takes memory and work in proportion to its length, whatever it is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_examples import HEAD, a_rule
from tests.infra.memory import grows_with_its_length

from tidegate.policy.fields import MAX_PROBLEMS
from tidegate.policy.reading import check_source
from tidegate.policy.toml import MAX_PARTS, NotToml, parse


def when(condition: str) -> str:
    return f"[[rules]]\nname = 'a'\nwhen = ['''{condition}''']\n"


SHAPES = {
    "a dotted key": lambda n: ".".join(["a"] * n) + " = 1",
    "a dotted key of quoted parts": lambda n: ".".join(["'a'"] * n) + " = 1",
    "a dotted table": lambda n: f"[{'.'.join(['a'] * n)}]",
    "dotted keys below a dotted table": lambda n: (
        f"[{'.'.join(['a'] * n)}]\n" + "".join(f"b{k}.c = 1\n" for k in range(n // 8))
    ),
    "a dotted key in an inline table": lambda n: "a = {" + ".".join(["a"] * n) + " = 1}",
    "inline tables in one another": lambda n: "a = " + "{a = " * n,
    "inline tables side by side": lambda n: f"a = [{'{a = 1}, ' * (n // 4)}]",
    "arrays in one another": lambda n: "a = " + "[" * n,
    "a header that does not end": lambda n: "[" + " " * n,
    "a number": lambda n: "version = " + "1" * n,
    "a number of the wrong kind": lambda n: "pack = 0x" + "1" * n,
    "unknown keys": lambda n: "".join(f"k{k} = 1\n" for k in range(n // 8)),
    "tables": lambda n: "".join(f"[t{k}]\n" for k in range(n // 8)),
    "labels": lambda n: "".join(f"[labels.t{k}]\n" for k in range(n // 8)),
    "a long name with many faults": lambda n: (
        f"[[rules]]\nname = '{'a' * n}'\nwhen = [{'1, ' * 20}]\n" * 4
    ),
    "a condition of brackets": lambda n: when("(" * n),
    "conditions of unknown names": lambda n: "".join(
        when(" || ".join(f"x{k}" for k in range(250))) for _ in range(n // 500)
    ),
    "conditions that nest": lambda n: when("[1].map(x, " * 180 + "1") * (n // 500),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_memory_grows_with_the_length(shape: str) -> None:
    grows_with_its_length(check_source, SHAPES[shape], 30_000)


def test_what_has_too_many_parts_is_told_with_its_place() -> None:
    [problem] = check_source(f"a = 1\n{'b.' * MAX_PARTS}b = 1")
    assert "parts" in problem.message
    assert (problem.line, problem.column) == (2, 2 * MAX_PARTS)


def test_a_number_beyond_python_is_told() -> None:
    [problem] = check_source("a = " + "1" * 5000)
    assert problem.message == "a number has too many digits"
    assert any("digits" in one.message for one in check_source("[pack]\nname = 0x" + "1" * 9000))


def test_so_many_problems_are_told_and_no_more() -> None:
    problems = check_source(HEAD + "".join(a_rule(f"r{n}", "nope") for n in range(150)))
    assert len(problems) == MAX_PROBLEMS + 1
    assert "there may be more" in problems[-1].message


KEY = st.sampled_from(["a", '"b.c"', "'d.e'", '"f\\".g"', "1"])
VALUE = st.sampled_from(
    ["1.5", "'x.y.z'", '"a.b # c"', "'''\n.\n.'''", '"""a."".b"""', "[1.0, 2.0, 3.0]", "{x.y = 1}"]
)
LINE = st.one_of(
    st.builds(lambda keys, value: (len(keys), f"{'.'.join(keys)} = {value}"), st.lists(KEY), VALUE),
    st.builds(lambda keys: (len(keys), f"[[{' . '.join(keys)}]]"), st.lists(KEY)),
    st.just((0, "# a.b.c.d.e.f.g.h.i.j.k = 1")),
)


@given(st.lists(LINE.filter(lambda line: line[1][0] not in " ]"), max_size=6))
def test_only_names_are_counted(lines: list[tuple[int, str]]) -> None:
    """Not what strings, comments and numbers hold; refused are names of too many parts alone."""
    said = ""
    try:
        parse("\n".join(text for _, text in lines))
    except NotToml as error:
        said = error.why
    if max((parts for parts, _ in lines), default=0) <= MAX_PARTS:
        assert "parts" not in said
    elif "not TOML" not in said:
        assert "parts" in said


@pytest.mark.parametrize("mark", ["'''", '"""'])
@pytest.mark.parametrize("more", [0, 1, 2])
def test_what_stands_in_a_long_string_is_no_dotted_name(mark: str, more: int) -> None:
    """Its last words may be quotation marks of its own kind."""
    inner = "a == " + mark[0] + "x" + mark[0] * more
    text = f"when = [{mark}{inner}{mark}, {mark}{'.'.join('abcdefghijkl')}{mark}]\n"
    assert parse(text) == {"when": [inner, ".".join("abcdefghijkl")]}

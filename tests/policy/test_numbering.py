"""Numbers of versions: which are taken, and a text that differs by the next free ones alone."""

import tomllib
from typing import Any

import hypothesis.strategies as st
from hypothesis import given
from policy_examples import a_rule, a_source

from tidegate.policy.numbering import numbered, problems, renumbered, taken
from tidegate.policy.reading import load_pack
from tidegate.policy.source import place_of

CONDITIONS = ("item.problems > 0", "reports.count > 0", "item.media_count > 1")


def a_rule_of(name: str, version: int, condition: str, spacing: str) -> str:
    rule = a_rule(name, condition)
    return rule.replace("version = 1", f"{spacing}version{spacing} ={spacing} {version}  # its own")


@st.composite
def packs(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from("abc"), unique=True))
    rules = [
        a_rule_of(
            name,
            draw(st.integers(1, 3)),
            draw(st.sampled_from(CONDITIONS)),
            draw(st.sampled_from(["", " ", "\t"])),
        )
        for name in names
    ]
    return a_source(*rules, version=draw(st.integers(1, 4)))


def rules_of(source: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in tomllib.loads(source).get("rules", [])}


def without_numbers(source: str) -> dict[str, Any]:
    document = tomllib.loads(source)
    del document["pack"]["version"]
    for one in document.get("rules", []):
        del one["version"]
    return document


@given(st.lists(packs(), max_size=4), packs())
def test_a_renumbered_text_says_the_same_and_nothing_of_it_is_taken(
    earlier: list[str], source: str
) -> None:
    stored: dict[int, str] = {}
    for one in earlier:  # as a store would have grown
        again = renumbered(load_pack(one), stored).source
        stored[load_pack(again).version] = again
    made = renumbered(load_pack(source), stored)
    new = load_pack(made.source)
    assert without_numbers(made.source) == without_numbers(source)
    # The obvious rule, one pair at a time.
    assert stored.get(new.version, new.source) == new.source
    for old in stored.values():
        for name, rule in rules_of(made.source).items():
            known = rules_of(old).get(name)
            if known and known["version"] == rule["version"]:
                assert (known["outcome"], known["when"]) == (rule["outcome"], rule["when"])
    # What was free stays as it was.
    if not taken(load_pack(source), stored):
        assert made.source == source


@given(st.lists(packs(), min_size=1, max_size=3), packs())
def test_each_problem_points_at_its_number(earlier: list[str], source: str) -> None:
    stored: dict[int, str] = {}
    for one in earlier:
        again = renumbered(load_pack(one), stored).source
        stored[load_pack(again).version] = again
    lines = source.split("\n")
    for one in problems(load_pack(source), stored, "pack.toml"):
        assert one.line is not None
        assert one.column is not None
        assert lines[one.line - 1][one.column - 1 :].startswith("version")
        headers = [line for line in lines[: one.line] if line.startswith("[")]
        assert headers[-1] == ("[[rules]]" if one.rule else "[pack]")


@given(st.text(alphabet="ab\n", max_size=60), st.integers(0, 60))
def test_a_place_is_counted_as_one_would_by_hand(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    line = column = 1
    for letter in text[:offset]:
        line, column = (line + 1, 1) if letter == "\n" else (line, column + 1)
    place = place_of(text, offset)
    assert (place.line, place.column) == (line, column)


def test_what_cannot_be_found_is_left_alone_and_told() -> None:
    source = (
        a_source().replace("[pack]\nname", "[pack]\nname").replace("version = 1", "version = 0x1")
    )
    stored = {1: a_source(a_rule("a", "item.problems > 0"))}
    made = renumbered(load_pack(source), stored)
    assert (made.source, made.given) == (source, [])
    (told,) = problems(load_pack(source), stored, "pack.toml")
    assert (told.rule, told.line, told.hint) == (None, 3, "give it `version = 2`")


def test_a_number_in_a_text_that_looks_like_one_is_not_taken_for_it() -> None:
    tricky = a_source().replace("[pack]\n", "[pack]\ntext = '''\nversion = 7\n'''\n")
    assert numbered(tricky, 5) is None
    assert numbered(a_source(), 5) == a_source(version=5)

"""Reason templates: which are offered, what they say when they are filled in, and what is wrong with them."""

import pytest
from tests.policy.test_reading import GOOD, only_problem

from tidegate.policy.data import default_source
from tidegate.policy.reading import load_pack
from tidegate.policy.templates import TEMPLATE_OUTCOMES, finished, offered

ONE = """\
[[templates]]
name = "plain"
outcome = "restrict"
label = "propaganda"
text = "It is {label}, known in {entry}. Ground: {clause}."
[templates.texts]
de = "Es ist {label}, bekannt aus {entry}. Grundlage: {clause}."

[[templates]]
name = "fine"
outcome = "pass"
text = "Nothing in it is against the rules."
texts = { de = "Nichts darin verstößt gegen die Regeln." }
"""
PACK = GOOD + ONE


def test_a_template_is_finished_with_what_the_decision_rests_on() -> None:
    plain, fine = load_pack(PACK).templates
    said = finished(plain, label="propaganda", entry="attack-2026", clause="Terms, section 4")
    assert said == "It is propaganda, known in attack-2026. Ground: Terms, section 4."
    german = finished(plain, label="attack_footage", entry="b", clause="§ 4", language="de-AT")
    assert german == "Es ist attack footage, bekannt aus b. Grundlage: § 4."
    assert finished(fine, language="fr") == "Nothing in it is against the rules."


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    plain, _ = load_pack(PACK).templates
    said = finished(plain, label="{clause}", entry="{label}", clause="{entry}")
    assert said == "It is {clause}, known in {label}. Ground: {entry}."


def test_those_of_the_label_come_first_and_what_cannot_be_filled_in_is_not_offered() -> None:
    general = (
        '[[templates]]\nname = "any"\noutcome = "restrict"\ntext = "Against {clause}, all of it."\n'
    )
    templates = load_pack(GOOD + general + ONE).templates

    def names(outcome: str, label: str | None, *, matched: bool) -> list[str]:
        return [one.name for one in offered(templates, outcome, label, matched=matched)]

    assert names("restrict", "propaganda", matched=True) == ["plain", "any"]
    assert names("restrict", "propaganda", matched=False) == ["any"]
    assert names("restrict", "unspecified", matched=True) == ["any"]
    assert names("pass", None, matched=False) == ["fine"]


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        ("Ground: {clause}", "Ground: {claus}", "unknown field `{claus}`", 5),
        ("Ground: {clause}", "Ground: {clause", "a brace belongs to no field", 5),
        ("aus {entry}", "aus {eintrag}", "unknown field `{eintrag}`", 7),
        ("Nothing in it", "{label} in it", "`{label}` is known of a restriction alone", 12),
        ('text = "Nothing in it is against the rules."', 'text = "fine"',
         "a reason has at least 10 characters", 12),
        ('outcome = "pass"', 'outcome = "review"', "unknown outcome `review`", 11),
        ('outcome = "pass"', 'outcome = "pass"\nlabel = "propaganda"',
         "only a template for `restrict` has a label", 12),
        ('label = "propaganda"', 'label = "propagandda"', "unknown label `propagandda`", 4),
        ('name = "fine"', 'name = "plain"', "there is another template `plain`", 10),
        ("de = \"Es", "Deutsch = \"Es", "`Deutsch` is no language", 7),
        ('name = "fine"', 'name = "fine"\nlanguage = "de"', "a template has no key `language`", 11),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, message: str, line: int) -> None:
    assert PACK.count(old) == 1
    problem = only_problem(PACK.replace(old, new))
    assert problem.message == message
    assert problem.line == len(GOOD.splitlines()) + line


@pytest.mark.parametrize("templates", ['templates = "x"', "[templates]\nname = 'x'"])
def test_templates_are_an_array_of_tables(templates: str) -> None:
    source = f"{templates}\n{GOOD}" if templates.startswith("t") else f"{GOOD}\n{templates}"
    assert only_problem(source).message == "`templates` must be an array of tables"


@pytest.mark.parametrize("severity", ["0", "6", "'5'", "true"])
def test_a_severity_is_one_to_five(severity: str) -> None:
    source = GOOD.replace("text = 'Propaganda.'", f"text = 'Propaganda.'\nseverity = {severity}")
    assert source != GOOD
    assert only_problem(source).message.startswith("`severity`")


def test_the_hardest_label_counts() -> None:
    pack = load_pack(default_source())
    assert pack.severity_of(["propaganda", "attack_footage"]) == 5
    assert pack.severity_of(["of another pack"]) == pack.severity_of([]) == 3


def test_the_shipped_pack_has_a_sentence_for_every_decision() -> None:
    pack = load_pack(default_source())
    for outcome in TEMPLATE_OUTCOMES:
        for label in [*pack.labels, None] if outcome == "restrict" else [None]:
            for matched in (False, True):
                found = offered(pack.templates, outcome, label, matched=matched)
                assert found or label is None
                for one in found:
                    clause = pack.ground_for(label).reference
                    said = finished(one, label=label, entry="attack-2026", clause=clause)
                    assert 10 <= len(said) <= 500
                    assert "{" not in said

"""Evaluating: the default pack, all-must-hold, failures, shadow rules, explanations."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_examples import a_match, a_pack, a_rule, some_facts

from tidegate.policy.data import default_source
from tidegate.policy.evaluate import evaluate, evaluate_many
from tidegate.policy.facts import Facts, ReportFacts, to_attributes
from tidegate.policy.model import VERDICTS, Pack, strongest
from tidegate.policy.reading import load_pack


@pytest.fixture(scope="module")
def default() -> Pack:
    return load_pack(default_source(), "tvec.toml")


REPORTED = ReportFacts(1, 1, ["user"], ["terrorism"])
THREAT = ReportFacts(1, 1, ["user"], ["threat_to_life"])


@pytest.mark.parametrize(
    ("facts", "verdict", "rules"),
    [
        (some_facts(), "pass", []),
        (some_facts(a_match()), "restrict", ["known-content"]),
        (some_facts(a_match(labels=["propaganda"])), "restrict", ["known-content"]),
        (some_facts(a_match(confirmed=False)), "review", ["possible-match"]),
        (some_facts(a_match(exact=False, route="local")), "review", ["possible-match"]),
        (some_facts(a_match(allowed=True)), "pass", []),
        (some_facts(a_match(allowed=True, confirmed=False)), "pass", []),
        (some_facts(a_match(stance="allow")), "pass", []),
        (some_facts(a_match(stance="allow"), a_match()), "restrict", ["known-content"]),
        (
            some_facts(a_match(), a_match(part="media/1", confirmed=False)),
            "restrict",
            ["known-content", "possible-match"],
        ),
        (some_facts(a_match(), publicness="restricted"), "review", ["match-not-public"]),
        (some_facts(publicness="restricted"), "pass", []),
        (some_facts(reports=REPORTED), "review", ["reported"]),
        (some_facts(reports=THREAT), "escalate", ["threat-to-life", "reported"]),
        (some_facts(a_match(), reports=REPORTED), "restrict", ["known-content", "reported"]),
        (some_facts(problems=1), "review", ["media-not-judged"]),
    ],
)
def test_the_default_pack(default: Pack, facts: Facts, verdict: str, rules: list[str]) -> None:
    evaluated = evaluate(default, facts)
    assert evaluated.verdict == verdict
    assert [result.rule for result in evaluated.rules] == rules
    assert evaluated.errors == 0


def test_many_are_told_what_each_alone_is(default: Pack) -> None:
    """Also those that differ in one thing that a rule reads, the same ones again and in any order."""
    reads_all = a_pack(
        a_rule("worded", "text.normalised.contains('bomb')"),
        a_rule("tagged", "'lane' in item.attributes && item.attributes['lane'] == 'x'"),
        a_rule("told", "'user' in reports.channels && reports.count > 1"),
        a_rule("failing", "int(item.author) > 0"),
    )
    told = [ReportFacts(), REPORTED, THREAT, ReportFacts(2, 2, ["user", "tip"], ["terrorism"])]
    many = [
        some_facts(*matches, reports=reports, text=text, **item)
        for matches in ([], [a_match()], [a_match(quarantined=True)])
        for reports in told
        for text in ("", "a bomb")
        for item in (
            {},
            {"problems": 1},
            {"publicness": "private"},
            {"surface": "tip", "author": "", "publicness": "private"},
            {"attributes": {"lane": "x"}},
            {"author": "7"},
        )
    ]
    for pack in (default, reads_all):
        assert evaluate_many(pack, [*many, *reversed(many)]) == [
            evaluate(pack, one) for one in [*many, *reversed(many)]
        ]


def test_a_restriction_names_the_matches_that_it_rests_on(default: Pack) -> None:
    sound, weak = a_match(entry="sound"), a_match(entry="weak", confirmed=False)
    assert evaluate(default, some_facts(weak, sound)).rests_on == [sound]
    assert evaluate(default, some_facts(weak)).rests_on == []


# Each condition with its result on the facts below: true, false, or an error.
ATOMS = {
    "item.problems == 2": True,
    "matches.exists(m, m.confirmed)": True,
    "text.length > 0": False,
    "item.publicness == 'restricted'": False,
    "item.attributes['missing'] == 'x'": None,
    "1 / reports.count > 0": None,
}
ATOM_FACTS = some_facts(a_match(exact=False), problems=2)

rules_drawn = st.lists(
    st.tuples(
        st.lists(st.sampled_from(sorted(ATOMS)), min_size=1, max_size=4),
        st.sampled_from(["review", "escalate"]),
        st.sampled_from(["draft", "shadow", "live", "retired"]),
    ),
    max_size=5,
)


@settings(max_examples=80, deadline=None)
@given(rules_drawn)
def test_any_false_then_any_error_then_true(drawn: list[tuple[list[str], str, str]]) -> None:
    pack = a_pack(
        *(
            a_rule(f"r{number}", *when, outcome=outcome, mode=mode)
            for number, (when, outcome, mode) in enumerate(drawn)
        )
    )
    expected: list[tuple[str, str, str]] = []
    verdict, errors = "pass", 0
    for number, (when, outcome, mode) in enumerate(drawn):
        results = [ATOMS[condition] for condition in when]
        if mode not in ("live", "shadow") or False in results:
            continue
        if None in results:
            errors += 1
            outcome = "review"
        expected.append((f"r{number}", mode, outcome))
        if mode == "live":
            verdict = max(verdict, outcome, key=["pass", "review", "restrict", "escalate"].index)

    evaluated = evaluate(pack, ATOM_FACTS)
    assert [(one.rule, one.mode, one.outcome) for one in evaluated.rules] == expected
    assert (evaluated.verdict, evaluated.errors) == (verdict, errors)
    without = evaluate(msgspec.structs.replace(pack, sieve=None), ATOM_FACTS)
    assert without == evaluated


def test_a_rule_that_fails_never_passes_the_item() -> None:
    pack = a_pack(a_rule("attribute", "item.attributes['spam'] == 'yes'", "true"))
    evaluated = evaluate(pack, some_facts())
    assert (evaluated.verdict, evaluated.errors) == ("review", 1)
    failed, held = evaluated.rules[0].because
    assert failed.value is None
    assert "spam" in (failed.error or "")
    assert held.value is True
    assert evaluate(pack, some_facts(attributes={"spam": "no"})).verdict == "pass"


def test_facts_that_cannot_be_read_go_to_review() -> None:
    pack = a_pack(a_rule("size", "item.media_count > 10"), a_rule("id", "item.id == '1'"))
    for facts in (some_facts(media_count=2**70), some_facts(id="\ud800")):
        evaluated = evaluate(pack, facts)
        assert (evaluated.verdict, evaluated.errors) == ("review", 2)
        assert all(one.because[0].error for one in evaluated.rules)


def test_a_shadow_rule_is_recorded_and_does_not_act() -> None:
    exact = "matches.exists(m, m.stance == 'known' && m.confirmed && m.exact && !m.allowed)"
    pack = a_pack(a_rule("shadow", exact, outcome="restrict", mode="shadow"))
    evaluated = evaluate(pack, some_facts(a_match()))
    assert evaluated.verdict == "pass"
    assert evaluated.rests_on == []
    assert [(one.rule, one.mode, one.outcome) for one in evaluated.rules] == [
        ("shadow", "shadow", "restrict")
    ]


def test_a_failing_shadow_rule_does_not_act_either() -> None:
    pack = a_pack(a_rule("shadow", "1 / item.problems == 1", mode="shadow"))
    evaluated = evaluate(pack, some_facts())
    assert (evaluated.verdict, evaluated.errors) == ("pass", 1)


def test_a_pack_without_rules_passes_everything() -> None:
    assert evaluate(a_pack(), some_facts(a_match())).verdict == "pass"
    assert evaluate(a_pack(a_rule("d", "true", mode="draft")), some_facts()).verdict == "pass"


def test_very_many_rules_are_evaluated_all_the_same() -> None:
    rules = [a_rule(f"r{number}", f"item.problems == {number}") for number in range(200)]
    pack = a_pack(*rules)
    assert [one.rule for one in evaluate(pack, some_facts(problems=150)).rules] == ["r150"]
    assert evaluate(pack, some_facts(problems=200)).verdict == "pass"


def test_the_explanation_lists_each_condition_with_what_it_read() -> None:
    pack = a_pack(
        a_rule(
            "why",
            "item.publicness == 'public' && item.problems == 0",
            "matches.exists(m, m.distance < 31)",
            "text.value.startsWith('aaa')",
            "item.attributes.size() > 0",
        )
    )
    facts = some_facts(
        *(a_match(entry=f"e{number}", distance=number) for number in range(50)),
        text="a" * 10_000,
        attributes={f"key{number}": "x" * 1_000 for number in range(64)},
    )
    because = evaluate(pack, facts).rules[0].because
    assert [one.condition for one in because] == pack.rules[0].sources
    assert [one.value for one in because] == [True] * 4
    assert because[0].read == {"item.publicness": "public", "item.problems": 0}
    assert because[1].read["matches"][1] == {  # pyright: ignore[reportIndexIssue]
        "part": "media/0",
        "bank": "attacks",
        "entry": "e1",
        "distance": 1,
    }
    assert len(because[2].read["text.value"]) == 120  # pyright: ignore[reportArgumentType]
    assert len(msgspec.json.encode(because)) < 4_000


def test_the_answer_has_the_names_that_clients_know() -> None:
    pack = a_pack(a_rule("r", "item.problems == 0"))
    result = msgspec.to_builtins(evaluate(pack, some_facts()).rules[0])
    assert {name: result[name] for name in ("rule", "version", "mode", "outcome")} == {
        "rule": "r",
        "version": 1,
        "mode": "live",
        "outcome": "review",
    }
    assert {"condition", "value"} <= set(result["because"][0])


def test_attributes_that_are_no_text_are_seen_as_json() -> None:
    assert to_attributes({"a": "x", "b": 1, "c": ["é"], "d": None, "e": True}) == {
        "a": "x",
        "b": "1",
        "c": '["é"]',
        "d": "null",
        "e": "true",
    }


@given(st.lists(st.sampled_from(VERDICTS)))
def test_the_strongest_verdict(verdicts: list[str]) -> None:
    ranks = {"pass": 0, "review": 1, "restrict": 2, "escalate": 3}
    expected = sorted(["pass", *verdicts], key=lambda verdict: ranks[verdict])[-1]
    assert strongest(verdicts) == expected  # pyright: ignore[reportArgumentType]

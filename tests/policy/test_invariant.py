"""No pack restricts without a confirmed, exact, known, not allowed match: many try."""

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_examples import a_match, a_pack, a_rule, some_facts

from tidegate.policy.data import default_source
from tidegate.policy.evaluate import evaluate
from tidegate.policy.facts import ReportFacts
from tidegate.policy.invariant import STATEMENT, TRUSTED, qualifies
from tidegate.policy.model import Because
from tidegate.policy.reading import InvalidPack, load_pack
from tidegate.signals.model import Match

SOUND = a_match(entry="sound")
UNSOUND = [
    a_match(entry="unconfirmed", confirmed=False),
    a_match(entry="far", exact=False, route="local"),
    a_match(entry="allowed", allowed=True),
    a_match(entry="allow", stance="allow"),
]
EXACT = "m.stance == 'known' && m.confirmed && m.exact && !m.allowed"
EVERYTHING_REPORTED = ReportFacts(9, 9, ["user"], ["threat_to_life"])


@pytest.mark.parametrize(
    "when",
    [
        ["size(matches) >= 0"],
        ["matches == matches"],
        ["matches.all(m, m.confirmed)"],
        ["!matches.exists(m, m.allowed) || reports.count > 0"],
        ["matches.size() > 0"],
        ["matches.exists(m, m.confirmed)"],
        ["matches.exists(m, m.exact)"],
        ["matches.exists(m, !m.exact)"],
        ["matches.exists(m, m.stance == 'known')"],
        ["matches.exists(m, m.confirmed && m.exact)"],
        ["matches[0].entry != ''"],
        ["true || matches[0].confirmed"],
        ["reports.count > 3 || matches.exists(m, m.confirmed)"],
        ["text.value.contains('attack')", "matches.size() < 100"],
        ["[true].exists(matches, matches) || matches.size() > 0"],
        [f"matches.exists(m, {EXACT}) ? true : true"],
        [f"!matches.exists(m, {EXACT}) || size(matches) > 0"],
    ],
)
@pytest.mark.parametrize("matches", [*([one] for one in UNSOUND), UNSOUND, []])
def test_no_rule_restricts_without_a_sound_match(when: list[str], matches: list[Match]) -> None:
    pack = a_pack(a_rule("sly", *when, outcome="restrict"))
    facts = some_facts(*matches, reports=EVERYTHING_REPORTED, text="an attack", problems=1)
    evaluated = evaluate(pack, facts)
    assert evaluated.verdict in ("pass", "review")
    assert evaluated.rests_on == []


@pytest.mark.parametrize(
    "when",
    [
        ["matches.size() >= 0"],
        ["reports.count > 0 || matches.size() > 0"],
        ["matches.exists(m, m.entry == 'unconfirmed')"],
        ["matches.size() == 5"],
        ["matches.exists(m, m.confirmed)"],
        [f"matches.exists(m, !({EXACT}))"],
        [f"matches.exists(m, {EXACT})", "matches.exists(m, m.entry == 'far')"],
    ],
)
def test_a_sound_match_beside_it_does_not_help(when: list[str]) -> None:
    pack = a_pack(a_rule("sly", *when, outcome="restrict"))
    facts = some_facts(SOUND, *UNSOUND, reports=EVERYTHING_REPORTED)
    evaluated = evaluate(pack, facts)
    assert evaluated.verdict == "review"
    result = evaluated.rules[0]
    assert result.outcome == "review"
    assert (result.because[-1].condition, result.because[-1].value) == (STATEMENT, False)


def test_a_rule_that_rests_on_a_sound_match_restricts() -> None:
    pack = a_pack(a_rule("fair", f"matches.exists(m, {EXACT})", outcome="restrict"))
    evaluated = evaluate(pack, some_facts(*UNSOUND, SOUND))
    assert evaluated.verdict == "restrict"
    assert evaluated.rules[0].because[-1].value is True


@pytest.mark.parametrize("mode", ["draft", "shadow", "retired"])
def test_only_live_rules_restrict(mode: str) -> None:
    pack = a_pack(a_rule("fair", f"matches.exists(m, {EXACT})", outcome="restrict", mode=mode))
    assert evaluate(pack, some_facts(SOUND)).verdict == "pass"


def test_a_failing_rule_does_not_restrict() -> None:
    when = [f"matches.exists(m, {EXACT})", "item.attributes['missing'] == 'x'"]
    evaluated = evaluate(a_pack(a_rule("bad", *when, outcome="restrict")), some_facts(SOUND))
    assert (evaluated.verdict, evaluated.errors) == ("review", 1)


def test_a_rule_that_does_not_look_at_matches_cannot_be_loaded() -> None:
    with pytest.raises(InvalidPack, match="must rest on `matches`"):
        a_pack(a_rule("sly", "reports.count > 100", outcome="restrict"))
    with pytest.raises(InvalidPack, match="must rest on `matches`"):
        a_pack(
            a_rule("sly", "'matches.size()' != '' && [1].all(matches, true)", outcome="restrict")
        )


# Conditions of every shape over the matches, to be combined at will.
of_one = st.recursive(
    st.sampled_from(
        [
            "m.confirmed",
            "m.exact",
            "m.allowed",
            "m.stance == 'known'",
            "m.stance == 'allow'",
            "m.distance > 3",
            "m.entry == 'sound'",
            "true",
        ]
    ),
    lambda inner: (
        st.builds("!({})".format, inner)
        | st.builds("({} && {})".format, inner, inner)
        | st.builds("({} || {})".format, inner, inner)
    ),
    max_leaves=4,
)
number = st.integers(0, 3)
of_all = st.recursive(
    st.builds("matches.exists(m, {})".format, of_one)
    | st.builds("matches.all(m, {})".format, of_one)
    | st.builds("matches.exists_one(m, {})".format, of_one)
    | st.builds("matches.filter(m, {}).size() >= {}".format, of_one, number)
    | st.builds("matches.size() == {}".format, number)
    | st.builds("[matches[{}]].exists(m, {})".format, number, of_one)
    | st.sampled_from(["true", "reports.count > 0", "item.problems == 0", "1 / 0 == 1"]),
    lambda inner: (
        st.builds("!({})".format, inner)
        | st.builds("({} && {})".format, inner, inner)
        | st.builds("({} || {})".format, inner, inner)
        | st.builds("({} ? {} : {})".format, inner, inner, inner)
    ),
    max_leaves=6,
)
some_matches = st.lists(
    st.builds(
        a_match,
        stance=st.sampled_from(["known", "allow"]),
        confirmed=st.booleans(),
        exact=st.booleans(),
        allowed=st.booleans(),
        distance=st.integers(0, 6),
        entry=st.sampled_from(["sound", "e1", "e2"]),
    )
    | st.just(SOUND),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(of_all, min_size=1, max_size=3), some_matches, st.integers(0, 1))
def test_whatever_a_pack_says_a_restriction_rests_on_sound_matches(
    when: list[str], matches: list[Match], reports: int
) -> None:
    try:
        pack = a_pack(a_rule("any", *when, outcome="restrict"))
    except InvalidPack:  # no condition looks at the matches
        return
    facts = some_facts(*matches, reports=ReportFacts(reports, reports))
    evaluated = evaluate(pack, facts)
    if evaluated.verdict != "restrict":
        assert evaluated.rests_on == []
        assert all(result.outcome != "restrict" for result in evaluated.rules)
        return
    assert evaluated.rests_on == [match for match in matches if qualifies(match)] != []
    # Take the sound ones away, and whatever else is taken away too, nothing restricts any more.
    others = [match for match in matches if not qualifies(match)]
    for size in range(len(others) + 1):
        for some in itertools.combinations(others, size):
            weaker = evaluate(pack, msgspec.structs.replace(facts, matches=list(some)))
            assert weaker.verdict != "restrict"
    alone = msgspec.structs.replace(facts, matches=evaluated.rests_on)
    assert evaluate(pack, alone).verdict == "restrict"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(of_all, min_size=1, max_size=2),
    st.lists(st.tuples(st.sampled_from(["sound", "e1"]), st.booleans(), st.booleans()), max_size=3),
    st.sampled_from(["review", "restrict", "escalate"]),
)
def test_quarantine_turns_acting_into_review_and_nothing_into_pass(
    when: list[str], drawn: list[tuple[str, bool, bool]], outcome: str
) -> None:
    try:
        pack = a_pack(a_rule("any", *when, outcome=outcome))
    except InvalidPack:  # no condition looks at the matches
        return
    matches = [a_match(entry=entry, exact=exact) for entry, exact, _ in drawn]
    known = [a_match(entry=e, exact=exact, quarantined=out) for e, exact, out in drawn]
    before, during = evaluate(pack, some_facts(*matches)), evaluate(pack, some_facts(*known))
    assert (during.verdict == "pass") == (before.verdict == "pass")
    if during.verdict in ("restrict", "escalate"):
        left = [match for match in known if not match.quarantined]
        assert evaluate(pack, some_facts(*left)).verdict == during.verdict
        assert not any(match.quarantined for match in during.rests_on)


@pytest.mark.parametrize("outcome", ["review", "restrict", "escalate"])
def test_a_rule_that_looks_away_from_quarantine_makes_nothing_pass(outcome: str) -> None:
    when = "matches.exists(m, m.confirmed && !m.quarantined)"
    pack = a_pack(a_rule("trusting", when, outcome=outcome))
    out = a_match(kind="pdq", route="pdq", distance=3, quarantined=True)
    said = evaluate(pack, some_facts(out))
    assert said.verdict == "review"
    assert [(rule.rule, rule.outcome) for rule in said.rules] == [("trusting", "review")]
    assert said.rules[0].because[-1] == Because(TRUSTED, False)
    assert evaluate(pack, some_facts(a_match(confirmed=False, quarantined=True))).verdict == "pass"
    shadow = a_pack(a_rule("trusting", when, outcome=outcome, mode="shadow"))
    assert evaluate(shadow, some_facts(out)).verdict == "pass"


def test_what_does_not_need_the_quarantined_match_is_restricted() -> None:
    pack = load_pack(default_source())
    digest, near = a_match(), a_match(kind="pdq", route="pdq", distance=3, quarantined=True)
    assert evaluate(pack, some_facts(digest, near)).verdict == "restrict"
    assert evaluate(pack, some_facts(digest, near)).rests_on == [digest]
    alone = evaluate(pack, some_facts(near))
    assert (alone.verdict, alone.rules[0].because[-1]) == ("review", Because(TRUSTED, False))

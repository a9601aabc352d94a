"""Private items: judged on a report, or by digests where the operator switched that on."""

import pytest
from policy_examples import a_match, a_pack, a_rule, some_facts

from tidegate.policy.evaluate import evaluate
from tidegate.policy.facts import ReportFacts
from tidegate.policy.gate import admission
from tidegate.policy.model import Pack

ON = "[private]\ndigest_match = true\n"
LOUD = a_rule("loud", "true || text.value == ''", outcome="escalate")
REPORTS = ReportFacts(1, 1, ["user"], ["spam"])


@pytest.fixture(params=["", ON], ids=["off", "on"])
def pack(request: pytest.FixtureRequest) -> Pack:
    return a_pack(LOUD, private=request.param)


def test_a_private_item_that_nobody_reported_is_not_judged_by_rules(pack: Pack) -> None:
    facts = some_facts(publicness="private", text="secret", problems=1)
    evaluated = evaluate(pack, facts)
    assert (evaluated.verdict, evaluated.rules) == ("pass", [])


def test_a_reported_private_item_is_judged(pack: Pack) -> None:
    evaluated = evaluate(pack, some_facts(publicness="private", reports=REPORTS))
    assert [result.rule for result in evaluated.rules] == ["loud"]


@pytest.mark.parametrize("publicness", ["public", "restricted"])
def test_other_items_are_judged_without_a_report(pack: Pack, publicness: str) -> None:
    assert evaluate(pack, some_facts(publicness=publicness)).verdict == "escalate"


def test_a_digest_match_counts_only_when_switched_on() -> None:
    for route in ("digest", "text_digest"):
        facts = some_facts(a_match(route=route), publicness="private")
        assert evaluate(a_pack(LOUD), facts).verdict == "pass"
        evaluated = evaluate(a_pack(LOUD, private=ON), facts)
        assert evaluated.verdict == "review"
        assert [result.rule for result in evaluated.rules] == ["private-digest-match"]
        assert evaluated.rules[0].because[0].value is True


@pytest.mark.parametrize(
    "match",
    [
        a_match(route="pdq"),
        a_match(route="url"),
        a_match(stance="allow"),
        a_match(allowed=True),
        a_match(confirmed=False),
    ],
)
def test_no_other_match_counts_for_a_private_item(match: object) -> None:
    facts = some_facts(match, publicness="private")  # pyright: ignore[reportArgumentType]
    assert evaluate(a_pack(LOUD, private=ON), facts).verdict == "pass"


def test_admission_says_what_may_be_looked_at() -> None:
    off, on = a_pack(LOUD), a_pack(LOUD, private=ON)
    assert admission(off, "private", 0) == "nothing"
    assert admission(on, "private", 0) == "digest"
    assert admission(off, "private", 1) == admission(on, "private", 1) == "all"
    assert admission(off, "public", 0) == admission(off, "restricted", 0) == "all"

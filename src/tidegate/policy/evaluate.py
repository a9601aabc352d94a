"""Evaluating a pack on facts: which rules fire, why, and what they say together.

The hot path: nearly every item fires nothing, which one expression (`Pack.sieve`) decides.
"""

from collections.abc import Hashable, Iterable

import msgspec

from tidegate.content.model import is_tip
from tidegate.policy import invariant
from tidegate.policy.cel import Failure, Inputs
from tidegate.policy.explain import because
from tidegate.policy.facts import Facts
from tidegate.policy.gate import admission, judge_digests
from tidegate.policy.model import (
    Because,
    Evaluated,
    Outcome,
    Pack,
    Rule,
    RuleResult,
    Verdict,
    strongest,
)
from tidegate.signals.model import Match


def evaluate(pack: Pack, facts: Facts) -> Evaluated:
    """Judge facts by the live rules of a pack; shadow rules are recorded and do not act.

    What passes because a rule looks away from matches in quarantine asks a person. Never raises for
    what is in the facts: a rule that fails goes to review. The rules of the answer are those that fired
    or failed, in the pack's order.
    """
    said = _evaluate(pack, facts)
    if said.verdict != "pass" or not any(match.quarantined for match in facts.matches):
        return said
    trusting = [msgspec.structs.replace(match, quarantined=False) for match in facts.matches]
    would = _evaluate(pack, msgspec.structs.replace(facts, matches=trusting))
    asking = [_asking(rule) for rule in would.rules if rule.mode == "live"]
    return Evaluated("review", [*said.rules, *asking], said.errors) if asking else said


def evaluate_many(pack: Pack, many: Iterable[Facts]) -> list[Evaluated]:
    """The same of many, in their order: what rules see no difference between is judged once."""
    known: dict[Hashable, Evaluated] = {}
    answers: list[Evaluated] = []
    for facts in many:
        key = _key(pack, facts)
        said = None if key is None else known.get(key)
        if said is None:
            said = evaluate(pack, facts)
            if key is not None:
                known[key] = said
        answers.append(said)
    return answers


def _key(pack: Pack, facts: Facts) -> Hashable | None:
    """What a verdict depends on; None where that is not told in a few words."""
    if facts.matches or (seen := pack.binding.reads(facts)) is None:
        return None
    item = facts.item
    tip = is_tip(item.surface, item.author)
    key = (item.publicness, facts.reports.count, tip, seen)
    try:
        hash(key)
    except TypeError:  # attributes
        return None
    return key


def _asking(rule: RuleResult) -> RuleResult:
    """A rule that would fire if it trusted what is in quarantine."""
    because = [*rule.because, Because(invariant.TRUSTED, False)]
    return msgspec.structs.replace(rule, outcome="review", because=because)


def _evaluate(pack: Pack, facts: Facts) -> Evaluated:
    item = facts.item
    tip = is_tip(item.surface, item.author)
    match admission(pack, item.publicness, facts.reports.count, tip=tip):
        case "nothing":
            return Evaluated("pass", [])
        case "digest":
            return judge_digests(facts.matches)
        case "all":
            pass
    if not pack.acting:
        return Evaluated("pass", [])
    try:
        inputs = pack.binding.inputs(facts)
    except (ValueError, TypeError, OverflowError) as error:
        return _all_failed(pack, Failure(f"the facts cannot be read: {error}"[:300]))
    if pack.sieve is not None and pack.sieve.evaluate(inputs) is False:
        return Evaluated("pass", [])

    results: list[RuleResult] = []
    verdict: Verdict = "pass"
    errors = 0
    resting: list[Match] = []
    for rule in pack.acting:
        values = _values(rule, inputs)
        if values is None:
            continue
        explanation = [
            because(condition, value, facts)
            for condition, value in zip(rule.when, values, strict=True)
        ]
        if any(isinstance(value, Failure) for value in values):
            errors += 1
            outcome: Outcome = "review"
        else:
            said = _limited(rule, facts.matches, inputs)
            outcome, sound = said.outcome, said.sound
            explanation += said.because
            if sound and rule.mode == "live":
                resting = sound
        results.append(RuleResult(rule.name, rule.version, rule.mode, outcome, explanation))
        if rule.mode == "live":
            verdict = strongest((verdict, outcome))
    return Evaluated(verdict, results, errors, resting if verdict == "restrict" else [])


class _Limited(msgspec.Struct, frozen=True):
    """What a rule that fired may do, why, and the matches that its restriction rests on."""

    outcome: Outcome
    because: list[Because] = []
    sound: list[Match] = []


def _limited(rule: Rule, matches: list[Match], inputs: Inputs) -> _Limited:
    """A rule acts by what may be acted upon, and else asks a person; never less."""

    def holds(some: list[Match]) -> bool:
        given = inputs.with_matches(some)
        return all(condition.evaluate(given) is True for condition in rule.when)

    if rule.outcome == "review":
        return _Limited("review")
    trusted = [match for match in matches if not match.quarantined]
    if len(trusted) < len(matches) and not holds(trusted):
        return _Limited("review", [Because(invariant.TRUSTED, False)])
    if rule.outcome == "escalate":
        return _Limited("escalate")
    sound = invariant.rests_on(trusted, holds)
    why = [Because(invariant.STATEMENT, bool(sound))]
    return _Limited("restrict" if sound else "review", why, sound)


def _values(rule: Rule, inputs: Inputs) -> list[bool | Failure] | None:
    """The results of a rule's conditions; None as soon as one is false: the rule does not apply.

    A failure does not end it, since a later false outweighs it.
    """
    values: list[bool | Failure] = []
    for condition in rule.when:
        value = condition.evaluate(inputs)
        if value is False:
            return None
        values.append(value)
    return values


def _all_failed(pack: Pack, failure: Failure) -> Evaluated:
    results = [
        RuleResult(
            rule.name,
            rule.version,
            rule.mode,
            "review",
            [Because(condition.source, None, error=failure.message) for condition in rule.when],
        )
        for rule in pack.acting
    ]
    live = any(rule.mode == "live" for rule in pack.acting)
    return Evaluated("review" if live else "pass", results, len(results))

"""Rules for queues: which queue a case goes to, by the first rule whose conditions all hold. Pure.

A rule that cannot be evaluated ends the search: the case stays where it is by default, and that is said.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from tidegate.policy.cel import QUEUES, Binding, Condition, Failure, compile_condition
from tidegate.policy.facts import QueueCase, QueueFacts
from tidegate.policy.hints import Advice, advise, misnamed

OURS = ("default", "reports", "entries", "senior")
"""Queues that cases are in by themselves; rules lead to the first two of these, or to others."""
NOT_BY_RULE = OURS[2:]
OF_INCIDENTS = "incident-"


class QueueRule(msgspec.Struct, frozen=True, kw_only=True):
    """A named rule: the queue of the cases of which all conditions hold."""

    name: str
    queue: str
    when: tuple[Condition, ...]
    text: str = ""


class Routed(msgspec.Struct, frozen=True):
    """Where a case goes: to the `queue` of a `rule`; without one, where it is by default, also where the rule
    `failed`."""

    queue: str | None = None
    rule: str | None = None
    failed: str | None = None


NOWHERE = Routed()


def route(rules: Sequence[QueueRule], case: QueueCase) -> Routed:
    """The first rule that takes the case. Never raises for what is in it."""
    if not rules:
        return NOWHERE
    try:
        inputs = _ALL.inputs(QueueFacts(case))
    except (ValueError, TypeError, OverflowError):
        return Routed(failed=rules[0].name)
    for rule in rules:
        values = [one.evaluate(inputs) for one in rule.when]
        if any(value is False for value in values):
            continue
        if any(isinstance(value, Failure) for value in values):
            return Routed(failed=rule.name)
        return Routed(rule.queue, rule.name)
    return NOWHERE


def condition_of(source: str) -> Condition | list[Advice]:
    """A condition about a case, compiled; else what is wrong with it. Which labels there are is not asked."""
    wrong = misnamed(source, None, QUEUES)
    found = compile_condition(source, QUEUES)
    if not isinstance(found, Condition):
        return [*wrong, *advise(source, found, QUEUES)]
    return wrong or found


@lru_cache(maxsize=256)
def rule_as_kept(name: str, queue: str, sources: tuple[str, ...]) -> QueueRule | None:
    """A rule that is kept as text, such as that of an open incident; None where a later program cannot read it any
    more."""
    when = [compile_condition(one, QUEUES) for one in sources]
    sound = tuple(one for one in when if isinstance(one, Condition))
    return QueueRule(name=name, queue=queue, when=sound) if len(sound) == len(when) else None


_ALL = Binding(frozenset(f"case.{field}" for field in QUEUES.fields("case")), QUEUES)

"""Replay: what a pack would have decided on stored items. Pure; nothing it says is carried out.

The caller gives stored items, each with its facts and the verdict that stands in its last evaluation.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from tidegate.policy.evaluate import evaluate
from tidegate.policy.facts import Facts
from tidegate.policy.model import VERDICTS, Evaluated, Pack, Rule, Verdict, promote

NEWS = ("news", "counter_speech")
PER_CELL = 5  # examples of each change of verdicts
MOST_SPOKEN_FOR = (
    50  # and of what somebody left up as news or counter-speech and would be restricted
)
_MOST_GROUPS = (
    200  # languages, or labels, that are counted by themselves; what is more goes together
)
_REST = "…"

Cells = dict[str, dict[str, int]]
"""How many items had a verdict (first key) and would have another (second key)."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A stored item: its facts, the verdict that it has, in which language it is, and what somebody who
    left it up said that it is for: news, counter_speech, research, art."""

    item: str
    facts: Facts
    before: Verdict
    language: str = ""
    exemption: str | None = None


class Difference(msgspec.Struct, frozen=True):
    """An item that the draft would have decided otherwise, and the rules that say so."""

    item: str
    before: Verdict
    after: Verdict
    rules: list[str]


class RuleCount(msgspec.Struct, frozen=True):
    """How often a rule of the draft fired, and on how many items it failed."""

    rule: str
    version: int
    mode: str
    fired: int
    failed: int


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """`matrix[before][after]` counts items; `examples` are the first of the differing ones."""

    pack: str
    items: int
    different: int
    errors: int
    matrix: dict[str, dict[str, int]]
    rules: list[RuleCount]
    examples: list[Difference]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a pack says of a stored item: the verdict, the live rules that acted, and the labels by which it
    is counted, of its matches and of these rules."""

    after: Verdict
    acted: list[str]
    labels: list[str]

    def is_newly_restricted(self, before: str) -> bool:
        return self.after == "restrict" and before != "restrict"


class Counts(msgspec.Struct, kw_only=True):
    """What a replay counts, and keeps between its pages."""

    items: int = 0
    cells: Cells = {}
    languages: dict[str, Cells] = {}
    labels: dict[str, Cells] = {}
    fired: dict[str, int] = {}
    failed: dict[str, int] = {}
    spoken_for: int = 0  # news and counter-speech that would be newly restricted
    examples: dict[str, int] = {}  # how many are kept, by `before>after`, and of what is spoken for

    def take(self, pack: Pack, one: Replayed) -> Outcome:
        """Judge a stored item by the pack, and count it."""
        said = evaluate(pack, one.facts)
        outcome = _outcome(pack, one.facts, said)
        self.items += 1
        _count(self.cells, one.before, outcome.after)
        _count(_group(self.languages, one.language), one.before, outcome.after)
        for label in outcome.labels or [""]:
            _count(_group(self.labels, label), one.before, outcome.after)
        for result in said.rules:
            errs = any(because.error is not None for because in result.because)
            counter = self.failed if errs else self.fired
            counter[result.rule] = counter.get(result.rule, 0) + 1
        if one.exemption in NEWS and outcome.is_newly_restricted(one.before):
            self.spoken_for += 1
        return outcome

    def keeps(self, one: Replayed, outcome: Outcome) -> bool:
        """Whether this item is one of the examples."""
        cell, most = f"{one.before}>{outcome.after}", PER_CELL
        if one.exemption in NEWS and outcome.is_newly_restricted(one.before):
            cell, most = "spoken for", MOST_SPOKEN_FOR
        self.examples[cell] = self.examples.get(cell, 0) + 1
        return self.examples[cell] <= most

    def newly_restricted(self) -> int:
        return sum(row.get("restrict", 0) for was, row in self.cells.items() if was != "restrict")

    def different(self) -> int:
        return sum(n for was, row in self.cells.items() for now, n in row.items() if was != now)


def replay(stored: Iterable[Replayed], pack: Pack, *, examples: int = 20) -> ReplayReport:
    """Judge stored items by a pack, with its draft rules as if live.

    Shadow rules are counted and do not act, as always. Holds only the counts and the examples, so
    any number of items may come.
    """
    draft, counts = promote(pack), Counts()
    shown: list[Difference] = []
    for one in stored:
        outcome = counts.take(draft, one)
        if one.before != outcome.after and len(shown) < examples:
            shown.append(Difference(one.item, one.before, outcome.after, outcome.acted))
    return ReplayReport(
        pack=pack.ident,
        items=counts.items,
        different=counts.different(),
        errors=sum(counts.failed.values()),
        matrix=matrix(counts.cells),
        rules=rule_counts(pack, counts),
        examples=shown,
    )


def matrix(cells: Cells) -> Cells:
    """The counts with a row and a column for each verdict."""
    return {
        before: {after: cells.get(before, {}).get(after, 0) for after in VERDICTS}
        for before in VERDICTS
    }


def rule_counts(pack: Pack, counts: Counts) -> list[RuleCount]:
    return [_of_rule(rule, counts) for rule in pack.rules if rule.mode != "retired"]


def _of_rule(rule: Rule, counts: Counts) -> RuleCount:
    fired, failed = counts.fired.get(rule.name, 0), counts.failed.get(rule.name, 0)
    return RuleCount(rule.name, rule.version, rule.mode, fired, failed)


def _outcome(pack: Pack, facts: Facts, said: Evaluated) -> Outcome:
    acted = [result.rule for result in said.rules if result.mode == "live"]
    named = [rule.label for rule in pack.rules if rule.name in acted and rule.label is not None]
    matched = [label for match in facts.matches for label in match.labels if label in pack.labels]
    labels = [*Counter([*named, *matched])]
    return Outcome(after=said.verdict, acted=acted, labels=labels)


def _count(cells: Cells, before: str, after: str) -> None:
    row = cells.setdefault(before, {})
    row[after] = row.get(after, 0) + 1


def _group(groups: dict[str, Cells], name: str) -> Cells:
    """The cells of a language or a label; what platforms send as languages may be without number."""
    if name not in groups and len(groups) >= _MOST_GROUPS:
        name = _REST
    return groups.setdefault(name, {})

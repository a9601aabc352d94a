"""Replay: what a draft would have decided on stored items. Pure; nothing it says is carried out.

The caller gives stored items with their facts and the verdict that stands in their evaluation.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from tidegate.policy.evaluate import evaluate
from tidegate.policy.facts import Facts
from tidegate.policy.model import VERDICTS, Pack, Rule, Verdict, promote


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


def replay(
    stored: Iterable[tuple[str, Facts, Verdict]], pack: Pack, *, examples: int = 20
) -> ReplayReport:
    """Evaluate a pack on (item, facts, recorded verdict), with its draft rules as if live.

    Shadow rules are counted and do not act, as always. Holds only the counts and the examples, so
    any number of items may come.
    """
    draft = promote(pack)
    cells: Counter[tuple[Verdict, Verdict]] = Counter()
    fired: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    shown: list[Difference] = []
    for item, facts, before in stored:
        evaluated = evaluate(draft, facts)
        cells[before, evaluated.verdict] += 1
        for result in evaluated.rules:
            errs = any(because.error is not None for because in result.because)
            (failed if errs else fired)[result.rule] += 1
        if before != evaluated.verdict and len(shown) < examples:
            acting = [result.rule for result in evaluated.rules if result.mode == "live"]
            shown.append(Difference(item, before, evaluated.verdict, acting))
    return ReplayReport(
        pack=pack.ident,
        items=cells.total(),
        different=sum(count for (before, after), count in cells.items() if before != after),
        errors=failed.total(),
        matrix={before: {after: cells[before, after] for after in VERDICTS} for before in VERDICTS},
        rules=[_count(rule, fired, failed) for rule in pack.rules if rule.mode != "retired"],
        examples=shown,
    )


def _count(rule: Rule, fired: Counter[str], failed: Counter[str]) -> RuleCount:
    return RuleCount(rule.name, rule.version, rule.mode, fired[rule.name], failed[rule.name])

"""What changes from one pack to another, as people are told it; and whether more may be restricted by it. Pure."""

import difflib
from typing import Literal

import msgspec

from tidegate.policy.model import Pack, Rule

MOST_LINES = 6_000  # of each side that are compared line by line
_AROUND = 3  # lines shown around a change


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a rule: it is new, gone, or other things of it changed (`fields`: mode, outcome, when,
    label, text). Modes and outcomes as they were and as they are; "" where there is none."""

    rule: str
    change: Literal["new", "gone", "changed"]
    fields: list[str]
    mode_before: str = ""
    mode: str = ""
    outcome_before: str = ""
    outcome: str = ""


class DiffLine(msgspec.Struct, frozen=True):
    """A line of the difference: it stayed (""), was "added" or "removed", or lines were left out ("gap");
    its numbers before and after."""

    kind: Literal["", "added", "removed", "gap"]
    text: str
    before: int | None = None
    after: int | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """From one version of a pack to another. `lines` is None where they are too many to be compared."""

    before: str
    after: str
    rules: list[RuleChange]
    lines: list[DiffLine] | None


def difference(before: Pack, after: Pack) -> Difference:
    """All that differs between two packs."""
    return Difference(
        before=before.ident,
        after=after.ident,
        rules=rule_changes(before, after),
        lines=line_changes(before.source, after.source),
    )


def rule_changes(before: Pack, after: Pack) -> list[RuleChange]:
    """The rules that differ, in the order of the new pack, those that are gone last."""
    old = {rule.name: rule for rule in before.rules}
    new = {rule.name: rule for rule in after.rules}
    found = [_change(name, old.get(name), rule) for name, rule in new.items()]
    found += [_change(name, rule, None) for name, rule in old.items() if name not in new]
    return [one for one in found if one.change != "changed" or one.fields]


def _change(name: str, old: Rule | None, new: Rule | None) -> RuleChange:
    fields = [] if old is None or new is None else _fields(old, new)
    return RuleChange(
        rule=name,
        change="new" if old is None else "gone" if new is None else "changed",
        fields=fields,
        mode_before=old.mode if old else "",
        mode=new.mode if new else "",
        outcome_before=old.outcome if old else "",
        outcome=new.outcome if new else "",
    )


def _fields(old: Rule, new: Rule) -> list[str]:
    pairs = {
        "mode": (old.mode, new.mode),
        "outcome": (old.outcome, new.outcome),
        "when": (old.sources, new.sources),
        "label": (old.label, new.label),
        "text": (old.text, new.text),
    }
    return [name for name, (was, now) in pairs.items() if was != now]


def line_changes(before: str, after: str) -> list[DiffLine] | None:
    """The lines that differ, with some around them."""
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > MOST_LINES:
        return None
    found: list[DiffLine] = []
    for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(_AROUND):
        if found or group[0][1] > 0:
            found.append(DiffLine("gap", ""))
        for tag, i, j, k, m in group:
            if tag == "equal":
                pairs = zip(range(i, j), range(k, m), strict=True)
                found += [DiffLine("", old[x], x + 1, y + 1) for x, y in pairs]
            else:
                found += [DiffLine("removed", old[x], x + 1) for x in range(i, j)]
                found += [DiffLine("added", new[y], None, y + 1) for y in range(k, m)]
    return found


def restricts_more(before: Pack | None, after: Pack) -> list[str]:
    """The rules by which something may be restricted that was not: each live one that restricts and is new,
    went live, or asks other conditions. And those that stay, where a rule that escalated before them is not
    there any more, or where they count what could not be judged and that counts otherwise."""
    live = [rule for rule in after.rules if rule.mode == "live" and rule.outcome == "restrict"]
    if before is None:
        return [rule.name for rule in live]
    known = {frozenset(rule.sources) for rule in before.rules if _acts(rule, "restrict")}
    escalated = {frozenset(rule.sources) for rule in before.rules if _acts(rule, "escalate")}
    escalates = {frozenset(rule.sources) for rule in after.rules if _acts(rule, "escalate")}
    unmasked = not escalated <= escalates
    counted = set(before.pass_unjudged) != set(after.pass_unjudged)
    return [
        rule.name
        for rule in live
        if frozenset(rule.sources) not in known or unmasked or (counted and _counts(rule))
    ]


def _acts(rule: Rule, outcome: str) -> bool:
    return rule.mode == "live" and rule.outcome == outcome


def _counts(rule: Rule) -> bool:
    return any("item.problems" in condition.uses for condition in rule.when)

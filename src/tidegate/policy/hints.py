"""From what the CEL compiler says to what helps a rule's author: plain words and a likely fix."""

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from tidegate.policy.cel import RULES, Flaw, World
from tidegate.signals.model import Match

# What may be meant by a misspelt function; not a list of all that there are.
_FUNCTIONS = (
    *("all", "contains", "endsWith", "exists", "exists_one", "filter", "has", "map", "matches"),
    *("size", "startsWith", "duration", "timestamp", "double", "int", "string"),
)
_FIELD = re.compile(r"undefined field '(\w+)' not found in struct 'tidegate\.(\w+)'")
_REFERENCE = re.compile(r"undeclared reference to '([\w.]+)'")
_OVERLOAD = re.compile(r"found no matching overload for '(.*)' applied to '\((.*)\)'")
_SELECTED = re.compile(r"expression of type 'list\(.*\)' cannot be the operand of a select")
_SYNTAX = re.compile(r"Syntax error: (.*?)(?: expecting .*)?$")

_OPERATORS = {"_[_]": "[ ]", "_?_:_": "? :", "@in": "in"}
# What other languages write.
_TOKENS = {
    "and": "and is written `&&`",
    "or": "or is written `||`",
    "not": "not is written `!`",
    "=": "equality is written `==`",
    "& ": "and is written `&&`",
    "| ": "or is written `||`",
}
_FOREIGN = {
    "len": "did you mean `size`?",
    "length": "did you mean `size`?",
    "lower": "`text.normalised` is in one case already",
    "True": "did you mean `true`?",
    "False": "did you mean `false`?",
    "None": "a field that was not sent is empty: compare with `''`",
    "any": "did you mean `exists`?",
}

_UNKNOWN = re.compile(r"nothing here is called `(\w+)`")
_QUOTED = r"""(?P<quote>['"])(?P<value>[^'"\\]*)(?P=quote)"""
_LABELLED = re.compile(rf"{_QUOTED}\s+in\s+\w+\.labels\b")
_LABEL = re.compile(r"""\bcase\.label\s*[!=]=\s*(?P<quote>['"])(?P<value>[^'"\\]+)(?P=quote)""")


def did_you_mean(word: str, options: Iterable[str]) -> str | None:
    """`did you mean …?` if one of the options is near, else the options if they are few."""
    options = sorted(options)
    near = difflib.get_close_matches(word[:80].lower(), options, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    if options and len(options) <= 12:  # few enough to be read
        return "known are: " + ", ".join(f"`{option}`" for option in options)
    return None


class Advice(msgspec.Struct, frozen=True):
    """A flaw as people should read it: `offset` characters into the condition, and a likely fix."""

    offset: int
    message: str
    hint: str | None = None


def advise(source: str, flaws: Iterable[Flaw], world: World = RULES) -> list[Advice]:
    """The compiler's findings in plain words, each once."""
    advice: dict[str, Advice] = {}
    lines = source.split("\n")
    for flaw in flaws:
        line = lines[min(flaw.line, len(lines)) - 1]
        column, message, hint = _translate(line, flaw, world)
        start = sum(len(before) + 1 for before in lines[: flaw.line - 1])
        advice.setdefault(message, Advice(start + max(column, 1) - 1, message, hint))
    # A misspelt macro makes its own variable unknown: `matches.exist(m, m.exact)`.
    return [
        one
        for one in advice.values()
        if not (
            len(advice) > 1
            and (name := _UNKNOWN.fullmatch(one.message))
            and re.search(rf"\.\w+\(\s*{name[1]}\s*,", source)
        )
    ]


def _translate(line: str, flaw: Flaw, world: World) -> tuple[int, str, str | None]:
    """A flaw's column, message and hint; `line` is the one that it is on."""
    if found := _FIELD.search(flaw.message):
        field, struct = found.groups()
        type_ = Match if struct == "match" else world.variables[struct]
        owner = "a match" if struct == "match" else f"`{struct}`"
        # The compiler points at the dot.
        hint = did_you_mean(field, type_.__struct_fields__)
        return flaw.column + 1, f"{owner} has no field `{field}`", hint
    if found := _REFERENCE.search(flaw.message):
        name = found[1].split(".")[0]
        # The compiler points behind the name where a dot or a bracket follows it.
        behind = line[flaw.column - 1 : flaw.column] in (".", "(")
        hint = _FOREIGN.get(name) or did_you_mean(name, [*world.variables, *_FUNCTIONS])
        hint = hint or "the variables are " + ", ".join(f"`{name}`" for name in world.variables)
        column = flaw.column - len(name) if behind else flaw.column
        return column, f"nothing here is called `{name}`", hint
    if found := _OVERLOAD.search(flaw.message):
        operator, types = found.groups()
        types = types.replace("tidegate.", "")
        named = _OPERATORS.get(operator) or operator.strip("_").replace("@", "")
        return flaw.column, f"`{named}` does not take ({types})", _mend(named, types)
    if _SELECTED.search(flaw.message):
        message = "a list has no fields of its own"
        return flaw.column + 1, message, "ask its elements: `matches.exists(m, m.confirmed)`"
    if found := _SYNTAX.search(flaw.message):
        what = found[1]
        if "<EOF>" in what:
            return flaw.column, "the condition ends too early", "something is missing at the end"
        if "recognition error at: '\"" in what or "recognition error at: ''" in what:
            return flaw.column, "a text is not closed", "its closing quote is missing"
        fixes = [fix for token, fix in _TOKENS.items() if f"'{token}" in what]
        return flaw.column, f"not an expression: {what}", fixes[0] if fixes else None
    hint = None
    if flaw.message.startswith("a condition must be"):
        hint = "compare it with something, e.g. `… > 0` or `… == 'x'`"
    return flaw.column, flaw.message, hint


def _mend(operator: str, types: str) -> str | None:
    if operator in ("==", "!=", "<", ">", "<=", ">="):
        return "both sides must be of one type: texts stand in quotes, numbers do not"
    if operator in ("&&", "||", "!", "? :"):
        return "what it takes must be true or false: compare with something"
    if operator == "[ ]" and "string" in types:
        return "fields are read with a dot: `item.id`"
    return None


def misnamed(source: str, labels: Iterable[str] | None, world: World = RULES) -> list[Advice]:
    """Texts in a condition that can never be met.

    They are values that a closed field never has, and labels that the pack does not know (None: not asked).
    """
    compared, listed = _of_closed(tuple(world.closed))
    texts = [
        (match["field"], match["value"], match.start("value"))
        for match in compared.finditer(source)
    ]
    texts += [
        (match["field"], text["value"], match.start("list") + text.start("value"))
        for match in listed.finditer(source)
        for text in re.finditer(_QUOTED, match["list"])
    ]
    found = [
        Advice(offset, f"`{field}` is never {value!r}", did_you_mean(value, world.closed[field]))
        for field, value, offset in texts
        if value not in world.closed[field]
    ]
    if labels is None:
        return found
    known = list(labels)
    named = [one for form in (_LABELLED, _LABEL) for one in form.finditer(source)]
    found += [
        Advice(
            match.start("value"),
            f"the pack has no label {match['value']!r}",
            did_you_mean(match["value"], known),
        )
        for match in named
        if match["value"] not in known
    ]
    return found


@lru_cache(maxsize=8)
def _of_closed(fields: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds such a field where it is compared, and where it is looked for in a list."""
    named = rf"\.(?P<field>{'|'.join(fields)})"
    return (
        re.compile(rf"{named}\s*[!=]=\s*{_QUOTED}"),
        re.compile(rf"{named}\s+in\s*\[(?P<list>[^\]]*)\]"),
    )

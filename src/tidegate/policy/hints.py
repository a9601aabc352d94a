"""From what the CEL compiler says to what helps a rule's author: plain words and a likely fix."""

import difflib
import re
from collections.abc import Iterable

from tidegate.policy.cel import VARIABLES, Flaw
from tidegate.policy.facts import CLOSED
from tidegate.signals.model import Match

# What may be meant by a misspelt function; not a list of all that there are.
_FUNCTIONS = (
    *("all", "contains", "endsWith", "exists", "exists_one", "filter", "has", "map", "matches"),
    *("size", "startsWith", "duration", "timestamp", "double", "int", "string"),
)
_FIELD = re.compile(r"undefined field '(\w+)' not found in struct 'tidegate\.(\w+)'")
_REFERENCE = re.compile(r"undeclared reference to '([\w.]+)'")
_OVERLOAD = re.compile(
    r"found no matching overload for '(?:_?([^\w\s]+)_?|(\w+))' applied to '(.*)'"
)
_SYNTAX = re.compile(r"Syntax error: (.*?)(?: expecting .*)?$")

_QUOTED = r"""(?P<quote>['"])(?P<value>[^'"\\]*)(?P=quote)"""
_COMPARED = re.compile(rf"\.(?P<field>{'|'.join(CLOSED)})\s*[!=]=\s*{_QUOTED}")
_LABELLED = re.compile(rf"{_QUOTED}\s+in\s+\w+\.labels\b")


def did_you_mean(word: str, options: Iterable[str]) -> str | None:
    """`did you mean …?` if one of the options is near, else the options if they are few."""
    options = sorted(options)
    near = difflib.get_close_matches(word.lower(), options, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    if options and len(options) <= 12:
        return "known are: " + ", ".join(f"`{option}`" for option in options)
    return None


def translate(flaw: Flaw) -> tuple[int, str, str | None]:
    """A flaw's column, message and hint, as people should read them."""
    if found := _FIELD.search(flaw.message):
        field, struct = found.groups()
        type_ = Match if struct == "match" else VARIABLES[struct]
        owner = "a match" if struct == "match" else f"`{struct}`"
        # The compiler points at the dot.
        return (
            flaw.column + 1,
            f"{owner} has no field `{field}`",
            did_you_mean(field, type_.__struct_fields__),
        )
    if found := _REFERENCE.search(flaw.message):
        name = found[1].split(".")[0]
        # For `a.b` the compiler points at the dot, for a method at its bracket.
        column = flaw.column - len(name) if "." in found[1] else flaw.column
        return (
            max(column, 1),
            f"nothing here is called `{name}`",
            did_you_mean(name, [*VARIABLES, *_FUNCTIONS])
            or "the variables are " + ", ".join(f"`{name}`" for name in VARIABLES),
        )
    if found := _OVERLOAD.search(flaw.message):
        operator, function, types = found.groups()
        types = types.strip("()").replace("tidegate.", "").replace(", ", " and ")
        verb = f"`{operator}`" if operator else f"`{function}()`"
        hint = None
        if operator in ("==", "!=", "<", ">", "<=", ">=") and "string" in types:
            hint = "both sides must be of one type: texts stand in quotes, numbers do not"
        elif operator in ("&&", "||", "!"):
            hint = "both sides must be true or false: compare with something"
        return flaw.column, f"{verb} does not take {types}", hint
    if found := _SYNTAX.search(flaw.message):
        if "<EOF>" in found[1]:
            return flaw.column, "the condition ends too early", "something is missing at the end"
        hint = "equality is written `==`" if "'= '" in found[1] or "'='" in found[1] else None
        return flaw.column, f"not an expression: {found[1]}", hint
    if flaw.message.startswith("a condition must be"):
        return flaw.column, flaw.message, "compare it with something, e.g. `… > 0` or `… == 'x'`"
    return flaw.column, flaw.message, None


def misnamed(source: str, labels: Iterable[str]) -> list[tuple[int, str, str | None]]:
    """Texts in a condition that can never be met: (offset, message, hint) of each.

    They are values that a closed field never has, and labels that the pack does not know.
    """
    found: list[tuple[int, str, str | None]] = []
    for match in _COMPARED.finditer(source):
        options = CLOSED[match["field"]]
        if match["value"] not in options:
            message = f"`{match['field']}` is never {match['value']!r}"
            found.append((match.start("value"), message, did_you_mean(match["value"], options)))
    labels = list(labels)
    for match in _LABELLED.finditer(source):
        if match["value"] not in labels:
            message = f"the pack has no label {match['value']!r}"
            found.append((match.start("value"), message, did_you_mean(match["value"], labels)))
    return found

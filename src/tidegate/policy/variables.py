"""The page that documents the variables of rules, written from their types.

`python -m tidegate.policy.variables > docs/policy-variables.md`; a test compares.
"""

import sys
from datetime import datetime
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from tidegate.policy.cel import QUEUES, RULES, World
from tidegate.policy.facts import CLOSED, MATCH_FIELDS
from tidegate.signals.model import Match

_INTRODUCTION = """\
# What rules see

A rule's `when` is a list of [CEL](https://cel.dev) conditions that must all hold. This page is \
written from the types in `src/tidegate/policy/facts.py`, and conditions are checked against the \
same types when a pack is loaded: a field that is not listed here is an error.

- If any condition is false, the rule does not apply. Otherwise, if any condition failed (a \
missing attribute, a division by zero), the item goes to review. Otherwise the rule fires.
- Lists are asked with `matches.exists(m, m.confirmed)`, `.all(…)`, `.filter(…)`, `.size()`; texts \
with `.contains(…)`, `.startsWith(…)`, `.matches('regular expression')`.
- A rule restricts only where it rests on a match with a confirmed entry of stance `known`, found \
exactly and not allowed; anywhere else its outcome becomes `review`.
"""
_OF_QUEUES = """\
# What rules for queues see

The `when` of a `[[queues]]` table, and that of an open incident, read one variable alone.
"""
_TYPES: dict[Any, str] = {
    str: "string",
    int: "int",
    bool: "bool",
    float: "double",
    datetime: "timestamp",
}


class Field(msgspec.Struct, frozen=True):
    """A field of a variable, its type in words, and what it means."""

    name: str
    type: str
    text: str


class Variable(msgspec.Struct, frozen=True):
    """A variable of the rules; what is `listed` is asked by its elements, which have the fields."""

    name: str
    text: str
    listed: bool
    fields: list[Field]


FUNCTIONS = (
    *("all", "exists", "exists_one", "filter", "map", "size"),
    *("contains", "endsWith", "startsWith", "matches", "has", "duration", "timestamp"),
)


def variables(world: World = RULES) -> list[Variable]:
    """All that rules see."""
    return [
        Variable(
            name,
            "Known content found in the item." if struct is Match else _first_paragraph(struct),
            name in world.lists,
            [
                Field(field, _type(field, annotation), describe(struct, field, annotation))
                for field, annotation in get_type_hints(struct, include_extras=True).items()
            ],
        )
        for name, struct in world.variables.items()
    ]


def render_variables() -> str:
    """The page, in Markdown."""
    parts = [_INTRODUCTION, *_tables(variables())]
    return "\n".join([*parts, _OF_QUEUES, *_tables(variables(QUEUES))])


def _tables(found: list[Variable]) -> list[str]:
    parts: list[str] = []
    for one in found:
        what = "A list, each element with these fields." if one.listed else ""
        parts.append(f"## `{one.name}`\n\n{one.text} {what}".rstrip() + "\n")
        rows = ["| field | type | meaning |", "|---|---|---|"]
        rows += [f"| `{field.name}` | {field.type} | {field.text} |" for field in one.fields]
        parts.append("\n".join(rows) + "\n")
    return parts


def describe(struct: type[msgspec.Struct], field: str, annotation: Any) -> str:
    """A field's meaning. Raises LookupError if nobody has written it down."""
    if struct is Match:
        return MATCH_FIELDS[field]
    for extra in get_args(annotation)[1:] if get_origin(annotation) is Annotated else ():
        if isinstance(extra, msgspec.Meta) and extra.description:
            return extra.description
    raise LookupError(f"{struct.__name__}.{field} has no description")


def _first_paragraph(struct: type[msgspec.Struct]) -> str:
    return " ".join((struct.__doc__ or "").strip().split("\n\n")[0].split())


def _type(field: str, annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin = get_origin(annotation)
    if origin is Literal or field in CLOSED:
        values = CLOSED.get(field) or get_args(annotation)
        return "string: " + ", ".join(f"`{value}`" for value in values)
    if origin is list:
        return f"list of {_TYPES[get_args(annotation)[0]]}"
    if origin is dict:
        return "map of string to string"
    return _TYPES[annotation]


if __name__ == "__main__":
    sys.stdout.write(render_variables())

"""The explanation of an evaluation: each condition, its result, and the values that it read.

Everything is cut to a bounded size.
"""

import re
from datetime import datetime
from typing import cast

import msgspec

from tidegate.policy.cel import Condition, Failure
from tidegate.policy.facts import Facts
from tidegate.policy.model import Because
from tidegate.signals.model import Match

MAX_TEXT = 120
MAX_ELEMENTS = 5

_MATCH_FIELD = re.compile(rf"\.\s*({'|'.join(Match.__struct_fields__)})\b(?!\s*\()")


def because(condition: Condition, value: bool | Failure, facts: Facts) -> Because:
    """One line of an explanation."""
    read = _read(condition, facts)
    if isinstance(value, Failure):
        return Because(condition.source, None, read, value.message)
    return Because(condition.source, value, read)


def _read(condition: Condition, facts: Facts) -> dict[str, object]:
    read: dict[str, object] = {}
    for path in sorted(condition.uses):
        variable, _, field = path.partition(".")
        value = getattr(facts, variable)
        if field:
            read[path] = _cut(getattr(value, field))
        else:
            shown = ["part", "bank", "entry", *_MATCH_FIELD.findall(condition.source)]
            read[path] = [
                {name: _cut(getattr(one, name)) for name in dict.fromkeys(shown)}
                for one in value[:MAX_ELEMENTS]
            ]
    return read


def _cut(value: object) -> object:
    """A value as JSON takes it, at most MAX_TEXT characters or MAX_ELEMENTS elements of it."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        pairs = list(cast("dict[object, object]", value).items())[:MAX_ELEMENTS]
        return {str(name)[:MAX_TEXT]: _cut(one) for name, one in pairs}
    if isinstance(value, list):
        return [_cut(one) for one in cast("list[object]", value)[:MAX_ELEMENTS]]
    return msgspec.to_builtins(value)

"""Reading the conditions of a rule, each compiled and checked with its place in the file."""

from collections.abc import Iterable
from typing import Any, cast

from tidegate.policy.cel import RULES, Condition, World, compile_condition
from tidegate.policy.fields import Fields, Table, shown
from tidegate.policy.hints import Advice, advise, misnamed
from tidegate.policy.model import PackProblem
from tidegate.policy.source import Place

MAX_CONDITIONS = 20
MAX_CONDITION = 2_000


def read_conditions(
    fields: Fields, table: Table, labels: Iterable[str], world: World = RULES
) -> list[Condition] | None:
    """The compiled conditions of `when`; None, with the problems noted, if any is wrong."""
    sources = table.data.get("when")
    if not isinstance(sources, list) or not sources:
        hint = "`when` is a list of conditions that must all hold"
        fields.problem(table, "when", "a rule needs at least one condition", hint)
        return None
    before = len(fields.problems)
    listed = cast(list[Any], sources)
    if len(listed) > MAX_CONDITIONS:
        fields.problem(table, "when", f"a rule has at most {MAX_CONDITIONS} conditions")
        return None
    conditions: list[Condition] = []
    offsets = fields.source.strings(table.section, "when", listed)
    for source, offset in zip(listed, offsets, strict=True):
        if not isinstance(source, str) or not source.strip():
            message = f"a condition must be a text, this is {shown(source)}"
            fields.problem(table, "when", message)
        elif len(source) > MAX_CONDITION or "\0" in source:
            message = f"a condition has at most {MAX_CONDITION} characters, and no NUL"
            fields.problem(table, "when", message)
        else:
            for advice in misnamed(source, labels, world):
                _note(fields, table, source, offset, advice)
            result = compile_condition(source, world)
            if isinstance(result, Condition):
                conditions.append(result)
                continue
            for advice in advise(source, result, world):
                _note(fields, table, source, offset, advice)
    return conditions if len(fields.problems) == before else None


def _note(fields: Fields, table: Table, source: str, offset: int | None, advice: Advice) -> None:
    """Note what is wrong in a condition that begins at `offset` of the file."""
    if offset is not None:
        place = fields.source.place(offset + advice.offset)
    else:  # written with escapes: the line of `when`, the column within the condition
        key = fields.source.key(table.section, "when")
        place = Place(key.line if key else 1, advice.offset + 1)
    fields.note(
        PackProblem(
            message=advice.message,
            file=fields.file,
            rule=table.rule,
            condition=source,
            line=place.line,
            column=place.column,
            hint=advice.hint,
        )
    )

"""Reading the table `[priority]`, of a pack or of a file that has nothing else."""

import math
from typing import Any

from tidegate.policy import toml
from tidegate.policy.fields import Fields, InvalidPack, Table, shown
from tidegate.policy.model import PackProblem
from tidegate.policy.weights import LEAST_AGE, MOST_WEIGHT, PARTS, Weights


def weights_alone(text: str, file: str) -> Weights:
    """The weights of a file that is no pack: `[priority]`, and nothing else. Raises InvalidPack with every
    problem found."""
    fields = Fields(text, file)
    try:
        document = toml.parse(text)
    except toml.NotToml as error:
        place = error.place
        problem = PackProblem(
            message=error.why,
            file=file,
            line=place and place.line,
            column=place and place.column,
        )
        raise InvalidPack([problem]) from None
    root = Table("the file", document, fields.source.section(""))
    for key in document:
        if key != "priority":
            table = Table(root.name, document, fields.source.outermost(key))
            message = f"a file of weights has no key `{key}`"
            fields.problem(table, key, message, "write the weights below `[priority]`")
    weights = read_weights(fields, root)
    if "priority" not in document:
        fields.problem(root, None, "the file lacks the table `[priority]`")
    if fields.problems:
        raise InvalidPack(fields.problems)
    return weights


def read_weights(fields: Fields, root: Table) -> Weights:
    """The table `[priority]` of a pack; what is wrong in it is noted, and then as usual."""
    table = fields.table(root, "priority")
    fields.known(table, "priority")
    given: dict[str, float] = {}
    for name in PARTS:
        if name in table.data:
            found = _weight(fields, table, name, table.data[name])
            if found is not None:
                given[name] = found
    return Weights(**given)


def _weight(fields: Fields, table: Table, name: str, value: Any) -> float | None:
    if type(value) not in (int, float):
        message = f"`{name}` must be a number, this is {shown(value)}"
        fields.problem(table, name, message)
        return None
    least = LEAST_AGE if name == "age" else 0
    if (isinstance(value, float) and not math.isfinite(value)) or not least <= value <= MOST_WEIGHT:
        message = f"`{name}` is from {least:g} to {MOST_WEIGHT:g}, this is {shown(value)}"
        hint = "waiting must count, or cases starve" if name == "age" else None
        fields.problem(table, name, message, hint)
        return None
    return float(value)

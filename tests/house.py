"""What the architecture tests look for in a module, as functions of its source: so that each can be
shown a bad example as well as the house.
"""

import ast
from collections.abc import Container

MOST_LINES = 70  # of a function, from its `def` to its last line; decorators stand above it
MOST_POSITIONAL = 5  # fields of a Struct or dataclass that may be given by their place


def long_functions(source: str) -> dict[str, int]:
    """The functions of more than MOST_LINES lines, and how many each has."""
    return {
        node.name: lines
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_LINES
    }


def wide_and_positional(source: str) -> list[str]:
    """The Structs and dataclasses that take more than MOST_POSITIONAL fields by their place.

    Fields of a base class count where the base stands in the same module.
    """
    positional: dict[str, int] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and (options := _options(node, positional)) is not None:
            bases = [positional.get(ast.unparse(base), 0) for base in node.bases]
            own = 0 if "kw_only" in options else sum(1 for line in node.body if _is_field(line))
            positional[node.name] = sum(bases) + own
    return [name for name, fields in positional.items() if fields > MOST_POSITIONAL]


def _is_field(line: ast.stmt) -> bool:
    return isinstance(line, ast.AnnAssign) and "ClassVar" not in ast.unparse(line.annotation)


def _options(node: ast.ClassDef, known: Container[str]) -> set[str] | None:
    """The options set to True of a class that takes its fields in `__init__`; None for another."""
    for decorator in node.decorator_list:
        called, keywords = decorator, list[ast.keyword]()
        if isinstance(decorator, ast.Call):
            called, keywords = decorator.func, decorator.keywords
        if ast.unparse(called).removeprefix("dataclasses.") == "dataclass":
            return _set(keywords)
    bases = [ast.unparse(base).removeprefix("msgspec.") for base in node.bases]
    if any(base == "Struct" or base in known for base in bases):
        return _set(node.keywords)
    return None


def _set(keywords: list[ast.keyword]) -> set[str]:
    return {one.arg for one in keywords if one.arg and ast.unparse(one.value) == "True"}

"""What the architecture tests look for in a module, as functions of its source: so that each can be
shown a bad example as well as the house.
"""

import ast

MOST_LINES = 70  # of a function, from its `def` to its last line; decorators stand above it


def long_functions(source: str) -> dict[str, int]:
    """The functions of more than MOST_LINES lines, and how many each has."""
    return {
        node.name: lines
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_LINES
    }

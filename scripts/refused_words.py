"""What refusals say, from where they are written: the domain's sentences are English, and a page finds the
reader's by their form. `f"It is {case.state}."` is collected as "It is %(state)s.".

A sentence is what stands for a title, a detail, what was expected and what came, in a call of `Refusal`,
`FieldError` or `bad_field`, or of a function that hands its parameter on to one.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tidegate.web.pages.refusals import JARGON

# Places of sentences, by the names of parameters and by position.
TOLD: dict[str, dict[int, str]] = {
    "Refusal": {2: "title", 3: "detail"},
    "FieldError": {1: "expected", 2: "got"},
    "bad_field": {1: "expected", 2: "got"},
}
# Who is told nothing on pages: people at a terminal, programs, platforms that submit and report.
LEFT_OUT = ("cli/", "client/", "intake/", "web/api/", "web/body.py", "web/connection.py", "web/crowd.py",
            "web/gate.py", "web/rates.py", "content/model.py", "content/versions.py", "enforcement/webhooks.py",
            "pipeline/submission.py", "signals/banks/imports.py")  # fmt: skip
_WORD = re.compile(r"[^\W\d_]{2,}")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def refused(folder: Path) -> frozenset[str]:
    """Every sentence of a refusal that people may see."""
    files = [
        path
        for path in sorted(folder.rglob("*.py"))
        if not path.relative_to(folder).as_posix().startswith(LEFT_OUT)
    ]
    trees = [ast.parse(path.read_text()) for path in files]
    told = TOLD | {name: places for tree in trees for name, places in _handed_on(tree)}
    said = (one for tree in trees for one in _of_module(tree, told))
    return frozenset(one for one in said if is_sentence(one))


def is_sentence(text: str) -> bool:
    """Whether there are words in it beside what is put in, and none that pages keep to themselves."""
    return bool(_WORD.search(re.sub(r"%\(\w+\)s", "", text))) and not JARGON.search(text)


def _handed_on(tree: ast.Module) -> Iterator[tuple[str, dict[int, str]]]:
    """Functions of a module that hand parameters on to a refusal, and which."""
    for function in _functions(tree):
        given = [one.arg for one in function.args.args if one.arg not in ("self", "cls")]
        places: dict[int, str] = {}
        for call in _calls(function, TOLD):
            for argument in _arguments(call, TOLD[_name(call.func)]):
                for node in ast.walk(argument):
                    if isinstance(node, ast.Name) and node.id in given:
                        places |= {given.index(node.id): node.id}
        if places and not function.name.startswith("__"):
            wanted = {n: name for n, name in places.items() if name in _SAID_BY}
            if wanted:
                yield function.name, wanted


_SAID_BY = ("title", "detail", "expected", "got", "why", "what", "told", "said")


def _of_module(tree: ast.Module, told: dict[str, dict[int, str]]) -> Iterator[str]:
    constants = _assigned(tree.body)
    for function in _functions(tree):
        known = constants | _assigned(ast.walk(function))
        for call in _calls(function, told):
            for argument in _arguments(call, told[_name(call.func)]):
                yield from _texts(argument, known)
    outside = [node for node in tree.body if not isinstance(node, Function | ast.ClassDef)]
    for node in outside:
        for call in _calls(node, told):
            for argument in _arguments(call, told[_name(call.func)]):
                yield from _texts(argument, constants)


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _calls(within: ast.AST, names: Iterable[str]) -> Iterator[ast.Call]:
    for node in ast.walk(within):
        if isinstance(node, ast.Call) and _name(node.func) in names:
            yield node


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _arguments(call: ast.Call, places: dict[int, str]) -> Iterator[ast.expr]:
    yield from (argument for place, argument in enumerate(call.args) if place in places)
    yield from (one.value for one in call.keywords if one.arg in places.values())


Assigned = dict[str, list[ast.expr]]


def _assigned(nodes: Iterable[ast.AST]) -> Assigned:
    found: Assigned = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value:
            targets, value = [node.target], node.value
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
            elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                for one, part in zip(target.elts, value.elts, strict=False):
                    if isinstance(one, ast.Name):
                        found.setdefault(one.id, []).append(part)
    return found


def _texts(node: ast.expr, known: Assigned, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """What an expression may come to, as far as it is written; `seen` are the names that led to it."""
    parts: list[ast.expr] = []
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value.replace("%", "%%")
    elif isinstance(node, ast.JoinedStr):
        yield _form(node)
        parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    elif isinstance(node, ast.IfExp):
        parts = [node.body, node.orelse]
    elif isinstance(node, ast.BoolOp | ast.Dict):
        parts = node.values
    elif isinstance(node, ast.Subscript):
        parts = [node.value]
    elif isinstance(node, ast.Name) and node.id not in seen:
        seen |= {node.id}
        parts = known.get(node.id, [])
    for part in parts:
        yield from _texts(part, known, seen)


def _form(node: ast.JoinedStr) -> str:
    """A form: what is put in has the last name of its expression, and more to it where that is taken."""
    form = ""
    for part in node.values:
        if isinstance(part, ast.Constant):
            form += str(part.value).replace("%", "%%")
        elif isinstance(part, ast.FormattedValue):
            name = _place(part.value)
            while f"%({name})s" in form:
                name = f"{name}_"
            form += f"%({name})s"
    return form


def _place(node: ast.expr) -> str:
    names = [
        one.id if isinstance(one, ast.Name) else one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute) and not _is_called(one, node)
    ]
    name = names[0] if names else "value"
    return re.sub(r"\W|^_+", "", name).lower() or "value"


def _is_called(name: ast.AST, within: ast.AST) -> bool:
    return any(isinstance(one, ast.Call) and one.func is name for one in ast.walk(within))


def allowed(folder: Path) -> set[str]:
    """What scopes allow, as their slices declare it."""
    return {
        one.args[1].value
        for path in sorted(folder.glob("*/slice.py"))
        for one in _calls(ast.parse(path.read_text()), ["Scope"])
        if len(one.args) > 1
        and isinstance(one.args[1], ast.Constant)
        and isinstance(one.args[1].value, str)
    }

"""The picture in docs/concepts.md stays true: who may open a transaction, where SQL lives, what is
generated, how long a file is. (Which slice may import which is checked by `make check`.)
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import tidegate
from tidegate.cli.docs import pages

ROOT = Path(tidegate.__file__).parent
REPOSITORY = Path(__file__).parents[1]
MODULES = sorted(ROOT.rglob("*.py"))
# Who may open a transaction, and on whose behalf: the rim, and work that nobody called for.
OPENS = {
    "infra/db.py",
    "enforcement/deliver.py",
    "ledger/sequencer.py",
    "pipeline/erase.py",  # the sweep reads in small transactions while it deletes files
    "infra/groupcommit.py",
    "pipeline/instance.py",
    "pipeline/lookback/codes.py",
    "pipeline/lookback/phrases.py",  # a step is a transaction of its own
    "pipeline/worker.py",
}
VERBS = ("begin", "commit", "rollback")
SQL = re.compile(r"\b(SELECT\b.+\bFROM|INSERT INTO|UPDATE\b.+\bSET|DELETE FROM)\b", re.S)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def in_slice(*slices: str) -> list[Path]:
    return [path for path in MODULES if name(path).split("/")[0] in slices]


def imports(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """(module, names) of every import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, []
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, [alias.name for alias in node.names]


def test_only_the_rim_and_the_background_open_a_transaction() -> None:
    found: set[str] = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in VERBS:
                found.add(name(path))
    inner = {one for one in found if one.split("/")[0] not in ("web", "cli")}
    assert inner == OPENS


def test_the_rim_holds_no_sql() -> None:
    for path in in_slice("web", "cli"):
        tree = ast.parse(path.read_text())
        for module, names in imports(tree):
            if module.split(".")[0] in ("sqlalchemy", "psycopg"):
                # A command may name the errors that it explains.
                assert path.parent.name == "cli", name(path)
                assert all(one.endswith("Error") for one in names), name(path)
            assert not module.endswith(".tables"), name(path)
        texts = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in texts if SQL.search(text)], name(path)


def test_sql_lives_where_one_looks_for_it() -> None:
    """Pure models have none."""
    for path in MODULES:
        if path.name == "model.py":
            assert not any(
                m.startswith("sqlalchemy") for m, _ in imports(ast.parse(path.read_text()))
            )
            assert not SQL.search(path.read_text()), name(path)


def test_every_module_says_what_it_is_for() -> None:
    silent = [name(path) for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_files_stay_short() -> None:
    long = {name(p): n for p in MODULES if (n := p.read_text().count("\n")) > 400}
    assert long == {}


def test_tests_neither_sleep_nor_measure_time() -> None:
    """They turn a clock, step the work, or wait for something that shows (tests/waiting.py)."""
    found: list[str] = []
    for path in (REPOSITORY / "tests").rglob("*.py"):
        tree = ast.parse(path.read_text())
        called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        sleeps = any(getattr(one, "attr", getattr(one, "id", "")) == "sleep" for one in called)
        if sleeps or any(module == "time" for module, _ in imports(tree)):
            found.append(path.relative_to(REPOSITORY).as_posix())
    assert found == ["tests/waiting.py"]


@pytest.mark.parametrize("page", pages())
def test_generated_pages_are_up_to_date(page: str) -> None:
    written = REPOSITORY / "docs" / page
    assert written.read_text() == pages()[page], "run `make docs`"


def test_nothing_names_the_machine_it_was_made_on() -> None:
    try:
        listed = subprocess.run(
            ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    here = re.compile(rb"(?<![\w.])/(?:work|home|root)/\w")
    for path in (
        REPOSITORY / line for line in listed if line.endswith((".md", ".toml", ".lock", ".sh"))
    ):
        if path.exists():
            assert not here.search(path.read_bytes()), path.name
